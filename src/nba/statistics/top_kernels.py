"""The compiled loops that keep the best partners of every product while their counts are hot.

A heap per row holds its best partners so far, the worst of them first. Rows come by falling
popularity, so that heaps fill with strong partners early and most pairs cost one comparison.
Importing this module compiles the loops once a machine.
"""

from __future__ import annotations

from math import log
from typing import Any, Final, NamedTuple

import numpy as np
from numba import from_dtype, types
from numpy.typing import NDArray

from nba.statistics.basket_kernels import INT, INTS, LONG, LONGS, REAL, REALS, compiled, record
from nba.statistics.pair_kernels import (
    PARTNERS,
    TALLY,
    VISITS,
    Partners,
    Tally,
    Visits,
    count_row,
)

Entries = NDArray[Any]
"""An array of `ENTRY`."""
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
    """

    start: NDArray[np.int64]
    rows: Entries
    entries: Entries
    held: Entries


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


ROWS, ENTRIES = from_dtype(ROW)[::1], from_dtype(ENTRY)[::1]
HEAPS = record(Heaps, LONGS, ROWS, ENTRIES, ENTRIES)
MARKS = record(Marks, INTS, REALS, LONGS)


@compiled(types.boolean(ENTRIES, LONG, ENTRIES, LONG))
def _is_worse(entries: Entries, place: int, others: Entries, other: int) -> bool:
    one, two = entries[place], others[other]
    return bool(one.score < two.score or (one.score == two.score and one.partner > two.partner))


@compiled(types.void(ENTRIES, LONG, LONG, LONG, ENTRIES))
def _sink(entries: Entries, base: int, end: int, place: int, held: Entries) -> None:
    """Let the entry held sink from a free place of the heap base:end; the worst stands on top."""
    below = 2 * place - base + 1
    while below < end:
        if below + 1 < end and _is_worse(entries, below + 1, entries, below):
            below += 1
        if not _is_worse(entries, below, held, 0):
            break
        entries[place] = entries[below]
        place = below
        below = 2 * place - base + 1
    entries[place] = held[0]


@compiled(types.void(ENTRIES, LONG, LONG, ENTRIES))
def _order(entries: Entries, base: int, end: int, held: Entries) -> None:
    """Make a heap of base:end."""
    for place in range(base + (end - base) // 2 - 1, base - 1, -1):
        held[0] = entries[place]
        _sink(entries, base, end, place, held)


@compiled(types.void(HEAPS, LONG))
def _push(heaps: Heaps, row: int) -> None:
    """Put the entry held into the heap of a row; a full one gives up its worst, or refuses."""
    base, end = heaps.start[row], heaps.start[row + 1]
    place = base + heaps.rows[row].size
    if place < end:
        heaps.entries[place] = heaps.held[0]
        heaps.rows[row].size += 1
        if place + 1 < end:
            return
        _order(heaps.entries, base, end, heaps.held)
    elif base < end and _is_worse(heaps.entries, base, heaps.held, 0):
        _sink(heaps.entries, base, end, base, heaps.held)
    else:
        return
    heaps.rows[row].threshold = heaps.entries[base].score


@compiled(types.void(ENTRIES, REAL, INT, INT, LONG, INT))
def _hold(
    held: Entries, score: float, partner: int, orders: int, weight: int, customers: int
) -> None:
    entry = held[0]
    entry.score, entry.partner, entry.orders = score, partner, orders
    entry.weight, entry.customers = weight, customers


@compiled(REAL(REAL, REAL, REAL, REAL))
def _llr(both: float, one: float, other: float, count: float) -> float:
    """Score a pair by the log-likelihood ratio: 2 sum of O ln(O / E) over the four cells."""
    only_one, only_other, neither = one - both, other - both, count - one - other + both
    same = both * log(both * count / (one * other))
    if neither > 0:
        same += neither * log(neither * count / ((count - one) * (count - other)))
    apart = 0.0
    if only_one > 0:
        apart = only_one * log(only_one * count / (one * (count - other)))
    lonely = 0.0
    if only_other > 0:
        lonely = only_other * log(only_other * count / ((count - one) * other))
    return 2 * (same + (apart + lonely))


@compiled(REAL(LONG, LONG, LONG, MARKS))
def _llr_bound(both: int, one: int, another: int, marks: Marks) -> float:
    """Give what the score cannot exceed, without a logarithm; -inf for a pair below chance.

    With d = both - expected, ln(1 + x) <= x in the cells other than `both` gives
    2 (both ln(both / expected) - d + d^2 (1 / E12 + 1 / E21 + 1 / E22)).
    """
    count = marks.order_count[0]
    expected = one * another / count
    more = both - expected
    if more <= 0:
        return -np.inf
    rest = 1 / (one - expected) + 1 / (another - expected)
    rest += 1 / (count - one - another + expected)
    logs = marks.logs
    bound = both * (logs[both] + logs[count] - logs[one] - logs[another])
    # A little more, since these sums are rounded too.
    return float(2 * (bound - more + more * more * rest) * (1 + 1e-9) + 1e-9)


@compiled(types.void(LONG, LONG, VISITS, LONG, LONG, LONG, TALLY, PARTNERS, MARKS, HEAPS))
def rank_rows(
    begin: int,
    end: int,
    visits: Visits,
    cap: int,
    part: int,
    least: int,
    tally: Tally,
    partners: Partners,
    marks: Marks,
    heaps: Heaps,
) -> None:
    """Offer the pairs of the rows begin:end, scored by the marks, to the heaps of both sides.

    The arguments from `visits` to `partners` are those of `count_row`.
    """
    by_share = len(marks.logs) == 0
    for row in range(begin, end):
        kept = count_row(row, visits, cap, part, least, 1, tally, partners)
        mine = heaps.rows[row]
        for place in range(kept):
            other = partners.row[place]
            orders, customers = int(partners.orders[place]), int(partners.customers[place])
            weight = int(partners.weight[place])
            its = heaps.rows[other]
            if by_share:
                score = its.gain * weight + its.floor
                back = mine.gain * weight + mine.floor
            else:
                bound = _llr_bound(orders, mine.orders, its.orders, marks)
                if bound < max(min(mine.threshold, its.threshold), 0.0):
                    continue
                score = back = _llr(orders, mine.orders, its.orders, marks.order_count[0])
            if score >= mine.threshold:
                _hold(heaps.held, score, marks.product[other], orders, weight, customers)
                _push(heaps, row)
            if back >= its.threshold:
                _hold(heaps.held, back, marks.product[row], orders, weight, customers)
                _push(heaps, other)


@compiled(types.void(HEAPS, HEAPS))
def merge(heaps: Heaps, others: Heaps) -> None:
    """Put the partners of other heaps over the same rows into these."""
    for row in range(len(heaps.rows)):
        begin = others.start[row]
        for place in range(begin, begin + others.rows[row].size):
            heaps.held[0] = others.entries[place]
            _push(heaps, row)


@compiled(types.void(HEAPS, INTS, LONGS, ENTRIES))
def unload(heaps: Heaps, row: NDArray[np.int32], start: NDArray[np.int64], out: Entries) -> None:
    """Write the heaps out by product, best first, and spoil them.

    `row` names the row of each product, start[p] where its best partner goes.
    """
    for product in range(len(row)):
        base = heaps.start[row[product]]
        last = base + heaps.rows[row[product]].size - 1
        _order(heaps.entries, base, last + 1, heaps.held)
        for place in range(last, base - 1, -1):
            out[start[product] + place - base] = heaps.entries[base]
            heaps.held[0] = heaps.entries[place]
            _sink(heaps.entries, base, place, base, heaps.held)
