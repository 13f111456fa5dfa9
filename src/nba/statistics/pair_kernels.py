"""The compiled loops that count pairs, and rank them while their counts are hot.

A row walks the baskets that hold it and counts the rows that stand before it, so that each pair
is met once and the walk needs no length: it ends at the row itself. A heap per row holds its best
partners so far, the worst of them first; where rows come by falling popularity, heaps fill with
strong partners early and most pairs cost one comparison.

Importing this module compiles the loops once a machine. Those that call one another stand in one
file, since the copy on disk is renewed when the file of a function changes, and not when that of
a function it calls does.
"""

from __future__ import annotations

from math import log
from typing import Final

import numpy as np
from numba import types
from numpy.typing import NDArray

from nba.statistics.basket_kernels import INT, LONG, LONGS, REAL, REALS, compiled, inner
from nba.statistics.record_types import (
    ENTRIES,
    HEAPS,
    MARKS,
    PARTNERS,
    TALLY,
    VISITS,
    Entries,
    prefetch,
)
from nba.statistics.records import AHEAD, HEADER, Heaps, Marks, Partners, Tally, Visits

COUNT_BITS: Final = 16
"""Bits of a packed sum that count orders, and customers; the weight stands above both."""
LINE: Final = 16
"""Numbers of the stream in a cache line."""


@inner(LONG(LONG, LONG, LONG, LONG, VISITS, LONG, TALLY))
def _walk(row: int, begin: int, stop: int, end: int, visits: Visits, cap: int, tally: Tally) -> int:
    """Add up what stands before a row in the baskets that its visits begin:stop lead to.

    The row's visits go on to `end`, in this call or another. Gives the number of partners
    touched, those whose sum was zero.
    """
    stream, cells, sums, touched = visits.stream, visits.cells, tally.sums, tally.touched
    found = 0
    run, before = tally.run[0], tally.run[1]
    for visit in range(begin, stop):
        ahead = cells[visit + AHEAD] - HEADER
        prefetch(stream, ahead)
        prefetch(stream, ahead + LINE)
        prefetch(stream, ahead + 2 * LINE)
        cell = cells[visit]
        customer = stream[cell - HEADER]
        worth = np.int64(stream[cell - 1])
        order = worth & 1
        proof = np.int64(worth > 1) << COUNT_BITS
        weight = (worth >> 1) << (2 * COUNT_BITS)
        opens = customer != before
        closes = visit + 1 == end or stream[cells[visit + 1] - HEADER] != customer
        run += opens
        before = customer
        other = stream[cell]
        if opens and closes:
            # The only basket of its customer with the row: nothing to remember.
            whole = weight | proof | order
            while other != row:
                touched[found] = other
                found += sums[other, 0] == 0
                sums[other, 0] += whole
                cell += 1
                other = stream[cell]
        else:
            base = run << 32
            while other != row:
                known = max(sums[other, 1], base) + 1
                more = order
                more += weight if known <= base + cap else 0
                more += proof if known == base + 1 else 0
                touched[found] = other
                found += (sums[other, 0] == 0) & (more != 0)
                sums[other, 0] += more
                sums[other, 1] = known
                cell += 1
                other = stream[cell]
    tally.run[0], tally.run[1] = run, before
    return found


@inner(PARTNERS(PARTNERS, LONG, LONG))
def _rest(pairs: Partners, used: int, end: int) -> Partners:
    rows, orders = pairs.row[used:end], pairs.orders[used:end]
    return Partners(rows, orders, pairs.weight[used:end], pairs.customers[used:end])


@inner(LONG(LONG, VISITS, LONG, LONG, LONG, LONG, TALLY, PARTNERS))
def count_row(
    row: int,
    visits: Visits,
    cap: int,
    part: int,
    least: int,
    least_weight: int,
    tally: Tally,
    partners: Partners,
) -> int:
    """Count the pairs of a row with the rows before it, and give how many were kept.

    Args:
        row: whose pairs.
        visits: where it meets others.
        cap: baskets of one customer that add to a pair's weight.
        part: visits that a packed sum has room for; longer rows are counted in such parts.
        least: orders or customers from which on a pair is kept, at least one.
        least_weight: weight from which on a pair is kept.
        tally: room to count in, all zero but `touched`, and left so.
        partners: filled with the pairs kept.
    """
    sums, totals = tally.sums, tally.totals
    begin, end = visits.start[row], visits.start[row + 1]
    low = (1 << COUNT_BITS) - 1
    tally.run[1] = -1
    kept = 0
    for at in range(begin, end, part):
        found = _walk(row, at, min(at + part, end), end, visits, cap, tally)
        for place in range(found):
            other = tally.touched[place]
            packed = sums[other, 0]
            sums[other, 0] = 0
            orders, customers = packed & low, (packed >> COUNT_BITS) & low
            weight = packed >> (2 * COUNT_BITS)
            if end - begin > part:
                totals[other, 0] += orders
                totals[other, 1] += customers
                totals[other, 2] += weight
                continue
            partners.row[kept] = other
            partners.orders[kept] = orders
            partners.customers[kept] = customers
            partners.weight[kept] = weight
            kept += (max(orders, customers) >= least) & (weight >= least_weight)
    if end - begin > part:
        for other in range(row):
            partners.row[kept] = other
            partners.orders[kept] = orders = totals[other, 0]
            partners.customers[kept] = customers = totals[other, 1]
            partners.weight[kept] = weight = totals[other, 2]
            totals[other] = 0
            kept += (max(orders, customers) >= least) & (weight >= least_weight)
    return kept


@compiled(LONG(LONG, LONG, VISITS, LONG, LONG, TALLY, LONGS, PARTNERS))
def count_pairs(
    begin: int,
    end: int,
    visits: Visits,
    cap: int,
    part: int,
    tally: Tally,
    length: NDArray[np.int64],
    pairs: Partners,
) -> int:
    """Count every pair of the rows begin:end with the rows before them, one row after another.

    Filled from the front: `length`, int64[end - begin], with the pairs of each row, and `pairs`;
    the caller brings room for one more than there are, since growing arrays in here doubles the
    time to compile. The other arguments are those of `count_row`. Gives the number of pairs.
    """
    used = 0
    for row in range(begin, end):
        left = _rest(pairs, used, len(pairs.row))
        length[row - begin] = count_row(row, visits, cap, part, 1, 0, tally, left)
        used += length[row - begin]
    return used


@inner(types.boolean(ENTRIES, LONG, ENTRIES, LONG))
def _is_worse(entries: Entries, place: int, others: Entries, other: int) -> bool:
    one, two = entries[place], others[other]
    return bool(one.score < two.score or (one.score == two.score and one.partner > two.partner))


@inner(types.void(ENTRIES, LONG, LONG, LONG, ENTRIES))
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


@inner(types.void(ENTRIES, LONG, LONG, ENTRIES))
def _order(entries: Entries, base: int, end: int, held: Entries) -> None:
    """Make a heap of base:end."""
    for place in range(base + (end - base) // 2 - 1, base - 1, -1):
        held[0] = entries[place]
        _sink(entries, base, end, place, held)


@inner(types.void(HEAPS, LONG))
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


@inner(types.void(HEAPS, LONG, REAL, INT, PARTNERS, LONG))
def _offer(heaps: Heaps, row: int, score: float, partner: int, pairs: Partners, place: int) -> None:
    """Offer one of some pairs to the heap of a row."""
    entry = heaps.held[0]
    entry.score, entry.partner, entry.orders = score, partner, pairs.orders[place]
    entry.weight, entry.customers = pairs.weight[place], pairs.customers[place]
    _push(heaps, row)


@inner(REAL(REAL, REAL, REAL, REAL))
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


@inner(REAL(LONG, LONG, LONG, MARKS))
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


@inner(REAL(REALS, LONG, LONG))
def _least_of_best(scores: NDArray[np.float64], count: int, best: int) -> float:
    """Give the score that `best` of the first `count` reach, and spoil their order (quickselect).

    -inf where there are no more than that.
    """
    if count <= best:
        return -np.inf
    low, high, place = 0, count - 1, best - 1
    while low < high:
        pivot = scores[(low + high) // 2]
        left, right = low, high
        while left <= right:
            while scores[left] > pivot:
                left += 1
            while scores[right] < pivot:
                right -= 1
            if left <= right:
                scores[left], scores[right] = scores[right], scores[left]
                left += 1
                right -= 1
        if place <= right:
            high = right
        elif place >= left:
            low = left
        else:
            break
    return float(scores[place])


@inner(types.void(LONG, LONG, PARTNERS, MARKS, HEAPS))
def _offer_shares(row: int, kept: int, partners: Partners, marks: Marks, heaps: Heaps) -> None:
    """Offer the pairs of a row, scored by gain and floor, to the heaps of both sides."""
    mine, scores = heaps.rows[row], heaps.scores
    for place in range(kept):
        other, weight = partners.row[place], int(partners.weight[place])
        its = heaps.rows[other]
        scores[0, place] = scores[1, place] = its.gain * weight + its.floor
        back = mine.gain * weight + mine.floor
        if back >= its.threshold:
            _offer(heaps, other, back, marks.product[row], partners, place)
    # Only what can stay is pushed: most of a long row cannot.
    room = heaps.start[row + 1] - heaps.start[row]
    least = max(_least_of_best(scores[1], kept, room), mine.threshold) if room else np.inf
    for place in range(kept):
        if scores[0, place] >= least:
            product = marks.product[partners.row[place]]
            _offer(heaps, row, scores[0, place], product, partners, place)


@inner(types.void(LONG, LONG, PARTNERS, MARKS, HEAPS))
def _offer_ratios(row: int, kept: int, partners: Partners, marks: Marks, heaps: Heaps) -> None:
    """Offer the pairs of a row, scored by likelihood ratio, to the heaps of both sides."""
    mine, bounds = heaps.rows[row], heaps.scores
    for place in range(kept):
        its, both = heaps.rows[partners.row[place]], int(partners.orders[place])
        bounds[0, place] = bounds[1, place] = _llr_bound(both, mine.orders, its.orders, marks)
    room = heaps.start[row + 1] - heaps.start[row]
    first = _least_of_best(bounds[1], kept, room) if room else np.inf
    # The most promising first: they fill the heap, so that fewer of the others need logarithms.
    for turn in range(2):
        for place in range(kept):
            bound = bounds[0, place]
            if (bound < first) != turn:
                continue
            other, orders = partners.row[place], int(partners.orders[place])
            its = heaps.rows[other]
            if bound < max(min(mine.threshold, its.threshold), 0.0):
                continue
            score = _llr(orders, mine.orders, its.orders, marks.order_count[0])
            if score >= mine.threshold:
                _offer(heaps, row, score, marks.product[other], partners, place)
            if score >= its.threshold:
                _offer(heaps, other, score, marks.product[row], partners, place)


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
        if by_share:
            _offer_shares(row, kept, partners, marks, heaps)
        else:
            _offer_ratios(row, kept, partners, marks, heaps)


@compiled(types.void(LONG, LONGS, PARTNERS, MARKS, HEAPS))
def rank_counted(
    begin: int, length: NDArray[np.int64], pairs: Partners, marks: Marks, heaps: Heaps
) -> None:
    """Offer pairs that have been counted, scored by gain and floor, to the heaps of both sides.

    Row begin + k has `length[k]` of `pairs`, row after row.
    """
    used = 0
    for place in range(len(length)):
        end = used + length[place]
        _offer_shares(begin + place, length[place], _rest(pairs, used, end), marks, heaps)
        used = end


@compiled(types.void(HEAPS, HEAPS))
def merge(heaps: Heaps, others: Heaps) -> None:
    """Put the partners of other heaps over the same rows into these."""
    for row in range(len(heaps.rows)):
        begin = others.start[row]
        for place in range(begin, begin + others.rows[row].size):
            heaps.held[0] = others.entries[place]
            _push(heaps, row)
