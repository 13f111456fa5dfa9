"""What the customers of a group did, as sums: those of days and slices add up to the whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from nba.domain import Instants
from nba.errors import DataError
from nba.measure.experiments.definition import Experiment, instant
from nba.measure.sales import Sales

Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Sums:
    """Customers of a group, each once; integers, so that no order of adding changes them.

    Attributes:
        customers: how many.
        total, squares: of the metric, and of its square: units as the metric's.
        before, before_squares: of the metric of the same customers before they entered.
        products: of the metric with that before.
    """

    customers: int = 0
    total: int = 0
    squares: int = 0
    before: int = 0
    before_squares: int = 0
    products: int = 0

    @classmethod
    def of(cls, metric: Integers, before: Integers | None = None) -> Self:
        """Add up one entry a customer."""
        earlier = np.zeros_like(metric) if before is None else before
        return cls(
            len(metric),
            _product(metric, np.ones_like(metric)),
            _product(metric, metric),
            _product(earlier, np.ones_like(metric)),
            _product(earlier, earlier),
            _product(metric, earlier),
        )

    def __add__(self, other: Sums) -> Sums:
        """Take other customers in."""
        return Sums(
            self.customers + other.customers,
            self.total + other.total,
            self.squares + other.squares,
            self.before + other.before,
            self.before_squares + other.before_squares,
            self.products + other.products,
        )

    @property
    def mean(self) -> float | None:
        """Of the metric a customer; None without customers."""
        return self.total / self.customers if self.customers else None


def gather(
    experiment: Experiment,
    customer_ids: Sequence[str],
    entered: Instants,
    metric: Integers,
    before: Integers | None = None,
    *,
    as_of: np.datetime64,
    since: np.datetime64 | None = None,
) -> dict[str, Sums]:
    """Add up the customers of an experiment whose window is over, group by group.

    Everyone counts once, when nothing can change any more, so the sums of the looks of several
    days are those of the days added, and intervals hold at every look.

    Args:
        experiment: with arms, window, start and end.
        customer_ids: one each.
        entered: datetime64[us] per customer: when the experiment first applied to them, whatever
            their arm; NaT for never.
        metric: int64 per customer: within `window_days` of entering.
        before: int64 per customer: known before entering, such as earlier spending.
        as_of: windows over by then count.
        since: windows over by then counted earlier.

    Returns:
        Sums of every group of the experiment, those without customers included.

    Raises:
        DataError: there is not one entry of each kind a customer, or a customer is there twice.
    """
    lengths = {len(customer_ids), len(entered), len(metric)}
    if before is not None:
        lengths.add(len(before))
    if len(lengths) > 1:
        raise DataError(
            f"there are {len(customer_ids)} customers, {len(entered)} instants and {len(metric)} "
            "values of the metric; give one of each a customer, and as many values before, if any"
        )
    if repeated := len(customer_ids) - len(set(customer_ids)):
        raise DataError(
            f"{repeated} of {len(customer_ids)} customers are there a second time; give each once, "
            "with the instant of entering first"
        )
    over = entered + np.timedelta64(experiment.window_days, "D")
    # Comparisons with NaT are false.
    counts = (entered >= instant(experiment.starts_at)) & (entered < instant(experiment.ends_at))
    counts &= over <= as_of
    if since is not None:
        counts &= over > since
    rows = np.flatnonzero(counts)
    group = np.array([experiment.group_of(customer_ids[row]) for row in rows.tolist()], str)
    return {
        name: Sums.of(metric[own], None if before is None else before[own])
        for name in experiment.shares
        for own in (rows[group == name],)
    }


def revenue_between(sales: Sales, since: Instants, until: Instants) -> Integers:
    """Give what each customer with an id spent in a period of their own: int64, minor units.

    Args:
        sales: the orders.
        since: datetime64[us] per customer with an id; NaT for no period.
        until: datetime64[us] per customer: the first instant after it.

    Raises:
        DataError: there are not as many instants as customers.
    """
    if not len(since) == len(until) == sales.customer_count:
        raise DataError(
            f"there are {sales.customer_count} customers, but {len(since)} and {len(until)} "
            "instants; give one of each a customer"
        )
    named = sales.named
    customer, at = sales.customer[named], sales.at[named]
    own = (at >= since[customer]) & (at < until[customer])
    spent = np.zeros(sales.customer_count, np.int64)
    np.add.at(spent, customer[own], sales.revenue[named][own])
    return spent


def _product(one: Integers, other: Integers) -> int:
    """Multiply and add up, exactly."""
    greatest = int(np.abs(one).max(initial=0)) * int(np.abs(other).max(initial=0))
    if greatest * len(one) < 2**63:
        return int(one @ other)
    return int(one.astype(object) @ other.astype(object))
