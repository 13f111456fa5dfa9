"""What the compiled loops of pair counts know of `records`, as types of the compiler."""

from __future__ import annotations

from typing import Any

from llvmlite import ir  # type: ignore[import-untyped]
from numba import from_dtype, types
from numba.extending import intrinsic
from numpy.typing import NDArray

from nba.statistics.basket_kernels import INTS, LONG, LONGS, PLACES, REAL, REALS
from nba.statistics.records import ENTRY, ROW, Heaps, Marks, Partners, Tally, Visits

Entries = NDArray[Any]
"""An array of `ENTRY`."""


def _record(kind: type[tuple[Any, ...]], *fields: types.Type) -> types.Type:
    return types.NamedTuple(fields, kind)  # type: ignore[no-untyped-call]


_TABLE, _ROWS, ENTRIES = types.Array(LONG, 2, "C"), from_dtype(ROW)[::1], from_dtype(ENTRY)[::1]
VISITS = _record(Visits, PLACES, LONGS, PLACES)
TALLY = _record(Tally, _TABLE, _TABLE, PLACES, LONGS)
PARTNERS = _record(Partners, PLACES, INTS, LONGS, INTS)
HEAPS = _record(Heaps, LONGS, _ROWS, ENTRIES, ENTRIES, types.Array(REAL, 2, "C"))
MARKS = _record(Marks, INTS, REALS, LONGS)


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


prefetch: Any = intrinsic(_fetching)
"""Ask memory for a number of an array, and do not wait; the compiler drops what no chip can do."""
