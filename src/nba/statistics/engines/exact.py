"""Expressions that every SQL engine computes to the same integer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from nba.domain import DAY, MICROSECOND
from nba.statistics.lags import LAG_DAYS

if TYPE_CHECKING:
    import ibis.expr.types as ir

_DAY = int(DAY / MICROSECOND)


def one_if(condition: ir.BooleanValue) -> ir.IntegerValue:
    """Give 1 or 0, int64; PostgreSQL casts no boolean to it."""
    import ibis

    one, zero = (ibis.literal(number, "int64") for number in (1, 0))
    return condition.fill_null(False).ifelse(one, zero)


def whole_days(microseconds: ir.IntegerValue) -> ir.IntegerValue:
    """Give whole days since 1970, or of a span, rounded down, int64.

    Ibis divides as floats, which is right to the day before or after; whole numbers then tell
    which of them it is.
    """
    near = (microseconds / _DAY).floor().cast("int64")
    rest = microseconds - near * _DAY
    return near + one_if(rest >= _DAY) - one_if(rest < 0)


def lag_bucket(days: ir.IntegerValue) -> ir.IntegerValue:
    """Give the bucket of `lags.LAG_DAYS` that whole days lie in; the last one is beyond all."""
    return looked_up(days, np.arange(len(LAG_DAYS)), LAG_DAYS[1:])


def looked_up(
    value: ir.IntegerValue, answers: NDArray[np.integer], bounds: NDArray[np.integer]
) -> ir.IntegerValue:
    """Give answers[i], int64, for the first i with value < bounds[i], else the last answer.

    Args:
        value: what to look up.
        answers: one more than `bounds`.
        bounds: ascending.
    """
    import ibis

    *told, last = (ibis.literal(int(answer), "int64") for answer in answers)
    branches = zip((value < int(bound) for bound in bounds), told, strict=True)
    return ibis.cases(*branches, else_=last)


def double(number: float) -> ir.FloatingScalar:
    """Give a float to the last bit; of one that is written out, engines first make a decimal."""
    import ibis

    count, parts = number.as_integer_ratio()
    exact = ibis.literal(count, "int64").cast("float64")
    # Parts are a power of two, so that dividing by them rounds nothing.
    while parts > 1:
        some = min(parts, 1 << 62)
        exact, parts = exact / some, parts // some
    return exact


def half_even(value: ir.FloatingValue) -> ir.IntegerValue:
    """Round to the nearest integer, int64, halves to the even one, as `np.rint` does.

    What engines call rounding differs in halves; the distance to the integer below is exact.
    """
    below = value.floor()
    whole, above = below.cast("int64"), value - below
    return whole + one_if((above > 0.5) | ((above == 0.5) & (whole % 2 != 0)))
