"""Who stays: retention, and customers by the month of their first purchase.

A *customer* at an instant is who has an id and made a kept purchase in the `active_days` before it,
that many days back included and the instant itself not. Everybody who ever bought would be no
measure: nobody could ever be lost. A guest order is nobody's second one; so guests count in revenue
and average order value, and nowhere else. Days and months are those of UTC, periods half-open.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from nba.domain import DAY
from nba.errors import DataError
from nba.measure.sales import Sales, ratio

ACTIVE_DAYS: Final = 365
"""Days after a purchase for which one is a customer, by default."""


def retention_rate(start: int, end: int, new: int) -> float | None:
    """Give the share of the customers at the start who are still there: (end - new) / start.

    None where there were none at the start, since nobody can stay then.

    Raises:
        DataError: a count is negative, or more are new than there are at the end.
    """
    if min(start, end, new) < 0 or new > end:
        raise DataError(
            f"{start} customers at the start, {end} at the end and {new} new ones cannot be; "
            "count the new ones among those at the end"
        )
    return (end - new) / start if start else None


def churn_rate(start: int, end: int, new: int) -> float | None:
    """Give the share of the customers at the start who left: 1 - retention; None as there.

    Raises:
        DataError: as `retention_rate`.
    """
    retained = retention_rate(start, end, new)
    return None if retained is None else 1 - retained


@dataclass(frozen=True, slots=True)
class CustomerCounts:
    """Customers of a period.

    Attributes:
        start, end: customers at the first and at the last instant.
        new: customers at the end who were none at the start.
        won_back: those of the new who had been customers once before the start.
    """

    start: int
    end: int
    new: int
    won_back: int

    @classmethod
    def of(
        cls, starts: NDArray[np.bool_], ends: NDArray[np.bool_], earlier: NDArray[np.bool_]
    ) -> Self:
        """Count by customer: who is one at the start and at the end, and who bought before it."""
        new = ends & ~starts
        return cls(int(starts.sum()), int(ends.sum()), int(new.sum()), int((new & earlier).sum()))

    @property
    def retention_rate(self) -> float | None:
        """(end - new) / start; at most 1, as only customers of the start are counted."""
        return retention_rate(self.start, self.end, self.new)

    @property
    def churn_rate(self) -> float | None:
        """1 - retention."""
        return churn_rate(self.start, self.end, self.new)


def customer_counts(
    sales: Sales,
    since: np.datetime64,
    until: np.datetime64,
    *,
    active_days: int = ACTIVE_DAYS,
) -> CustomerCounts:
    """Count the customers at both ends of a period, and those who are new at its end."""
    return CustomerCounts.of(
        _customers(sales, since - active_days * DAY, since),
        _customers(sales, until - active_days * DAY, until),
        sales.bought(sales.at < since),
    )


@dataclass(frozen=True, slots=True, eq=False)
class Cohorts:
    """Customers by the month of their first purchase, and what they did in each month after.

    Attributes:
        month: datetime64[M] per cohort: every month from the first purchase of the shop to the
            last known, with customers or without.
        customers: int64 per cohort.
        active: int64[cohorts, months]: customers who bought in the month so many after the first;
            column 0 are all of them.
        revenue: int64[cohorts, months], minor units: of their orders in that month.
        has_begun: bool[cohorts, months]: something is known of the month; other cells are 0 and
            say nothing.
        is_finished: bool[cohorts, months]: the whole month is known; a cell that has begun and is
            not finished can still grow.
    """

    month: NDArray[np.datetime64]
    customers: NDArray[np.int64]
    active: NDArray[np.int64]
    revenue: NDArray[np.int64]
    has_begun: NDArray[np.bool_]
    is_finished: NDArray[np.bool_]

    @property
    def cumulative_revenue(self) -> NDArray[np.int64]:
        """What each cohort has brought up to each month: int64[cohorts, months], minor units."""
        return np.cumsum(self.revenue, axis=1)

    def to_rows(
        self, *, cohorts: int | None = None, months: int | None = None
    ) -> list[dict[str, Any]]:
        """List the cells that have begun, ready for JSON, with the share of customers who bought.

        `share` is null in a cohort without customers.

        Args:
            cohorts: list only the latest so many with customers; by default all, with customers
                or without.
            months: list only so many months of each, from that of the first purchase on.
        """
        total, listed = self.cumulative_revenue, self.has_begun
        if cohorts is not None:
            chosen = np.flatnonzero(self.customers)
            chosen = chosen[max(len(chosen) - cohorts, 0) :]
            listed = listed & np.isin(np.arange(len(self.month)), chosen)[:, None]
        listed = listed[:, :months]
        return [
            {
                "month": str(self.month[cohort]),
                "customers": int(self.customers[cohort]),
                "months_since": int(since),
                "active": int(self.active[cohort, since]),
                "share": ratio(int(self.active[cohort, since]), int(self.customers[cohort])),
                "revenue": int(self.revenue[cohort, since]),
                "cumulative_revenue": int(total[cohort, since]),
                "is_finished": bool(self.is_finished[cohort, since]),
            }
            for cohort, since in zip(*np.nonzero(listed), strict=True)
        ]


def cohorts(sales: Sales) -> Cohorts:
    """Sort customers with an id by the month of their first purchase."""
    named = int(np.searchsorted(sales.customer, sales.customer_count))
    customer, month = sales.customer[:named], sales.at[:named].astype("datetime64[M]")
    opens = np.append(True, np.diff(customer) != 0)[:named]
    row = np.cumsum(opens) - 1
    first = month[opens]
    if not named:
        none = np.empty((0, 0), np.int64)
        begun = none.astype(np.bool_)
        return Cohorts(first, np.empty(0, np.int64), none, none, begun, begun)
    begin = first.min()
    # The month that holds the last instant known.
    last = (sales.as_of - np.timedelta64(1, "us")).astype("datetime64[M]")
    count = int((max(last, month.max()) - begin).astype(np.int64)) + 1
    cohort = (first - begin).astype(np.int64)
    since = (month - first[row]).astype(np.int64)
    cell = cohort[row] * count + since
    # One customer's orders stand together and in order, so their months do too.
    fresh = np.append(True, (np.diff(row) != 0) | (np.diff(since) != 0))
    ends = np.append(np.flatnonzero(fresh), named)
    paid = np.diff(np.append(0, np.cumsum(sales.revenue[:named]))[ends])
    revenue = np.zeros(count * count, np.int64)
    np.add.at(revenue, cell[fresh], paid)
    number = np.arange(count)
    calendar = begin + number[:, None] + number[None, :]
    return Cohorts(
        month=begin + number,
        customers=np.bincount(cohort, minlength=count).astype(np.int64),
        active=np.bincount(cell[fresh], minlength=count * count).reshape(count, count),
        revenue=revenue.reshape(count, count),
        has_begun=number[:, None] + number[None, :] < count,
        is_finished=(calendar + 1).astype("datetime64[us]") <= sales.as_of,
    )


def _customers(sales: Sales, since: np.datetime64, until: np.datetime64) -> NDArray[np.bool_]:
    return sales.bought(sales.within(since, until))
