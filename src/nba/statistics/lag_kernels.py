"""The compiled loops of lags and gaps; importing this module compiles them once a machine."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

_BYTES = "uint8[::1]"
_INTS = "int32[::1]"
_LONGS = "int64[::1]"


@njit(f"void({_LONGS}, {_INTS}, int32[:, ::1])", cache=True, nogil=True)
def count_shared(
    start: NDArray[np.int64], bought: NDArray[np.int32], shared: NDArray[np.int32]
) -> None:
    """Count, per pair of types, the customers who bought both.

    Args:
        start: int64[customers + 1]; the types of customer c are at start[c]:start[c + 1].
        bought: int32: type codes, one a customer and type.
        shared: int32[types, types], added to.
    """
    for customer in range(len(start) - 1):
        for one in range(start[customer], start[customer + 1]):
            for other in range(start[customer], start[customer + 1]):
                shared[bought[one], bought[other]] += 1


@njit(
    f"void({_LONGS}, {_INTS}, {_LONGS}, {_LONGS}, int64, {_LONGS}, int64, int32[:, ::1],"
    f" {_LONGS}, {_INTS}, int32[:, :, ::1], int32[:, :, ::1], int64[:, ::1], int32[:, ::1],"
    " int32[:, ::1])",
    cache=True,
    nogil=True,
)
def count_lags(
    start: NDArray[np.int64],
    bought: NDArray[np.int32],
    ordered: NDArray[np.int64],
    arrived: NDArray[np.int64],
    as_of: int,
    bounds: NDArray[np.int64],
    period: int,
    place: NDArray[np.int32],
    settling_start: NDArray[np.int64],
    settling: NDArray[np.int32],
    owners: NDArray[np.int32],
    taken: NDArray[np.int32],
    gone: NDArray[np.int64],
    pair_events: NDArray[np.int32],
    pair_gone: NDArray[np.int32],
) -> None:
    """Follow every customer from each type's arrival to the first order of each other type.

    Args:
        start: as for `count_shared`.
        bought: as for `count_shared`.
        ordered: int64: when the customer first ordered the type.
        arrived: int64: when that arrived.
        as_of: the instant at which following ends.
        bounds: int64[buckets + 1]: the lags at which buckets begin and end.
        period: the length of a calendar period; periods count back from `as_of`.
        place: int32[types, types]: the row of a pair in the last two arguments, or -1.
        settling_start: int64[types + 1]: the types that owners of type a need for its sake are
            at settling_start[a]:settling_start[a + 1] of the next argument.
        settling: int32: type codes.
        owners: int32[types, buckets, periods], added to: owners observed through the bucket,
            by the period in which its middle lies for them.
        taken: int32[types, buckets, periods], added to: first orders of the type, over every
            type the customer is followed from.
        gone: int64[types, buckets + 1], added to: differences of those no longer at risk.
        pair_events: int32[pairs, buckets], added to.
        pair_gone: int32[pairs, buckets + 1], added to, as `gone`.
    """
    type_count, bucket_count, period_count = owners.shape
    never = np.int64(2**62)
    owned = np.full(type_count, -1, np.int64)
    settled = np.full(type_count, never, np.int64)
    settled_next = np.full(type_count, never, np.int64)
    settled_by = np.full(type_count, -1, np.int32)
    touched = np.empty(type_count, np.int32)
    for customer in range(len(start) - 1):
        begin, end = start[customer], start[customer + 1]
        found = 0
        for cell in range(begin, end):
            owned[bought[cell]] = cell
            touched[found] = bought[cell]
            found += 1
        for cell in range(begin, end):
            main = bought[cell]
            for entry in range(settling_start[main], settling_start[main + 1]):
                other = settling[entry]
                if owned[other] < 0 and settled[other] == never:
                    touched[found] = other
                    found += 1
                if arrived[cell] < settled[other]:
                    settled_next[other] = settled[other]
                    settled[other] = arrived[cell]
                    settled_by[other] = main
                elif arrived[cell] < settled_next[other]:
                    settled_next[other] = arrived[cell]
        for cell in range(begin, end):
            main = bought[cell]
            seen = 0
            while seen < bucket_count and arrived[cell] + bounds[seen + 1] <= as_of:
                middle = (bounds[seen] + bounds[seen + 1]) // 2
                back = (as_of - arrived[cell] - middle) // period
                owners[main, seen, min(back, period_count - 1)] += 1
                seen += 1
            if seen == 0:
                continue
            for number in range(found):
                other = touched[number]
                if other == main:
                    continue
                row = place[main, other]
                leaves = settled_next[other] if settled_by[other] == main else settled[other]
                is_event = False
                mine = owned[other]
                if mine >= 0 and ordered[mine] < leaves:
                    leaves = ordered[mine]
                    is_event = leaves > ordered[cell]
                lag = leaves - arrived[cell]
                bucket = 0
                if lag < 0 or (lag == 0 and not is_event):
                    is_event = False
                else:
                    while bucket < seen and bounds[bucket + 1] <= lag:
                        bucket += 1
                    if bucket >= seen:
                        continue
                if is_event:
                    back = (as_of - leaves) // period
                    taken[other, bucket, min(back, period_count - 1)] += 1
                    if row >= 0:
                        pair_events[row, bucket] += 1
                    bucket += 1
                gone[other, bucket] += 1
                gone[other, seen] -= 1
                if row >= 0:
                    pair_gone[row, bucket] += 1
                    pair_gone[row, seen] -= 1
        for number in range(found):
            other = touched[number]
            owned[other] = -1
            settled[other] = never
            settled_next[other] = never
            settled_by[other] = -1


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
