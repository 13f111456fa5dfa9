"""Collaborative filtering by alternating least squares: the only file that imports implicit."""

from __future__ import annotations

import warnings
import zlib
from contextlib import suppress

import numpy as np

from nba.artifacts.factors import Factors
from nba.config import CollaborativeConfig
from nba.errors import DataError
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
    from threadpoolctl import threadpool_limits

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
        products = np.ascontiguousarray(model.item_factors, np.float32)
        if not np.isfinite(products).all():
            raise DataError(
                "the collaborative model diverged; raise collaborative.regularization in the recipe"
            )
        wide = products.astype(np.float64)
        gram = wide.T @ wide + config.regularization * np.eye(config.factors)
    return Factors(products, gram, np.array([config.alpha]))


def _stream(seed: int) -> int:
    return zlib.crc32(f"{seed}/collaborative".encode()) & 0x7FFFFFFF
