"""Collaborative filtering by alternating least squares: the only file that imports implicit."""

from __future__ import annotations

import warnings
import zlib
from contextlib import suppress

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from nba.artifacts.factors import Factors
from nba.config import CollaborativeConfig
from nba.errors import DataError
from nba.statistics.engines.protocol import Engine
from nba.statistics.interactions import InteractionMatrix


def factorise(
    matrix: InteractionMatrix, config: CollaborativeConfig, *, seed: int, threads: int = 1
) -> Factors:
    """Fit latent factors of products (Hu, Koren, Volinsky 2008).

    A cell weighs alpha log(1 + orders). The same seed gives the same factors on any number of
    threads: each row is solved by one of them, and BLAS gets one throughout.

    Args:
        matrix: with one cell or more.
        config: the model's settings.
        seed: of the start.
        threads: processors to use.

    Raises:
        DataError: the solver diverged; the message names the settings to change.
    """
    with warnings.catch_warnings():
        # In a notebook without widgets it warns of a progress bar that is never shown.
        warnings.filterwarnings("ignore", "IProgress not found")
        from implicit.cpu.als import AlternatingLeastSquares
        from implicit.recommender_base import ModelFitError
    from scipy.sparse import csr_matrix

    cells = csr_matrix(
        (np.log1p(matrix.orders).astype(np.float32), matrix.product, matrix.start),
        shape=(len(matrix.customer_ids), len(matrix.product_ids)),
    )
    # One BLAS thread: the rows are what is shared out, and implicit warns of anything else.
    with threadpool_limits(limits=1, user_api="blas"):
        model = AlternatingLeastSquares(
            factors=config.factors,
            iterations=config.iterations,
            regularization=config.regularization,
            alpha=config.alpha,
            random_state=_stream(seed),
            num_threads=threads,
        )
        with suppress(ModelFitError):
            # It leaves NaN in the factors, which are looked at below in any case.
            model.fit(cells, show_progress=False)
        return _folding(np.ascontiguousarray(model.item_factors, np.float32), config)


def factorise_on_spark(
    matrix: InteractionMatrix, config: CollaborativeConfig, engine: Engine, *, seed: int
) -> Factors:
    """Fit latent factors of products by an engine, as `Engine.product_factors` says.

    Args:
        matrix: with one cell or more.
        config: the model's settings.
        engine: who fits.
        seed: of the start.

    Raises:
        ConfigError: the engine fits none.
        DataError: the solver diverged.
    """
    return _folding(engine.product_factors(matrix, config, seed=seed), config)


def _folding(products: NDArray[np.float32], config: CollaborativeConfig) -> Factors:
    """Add to the factors of products what customers are folded in with.

    Raises:
        DataError: they are no numbers.
    """
    if not np.isfinite(products).all():
        raise DataError(
            "the collaborative model diverged; raise collaborative.regularization in the recipe"
        )
    wide = products.astype(np.float64)
    # Sums depend on how many threads BLAS has.
    with threadpool_limits(limits=1, user_api="blas"):
        gram = wide.T @ wide + config.regularization * np.eye(config.factors)
    return Factors(products, gram, np.array([config.alpha]))


def _stream(seed: int) -> int:
    return zlib.crc32(f"{seed}/collaborative".encode()) & 0x7FFFFFFF
