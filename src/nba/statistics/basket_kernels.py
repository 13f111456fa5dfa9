"""The compiled loops over baskets. Importing this module compiles them once a machine.

Signatures are explicit and the loops release the GIL, so that threads share the work.

A *row* is a product under the name that counting gives it. Counting reads baskets as a *stream*
(`lay_out`): for each basket its customer, its worth, then its rows ascending, so that a visit to
a basket touches one or two cache lines.
"""

from __future__ import annotations

from functools import partial
from typing import Final

import numpy as np
from numba import njit, types
from numpy.typing import NDArray

from nba.statistics.records import HEADER

compiled: Final = partial(njit, cache=True, nogil=True, no_cfunc_wrapper=True)
"""Compile a function for its signature, and keep it on disk."""
inner: Final = partial(compiled, no_cpython_wrapper=True)
"""The same for what compiled functions alone call: a wrapper for Python costs time to compile."""

INT, LONG, REAL = types.int32, types.int64, types.float64
BOOLS, INTS, LONGS, REALS = (types.Array(one, 1, "C") for one in (types.bool_, INT, LONG, REAL))
PLACES = types.Array(types.uint32, 1, "C")
"""Numbers to index by; unsigned, so that nothing has to look whether they count from the end."""


@compiled(types.void(LONGS, INTS, INTS, INTS, INTS, LONG, LONG, INTS, PLACES))
def lay_out(
    start: NDArray[np.int64],
    product: NDArray[np.int32],
    customer: NDArray[np.int32],
    worth: NDArray[np.int32],
    row: NDArray[np.int32],
    begin: int,
    end: int,
    held: NDArray[np.int32],
    stream: NDArray[np.uint32],
) -> None:
    """Write the baskets begin:end into the stream, where basket b begins at start[b] + 2 b.

    `row` names the row of each product; a basket's worth is twice its weight, plus one for an
    order. `held` is room for the largest basket.
    """
    for basket in range(begin, end):
        cells = start[basket]
        size = start[basket + 1] - cells
        first = cells + HEADER * (basket + 1)
        stream[first - 2] = customer[basket]
        stream[first - 1] = worth[basket]
        for place in range(size):
            held[place] = row[product[cells + place]]
        # Ranked by comparing all with all, 2.5 times as fast as an insertion sort: nothing for
        # the processor to guess. Counting the pairs of a long basket costs its square anyway.
        for place in range(size):
            rank = 0
            for other in range(size):
                rank += held[other] < held[place]
            stream[first + rank] = held[place]


@compiled(types.void(LONGS, PLACES, LONG, LONG, LONGS, LONGS))
def count_visits(
    start: NDArray[np.int64],
    stream: NDArray[np.uint32],
    begin: int,
    end: int,
    visits: NDArray[np.int64],
    met: NDArray[np.int64],
) -> None:
    """Add up, per row, the baskets of begin:end in which another row stands before it.

    To `met` are added all rows that it meets there, each as often as it does.
    """
    for basket in range(begin, end):
        first = start[basket] + HEADER * (basket + 1)
        others = start[basket + 1] - start[basket] - 1
        for cell in range(first, first + others + 1):
            visits[stream[cell]] += cell > first
            met[stream[cell]] += others


@compiled(types.void(LONGS, PLACES, LONG, LONG, LONGS, PLACES))
def place_visits(
    start: NDArray[np.int64],
    stream: NDArray[np.uint32],
    begin: int,
    end: int,
    place: NDArray[np.int64],
    cells: NDArray[np.uint32],
) -> None:
    """Note for each row the cells where the rows of such baskets begin.

    `place` is where the next visit of each row goes, and moves on.
    """
    for basket in range(begin, end):
        shift = HEADER * (basket + 1)
        first = start[basket] + shift
        for cell in range(first + 1, start[basket + 1] + shift):
            one = stream[cell]
            cells[place[one]] = first
            place[one] += 1


@compiled(types.void(LONGS, INTS, BOOLS, LONGS))
def count_orders(
    start: NDArray[np.int64],
    product: NDArray[np.int32],
    counted: NDArray[np.bool_],
    orders_out: NDArray[np.int64],
) -> None:
    """Add up the counted baskets of each product; numpy would copy the products twice."""
    for basket in range(len(counted)):
        if counted[basket]:
            for cell in range(start[basket], start[basket + 1]):
                orders_out[product[cell]] += 1


@compiled(types.void(LONGS, INTS, INTS, LONGS, INTS, LONGS, LONGS, LONGS))
def count_products(
    start: NDArray[np.int64],
    product: NDArray[np.int32],
    customer: NDArray[np.int32],
    weight: NDArray[np.int64],
    last: NDArray[np.int32],
    orders_out: NDArray[np.int64],
    weight_out: NDArray[np.int64],
    customers_out: NDArray[np.int64],
) -> None:
    """Add up the baskets of each product, and the customers of those that weigh anything.

    `last`, -1 per product, is room to remember its customer in.
    """
    for basket in range(len(customer)):
        for cell in range(start[basket], start[basket + 1]):
            one = product[cell]
            orders_out[one] += 1
            weight_out[one] += weight[basket]
            if weight[basket] > 0 and last[one] != customer[basket]:
                last[one] = customer[basket]
                customers_out[one] += 1


@compiled(types.void(INTS, LONGS, BOOLS, LONG, LONGS))
def number_spells(
    customer: NDArray[np.int32],
    at: NDArray[np.int64],
    proven: NDArray[np.bool_],
    span: int,
    spell_out: NDArray[np.int64],
) -> None:
    """Write the first basket of its spell at each basket that lies in one; the others stay.

    A spell takes in a customer's baskets at most `span` behind its first, two or more of them;
    those of customers who are not proven form none.
    """
    first = 0
    while first < len(customer):
        past = first + 1
        while (
            past < len(customer)
            and customer[past] == customer[first]
            and at[past] <= at[first] + span
        ):
            past += 1
        if proven[first] and past > first + 1:
            spell_out[first:past] = first
        first = past


@compiled(LONG(INTS, LONGS, LONGS, INTS, LONG, INTS, INTS, LONGS, INTS))
def add_spells(
    customer: NDArray[np.int32],
    spell: NDArray[np.int64],
    start: NDArray[np.int64],
    product: NDArray[np.int32],
    most: int,
    seen: NDArray[np.int32],
    source_out: NDArray[np.int32],
    start_out: NDArray[np.int64],
    product_out: NDArray[np.int32],
) -> int:
    """Copy the baskets, and behind each customer's put the spells.

    `spell` is what `number_spells` wrote over -1. Spells of more than `most` products are left
    out. `seen`, -1 per product, is room to remember its spell in.

    Filled from the front: `start_out` behind its zero, `product_out`, and `source_out` with the
    basket it is, or with -1 - the first basket of a spell.

    Returns:
        The number of baskets and spells.
    """
    used = 0
    filled = 0
    begin = 0
    for end in range(1, len(customer) + 1):
        if end < len(customer) and customer[end] == customer[begin]:
            continue
        for basket in range(begin, end):
            for cell in range(start[basket], start[basket + 1]):
                product_out[filled] = product[cell]
                filled += 1
            source_out[used] = basket
            used += 1
            start_out[used] = filled
        first = begin
        while first < end:
            past = first + 1
            if spell[first] >= 0:
                while past < end and spell[past] == first:
                    past += 1
                opened = filled
                for cell in range(start[first], start[past]):
                    if seen[product[cell]] != first:
                        seen[product[cell]] = first
                        product_out[filled] = product[cell]
                        filled += 1
                if filled - opened > most:
                    filled = opened
                else:
                    source_out[used] = -1 - first
                    used += 1
                    start_out[used] = filled
            first = past
        begin = end
    return used
