"""Sparse rows compared: scalar products of pairs, and the nearest rows of each."""

from __future__ import annotations

from typing import Final

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray
from scipy.sparse import csr_array

# The kernels are imported where they are called: numba takes half a second to load.

_BLOCKS_PER_THREAD: Final = 16
_CHUNK: Final = 1 << 18
"""Pairs of rows multiplied at once, which bounds the memory."""


def row_products(
    matrix: csr_array, first: NDArray[np.integer], second: NDArray[np.integer]
) -> NDArray[np.float32]:
    """Multiply pairs of rows: float32, their scalar products; of ones, the columns both have."""
    from nba.statistics import row_kernels

    answer = np.zeros(len(first), np.float32)
    held = matrix if matrix.has_sorted_indices else matrix.sorted_indices()
    start, column = _places(held)
    size = np.diff(start)
    for begin in range(0, len(first) if matrix.nnz else 0, _CHUNK):
        some = slice(begin, begin + _CHUNK)
        one, other = first[some].astype(np.int64), second[some].astype(np.int64)
        length = np.empty(len(one), np.int64)
        product = np.empty(int(np.minimum(size[one], size[other]).sum()), np.float32)
        used = row_kernels.multiply(start, column, held.data, one, other, length, product)
        meets = length > 0
        ends = np.cumsum(length[meets])
        if used:
            answer[some][meets] = np.add.reduceat(product[:used], ends - length[meets])
    return answer


def nearest(
    matrix: csr_array,
    weight: NDArray[np.int64],
    gain: NDArray[np.float64],
    asking: NDArray[np.int64],
    *,
    top_k: int,
    threads: int,
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Find the rows that share most with each row asking, all pairs compared.

    score(i -> j) = gain[j] * sum of the weights of the columns that both have; ties go to the
    lower row, and a row without a column of i is no partner of it.

    Args:
        matrix: rows x columns; only where its cells are counts.
        weight: int64 per column, at least 1.
        gain: float64 per row, not negative.
        asking: the rows to find partners for.
        top_k: partners kept a row.
        threads: processors to use; the result is the same for any number.

    Returns:
        Per pair the row asking, in the order of `asking`, its partner, in no order, and the score.
    """
    from nba.statistics import row_kernels

    by_row, by_column = _places(matrix), _places(matrix.tocsc())
    row_count = matrix.shape[0]

    def find(
        some: NDArray[np.int64],
    ) -> tuple[NDArray[np.int64], NDArray[np.uint32], NDArray[np.float64]]:
        length = np.empty(len(some), np.int64)
        # Reserved, not touched: memory is used only as far as partners are found.
        partner = np.empty(len(some) * top_k, np.uint32)
        score = np.empty(len(some) * top_k)
        used = row_kernels.rank_nearest(
            some,
            *by_row,
            *by_column,
            weight,
            gain,
            top_k,
            np.zeros(row_count, np.int64),
            np.empty(row_count, np.uint32),
            length,
            partner,
            score,
        )
        return length, partner[:used].copy(), score[:used].copy()

    blocks = np.array_split(asking, threads * _BLOCKS_PER_THREAD)
    found = Parallel(n_jobs=threads, backend="threading")(delayed(find)(some) for some in blocks)
    length, partner, score = (np.concatenate(column) for column in zip(*found, strict=True))
    return np.repeat(asking, length), partner.astype(np.int64), score


def _places(matrix: csr_array) -> tuple[NDArray[np.int64], NDArray[np.uint32]]:
    return matrix.indptr.astype(np.int64), matrix.indices.astype(np.uint32, copy=False)
