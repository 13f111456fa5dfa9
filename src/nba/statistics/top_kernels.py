"""The compiled loops that keep the best partners of every product while their counts are hot.

A heap per row holds its best partners so far, the worst of them first. Rows come by falling
popularity, so that heaps fill with strong partners early and most pairs cost one comparison.
Importing this module compiles the loops once a machine.
"""

from __future__ import annotations

from math import log
from typing import NamedTuple

import numpy as np
from numba import types
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


class Heaps(NamedTuple):
    """The best partners of each row; those of row r are at start[r]:start[r] + size[r].

    Attributes:
        start: int64[rows + 1]; where a row's room begins.
        size: int32 per row.
        threshold: float64 per row: the score below which a partner is refused; -inf before the
            heap is full.
        score: float64.
        partner: int32, product codes.
        orders, weight, customers: what was counted.
    """

    start: NDArray[np.int64]
    size: NDArray[np.int32]
    threshold: NDArray[np.float64]
    score: NDArray[np.float64]
    partner: NDArray[np.int32]
    orders: NDArray[np.int32]
    weight: NDArray[np.int64]
    customers: NDArray[np.int32]


class Marks(NamedTuple):
    """What rows are scored by.

    Attributes:
        product: int32 per row: the product.
        gain, floor: float64 per row: a partner's score is gain * weight + floor of its own.
        orders: int64 per row: its orders, for the log-likelihood ratio.
        logs: float64: ln k for every number of orders k, ln 1 for none; empty to score by gain
            and floor.
        order_count: int64[1]: of all.
    """

    product: NDArray[np.int32]
    gain: NDArray[np.float64]
    floor: NDArray[np.float64]
    orders: NDArray[np.int64]
    logs: NDArray[np.float64]
    order_count: NDArray[np.int64]


HEAPS = record(Heaps, LONGS, INTS, REALS, REALS, INTS, INTS, LONGS, INTS)
MARKS = record(Marks, INTS, REALS, REALS, LONGS, REALS, LONGS)


@compiled(types.boolean(REAL, INT, REAL, INT))
def _is_worse(score: float, partner: int, than_score: float, than_partner: int) -> bool:
    return score < than_score or (score == than_score and partner > than_partner)


@compiled(types.void(HEAPS, LONG, HEAPS, LONG))
def _copy(source: Heaps, at: int, target: Heaps, place: int) -> None:
    target.score[place] = source.score[at]
    target.partner[place] = source.partner[at]
    target.orders[place] = source.orders[at]
    target.weight[place] = source.weight[at]
    target.customers[place] = source.customers[at]


@compiled(LONG(HEAPS, LONG, LONG, REAL, INT))
def _sink(heaps: Heaps, base: int, size: int, score: float, partner: int) -> int:
    """Lift what is worse than an entry from below the top of a heap; give the place left free."""
    place = base
    below = base + 1
    while below < base + size:
        if below + 1 < base + size and _is_worse(
            heaps.score[below + 1],
            heaps.partner[below + 1],
            heaps.score[below],
            heaps.partner[below],
        ):
            below += 1
        if not _is_worse(heaps.score[below], heaps.partner[below], score, partner):
            break
        _copy(heaps, below, heaps, place)
        place = below
        below = base + 2 * (place - base) + 1
    return place


@compiled(types.void(HEAPS, LONG, REAL, INT, INT, LONG, INT))
def _push(
    heaps: Heaps, row: int, score: float, partner: int, orders: int, weight: int, customers: int
) -> None:
    """Put a partner into the heap of a row; a full heap gives up its worst, or refuses."""
    base = heaps.start[row]
    width = heaps.start[row + 1] - base
    place = base + heaps.size[row]
    if place < base + width:
        heaps.size[row] += 1
        while place > base:
            above = base + (place - base - 1) // 2
            if not _is_worse(score, partner, heaps.score[above], heaps.partner[above]):
                break
            _copy(heaps, above, heaps, place)
            place = above
    elif width > 0 and _is_worse(heaps.score[base], heaps.partner[base], score, partner):
        place = _sink(heaps, base, width, score, partner)
    else:
        return
    heaps.score[place] = score
    heaps.partner[place] = partner
    heaps.orders[place] = orders
    heaps.weight[place] = weight
    heaps.customers[place] = customers
    if heaps.size[row] == width:
        heaps.threshold[row] = heaps.score[base]


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
def _llr_bound(both: int, row: int, other: int, marks: Marks) -> float:
    """Give what the score cannot exceed, without a logarithm; -inf for a pair below chance.

    With d = both - expected, ln(1 + x) <= x in the cells other than `both` gives
    2 (both ln(both / expected) - d + d^2 (1 / E12 + 1 / E21 + 1 / E22)).
    """
    one, another, count = marks.orders[row], marks.orders[other], marks.order_count[0]
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
        for place in range(kept):
            other = int(partners.row[place])
            orders, customers = int(partners.orders[place]), int(partners.customers[place])
            weight = int(partners.weight[place])
            if by_share:
                mine = marks.gain[other] * weight + marks.floor[other]
                its = marks.gain[row] * weight + marks.floor[row]
            else:
                bound = _llr_bound(orders, row, other, marks)
                if bound < max(min(heaps.threshold[row], heaps.threshold[other]), 0.0):
                    continue
                mine = its = _llr(
                    orders, marks.orders[row], marks.orders[other], marks.order_count[0]
                )
            if mine >= heaps.threshold[row]:
                _push(heaps, row, mine, marks.product[other], orders, weight, customers)
            if its >= heaps.threshold[other]:
                _push(heaps, other, its, marks.product[row], orders, weight, customers)


@compiled(types.void(HEAPS, HEAPS))
def merge(heaps: Heaps, others: Heaps) -> None:
    """Put the partners of other heaps over the same rows into these."""
    for row in range(len(heaps.size)):
        for place in range(others.start[row], others.start[row] + others.size[row]):
            _push(
                heaps,
                row,
                others.score[place],
                others.partner[place],
                others.orders[place],
                others.weight[place],
                others.customers[place],
            )


@compiled(types.void(HEAPS, INTS, HEAPS))
def unload(heaps: Heaps, row: NDArray[np.int32], out: Heaps) -> None:
    """Write the heaps out by product, best first, and spoil them; `row` is that of a product."""
    for product in range(len(row)):
        base = heaps.start[row[product]]
        for place in range(out.start[product + 1] - 1, out.start[product] - 1, -1):
            _copy(heaps, base, out, place)
            last = base + place - out.start[product]
            free = _sink(heaps, base, last - base, heaps.score[last], heaps.partner[last])
            _copy(heaps, last, heaps, free)
