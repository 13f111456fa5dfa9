"""Collaborative filtering by alternating least squares: the only file that imports implicit."""

from __future__ import annotations

import zlib
from contextlib import suppress

import numpy as np

from nba.artifacts.factors import Factors
from nba.config import CollaborativeConfig
from nba.errors import DataError
from nba.statistics.interactions import InteractionMatrix


def factorise(
    matrix: InteractionMatrix, config: CollaborativeConfig, *, seed: int, threads: int = 1
) -> Factors | None:
    """Fit latent factors of customers and products (Hu, Koren, Volinsky 2008).

    A cell weighs 1 + alpha log(1 + orders). The same seed gives the same factors on any number
    of threads: each row is solved by one of them, and BLAS gets one throughout.

    Returns:
        Factors by customer and product code, or None where the matrix has no cell.

    Raises:
        DataError: the solver diverged; the message names the settings to change.
    """
    if not len(matrix.product):
        return None
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
    factors = Factors(
        np.ascontiguousarray(model.user_factors, np.float32),
        np.ascontiguousarray(model.item_factors, np.float32),
    )
    if not (np.isfinite(factors.customers).all() and np.isfinite(factors.products).all()):
        raise DataError(
            "the collaborative model diverged; raise collaborative.regularization in the recipe"
        )
    return factors


def _stream(seed: int) -> int:
    return zlib.crc32(f"{seed}/collaborative".encode()) & 0x7FFFFFFF
