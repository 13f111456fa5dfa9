"""Collaborative filtering by neighbours of products: RP3beta, cosine, orders and EASE."""

from __future__ import annotations

from typing import Final

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray
from scipy.sparse import csr_array

from nba.artifacts.neighbourhood import Neighbourhood
from nba.statistics.engines.protocol import Pairs
from nba.statistics.interactions import InteractionMatrix
from nba.statistics.pairs import WEIGHT_UNIT
from nba.statistics.rows import Cells, nearest

_NEIGHBOURS: Final = 100
_WHOLE: Final = 1 << 20
"""Weights of customers are counted in integers, the heaviest one as this."""


def random_walk(
    matrix: InteractionMatrix, *, alpha: float, beta: float, threads: int = 1
) -> Neighbourhood:
    """Walk from a product to a buyer to another product of theirs, at random.

    RP3beta (Paudel et al. 2017), w_ij = d_i^-alpha sum over buyers u of both d_u^-alpha, times
    d_j^-beta, with d the buyers of a product and the products of a buyer; the 100 greatest a
    product.

    Args:
        matrix: who bought what.
        alpha: 1 = a walk, less = heavy buyers count for more.
        beta: how much popular products yield.
        threads: processors to use.
    """
    held = np.diff(matrix.start).astype(np.float64)
    weight = np.power(held, -alpha, where=held > 0, out=np.zeros(len(held)))
    return _nearest(matrix, weight, own=-alpha, other=-beta, threads=threads)


def cosine(matrix: InteractionMatrix, *, threads: int = 1) -> Neighbourhood:
    """Compare the buyers of products: n_ij / sqrt(n_i n_j); the 100 greatest a product."""
    weight = np.ones(len(matrix.customer_ids))
    return _nearest(matrix, weight, own=-0.5, other=-0.5, threads=threads)


def together(pairs: Pairs) -> Neighbourhood:
    """Compare the orders of products: w_ij / sqrt(w_i w_j); the 100 greatest a product.

    w are the damped orders of `PairCounts`, so that sums that add are all it takes: no customer is
    looked at, and whatever engine counts them, wherever the orders are, gives the same.
    """
    weight = pairs.products.product_weight.astype(np.float64)
    gain = np.power(weight, -0.5, where=weight > 0, out=np.zeros(len(weight)))
    top = pairs.top(gain, np.zeros(len(weight)), top_k=_NEIGHBOURS, min_orders=1)
    first = top.first()
    return _gathered(len(weight), first, top.partner, top.score * WEIGHT_UNIT * gain[first])


def linear(matrix: InteractionMatrix, *, ridge: float) -> Neighbourhood:
    """Find the linear model that tells each product of a customer from the others.

    EASE (Steck 2019): P = (X^T X + ridge)^-1, w_ij = -P_ij / P_jj; the 100 greatest a product, of
    those above 0. Memory is 8 bytes x products^2, time grows with their cube.
    """
    from scipy.linalg import lapack

    is_sold = np.bincount(matrix.product, minlength=len(matrix.product_ids)) > 0
    sold, code = np.flatnonzero(is_sold), (np.cumsum(is_sold, dtype=np.int32) - 1)[matrix.product]
    cells = csr_array(
        (np.ones(len(code), np.float32), code, matrix.start),
        shape=(len(matrix.customer_ids), len(sold)),
    )
    gram = (cells.T @ cells).toarray()
    gram[np.diag_indices(len(sold))] += ridge
    factor, _ = lapack.spotrf(gram, overwrite_a=True)
    inverse, _ = lapack.spotri(factor, overwrite_c=True)
    # Only the upper half was computed.
    inverse = np.triu(inverse) + np.triu(inverse, 1).T
    inverse /= -np.diag(inverse).copy()
    np.fill_diagonal(inverse, 0.0)
    kept = min(_NEIGHBOURS, len(sold))
    best = np.argpartition(-inverse, kept - 1, axis=1)[:, :kept]
    score = np.take_along_axis(inverse, best, axis=1)
    first = np.repeat(np.arange(len(sold)), kept)[score.ravel() > 0]
    second = best.ravel()[score.ravel() > 0]
    return _gathered(len(matrix.product_ids), sold[first], sold[second], score[score > 0])


def _nearest(
    matrix: InteractionMatrix,
    weight: NDArray[np.float64],
    *,
    own: float,
    other: float,
    threads: int,
) -> Neighbourhood:
    """Give the 100 greatest of d_i^own (sum over the buyers of both of their weight) d_j^other."""
    customers, width = Cells(matrix.start, matrix.product.view(np.uint32)), len(matrix.product_ids)
    products = customers.transposed(width)
    bought = np.diff(products.start).astype(np.float64)
    gain = np.power(bought, other, where=bought > 0, out=np.zeros(len(bought)))
    unit = max(weight.max(initial=0), 1e-300) / _WHOLE
    counted = np.maximum(np.rint(weight / unit), 1).astype(np.int64)
    shrunk = np.power(np.maximum(bought, 1), own) * unit

    def ranked(some: NDArray[np.int64]) -> Neighbourhood:
        first, second, score = nearest(products, customers, counted, gain, some, top_k=_NEIGHBOURS)
        return _gathered(width, first, second, score * shrunk[first])

    # Put in order part by part: only codes and scores of four bytes are ever held of all.
    found = Parallel(n_jobs=threads, prefer="threads")(
        delayed(ranked)(some)
        for some in np.array_split(np.flatnonzero(bought), 8 * threads)
        if len(some)
    )
    return Neighbourhood(
        np.sum([part.start for part in found], axis=0, dtype=np.int64)
        if found
        else np.zeros(width + 1, np.int64),
        np.concatenate([part.neighbour for part in found] or [np.empty(0, np.int32)]),
        np.concatenate([part.score for part in found] or [np.empty(0, np.float32)]),
    )


def _gathered(
    product_count: int,
    first: NDArray[np.integer],
    second: NDArray[np.integer],
    score: NDArray[np.floating],
) -> Neighbourhood:
    order = np.lexsort((second, first))
    start = np.searchsorted(first[order], np.arange(product_count + 1))
    return Neighbourhood(
        start.astype(np.int64), second[order].astype(np.int32), score[order].astype(np.float32)
    )
