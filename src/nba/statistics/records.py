"""What the compiled loops of pair counts hand to one another, and to their caller."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

HEADER: Final = 2
"""Numbers before the rows of a basket in the stream: its customer and its worth."""
AHEAD: Final = 16
"""Visits between asking memory for a basket and walking it."""


class Visits(NamedTuple):
    """Where each row meets others: row r leads to cells[start[r]:start[r + 1]] of the stream.

    A cell is where the rows of a basket begin; `AHEAD` more that are safe to read follow.
    """

    stream: NDArray[np.uint32]
    start: NDArray[np.int64]
    cells: NDArray[np.uint32]


class Tally(NamedTuple):
    """Room to count one row in.

    Attributes:
        sums: int64[rows, 2]: side by side, so that one cache line is touched a partner, the packed
            sum of weight, customers and orders, and a memory: the run shifted left by 32 bits
            plus how many of its baskets held the partner. A run is one customer's baskets with
            the row.
        totals: int64[rows, 3]: orders, customers and weight of rows too long for a packed sum.
        touched: uint32[rows]: the partners whose sum is not zero.
        run: int64[2]: the number of the latest run, which never falls, and its customer.
    """

    sums: NDArray[np.int64]
    totals: NDArray[np.int64]
    touched: NDArray[np.uint32]
    run: NDArray[np.int64]


class Partners(NamedTuple):
    """The pairs of one row, filled from the front, in no order that matters."""

    row: NDArray[np.uint32]
    orders: NDArray[np.int32]
    weight: NDArray[np.int64]
    customers: NDArray[np.int32]

    def copied(self, count: int) -> Partners:
        """Copy the first pairs, so that what room is left can be given back."""
        return Partners(
            self.row[:count].copy(),
            self.orders[:count].copy(),
            self.weight[:count].copy(),
            self.customers[:count].copy(),
        )


class CountedRows(NamedTuple):
    """The pairs of some rows with the rows before them.

    Attributes:
        begin: the first of the rows.
        length: int64 per row: its pairs, which follow one another in `pairs`.
        pairs: in no order within a row.
    """

    begin: int
    length: NDArray[np.int64]
    pairs: Partners


ENTRY: Final = np.dtype(
    [("score", "f8"), ("weight", "i8"), ("partner", "i4"), ("orders", "i4"), ("customers", "i4")],
    align=True,
)
"""One partner, a product code; side by side, since most heaps are touched where memory is cold."""


ROW: Final = np.dtype(
    [("gain", "f8"), ("floor", "f8"), ("threshold", "f8"), ("orders", "i4"), ("size", "i4")],
    align=True,
)
"""What a pair asks of either side: a partner's score is gain * weight + floor of its own, or comes
of its orders; the score below which the row's heap refuses partners, -inf before it is full; and
the entries of the heap. Side by side, so that a pair touches one cache line."""


class Heaps(NamedTuple):
    """The best partners of each row.

    Attributes:
        start: int64[rows + 1]: row r has the room start[r]:start[r + 1].
        rows: `ROW`.
        entries: `ENTRY`; a heap once the room is full, in any order before.
        held: `ENTRY`[1]: room for one on its way.
        scores: float64[2, rows]: room for the scores of one row, twice.
    """

    start: NDArray[np.int64]
    rows: NDArray[np.void]
    entries: NDArray[np.void]
    held: NDArray[np.void]
    scores: NDArray[np.float64]


class Marks(NamedTuple):
    """What scores need besides.

    Attributes:
        product: int32 per row: the product.
        logs: float64: ln k for every number of orders k, ln 1 for none; empty to score by gain
            and floor.
        order_count: int64[1]: of all.
    """

    product: NDArray[np.int32]
    logs: NDArray[np.float64]
    order_count: NDArray[np.int64]
