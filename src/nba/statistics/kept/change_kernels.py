"""The compiled loops that find whose baskets changed; importing this module compiles them.

Customers come as ragged arrays: those of a customer are the baskets owner[c]:owner[c + 1], and of
a basket the products product[start[b]:start[b + 1]].
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numba import types
from numpy.typing import NDArray

from nba.statistics.basket_kernels import BOOLS, INTS, LONG, LONGS, compiled, inner

_WORD: Final = types.uint64
_MIXES: Final = types.Array(_WORD, 2, "C", readonly=True)
_BYTES: Final = types.Array(types.uint8, 1, "C", readonly=True)
_ENDS: Final = types.Array(types.int64, 1, "C", readonly=True)

_ODD: Final = (np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC2B2AE3D27D4EB4F))
"""Odd numbers without a pattern in their bits: 2^64 over the golden ratio, and one of xxHash's."""


@inner(_WORD(_WORD, _WORD, _WORD))
def _mixed(known: np.uint64, more: np.uint64, odd: np.uint64) -> np.uint64:
    """Mix a number into a sum; for each of the two, the other decides the answer one to one."""
    mixed = (known ^ more) * odd
    return np.uint64(mixed ^ (mixed >> np.uint64(29)))


@compiled(
    types.void(LONGS, BOOLS, LONGS, LONGS, INTS, types.Array(_WORD, 2, "C")),
)
def fingerprint(
    owner: NDArray[np.int64],
    proven: NDArray[np.bool_],
    at: NDArray[np.int64],
    start: NDArray[np.int64],
    product: NDArray[np.int32],
    out: NDArray[np.uint64],
) -> None:
    """Mix all that counts of each customer into two words: `proven`, instants, sizes, products.

    Two numbers of 32 bits are mixed at once, the size of a basket before its products.
    """
    half = np.uint64(32)
    for customer in range(len(proven)):
        one = two = np.uint64(1 + proven[customer])
        for basket in range(owner[customer], owner[customer + 1]):
            first, last = start[basket], start[basket + 1]
            when, waiting = np.uint64(at[basket]), np.uint64(last - first)
            one, two = _mixed(one, when, _ODD[0]), _mixed(two, when, _ODD[1])
            for cell in range(first, last - 1, 2):
                both = (waiting << half) | np.uint64(product[cell])
                one, two = _mixed(one, both, _ODD[0]), _mixed(two, both, _ODD[1])
                waiting = np.uint64(product[cell + 1])
            if (last - first) % 2:
                waiting = (waiting << half) | np.uint64(product[last - 1])
            one, two = _mixed(one, waiting, _ODD[0]), _mixed(two, waiting, _ODD[1])
        out[customer, 0], out[customer, 1] = one, two


@compiled(types.void(_BYTES, _ENDS, _BYTES, _ENDS, LONGS))
def find_ids(
    data: NDArray[np.uint8],
    offsets: NDArray[np.int64],
    asked: NDArray[np.uint8],
    asked_offsets: NDArray[np.int64],
    place: NDArray[np.int64],
) -> None:
    """Find ids among others, both packed in byte order: where each stands, or -1."""
    here = 0
    for number in range(len(place)):
        begin, end = asked_offsets[number], asked_offsets[number + 1]
        place[number] = -1
        while here < len(offsets) - 1:
            first, last = offsets[here], offsets[here + 1]
            shorter = min(end - begin, last - first)
            byte = 0
            while byte < shorter and data[first + byte] == asked[begin + byte]:
                byte += 1
            if byte < shorter:
                order = np.int64(data[first + byte]) - np.int64(asked[begin + byte])
            else:
                order = (last - first) - (end - begin)
            if order > 0:
                break
            here += 1
            if order == 0:
                place[number] = here - 1
                break


@compiled(types.void(_MIXES, _MIXES, INTS, INTS, BOOLS, BOOLS))
def pair_off(
    old: NDArray[np.uint64],
    new: NDArray[np.uint64],
    slot: NDArray[np.int32],
    behind: NDArray[np.int32],
    gone: NDArray[np.bool_],
    came: NDArray[np.bool_],
) -> None:
    """Take away from two lists of fingerprints what both have, each as often as both have it.

    Args:
        old: two words each.
        new: likewise.
        slot: room, -1 each: a power of two of them, more than there are of `old`.
        behind: room, one for each of `old`.
        gone: true per one of `old`; false where one of `new` is equal.
        came: true per one of `new`; likewise.
    """
    last = np.uint64(len(slot) - 1)
    for number in range(len(old)):
        place = old[number, 0] & last
        while slot[place] >= 0 and (
            old[slot[place], 0] != old[number, 0] or old[slot[place], 1] != old[number, 1]
        ):
            place = (place + np.uint64(1)) & last
        behind[number] = slot[place]
        slot[place] = number
    for number in range(len(new)):
        place = new[number, 0] & last
        while slot[place] >= 0 and (
            old[slot[place], 0] != new[number, 0] or old[slot[place], 1] != new[number, 1]
        ):
            place = (place + np.uint64(1)) & last
        here = slot[place]
        if here < 0:
            continue
        # The first of equal ones goes last: who looks for what is behind it must still find it.
        if behind[here] >= 0:
            second = behind[here]
            behind[here] = behind[second]
            here = second
        if gone[here]:
            gone[here] = False
            came[number] = False


@inner(types.boolean(LONG, LONGS, INTS, LONGS, LONG, LONGS, INTS, LONGS))
def _is_same(
    basket: int,
    start: NDArray[np.int64],
    product: NDArray[np.int32],
    worth: NDArray[np.int64],
    other: int,
    other_start: NDArray[np.int64],
    other_product: NDArray[np.int32],
    other_worth: NDArray[np.int64],
) -> bool:
    """Tell whether two baskets count the same: their worth, and their products in order."""
    first, size = start[basket], start[basket + 1] - start[basket]
    begin = other_start[other]
    if worth[basket] != other_worth[other] or other_start[other + 1] - begin != size:
        return False
    place = 0
    while place < size and product[first + place] == other_product[begin + place]:
        place += 1
    return bool(place == size)


@inner(LONG(INTS, LONGS, LONG, LONG))
def _orders_end(customer: NDArray[np.int32], worth: NDArray[np.int64], first: int, who: int) -> int:
    """Give where the orders of a customer end, whose baskets begin at `first`."""
    while first < len(customer) and customer[first] == who and worth[first] & 1:
        first += 1
    return first


@compiled(
    types.void(INTS, LONGS, INTS, LONGS, INTS, LONGS, INTS, LONGS, INTS, BOOLS, BOOLS),
)
def keep_changed(
    customer: NDArray[np.int32],
    start: NDArray[np.int64],
    product: NDArray[np.int32],
    worth: NDArray[np.int64],
    new_customer: NDArray[np.int32],
    new_start: NDArray[np.int64],
    new_product: NDArray[np.int32],
    new_worth: NDArray[np.int64],
    mark: NDArray[np.int32],
    kept: NDArray[np.bool_],
    new_kept: NDArray[np.bool_],
) -> None:
    """Tell which products of customers stand in a basket that was not there, or is not now.

    Of a customer's orders, and spells, those at both ends that are the same before and after, one
    by one, are passed over. A pair of products that are not both in what is left has its baskets
    in what is the same: in the same order and of the same worth, so that it counts the same.

    Args:
        customer: ascending; of one customer the orders, then the spells.
        start: of the baskets' products.
        product: of the baskets.
        worth: twice the weight, and one more for an order.
        new_customer: as the customers are now, numbered alike.
        new_start: likewise.
        new_product: likewise.
        new_worth: likewise.
        mark: room, -1 per product.
        kept: filled: whether each of `product` is such a one of its customer.
        new_kept: likewise of `new_product`.
    """
    one = two = 0
    while one < len(customer) or two < len(new_customer):
        who = 1 << 40
        if one < len(customer):
            who = min(who, int(customer[one]))
        if two < len(new_customer):
            who = min(who, int(new_customer[two]))
        first, second = one, two
        for turn in range(2):
            if turn == 0:
                end = _orders_end(customer, worth, one, who)
                last = _orders_end(new_customer, new_worth, two, who)
            else:
                end, last = one, two
                while end < len(customer) and customer[end] == who:
                    end += 1
                while last < len(new_customer) and new_customer[last] == who:
                    last += 1
            beyond, past = end, last
            while (
                one < end
                and two < last
                and _is_same(one, start, product, worth, two, new_start, new_product, new_worth)
            ):
                one += 1
                two += 1
            while (
                one < end
                and two < last
                and _is_same(
                    end - 1, start, product, worth, last - 1, new_start, new_product, new_worth
                )
            ):
                end -= 1
                last -= 1
            for cell in range(start[one], start[end]):
                mark[product[cell]] = who
            for cell in range(new_start[two], new_start[last]):
                mark[new_product[cell]] = who
            one, two = beyond, past
        for cell in range(start[first], start[one]):
            kept[cell] = mark[product[cell]] == who
        for cell in range(new_start[second], new_start[two]):
            new_kept[cell] = mark[new_product[cell]] == who
