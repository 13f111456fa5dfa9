"""The compiled loops that keep the best partners of every product while their counts are hot.

A heap per row holds its best partners so far, the worst of them first. Rows come by falling
popularity, so that heaps fill with strong partners early and most pairs cost one comparison.
"""

from __future__ import annotations

from math import log
from typing import NamedTuple

import numpy as np
from numba import njit, types
from numpy.typing import NDArray

from nba.statistics.kernels import (
    INTS,
    LONGS,
    PARTNERS,
    REALS,
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
        start: int64[rows + 1].
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


HEAPS = types.NamedTuple((LONGS, INTS, REALS, REALS, INTS, INTS, LONGS, INTS), Heaps)


@njit(types.boolean(types.float64, types.int32, types.float64, types.int32), cache=True, nogil=True)
def _is_worse(score: float, partner: int, than_score: float, than_partner: int) -> bool:
    return score < than_score or (score == than_score and partner > than_partner)


@njit(types.void(HEAPS, types.int64, types.int64), cache=True, nogil=True)
def _move(heaps: Heaps, source: int, target: int) -> None:
    heaps.score[target] = heaps.score[source]
    heaps.partner[target] = heaps.partner[source]
    heaps.orders[target] = heaps.orders[source]
    heaps.weight[target] = heaps.weight[source]
    heaps.customers[target] = heaps.customers[source]


@njit(
    types.int64(HEAPS, types.int64, types.int64, types.float64, types.int32),
    cache=True,
    nogil=True,
)
def _sink(heaps: Heaps, base: int, size: int, score: float, partner: int) -> int:
    """Lift what is worse than an entry from below the top of a heap; give the place left free."""
    place = np.int64(0)
    while 2 * place + 1 < size:
        below = base + 2 * place + 1
        if below + 1 < base + size and _is_worse(
            heaps.score[below + 1],
            heaps.partner[below + 1],
            heaps.score[below],
            heaps.partner[below],
        ):
            below += 1
        if not _is_worse(heaps.score[below], heaps.partner[below], score, partner):
            break
        _move(heaps, below, base + place)
        place = below - base
    return base + place


@njit(
    types.void(
        HEAPS, types.int64, types.float64, types.int32, types.int32, types.int64, types.int32
    ),
    cache=True,
    nogil=True,
)
def push(
    heaps: Heaps, row: int, score: float, partner: int, orders: int, weight: int, customers: int
) -> None:
    """Put a partner into the heap of a row; a full heap gives up its worst, or refuses."""
    base, size = heaps.start[row], np.int64(heaps.size[row])
    width = heaps.start[row + 1] - base
    if size < width:
        place = base + size
        while place > base:
            above = base + (place - base - 1) // 2
            if not _is_worse(score, partner, heaps.score[above], heaps.partner[above]):
                break
            _move(heaps, above, place)
            place = above
        size += 1
        heaps.size[row] = size
    elif width == 0 or not _is_worse(heaps.score[base], heaps.partner[base], score, partner):
        return
    else:
        place = _sink(heaps, base, size, score, partner)
    heaps.score[place] = score
    heaps.partner[place] = partner
    heaps.orders[place] = orders
    heaps.weight[place] = weight
    heaps.customers[place] = customers
    if size == width:
        heaps.threshold[row] = heaps.score[base]


@njit(
    types.void(
        types.int64,
        types.int64,
        VISITS,
        types.int64,
        types.int64,
        types.int64,
        TALLY,
        PARTNERS,
        INTS,
        REALS,
        REALS,
        HEAPS,
    ),
    cache=True,
    nogil=True,
)
def rank_by_share(
    begin: int,
    end: int,
    visits: Visits,
    cap: int,
    part: int,
    least: int,
    tally: Tally,
    partners: Partners,
    product: NDArray[np.int32],
    gain: NDArray[np.float64],
    floor: NDArray[np.float64],
    heaps: Heaps,
) -> None:
    """Offer the pairs of the rows begin:end to both sides' heaps, scored gain * weight + floor.

    `product`, `gain` and `floor` are those of each row; gain and floor of the partner hold. The
    other arguments are those of `count_row`.
    """
    for row in range(begin, end):
        kept = count_row(row, visits, cap, part, least, 1, tally, partners)
        for place in range(kept):
            other, weight = partners.row[place], partners.weight[place]
            score = gain[other] * weight + floor[other]
            if score >= heaps.threshold[row]:
                push(
                    heaps,
                    row,
                    score,
                    product[other],
                    partners.orders[place],
                    weight,
                    partners.customers[place],
                )
            score = gain[row] * weight + floor[row]
            if score >= heaps.threshold[other]:
                push(
                    heaps,
                    other,
                    score,
                    product[row],
                    partners.orders[place],
                    weight,
                    partners.customers[place],
                )


@njit(
    types.float64(types.float64, types.float64, types.float64, types.float64),
    cache=True,
    nogil=True,
)
def _llr(both: float, one: float, other: float, count: float) -> float:
    """Score a pair by Dunning's log-likelihood ratio: 2 sum of O ln(O / E) over the four cells."""
    only_one, only_other, neither = one - both, other - both, count - one - other + both
    same = both * log(both * count / (one * other))
    if neither > 0:
        same += neither * log(neither * count / ((count - one) * (count - other)))
    apart = 0.0
    if only_one > 0:
        apart += only_one * log(only_one * count / (one * (count - other)))
    lonely = 0.0
    if only_other > 0:
        lonely += only_other * log(only_other * count / ((count - one) * other))
    return 2 * (same + (apart + lonely))


@njit(
    types.void(
        types.int64,
        types.int64,
        VISITS,
        types.int64,
        types.int64,
        TALLY,
        PARTNERS,
        INTS,
        LONGS,
        REALS,
        types.int64,
        HEAPS,
    ),
    cache=True,
    nogil=True,
)
def rank_by_llr(
    begin: int,
    end: int,
    visits: Visits,
    part: int,
    least: int,
    tally: Tally,
    partners: Partners,
    product: NDArray[np.int32],
    orders: NDArray[np.int64],
    logs: NDArray[np.float64],
    count: int,
    heaps: Heaps,
) -> None:
    """Offer the pairs of the rows begin:end that share more orders than by chance, by their LLR.

    `orders` are those of each row, `count` all orders, and logs[k] = ln k up to the greatest.
    """
    for row in range(begin, end):
        kept = count_row(row, visits, 1, part, least, 1, tally, partners)
        one = float(orders[row])
        for place in range(kept):
            other = partners.row[place]
            both = partners.orders[place]
            expected = one * orders[other] / count
            if both <= expected:
                continue
            # No logarithm, and never less than the score: ln(1 + x) <= x in three of the cells.
            more = both - expected
            bound = both * (
                logs[both] + log(float(count)) - logs[orders[row]] - logs[orders[other]]
            )
            bound += (
                more
                * more
                * (
                    1 / (one - expected)
                    + 1 / (orders[other] - expected)
                    + 1 / (count - one - orders[other] + expected)
                )
            )
            bound = 2 * (bound - more) * (1 + 1e-9)
            if bound < heaps.threshold[row] and bound < heaps.threshold[other]:
                continue
            score = _llr(float(both), one, float(orders[other]), float(count))
            if score >= heaps.threshold[row]:
                push(
                    heaps,
                    row,
                    score,
                    product[other],
                    both,
                    partners.weight[place],
                    partners.customers[place],
                )
            if score >= heaps.threshold[other]:
                push(
                    heaps,
                    other,
                    score,
                    product[row],
                    both,
                    partners.weight[place],
                    partners.customers[place],
                )


@njit(types.void(HEAPS, HEAPS), cache=True, nogil=True)
def merge(heaps: Heaps, others: Heaps) -> None:
    """Put the partners of other heaps over the same rows into these."""
    for row in range(len(heaps.size)):
        for place in range(others.start[row], others.start[row] + others.size[row]):
            push(
                heaps,
                row,
                others.score[place],
                others.partner[place],
                others.orders[place],
                others.weight[place],
                others.customers[place],
            )


@njit(types.void(HEAPS, INTS, LONGS, HEAPS), cache=True, nogil=True)
def empty(heaps: Heaps, row: NDArray[np.int32], start: NDArray[np.int64], out: Heaps) -> None:
    """Write the heaps out by product, best first; `row` names that of each product."""
    for product in range(len(row)):
        base = heaps.start[row[product]]
        for size in range(np.int64(heaps.size[row[product]]), 0, -1):
            at = start[product] + size - 1
            out.score[at] = heaps.score[base]
            out.partner[at] = heaps.partner[base]
            out.orders[at] = heaps.orders[base]
            out.weight[at] = heaps.weight[base]
            out.customers[at] = heaps.customers[base]
            last = base + size - 1
            place = _sink(heaps, base, size - 1, heaps.score[last], heaps.partner[last])
            _move(heaps, last, place)
