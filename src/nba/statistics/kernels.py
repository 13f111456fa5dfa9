"""The compiled loops that count pairs. Importing this module compiles them once a machine.

Signatures are explicit and the loops release the GIL, so that threads share the work. Import it
in a process of its own to fill the cache on disk beforehand.

A *row* is a product under the name that counting gives it. Baskets reach the loops as a *stream*
(`lay_out`): for each basket its customer, its worth, then its rows ascending, so that a visit to
a basket touches one or two cache lines. A row walks the baskets that hold it and counts the rows
that stand before it, so that each pair is met once and the walk needs no length.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic
from numpy.typing import NDArray

HEADER: Final = 2
"""Numbers before the rows of a basket in the stream: its customer and its worth."""
COUNT_BITS: Final = 16
"""Bits of a packed sum that count orders, and customers; the weight stands above both."""
AHEAD: Final = 16
"""Visits between asking memory for a basket and walking it; as many more follow the last one."""

BOOLS, INTS, LONGS, REALS = (
    types.Array(kind, 1, "C") for kind in (types.bool_, types.int32, types.int64, types.float64)
)


class Visits(NamedTuple):
    """Where each row meets others: row r leads to cells[start[r]:start[r + 1]] of the stream.

    A cell is where the rows of a basket begin. `AHEAD` cells that are safe to read follow.
    """

    stream: NDArray[np.int32]
    start: NDArray[np.int64]
    cells: NDArray[np.int32]


class Tally(NamedTuple):
    """Room to count one row in.

    Attributes:
        sums: int64[2 rows]: side by side, so that one cache line is touched a partner, the packed
            sum of weight, customers and orders, and a memory: the run shifted left by 32 bits
            plus how many of its baskets held the partner. A run is one customer's baskets with
            the row.
        totals: int64[3 rows]: orders, customers and weight of rows too long for a packed sum.
        touched: int32[rows + 1]: the partners whose sum is not zero.
        run: int64[2]: the number of the latest run, which never falls, and its customer.
    """

    sums: NDArray[np.int64]
    totals: NDArray[np.int64]
    touched: NDArray[np.int32]
    run: NDArray[np.int64]


class Partners(NamedTuple):
    """The pairs of one row, filled from the front, in no order that matters."""

    row: NDArray[np.int32]
    orders: NDArray[np.int32]
    weight: NDArray[np.int64]
    customers: NDArray[np.int32]


VISITS = types.NamedTuple((INTS, LONGS, INTS), Visits)
TALLY = types.NamedTuple((LONGS, LONGS, INTS, LONGS), Tally)
PARTNERS = types.NamedTuple((INTS, INTS, LONGS, INTS), Partners)


@intrinsic
def _prefetch(_typing: Any, array: Any, place: Any) -> Any:  # noqa: ANN401 - numba's own objects
    """Ask memory for a cell of an array, and do not wait."""

    def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:  # noqa: ANN401
        data = context.make_array(signature.args[0])(context, builder, given[0]).data
        byte, number = ir.IntType(8).as_pointer(), ir.IntType(32)
        call = ir.FunctionType(ir.VoidType(), [byte, number, number, number])
        fetch = builder.module.declare_intrinsic("llvm.prefetch", (byte,), call)
        address = builder.bitcast(cgutils.gep_inbounds(builder, data, given[1]), byte)
        for_reading, for_long, of_data = (ir.Constant(number, one) for one in (0, 3, 1))
        builder.call(fetch, [address, for_reading, for_long, of_data])
        return context.get_dummy_value()

    return types.void(array, place), generate


@njit(
    types.void(LONGS, INTS, INTS, INTS, INTS, types.int64, types.int64, INTS),
    cache=True,
    nogil=True,
)
def lay_out(
    start: NDArray[np.int64],
    product: NDArray[np.int32],
    customer: NDArray[np.int32],
    worth: NDArray[np.int32],
    row: NDArray[np.int32],
    begin: int,
    end: int,
    stream: NDArray[np.int32],
) -> None:
    """Write the baskets begin:end into the stream, where basket b begins at start[b] + 2 b.

    `row` names the row of each product; a basket's worth is twice its weight, plus one for an
    order.
    """
    for basket in range(begin, end):
        shift = HEADER * (basket + 1)
        first = start[basket] + shift
        stream[first - 2] = customer[basket]
        stream[first - 1] = worth[basket]
        # Insertion: baskets are short, and counting the pairs of a long one costs its square too.
        for cell in range(start[basket], start[basket + 1]):
            one = row[product[cell]]
            place = cell + shift
            while place > first and stream[place - 1] > one:
                stream[place] = stream[place - 1]
                place -= 1
            stream[place] = one


@njit(types.void(LONGS, INTS, types.int64, types.int64, LONGS), cache=True, nogil=True)
def count_visits(
    start: NDArray[np.int64],
    stream: NDArray[np.int32],
    begin: int,
    end: int,
    visits: NDArray[np.int64],
) -> None:
    """Add to `visits`, per row, the baskets of begin:end in which another row stands before it."""
    for basket in range(begin, end):
        shift = HEADER * (basket + 1)
        for cell in range(start[basket] + shift + 1, start[basket + 1] + shift):
            visits[stream[cell]] += 1


@njit(types.void(LONGS, INTS, types.int64, types.int64, LONGS, INTS), cache=True, nogil=True)
def place_visits(
    start: NDArray[np.int64],
    stream: NDArray[np.int32],
    begin: int,
    end: int,
    place: NDArray[np.int64],
    cells: NDArray[np.int32],
) -> None:
    """Note those visits in `cells`; `place` is where the next of each row goes, and moves on."""
    for basket in range(begin, end):
        shift = HEADER * (basket + 1)
        first = start[basket] + shift
        for cell in range(first + 1, start[basket + 1] + shift):
            one = stream[cell]
            cells[place[one]] = first
            place[one] += 1


@njit(
    types.int64(types.int64, types.int64, types.int64, types.int64, VISITS, types.int64, TALLY),
    cache=True,
    nogil=True,
)
def _walk(row: int, begin: int, stop: int, end: int, visits: Visits, cap: int, tally: Tally) -> int:
    """Add up what stands before a row in the baskets that its visits begin:stop lead to.

    The row's visits go on to `end`, in this call or another. Gives the number of partners
    touched, those whose sum was zero.
    """
    stream, cells, sums, touched = visits.stream, visits.cells, tally.sums, tally.touched
    found = 0
    run, before = tally.run[0], tally.run[1]
    for visit in range(begin, stop):
        _prefetch(stream, cells[visit + AHEAD] - HEADER)
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
                found += sums[2 * other] == 0
                sums[2 * other] += whole
                cell += 1
                other = stream[cell]
        else:
            base = run << 32
            while other != row:
                known = max(sums[2 * other + 1], base) + 1
                more = order
                more += weight if known <= base + cap else 0
                more += proof if known == base + 1 else 0
                touched[found] = other
                found += (sums[2 * other] == 0) & (more != 0)
                sums[2 * other] += more
                sums[2 * other + 1] = known
                cell += 1
                other = stream[cell]
    tally.run[0], tally.run[1] = run, before
    return found


@njit(
    types.int64(
        types.int64,
        VISITS,
        types.int64,
        types.int64,
        types.int64,
        types.int64,
        TALLY,
        PARTNERS,
    ),
    cache=True,
    nogil=True,
)
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
    """Count the pairs of a row with the rows before it.

    Args:
        row: whose pairs.
        visits: where it meets others.
        cap: baskets of one customer that add to a pair's weight.
        part: visits that a packed sum has room for; longer rows are counted in such parts.
        least: orders or customers from which on a pair is kept, at least one.
        least_weight: weight from which on a pair is kept.
        tally: clean room to count in, left clean.
        partners: filled with the pairs kept.

    Returns:
        The number of pairs kept.
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
            packed = sums[2 * other]
            sums[2 * other] = 0
            orders, customers = packed & low, (packed >> COUNT_BITS) & low
            weight = packed >> (2 * COUNT_BITS)
            if end - begin > part:
                totals[3 * other] += orders
                totals[3 * other + 1] += customers
                totals[3 * other + 2] += weight
                continue
            partners.row[kept] = other
            partners.orders[kept] = orders
            partners.customers[kept] = customers
            partners.weight[kept] = weight
            kept += (max(orders, customers) >= least) & (weight >= least_weight)
    if end - begin > part:
        for other in range(row):
            orders, customers = totals[3 * other], totals[3 * other + 1]
            weight = totals[3 * other + 2]
            totals[3 * other] = totals[3 * other + 1] = totals[3 * other + 2] = 0
            partners.row[kept] = other
            partners.orders[kept] = orders
            partners.customers[kept] = customers
            partners.weight[kept] = weight
            kept += (max(orders, customers) >= least) & (weight >= least_weight)
    return kept


@njit(
    types.int64(
        types.int64,
        types.int64,
        VISITS,
        types.int64,
        types.int64,
        TALLY,
        PARTNERS,
        LONGS,
        LONGS,
        PARTNERS,
    ),
    cache=True,
    nogil=True,
)
def count_pairs(
    begin: int,
    end: int,
    visits: Visits,
    cap: int,
    part: int,
    tally: Tally,
    partners: Partners,
    keys: NDArray[np.int64],
    length: NDArray[np.int64],
    pairs: Partners,
) -> int:
    """Count every pair of the rows begin:end with the rows before them, sorted by both.

    Filled from the front: `length`, int64[end - begin], with the pairs of each row, and `pairs`;
    the caller brings room for the answer, since growing arrays in here doubles the time to
    compile. `keys`, int64[rows], is room to sort in.

    Returns:
        The number of pairs.
    """
    used = 0
    for row in range(begin, end):
        kept = count_row(row, visits, cap, part, 1, 0, tally, partners)
        for place in range(kept):
            keys[place] = (np.int64(partners.row[place]) << 32) | place
        keys[:kept].sort()
        for place in range(kept):
            source = keys[place] & 0xFFFFFFFF
            pairs.row[used] = partners.row[source]
            pairs.orders[used] = partners.orders[source]
            pairs.weight[used] = partners.weight[source]
            pairs.customers[used] = partners.customers[source]
            used += 1
        length[row - begin] = kept
    return used


@njit(types.void(INTS, LONGS), cache=True, nogil=True)
def count_cells(product: NDArray[np.int32], count: NDArray[np.int64]) -> None:
    """Add to `count` how often each product stands there; numpy would copy the products first."""
    for cell in range(len(product)):
        count[product[cell]] += 1


@njit(types.void(LONGS, INTS, INTS, LONGS, LONGS, LONGS, LONGS), cache=True, nogil=True)
def count_products(
    start: NDArray[np.int64],
    product: NDArray[np.int32],
    customer: NDArray[np.int32],
    weight: NDArray[np.int64],
    orders_out: NDArray[np.int64],
    weight_out: NDArray[np.int64],
    customers_out: NDArray[np.int64],
) -> None:
    """Add up the baskets of each product, and their customers; those of no weight are no proof."""
    last = np.full(len(orders_out), -1, np.int32)
    for basket in range(len(customer)):
        for cell in range(start[basket], start[basket + 1]):
            one = product[cell]
            orders_out[one] += 1
            weight_out[one] += weight[basket]
            if weight[basket] > 0 and last[one] != customer[basket]:
                last[one] = customer[basket]
                customers_out[one] += 1


@njit(
    types.int64(
        INTS,
        LONGS,
        BOOLS,
        LONGS,
        INTS,
        types.int64,
        types.int64,
        types.int64,
        INTS,
        LONGS,
        INTS,
    ),
    cache=True,
    nogil=True,
)
def add_spells(
    customer: NDArray[np.int32],
    at: NDArray[np.int64],
    proven: NDArray[np.bool_],
    start: NDArray[np.int64],
    product: NDArray[np.int32],
    product_count: int,
    span: int,
    most: int,
    source_out: NDArray[np.int32],
    start_out: NDArray[np.int64],
    product_out: NDArray[np.int32],
) -> int:
    """Copy the baskets, and behind each customer's put the spells.

    A spell takes in the baskets at most `span` behind its first; spells of one basket, of more
    than `most` products or of customers who are not proven are left out.

    Filled from the front: `start_out`, `product_out`, and `source_out` with the basket it is, or
    with -1 - the first basket of a spell.

    Returns:
        The number of baskets and spells.
    """
    seen = np.full(product_count, -1, np.int32)
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
        while first < end and proven[begin]:
            past = first + 1
            while past < end and at[past] <= at[first] + span:
                past += 1
            opened = filled
            for cell in range(start[first], start[past]):
                if seen[product[cell]] != first:
                    seen[product[cell]] = first
                    product_out[filled] = product[cell]
                    filled += 1
            if past == first + 1 or filled - opened > most:
                filled = opened
            else:
                source_out[used] = -1 - first
                used += 1
                start_out[used] = filled
            first = past
        begin = end
    return used
