"""Sparse rows compared: scalar products of pairs, and the nearest rows of each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from nba.domain import INT32_LIMIT

# The kernels are imported where they are called: numba takes half a second to load.

_CHUNK: Final = 1 << 18
"""Pairs of rows multiplied at once, which bounds the memory."""


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """The cells of a sparse matrix as the compiled loops read them.

    Attributes:
        start: int64[rows + 1]: cells of row r are at start[r]:start[r + 1].
        column: uint32 per cell, ascending within a row.
    """

    start: NDArray[np.int64]
    column: NDArray[np.uint32]

    def __len__(self) -> int:
        """Count the rows."""
        return len(self.start) - 1

    def transposed(self, column_count: int) -> Cells:
        """See columns as rows."""
        # Values of a byte, as something must stand there; and indices of four, where they do.
        ones = np.ones(len(self.column), np.int8)
        is_short = len(self.column) <= INT32_LIMIT
        start = self.start.astype(np.int32) if is_short else self.start
        turned = csr_array(
            (ones, self.column.view(np.int32), start), (len(self), column_count)
        ).T.tocsr()
        column = turned.indices.astype(np.int32, copy=False).view(np.uint32)
        return Cells(turned.indptr.astype(np.int64), column)


@dataclass(frozen=True, slots=True, eq=False)
class Rows(Cells):
    """A sparse matrix.

    Attributes:
        value: float32 per cell.
    """

    value: NDArray[np.float32]

    @classmethod
    def of(cls, matrix: csr_array) -> Self:
        """Take over a matrix of float32, whatever the order of its columns."""
        held = matrix if matrix.has_sorted_indices else matrix.sorted_indices()
        return cls(held.indptr.astype(np.int64), held.indices.astype(np.uint32), held.data)

    def products(
        self, first: NDArray[np.integer], second: NDArray[np.integer]
    ) -> NDArray[np.float32]:
        """Multiply pairs of rows: float32, their scalar products; of ones, the shared columns."""
        from nba.statistics import row_kernels

        answer = np.zeros(len(first), np.float32)
        size = np.diff(self.start)
        for begin in range(0, len(first) if len(self.column) else 0, _CHUNK):
            some = slice(begin, begin + _CHUNK)
            one, other = first[some].astype(np.int64), second[some].astype(np.int64)
            length = np.empty(len(one), np.int64)
            product = np.empty(int(np.minimum(size[one], size[other]).sum()), np.float32)
            used = row_kernels.multiply(
                self.start, self.column, self.value, one, other, length, product
            )
            meets = length > 0
            ends = np.cumsum(length[meets])
            if used:
                answer[some][meets] = np.add.reduceat(product[:used], ends - length[meets])
        return answer


def nearest(
    rows: Cells,
    holders: Cells,
    weight: NDArray[np.int64],
    gain: NDArray[np.float64],
    asking: NDArray[np.int64],
    *,
    top_k: int,
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Find the rows that share most with each row asking, all pairs compared.

    score(i -> j) = gain[j] * sum of the weights of the columns that both have; ties go to the
    lower row, and a row without a column of i is no partner of it.

    Args:
        rows: only where there are cells counts.
        holders: the same transposed, a row a column.
        weight: int64 per column, at least 1.
        gain: float64 per row, not negative.
        asking: the rows to find partners for.
        top_k: partners kept a row.

    Returns:
        Per pair the row asking, in the order of `asking`, its partner, in no order, and the score.
    """
    from nba.statistics import row_kernels

    length = np.empty(len(asking), np.int64)
    # Reserved, not touched: memory is used only as far as partners are found.
    partner, score = np.empty(len(asking) * top_k, np.uint32), np.empty(len(asking) * top_k)
    used = row_kernels.rank_nearest(
        asking,
        rows.start,
        rows.column,
        holders.start,
        holders.column,
        weight,
        gain,
        top_k,
        np.zeros(len(rows), np.int64),
        np.empty(len(rows), np.uint32),
        length,
        partner,
        score,
    )
    return np.repeat(asking, length), partner[:used].astype(np.int64), score[:used]
