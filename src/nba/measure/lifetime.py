"""What customers bring over their life with a shop, and what winning them cost.

Value is profit, never revenue. What a customer has brought is counted; what is still to come is
what the models of a snapshot expect.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nba.artifacts.rhythm import Rhythm
from nba.data.profiles import Profiles
from nba.data.traffic import Traffic
from nba.measure.estimate import NORMAL_95
from nba.measure.sales import Sales, ratio

HORIZON_DAYS: Final = 365.0
"""How far ahead what is to come is counted, by default."""
WORTH: Final = 3
"""How many times its cost a cohort should bring."""
PAYBACK_MONTHS: Final = 12
"""In fewer months than these a cohort should have brought what it cost."""

DEFINITIONS: Final[Mapping[str, str]] = {
    "lifetime_value": "profit so far of customers with an id / these customers, in minor units",
    "profit_to_come": "mean profit expected of a customer within the horizon, discounted",
    "profit_to_come_low": "lower end of the 95 % interval of that mean, by customer",
    "profit_to_come_high": "upper end of the 95 % interval of that mean, by customer",
    "cost": "what winning the cohort cost: told of its customers, else the month's spend",
    "acquisition_cost": "cost / customers of the cohort of whom it is known (CAC)",
    "value_to_cost": "profit so far of these customers / cost (LTV:CAC)",
    "is_worth_it": "whether the profit so far is at least 3 times the cost",
    "payback_months": "months, the first counted as 1, until the profit so far reached the cost",
    "is_paid_back_in_time": "whether that took fewer than 12 months; null while it may still",
    "profit_per_buyer": "(profit so far - cost) / customers, over all cohorts of known cost",
}
"""What each figure is, in a line."""


@dataclass(frozen=True, slots=True)
class CustomerValue:
    """What a customer is worth on average; money in minor units.

    Attributes:
        customers: with an id and an order.
        lifetime_value: profit a customer has brought so far; None without customers.
        profit_to_come: profit expected within the horizon; None without a model.
        profit_to_come_low, profit_to_come_high: the 95 % interval of that mean, as it varies with
            who happens to be a customer, if the models hold; None for fewer than two.
        horizon_days: how far ahead that is counted.
    """

    customers: int
    lifetime_value: float | None
    profit_to_come: float | None
    profit_to_come_low: float | None
    profit_to_come_high: float | None
    horizon_days: float

    def to_dict(self) -> dict[str, Any]:
        """Give all of it, ready for JSON."""
        return {name: getattr(self, name) for name in self.__slots__}


def customer_value(
    sales: Sales, rhythm: Rhythm | None = None, *, horizon_days: float = HORIZON_DAYS
) -> CustomerValue:
    """Work out what a customer has brought, and may bring.

    Args:
        sales: the orders, up to the instant from which on is looked ahead.
        rhythm: the models of a snapshot and its customers.
        horizon_days: how far ahead, above 0.

    Raises:
        ConfigError: the horizon is not positive.
    """
    named = sales.named
    customers = int((named & sales.is_first()).sum())
    mean = low = high = None
    if rhythm is not None:
        buyers = np.flatnonzero(rhythm.days > 0)
        profit = rhythm.expected_profit(buyers, sales.as_of, horizon_days)
        if len(profit):
            mean = float(profit.mean())
        if len(profit) > 1 and mean is not None:
            reach = NORMAL_95 * float(profit.std(ddof=1)) / len(profit) ** 0.5
            low, high = mean - reach, mean + reach
    return CustomerValue(
        customers,
        ratio(int(sales.profit[named].sum()), customers),
        mean,
        low,
        high,
        horizon_days,
    )


@dataclass(frozen=True, slots=True)
class CohortReturn:
    """Whether the customers of a month's first orders brought more than they cost.

    Attributes:
        month: datetime64[M] of their first order.
        customers: those of whom the cost is known.
        cost: minor units, of them all.
        cumulative_profit: minor units: what they had brought by the end of each month, the first
            included, up to the last one known.
    """

    month: np.datetime64
    customers: int
    cost: int
    cumulative_profit: tuple[int, ...]

    @property
    def profit(self) -> int:
        """Minor units: what they have brought so far."""
        return self.cumulative_profit[-1]

    @property
    def acquisition_cost(self) -> float | None:
        """Minor units a customer; None without customers."""
        return ratio(self.cost, self.customers)

    @property
    def lifetime_value(self) -> float | None:
        """Minor units a customer, so far; None without customers."""
        return ratio(self.profit, self.customers)

    @property
    def value_to_cost(self) -> float | None:
        """Profit / cost; None where they cost nothing."""
        return ratio(self.profit, self.cost)

    @property
    def is_worth_it(self) -> bool:
        """Whether they brought at least `WORTH` times their cost; in integers, so exact."""
        return self.profit >= WORTH * self.cost

    @property
    def payback_months(self) -> int | None:
        """Months until they had brought their cost, the first one being 1; None = not yet."""
        return next(
            (
                number
                for number, profit in enumerate(self.cumulative_profit, 1)
                if profit >= self.cost
            ),
            None,
        )

    @property
    def is_paid_back_in_time(self) -> bool | None:
        """Whether that took fewer than `PAYBACK_MONTHS`; None while it is open."""
        months = self.payback_months
        if months is not None:
            return months < PAYBACK_MONTHS
        # The last month may not be over, so that in it the cost may still be reached.
        return False if len(self.cumulative_profit) >= PAYBACK_MONTHS else None

    def to_dict(self) -> dict[str, Any]:
        """Give all of it, ready for JSON."""
        return {
            "month": str(self.month),
            "customers": self.customers,
            "cost": self.cost,
            "profit": self.profit,
            "cumulative_profit": list(self.cumulative_profit),
            "acquisition_cost": self.acquisition_cost,
            "lifetime_value": self.lifetime_value,
            "value_to_cost": self.value_to_cost,
            "is_worth_it": self.is_worth_it,
            "payback_months": self.payback_months,
            "is_paid_back_in_time": self.is_paid_back_in_time,
        }


def cohort_returns(
    sales: Sales, profiles: Profiles | None = None, traffic: Traffic | None = None
) -> list[CohortReturn]:
    """Compare what customers brought with what they cost, by the month of their first order.

    Where the shop tells the acquisition cost of any customer, the customers of whom it does are
    counted, and no others. Else a month's spend is the cost of all who first bought in it.

    Args:
        sales: the orders.
        profiles: the customers, with what each cost.
        traffic: visits and spend.

    Returns:
        One entry a month in which somebody of known cost first bought; empty where no cost is
        told at all.
    """
    months = sales.months()
    cost, known = _told_costs(sales, profiles)
    by_customer = bool(known.any())
    if not by_customer:
        known = np.ones(sales.customer_count, np.bool_)
    opens = sales.named & sales.is_first()
    first = np.full(sales.customer_count, -1, np.int64)
    first[sales.customer[opens]] = _month_number(sales.at[opens], months)
    first[~known] = -1

    orders = np.flatnonzero(sales.named)
    cohort = first[sales.customer[orders]]
    orders, cohort = orders[cohort >= 0], cohort[cohort >= 0]
    profit = np.zeros((len(months), len(months)), np.int64)
    since = _month_number(sales.at[orders], months) - cohort
    np.add.at(profit, (cohort, since), sales.profit[orders])
    total = np.cumsum(profit, axis=1)

    found = []
    for number, month in enumerate(months):
        members = first == number
        paid = int(cost[members].sum()) if by_customer else _spend(traffic, month, sales.as_of)
        if members.any() and paid is not None:
            brought = tuple(total[number, : len(months) - number].tolist())
            found.append(CohortReturn(month, int(members.sum()), paid, brought))
    return found


def profit_per_buyer(cohorts: Sequence[CohortReturn]) -> float | None:
    """Give the profit a buyer has brought beyond what they cost, in minor units.

    Returns:
        None where nobody's cost is known.
    """
    customers = sum(one.customers for one in cohorts)
    return ratio(sum(one.profit - one.cost for one in cohorts), customers)


def _month_number(at: NDArray[np.datetime64], months: NDArray[np.datetime64]) -> NDArray[np.int64]:
    return np.searchsorted(months, at.astype("datetime64[M]")).astype(np.int64)


def _told_costs(
    sales: Sales, profiles: Profiles | None
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Give the cost of every customer of the sales, and whether it was told."""
    cost = np.zeros(sales.customer_count, np.int64)
    known = np.zeros(len(cost), np.bool_)
    if profiles is not None:
        code = sales.customer_ids.codes()
        listed = np.array([code.get(one, -1) for one in profiles.customer_ids], np.int64)
        there = profiles.has_acquisition_cost & (listed >= 0)
        cost[listed[there]] = profiles.acquisition_cost[there]
        known[listed[there]] = True
    return cost, known


def _spend(traffic: Traffic | None, month: np.datetime64, as_of: np.datetime64) -> int | None:
    if traffic is None:
        return None
    until = (month + 1).astype("datetime64[us]")
    return traffic.total(month.astype("datetime64[us]"), min(until, as_of))[1]
