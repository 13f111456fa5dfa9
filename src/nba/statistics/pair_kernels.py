"""The compiled loops that count pairs. Importing this module compiles them once a machine.

A row walks the baskets that hold it and counts the rows that stand before it, so that each pair
is met once and the walk needs no length: it ends at the row itself.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
from llvmlite import ir  # type: ignore[import-untyped]
from numba import types
from numba.extending import intrinsic
from numpy.typing import NDArray

from nba.statistics.basket_kernels import HEADER, INTS, LONG, LONGS, PLACES, compiled, record

COUNT_BITS: Final = 16
"""Bits of a packed sum that count orders, and customers; the weight stands above both."""
LINE: Final = 16
"""Numbers of the stream in a cache line."""
AHEAD: Final = 16
"""Visits between asking memory for a basket and walking it."""


class Visits(NamedTuple):
    """Where each row meets others: row r leads to cells[start[r]:start[r + 1]] of the stream.

    A cell is where the rows of a basket begin; `AHEAD` more that are safe to read follow.
    """

    stream: NDArray[np.uint32]
    start: NDArray[np.int64]
    cells: NDArray[np.uint32]


class Tally(NamedTuple):
    """Room to count one row in.

    Attributes:
        sums: int64[rows, 2]: side by side, so that one cache line is touched a partner, the packed
            sum of weight, customers and orders, and a memory: the run shifted left by 32 bits
            plus how many of its baskets held the partner. A run is one customer's baskets with
            the row.
        totals: int64[rows, 3]: orders, customers and weight of rows too long for a packed sum.
        touched: uint32[rows]: the partners whose sum is not zero.
        run: int64[2]: the number of the latest run, which never falls, and its customer.
    """

    sums: NDArray[np.int64]
    totals: NDArray[np.int64]
    touched: NDArray[np.uint32]
    run: NDArray[np.int64]


class Partners(NamedTuple):
    """The pairs of one row, filled from the front, in no order that matters."""

    row: NDArray[np.uint32]
    orders: NDArray[np.int32]
    weight: NDArray[np.int64]
    customers: NDArray[np.int32]


_TABLE = types.Array(LONG, 2, "C")
VISITS = record(Visits, PLACES, LONGS, PLACES)
TALLY = record(Tally, _TABLE, _TABLE, PLACES, LONGS)
PARTNERS = record(Partners, PLACES, INTS, LONGS, INTS)


def _fetching(_typing: Any, array: Any, place: Any) -> Any:  # noqa: ANN401 - numba's own objects
    def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:  # noqa: ANN401
        data = context.make_array(signature.args[0])(context, builder, given[0]).data
        byte, number = ir.IntType(8).as_pointer(), ir.IntType(32)
        call = ir.FunctionType(ir.VoidType(), [byte, number, number, number])
        fetch = builder.module.declare_intrinsic("llvm.prefetch", (byte,), call)
        address = builder.bitcast(builder.gep(data, [given[1]]), byte)
        for_reading, for_long, of_data = (ir.Constant(number, one) for one in (0, 3, 1))
        builder.call(fetch, [address, for_reading, for_long, of_data])
        return context.get_dummy_value()

    return types.void(array, place), generate


_prefetch: Any = intrinsic(_fetching)
"""Ask memory for a number of an array, and do not wait; the compiler drops what no chip can do."""


@compiled(LONG(LONG, LONG, LONG, LONG, VISITS, LONG, TALLY))
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
        _prefetch(stream, ahead)
        _prefetch(stream, ahead + LINE)
        _prefetch(stream, ahead + 2 * LINE)
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


@compiled(LONG(LONG, VISITS, LONG, LONG, LONG, LONG, TALLY, PARTNERS))
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
        tally: room to count in, all zero but `touched`, and left so.
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


@compiled(LONG(LONG, LONG, VISITS, LONG, LONG, TALLY, PARTNERS, LONGS, PARTNERS))
def count_pairs(
    begin: int,
    end: int,
    visits: Visits,
    cap: int,
    part: int,
    tally: Tally,
    partners: Partners,
    length: NDArray[np.int64],
    pairs: Partners,
) -> int:
    """Count every pair of the rows begin:end with the rows before them, one row after another.

    Filled from the front: `length`, int64[end - begin], with the pairs of each row, and `pairs`;
    the caller brings room for the answer, since growing arrays in here doubles the time to
    compile. The other arguments are those of `count_row`.

    Returns:
        The number of pairs.
    """
    used = 0
    for row in range(begin, end):
        kept = count_row(row, visits, cap, part, 1, 0, tally, partners)
        for place in range(kept):
            pairs.row[used] = partners.row[place]
            pairs.orders[used] = partners.orders[place]
            pairs.weight[used] = partners.weight[place]
            pairs.customers[used] = partners.customers[place]
            used += 1
        length[row - begin] = kept
    return used
