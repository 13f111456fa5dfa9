"""What a shop sells and to whom: over the whole history, and by calendar month.

Orders are kept purchases. Counts are integers and add up over slices of customers who share none;
rates are worked out of them and are None where there is nothing to have a share of. Months are
those of UTC. Guests count in orders, revenue and profit, and in no figure about customers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from nba.data.traffic import Traffic
from nba.domain import DAY, Instants, iso
from nba.measure.cohorts import ACTIVE_DAYS, CustomerCounts, customer_counts
from nba.measure.sales import Sales, ratio

QUALITY_PERCENT: Final = 30
"""Percent of the revenue from repeat purchases from which on a product is called good."""

DEFINITIONS: Final[Mapping[str, str]] = {
    "orders": "kept purchases: neither cancelled, nor a test, nor returned whole",
    "guest_orders": "orders without a customer id",
    "customers": "customers with an id and an order in the period",
    "new_customers": "customers whose first order lies in the period",
    "repeat_customers": "customers with two orders or more in the period",
    "returning_customers": "customers with an order on a later day than that of their first",
    "revenue": "unit price x (quantity - returned quantity) - discounts, the order's included",
    "profit": "revenue - cost of the pieces kept; where no cost is told, revenue x assumed margin",
    "margin": "profit / revenue",
    "average_order_value": "revenue / orders, guests included",
    "repeat_purchase_rate": "customers with at least 2 orders / customers with at least 1",
    "purchase_frequency": "orders of customers with an id / customers",
    "returning_customer_share": "returning customers / customers",
    "repeat_revenue": "revenue of orders on a later day than that of their customer's first",
    "repeat_revenue_share": "repeat revenue / revenue; 30 % or more speak for a good product",
    "is_quality": "whether the repeat revenue share is 30 % or more",
    "arpu": "revenue of customers with an id / customers: average revenue per customer",
    "profit_per_customer": "profit of customers with an id / customers, in the period",
    "lifetime_value": "what a customer has brought so far: profit per customer, whole history",
    "customers_at_start": "customers with an order in the 365 days before the period, by default",
    "customers_at_end": "customers with an order in the 365 days before the period's end",
    "customers_gained": "customers at the end who were none at the start",
    "customer_retention_rate": "(customers at the end - gained) / customers at the start",
    "churn_rate": "1 - customer retention rate",
    "visits": "visits of the shop, as its traffic table tells",
    "spend": "money spent on visits, as the traffic table tells",
    "conversion": "orders / visits, over the days of which visits are told",
}
"""What each figure is, in a line."""


@dataclass(frozen=True, slots=True)
class SalesSums:
    """Orders of a period, and of all customers or some; money in minor units.

    Attributes:
        orders, guest_orders: all of them, and those without an id.
        customers: customers with an id who bought.
        new_customers: those of them whose first order it was.
        repeat_customers: those with two orders or more in the period.
        returning_customers: those with an order on a later day than that of their first, which
            may lie before the period.
        revenue, guest_revenue: of all orders, and of those without an id.
        repeat_revenue: that of orders whose customer had bought on an earlier day.
        profit, guest_profit: as revenue.
    """

    orders: int = 0
    guest_orders: int = 0
    customers: int = 0
    new_customers: int = 0
    repeat_customers: int = 0
    returning_customers: int = 0
    revenue: int = 0
    guest_revenue: int = 0
    repeat_revenue: int = 0
    profit: int = 0
    guest_profit: int = 0

    @classmethod
    def of(
        cls,
        sales: Sales,
        since: np.datetime64,
        until: np.datetime64,
        among: NDArray[np.bool_] | None = None,
    ) -> Self:
        """Sum up the orders of a period.

        Args:
            sales: the orders.
            since: the begin of the period.
            until: its end, itself excluded.
            among: bool per customer with an id: whose orders count; all and guests by default.
        """
        within = sales.within(since, until)
        if among is not None:
            within &= np.append(among, False)[np.minimum(sales.customer, len(among))]
        return cls._of(sales, np.flatnonzero(within), sales.is_first(), sales.is_repeat())

    @classmethod
    def _of(
        cls,
        sales: Sales,
        orders: NDArray[np.int64],
        is_first: NDArray[np.bool_],
        is_repeat: NDArray[np.bool_],
    ) -> Self:
        """Sum up the orders at some places.

        Args:
            sales: all orders.
            orders: the places.
            is_first: bool per order: the first of its customer.
            is_repeat: bool per order: the customer had bought on an earlier day.
        """
        customer = sales.customer[orders]
        revenue, profit = sales.revenue[orders], sales.profit[orders]
        guest = customer >= sales.customer_count
        repeat = is_repeat[orders]
        _, count = np.unique(customer[~guest], return_counts=True)
        return cls(
            orders=len(orders),
            guest_orders=int(guest.sum()),
            customers=len(count),
            new_customers=int((is_first[orders] & ~guest).sum()),
            repeat_customers=int((count > 1).sum()),
            returning_customers=len(np.unique(customer[repeat & ~guest])),
            revenue=int(revenue.sum()),
            guest_revenue=int(revenue[guest].sum()),
            repeat_revenue=int(revenue[repeat].sum()),
            profit=int(profit.sum()),
            guest_profit=int(profit[guest].sum()),
        )

    def __add__(self, other: Self) -> Self:
        """Put the same period of other customers beside this one."""
        return type(self)(
            **{one.name: getattr(self, one.name) + getattr(other, one.name) for one in fields(self)}
        )

    @property
    def margin(self) -> float | None:
        """Profit / revenue; None without revenue."""
        return ratio(self.profit, self.revenue)

    @property
    def repeat_purchase_rate(self) -> float | None:
        """repeat_customers / customers; None without customers."""
        return ratio(self.repeat_customers, self.customers)

    @property
    def returning_customer_share(self) -> float | None:
        """returning_customers / customers; None without customers."""
        return ratio(self.returning_customers, self.customers)

    @property
    def repeat_revenue_share(self) -> float | None:
        """repeat_revenue / revenue; None without revenue."""
        return ratio(self.repeat_revenue, self.revenue)

    @property
    def is_quality(self) -> bool | None:
        """Whether repeat purchases bring 30 % of the revenue or more; None without revenue."""
        if not self.revenue:
            return None
        # In integers, so that 30 % exactly is 30 %.
        return 100 * self.repeat_revenue >= QUALITY_PERCENT * self.revenue

    @property
    def average_order_value(self) -> float | None:
        """Minor units: revenue / orders, guests included; None without orders."""
        return ratio(self.revenue, self.orders)

    @property
    def purchase_frequency(self) -> float | None:
        """Orders with an id / customers; None without customers."""
        return ratio(self.orders - self.guest_orders, self.customers)

    @property
    def arpu(self) -> float | None:
        """Minor units: revenue with an id / customers; None without customers."""
        return ratio(self.revenue - self.guest_revenue, self.customers)

    @property
    def profit_per_customer(self) -> float | None:
        """Minor units: profit with an id / customers; None without customers."""
        return ratio(self.profit - self.guest_profit, self.customers)

    def to_dict(self) -> dict[str, Any]:
        """Give counts and rates under their names, ready for JSON."""
        names = (one for one in DEFINITIONS if hasattr(self, one))
        return {name: getattr(self, name) for name in names}


@dataclass(frozen=True, slots=True)
class PeriodKpis:
    """The figures of a period.

    Attributes:
        since, until: the period, half-open.
        is_finished: all of it is known; what is not can still grow.
        sums: its orders.
        counts: customers at both ends; of what is not finished, at its begin and now.
        visits: of the days of the period; None where nobody told any.
        spend: minor units, likewise.
        converted: the orders that `visits` led to: those of the days of which visits are told.
    """

    since: np.datetime64
    until: np.datetime64
    is_finished: bool
    sums: SalesSums
    counts: CustomerCounts
    visits: int | None
    spend: int | None
    converted: int

    @property
    def conversion(self) -> float | None:
        """Orders / visits, over the days of which visits are told; None without visits."""
        return ratio(self.converted, self.visits) if self.visits else None

    def to_dict(self) -> dict[str, Any]:
        """Give all figures under their names, ready for JSON."""
        return {
            "since": iso(self.since),
            "until": iso(self.until),
            "is_finished": self.is_finished,
            **self.sums.to_dict(),
            "customers_at_start": self.counts.start,
            "customers_at_end": self.counts.end,
            "customers_gained": self.counts.new,
            "customer_retention_rate": self.counts.retention_rate,
            "churn_rate": self.counts.churn_rate,
            "visits": self.visits,
            "spend": self.spend,
            "conversion": self.conversion,
        }


@dataclass(frozen=True, slots=True)
class ShopKpis:
    """The figures of a shop.

    Attributes:
        whole: from the first order to the last instant known.
        months: every calendar month of it, with orders or without.
    """

    whole: PeriodKpis
    months: tuple[PeriodKpis, ...]

    def to_dict(self) -> dict[str, Any]:
        """Give the figures of the whole history, and those of its months under `months`."""
        return self.whole.to_dict() | {
            "lifetime_value": self.whole.sums.profit_per_customer,
            "months": [one.to_dict() for one in self.months],
        }


def shop_kpis(
    sales: Sales, traffic: Traffic | None = None, *, active_days: int = ACTIVE_DAYS
) -> ShopKpis:
    """Work out the figures of a shop.

    Nobody can have been a customer before the first order, so retention and churn of the whole
    history are None; those of months are not.

    Args:
        sales: the orders.
        traffic: visits and spend, where the shop tells them.
        active_days: days after a purchase for which one counts as a customer.
    """
    told = Traffic.none() if traffic is None else traffic
    calendar = _Calendar.of(sales, told)
    months = tuple(
        _month(
            calendar,
            month.astype("datetime64[us]"),
            (month + 1).astype("datetime64[us]"),
            active_days,
        )
        for month in sales.months()
    )
    since = sales.at.min() if len(sales.at) else sales.as_of
    visits, spend = (
        [count for count in counts if count is not None]
        for counts in ([one.visits for one in months], [one.spend for one in months])
    )
    whole = PeriodKpis(
        since,
        sales.as_of,
        is_finished=True,
        sums=SalesSums.of(sales, since, sales.as_of),
        counts=customer_counts(sales, since, sales.as_of, active_days=active_days),
        visits=sum(visits) if visits else None,
        spend=sum(spend) if spend else None,
        converted=sum(one.converted for one in months),
    )
    return ShopKpis(whole, months)


@dataclass(frozen=True, slots=True, eq=False)
class _Calendar:
    """Orders as they followed each other, so that a month looks at its own and at no others.

    Attributes:
        sales, traffic: what is counted.
        place: int64 per order: where in the sales it stands, the earliest one first.
        at: datetime64[us] per order, ascending.
        is_first, is_repeat: bool per order of the sales.
        is_counted: bool per order of the sales: visits of its day are told.
        first_at: datetime64[us] per customer with an id: their first order; NaT without any.
    """

    sales: Sales
    traffic: Traffic
    place: NDArray[np.int64]
    at: Instants
    is_first: NDArray[np.bool_]
    is_repeat: NDArray[np.bool_]
    is_counted: NDArray[np.bool_]
    first_at: Instants

    @classmethod
    def of(cls, sales: Sales, traffic: Traffic) -> Self:
        """Put the orders in the order of time."""
        place = np.argsort(sales.at, kind="stable")
        is_first = sales.is_first()
        opens = is_first & sales.named
        first_at = np.full(sales.customer_count, "NaT", sales.at.dtype)
        first_at[sales.customer[opens]] = sales.at[opens]
        return cls(
            sales,
            traffic,
            place,
            sales.at[place],
            is_first,
            sales.is_repeat(),
            np.isin(sales.at.astype("datetime64[D]"), traffic.told_days()),
            first_at,
        )

    def within(self, since: np.datetime64, until: np.datetime64) -> NDArray[np.int64]:
        """Give the places of the orders of a period."""
        low, high = np.searchsorted(self.at, np.array([since, until], self.at.dtype))
        return self.place[low:high]

    def customers(self, since: np.datetime64, until: np.datetime64) -> NDArray[np.bool_]:
        """Tell, per customer with an id, whether they bought in a period."""
        bought = np.zeros(self.sales.customer_count + 1, np.bool_)
        # Guests, whose codes are beyond those of customers, share the last place.
        customer = self.sales.customer[self.within(since, until)]
        bought[np.minimum(customer, self.sales.customer_count)] = True
        return bought[:-1]


def _month(
    calendar: _Calendar, since: np.datetime64, until: np.datetime64, active_days: int
) -> PeriodKpis:
    as_of = calendar.sales.as_of
    # Of a month that is not over, nobody is counted as lost on a day that is yet to come.
    known = min(until, as_of)
    visits, spend = calendar.traffic.total(since, known)
    orders = calendar.within(since, until)
    return PeriodKpis(
        since,
        until,
        is_finished=bool(until <= as_of),
        sums=SalesSums._of(calendar.sales, orders, calendar.is_first, calendar.is_repeat),
        counts=CustomerCounts.of(
            calendar.customers(since - active_days * DAY, since),
            calendar.customers(known - active_days * DAY, known),
            calendar.first_at < since,
        ),
        visits=visits,
        spend=spend,
        converted=int(calendar.is_counted[orders].sum()),
    )
