"""Expressions that every SQL engine computes to the same integer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from nba.domain import DAY, MICROSECOND

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
    # Cast here: what is to be PostgreSQL's cast would else be put wherever the same column stands
    # in the question, and the division be one of integers.
    near = (microseconds.cast("float64") / _DAY).floor().cast("int64")
    rest = microseconds - near * _DAY
    return near + one_if(rest >= _DAY) - one_if(rest < 0)


def element(values: NDArray[np.integer], place: ir.IntegerValue) -> ir.IntegerValue:
    """Give values[place], int64, for places within; all cost the same, unlike those of cases.

    Args:
        values: of 32 bits.
        place: from 0 on.
    """
    import ibis

    # One literal: Ibis would walk through an array of a thousand of them again and again.
    told = ibis.literal(values.tolist(), "array<int32>")
    return told[place.cast("int32")].cast("int64")


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
