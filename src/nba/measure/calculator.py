"""What more orders would bring: visits, conversion, profit an order, with the arithmetic shown."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from nba.errors import DataError

DEFINITIONS: Final[Mapping[str, str]] = {
    "orders_a_month": "visits a day x days x conversion",
    "more_orders": "orders a month x the share by which they grow, least and most",
    "more_profit": "more orders x profit an order, least and most",
}
"""What each figure is, in a line."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a growth of orders brings a month.

    Attributes:
        orders_a_month: before.
        more_orders, more_profit: least and most; money in the unit of the profit an order.
        arithmetic: how each was worked out, a line a step.
    """

    orders_a_month: float
    more_orders: tuple[float, float]
    more_profit: tuple[float, float]
    arithmetic: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Give the figures and the arithmetic, ready for JSON."""
        return {
            "orders_a_month": self.orders_a_month,
            "more_orders": list(self.more_orders),
            "more_profit": list(self.more_profit),
            "arithmetic": list(self.arithmetic),
        }


def estimate(
    *,
    visits_a_day: float,
    conversion: float,
    profit_an_order: float,
    growth: tuple[float, float] = (0.09, 0.15),
    days: float = 30,
) -> Estimate:
    """Work out what a growth of orders brings a month.

    A founding text of this project states 5,000 visits a day, 1 %, 20 a sale, +9 to 15 %, "about
    50 orders, 1,000 a month". Those do not multiply out: 1,500 orders a month grow by 135 to 225,
    which bring 2,700 to 4,500. So every step is shown.

    Args:
        visits_a_day: from 0.
        conversion: orders a visit, in [0, 1].
        profit_an_order: in any unit.
        growth: the least and the most by which orders grow, as shares.
        days: of a month, above 0.

    Raises:
        DataError: a figure is outside its range or no number.
    """
    least, most = growth
    if not all(map(math.isfinite, (visits_a_day, conversion, profit_an_order, least, most, days))):
        raise DataError("a figure is no number; give finite ones")
    if visits_a_day < 0 or days <= 0:
        raise DataError(f"{visits_a_day} visits on {days} days cannot be; give positive numbers")
    if not 0 <= conversion <= 1:
        raise DataError(f"a conversion of {conversion} cannot be; write 1 % as 0.01")
    if least > most:
        raise DataError(f"a growth of {least} to {most} is no range; write the smaller share first")
    visits = visits_a_day * days
    orders = visits * conversion
    more = orders * least, orders * most
    profit = more[0] * profit_an_order, more[1] * profit_an_order
    shares = tuple(f"{_number(100 * share)} %" for share in (least, most))
    counts, sums = [tuple(map(_number, pair)) for pair in (more, profit)]
    return Estimate(
        orders,
        more,
        profit,
        (
            f"{_number(visits_a_day)} visits a day x {_number(days)} days"
            f" = {_number(visits)} visits a month",
            f"{_number(visits)} visits x {_number(100 * conversion)} %"
            f" = {_number(orders)} orders a month",
            f"{_number(orders)} orders x {shares[0]} to {shares[1]}"
            f" = {counts[0]} to {counts[1]} more orders",
            f"{counts[0]} to {counts[1]} orders x {_number(profit_an_order)} profit an order"
            f" = {sums[0]} to {sums[1]} more profit a month",
        ),
    )


def _number(value: float) -> str:
    """Write a number with at most two decimals and commas between thousands."""
    return f"{value:,.2f}".removesuffix("0").removesuffix("0").removesuffix(".")
