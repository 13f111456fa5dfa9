"""The compiled loops of lags and gaps; importing this module compiles them once a machine."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nba.statistics.basket_kernels import compiled

_INTS = "int32[::1]"
_LONGS = "int64[::1]"


@compiled(f"void({_LONGS}, {_LONGS}, {_INTS}, int32[:, ::1])")
def count_shared(
    customer_start: NDArray[np.int64],
    start: NDArray[np.int64],
    bought: NDArray[np.int32],
    shared: NDArray[np.int32],
) -> None:
    """Count, per pair of types, the customers who bought the second before or with the first.

    Of types that a customer first bought in one order, either may count as the second.

    Args:
        customer_start: int64[customers + 1]: orders of customer c are at
            customer_start[c]:customer_start[c + 1].
        start: int64[orders + 1]: cells of order o are at start[o]:start[o + 1].
        bought: int32 per cell: type codes, distinct within an order.
        shared: int32[types, types], added to.
    """
    last = np.full(len(shared), -1, np.int64)
    mine = np.empty(len(shared), np.int32)
    for customer in range(len(customer_start) - 1):
        found = 0
        for cell in range(start[customer_start[customer]], start[customer_start[customer + 1]]):
            one = bought[cell]
            if last[one] != customer:
                last[one] = customer
                for number in range(found):
                    shared[one, mine[number]] += 1
                mine[found] = one
                found += 1


@compiled(
    f"void({_LONGS}, {_LONGS}, {_INTS}, {_LONGS}, {_LONGS}, {_INTS}, {_LONGS}, int64, {_INTS},"
    f" int64, {_LONGS}, int64, boolean[::1], boolean[::1], {_INTS}, int32[:, ::1], {_LONGS},"
    f" {_INTS}, {_LONGS}, int32[:, :, ::1], int32[:, :, ::1], int32[:, :, ::1], int32[:, ::1],"
    " int64[:, :, ::1], int32[:, ::1], int32[:, :, ::1])",
)
def count_lags(
    customer_start: NDArray[np.int64],
    start: NDArray[np.int64],
    bought: NDArray[np.int32],
    ordered: NDArray[np.int64],
    arrived: NDArray[np.int64],
    rhythm: NDArray[np.int32],
    customers: NDArray[np.int64],
    as_of: int,
    bucket_of: NDArray[np.int32],
    day: int,
    middle: NDArray[np.int64],
    period: int,
    is_main: NDArray[np.bool_],
    is_wanted: NDArray[np.bool_],
    rank: NDArray[np.int32],
    place: NDArray[np.int32],
    settling_start: NDArray[np.int64],
    settling: NDArray[np.int32],
    reach: NDArray[np.int64],
    owners: NDArray[np.int32],
    calendar: NDArray[np.int32],
    taken: NDArray[np.int32],
    seasons: NDArray[np.int32],
    missed: NDArray[np.int64],
    events: NDArray[np.int32],
    gone: NDArray[np.int32],
) -> None:
    """Follow every customer from each arrival of a type to the next order of each other type.

    Args:
        customer_start: as for `count_shared`.
        start: as for `count_shared`.
        bought: as for `count_shared`.
        ordered: int64 per order: when; ascending within a customer.
        arrived: int64 per order: when it arrived.
        rhythm: int32 per customer: the class of those who order as often.
        customers: int64: in which order to walk them; those of a class together, since their
            counts share the cache.
        as_of: the instant at which following ends.
        bucket_of: int32 per day: the bucket of a lag of so many days; the last one is beyond all.
        day: its length.
        middle: int64 per bucket: the lag in its middle.
        period: the length of a calendar period; periods count back from `as_of`.
        is_main: bool per type: arrivals of it are followed.
        is_wanted: bool per type: they are followed to it.
        rank: int32 per type: its place in the next argument.
        place: int32[ranks, ranks]: the row of a pair, its second type first, in the last two
            arguments, or -1.
        settling_start: int64[types + 1]: the types for whose sake owners need type b are at
            settling_start[b]:settling_start[b + 1] of the next argument.
        settling: int32: type codes.
        reach: int64, beside `settling`: for how long after the arrival they may need it.
        owners: int32[rhythms, types, buckets], added to: arrivals followed through the bucket.
        calendar: int32[types, buckets, periods], added to: the same, by the period in which the
            middle of the bucket lies.
        taken: int32[rhythms, types, buckets], added to: orders of the type that ended a
            following, whichever type it began with.
        seasons: int32[types, periods], added to: the same, by the period of the order.
        missed: int64[rhythms, types, buckets + 1], added to: `gone` over all first types.
        events: int32[pairs, buckets], added to: followings that ended in the bucket.
        gone: int32[rhythms, pairs, buckets + 1], added to: differences of those followed through
            the bucket who were no longer at risk as it began, or never.
    """
    type_count, _, period_count = calendar.shape
    never = np.int64(2**62)
    # Cells are numbered within their customer, so that there is room for the greatest one alone.
    most = 0
    for customer in range(len(customer_start) - 1):
        cells = start[customer_start[customer + 1]] - start[customer_start[customer]]
        most = max(most, cells)
    following = np.empty(most, np.int64)
    basket_of = np.empty(most, np.int64)
    upcoming = np.full(type_count, -1, np.int64)
    previous = np.full(type_count, -1, np.int64)
    in_order = np.full(type_count, -1, np.int64)
    mine = np.empty(type_count, np.int32)
    others = np.empty(type_count, np.int32)
    mains = np.empty(type_count, np.int32)
    seen = np.empty(type_count, np.int64)
    last_day = len(bucket_of) - 1
    settled_types = np.empty(type_count, np.int32)
    settled_count = 0
    for other in range(type_count):
        if is_wanted[other] and settling_start[other] < settling_start[other + 1]:
            settled_types[settled_count] = other
            settled_count += 1
    for customer in customers:
        orders_begin, orders_end = customer_start[customer], customer_start[customer + 1]
        kind = rhythm[customer]
        base = start[orders_begin]
        # Link each cell to the customer's next one of the same type, walking backwards.
        found = 0
        for order in range(orders_end - 1, orders_begin - 1, -1):
            for cell in range(start[order] - base, start[order + 1] - base):
                one = bought[base + cell]
                basket_of[cell] = order
                if upcoming[one] < 0:
                    mine[found] = one
                    found += 1
                following[cell] = upcoming[one]
                upcoming[one] = cell
        # Followed to are the types bought, and those that a type bought brings the need of.
        reached = 0
        for number in range(found):
            if is_wanted[mine[number]]:
                others[reached] = mine[number]
                reached += 1
        for number in range(settled_count):
            other = settled_types[number]
            for entry in range(settling_start[other], settling_start[other + 1]):
                if upcoming[settling[entry]] >= 0 and upcoming[other] < 0:
                    others[reached] = other
                    reached += 1
                    break
        for order in range(orders_begin, orders_end):
            since = arrived[order]
            count = 0
            for cell in range(start[order] - base, start[order + 1] - base):
                main = bought[base + cell]
                upcoming[main] = following[cell]
                in_order[main] = order
                if not is_main[main]:
                    continue
                until = as_of
                if following[cell] >= 0:
                    until = min(until, ordered[basket_of[following[cell]]])
                buckets = bucket_of[min(max(until - since, 0) // day, last_day)]
                for bucket in range(buckets):
                    back = (as_of - since - middle[bucket]) // period
                    owners[kind, main, bucket] += 1
                    calendar[main, bucket, min(back, period_count - 1)] += 1
                if buckets > 0:
                    mains[count] = main
                    seen[count] = buckets
                    count += 1
            # All that arrived together wait for the same orders.
            for number in range(reached if count > 0 else 0):
                other = others[number]
                line = rank[other]
                comes = never
                if in_order[other] == order:
                    comes = ordered[order]
                elif upcoming[other] >= 0:
                    comes = ordered[basket_of[upcoming[other]]]
                # Whoever gets, or lately got, another type that brings the need leaves as well.
                settled, otherwise, settler = never, never, -1
                for entry in range(settling_start[other], settling_start[other + 1]):
                    one = settling[entry]
                    when = never
                    if upcoming[one] >= 0:
                        when = arrived[basket_of[upcoming[one]]]
                    if in_order[one] == order or (
                        previous[one] >= 0
                        and arrived[basket_of[previous[one]]] + reach[entry] >= since
                    ):
                        when = since - 1
                    if when < settled:
                        otherwise = settled
                        settled, settler = when, one
                    elif when < otherwise:
                        otherwise = when
                # A type does not settle itself: first all others, then the one that settles.
                for turn in range(1 if settler < 0 else 2):
                    leaves = min(comes, settled if turn == 0 else otherwise)
                    lag = leaves - since
                    is_event = leaves == comes and comes > ordered[order] and lag >= 0
                    bucket = bucket_of[min(max(lag, 0) // day, last_day)]
                    gone_from = bucket + 1 if is_event else bucket
                    left = 0
                    for arrival in range(count):
                        main = mains[arrival]
                        until = seen[arrival]
                        if bucket >= until or main == other or (main == settler) != turn:
                            continue
                        left += 1
                        missed[kind, other, until] -= 1
                        row = place[line, rank[main]]
                        if row >= 0:
                            gone[kind, row, gone_from] += 1
                            gone[kind, row, until] -= 1
                            if is_event:
                                events[row, bucket] += 1
                    if left > 0:
                        missed[kind, other, gone_from] += left
                        if is_event:
                            taken[kind, other, bucket] += left
                            back = (as_of - leaves) // period
                            seasons[other, min(back, period_count - 1)] += left
            for cell in range(start[order] - base, start[order + 1] - base):
                previous[bought[base + cell]] = cell
        for number in range(found):
            upcoming[mine[number]] = -1
            previous[mine[number]] = -1


@compiled(
    f"void({_LONGS}, {_INTS}, {_LONGS}, int64, {_LONGS}, int64[:, ::1], int64[:, ::1])",
)
def count_gaps(
    owner: NDArray[np.int64],
    product: NDArray[np.int32],
    at: NDArray[np.int64],
    as_of: int,
    bounds: NDArray[np.int64],
    events: NDArray[np.int64],
    at_risk: NDArray[np.int64],
) -> None:
    """Count the gaps between a customer's purchases of one product, the open last one too.

    Args:
        owner: int64: customers, one a purchase; sorted by customer, product, instant.
        product: int32: product codes.
        at: int64: when.
        as_of: the instant at which the last gap is cut off.
        bounds: int64[buckets + 1]: the gaps at which buckets begin and end.
        events: int64[products, buckets], added to: gaps that ended in the bucket.
        at_risk: int64[products, buckets], added to: gaps still open as the bucket began, and
            observed through it.
    """
    bucket_count = len(bounds) - 1
    for cell in range(len(owner)):
        after = cell + 1
        again = (
            after < len(owner) and owner[after] == owner[cell] and product[after] == product[cell]
        )
        gap = at[after] - at[cell] if again else np.int64(2**62)
        for bucket in range(bucket_count):
            if at[cell] + bounds[bucket + 1] > as_of:
                break
            at_risk[product[cell], bucket] += 1
            if gap < bounds[bucket + 1]:
                events[product[cell], bucket] += 1
                break
