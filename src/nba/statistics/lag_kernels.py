"""The compiled loops of lags and gaps; importing this module compiles them once a machine."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

_BYTES = "uint8[::1]"
_INTS = "int32[::1]"
_LONGS = "int64[::1]"


@njit(f"void({_LONGS}, {_LONGS}, {_INTS}, int32[:, ::1])", cache=True, nogil=True)
def count_shared(
    customer_start: NDArray[np.int64],
    start: NDArray[np.int64],
    bought: NDArray[np.int32],
    shared: NDArray[np.int32],
) -> None:
    """Count, per pair of types, the customers who bought both.

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
                    shared[mine[number], one] += 1
                mine[found] = one
                found += 1


@njit(
    f"void({_LONGS}, {_LONGS}, {_INTS}, {_LONGS}, {_LONGS}, {_INTS}, int64, {_LONGS}, int64,"
    f" boolean[::1], boolean[::1], int32[:, ::1], {_LONGS}, {_INTS}, {_LONGS}, int32[:, :, ::1],"
    " int32[:, :, ::1], int32[:, :, ::1], int32[:, ::1], int64[:, :, ::1], int32[:, ::1],"
    " int32[:, :, ::1])",
    cache=True,
    nogil=True,
)
def count_lags(
    customer_start: NDArray[np.int64],
    start: NDArray[np.int64],
    bought: NDArray[np.int32],
    ordered: NDArray[np.int64],
    arrived: NDArray[np.int64],
    rhythm: NDArray[np.int32],
    as_of: int,
    bounds: NDArray[np.int64],
    period: int,
    is_main: NDArray[np.bool_],
    is_wanted: NDArray[np.bool_],
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
        as_of: the instant at which following ends.
        bounds: int64[buckets + 1]: the lags at which buckets begin and end.
        period: the length of a calendar period; periods count back from `as_of`.
        is_main: bool per type: arrivals of it are followed.
        is_wanted: bool per type: they are followed to it.
        place: int32[types, types]: the row of a pair in the last two arguments, or -1.
        settling_start: int64[types + 1]: the types that owners of type a need for its sake are
            at settling_start[a]:settling_start[a + 1] of the next argument.
        settling: int32: type codes.
        reach: int64, beside `settling`: for how long after the arrival they may need it.
        owners: int32[types, rhythms, buckets], added to: arrivals followed through the bucket.
        calendar: int32[types, buckets, periods], added to: the same, by the period in which the
            middle of the bucket lies.
        taken: int32[types, rhythms, buckets], added to: orders of the type that ended a
            following, whichever type it began with.
        seasons: int32[types, periods], added to: the same, by the period of the order.
        missed: int64[types, rhythms, buckets + 1], added to: `gone` over all first types.
        events: int32[pairs, buckets], added to: followings that ended in the bucket.
        gone: int32[pairs, rhythms, buckets + 1], added to: differences of those followed through
            the bucket who were no longer at risk as it began, or never.
    """
    type_count, bucket_count, period_count = calendar.shape
    never = np.int64(2**62)
    following = np.full(len(bought), -1, np.int64)
    basket_of = np.empty(len(bought), np.int64)
    upcoming = np.full(type_count, -1, np.int64)
    previous = np.full(type_count, -1, np.int64)
    mine = np.empty(type_count, np.int32)
    touched = np.empty(type_count, np.int32)
    entered = np.full(type_count, -1, np.int64)
    leaves = np.empty(type_count, np.int64)
    in_order = np.full(type_count, -1, np.int64)
    for customer in range(len(customer_start) - 1):
        orders_begin, orders_end = customer_start[customer], customer_start[customer + 1]
        kind = rhythm[customer]
        # Link each cell to the customer's next one of the same type, walking backwards.
        found = 0
        for order in range(orders_end - 1, orders_begin - 1, -1):
            for cell in range(start[order], start[order + 1]):
                basket_of[cell] = order
                if upcoming[bought[cell]] < 0:
                    mine[found] = bought[cell]
                    found += 1
                following[cell] = upcoming[bought[cell]]
                upcoming[bought[cell]] = cell
        for order in range(orders_begin, orders_end):
            for cell in range(start[order], start[order + 1]):
                upcoming[bought[cell]] = following[cell]
                in_order[bought[cell]] = order
            since = arrived[order]
            for cell in range(start[order], start[order + 1]):
                main = bought[cell]
                if not is_main[main]:
                    continue
                until = as_of
                if following[cell] >= 0:
                    until = min(until, ordered[basket_of[following[cell]]])
                seen = 0
                while seen < bucket_count and since + bounds[seen + 1] <= until:
                    middle = (bounds[seen] + bounds[seen + 1]) // 2
                    back = (as_of - since - middle) // period
                    owners[main, kind, seen] += 1
                    calendar[main, seen, min(back, period_count - 1)] += 1
                    seen += 1
                if seen == 0:
                    continue
                count = 0
                for number in range(found):
                    other = mine[number]
                    if not is_wanted[other]:
                        continue
                    if other != main and (in_order[other] == order or upcoming[other] >= 0):
                        entered[other] = cell
                        touched[count] = other
                        count += 1
                        leaves[other] = ordered[order]
                        if in_order[other] != order:
                            leaves[other] = ordered[basket_of[upcoming[other]]]
                # Whoever gets, or lately got, another type that brings the need leaves as well.
                for number in range(found):
                    settler = mine[number]
                    if settler == main:
                        continue
                    for entry in range(settling_start[settler], settling_start[settler + 1]):
                        other = settling[entry]
                        if other == main or not is_wanted[other]:
                            continue
                        when = never
                        if upcoming[settler] >= 0:
                            when = arrived[basket_of[upcoming[settler]]]
                        if previous[settler] >= 0 or in_order[settler] == order:
                            got = since
                            if in_order[settler] != order:
                                got = arrived[basket_of[previous[settler]]]
                            if got + reach[entry] >= since:
                                when = since - 1
                        if when == never:
                            continue
                        if entered[other] != cell:
                            entered[other] = cell
                            touched[count] = other
                            count += 1
                            leaves[other] = -when
                        elif abs(leaves[other]) > when:
                            leaves[other] = -when
                for number in range(count):
                    other = touched[number]
                    is_event = leaves[other] > ordered[order]
                    lag = abs(leaves[other]) - since
                    bucket = 0
                    if lag < 0:
                        is_event = False
                    elif lag > 0 or is_event:
                        while bucket < seen and bounds[bucket + 1] <= lag:
                            bucket += 1
                        if bucket >= seen:
                            continue
                    row = place[main, other]
                    if is_event:
                        taken[other, kind, bucket] += 1
                        back = (as_of - since - lag) // period
                        seasons[other, min(back, period_count - 1)] += 1
                        if row >= 0:
                            events[row, bucket] += 1
                        bucket += 1
                    missed[other, kind, bucket] += 1
                    missed[other, kind, seen] -= 1
                    if row >= 0:
                        gone[row, kind, bucket] += 1
                        gone[row, kind, seen] -= 1
            for cell in range(start[order], start[order + 1]):
                previous[bought[cell]] = cell
        for number in range(found):
            upcoming[mine[number]] = -1
            previous[mine[number]] = -1


@njit(
    f"void({_LONGS}, {_INTS}, {_LONGS}, int64, {_LONGS}, int64[:, ::1], int64[:, ::1])",
    cache=True,
    nogil=True,
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
