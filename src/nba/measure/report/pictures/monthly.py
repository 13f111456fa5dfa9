"""The figures of each month with how sure they are, by the customers they are made of."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nba.data.message_log import MessageLog
from nba.domain import DAY
from nba.measure.cohorts import ACTIVE_DAYS
from nba.measure.estimate import NORMAL_95, Floats
from nba.measure.message_kpis import MessageFigures
from nba.measure.sales import Sales

TOTALS: Final = ("revenue", "orders", "active_customers")
SHARES: Final = ("repeat_purchase_rate", "useful_share")
FIGURES: Final = (
    *("revenue", "orders", "average_order_value"),
    *("repeat_purchase_rate", "active_customers", "useful_share"),
)
"""In the order in which they are drawn; the last one is of messages."""
_ROUNDING: Final = 1e-12


@dataclass(frozen=True, slots=True, eq=False)
class Figure:
    """A figure of a month; money in minor units.

    Attributes:
        value: what it is.
        error: its standard error, had other customers happened to come.
        customers: how many it is made of.
        influence: float64 per customer: what each adds to its deviation; of independent customers
            the sum of squares is its variance, and that of differences the variance of a change.
            None of a month that is compared with no other.
    """

    value: float
    error: float
    customers: int
    influence: Floats | None

    @classmethod
    def of(cls, value: float, influence: Floats, customers: int) -> Figure:
        """Give a figure with the error that follows from what each customer adds."""
        return cls(value, _length(influence), customers, influence)

    def change_from(
        self, before: Figure, *, days: float = 1, days_before: float = 1
    ) -> tuple[float, float]:
        """Give by how much it is greater than another month's, and the error of that.

        Args:
            before: the other.
            days: by which this one is divided first.
            days_before: by which the other one is.

        Raises:
            ValueError: one of them is of a month that is compared with no other.
        """
        if self.influence is None or before.influence is None:
            raise ValueError("only figures of the last two finished months are compared")
        moved = self.influence / days - before.influence / days_before
        return self.value / days - before.value / days_before, _length(moved)


@dataclass(frozen=True, slots=True, eq=False)
class Month:
    """The figures of a month; one that is a share of nothing is not among them.

    Attributes:
        month: datetime64[M].
        is_finished: all of it is known.
        figures: by the names of `FIGURES`.
    """

    month: np.datetime64
    is_finished: bool
    figures: Mapping[str, Figure]

    @property
    def days(self) -> int:
        """How long it is."""
        days = (self.month + 1).astype("datetime64[D]") - self.month.astype("datetime64[D]")
        return int(days.astype(np.int64))


def total(part: Floats) -> Figure:
    """Sum up over customers whose number is chance too (compound Poisson)."""
    return Figure.of(float(part.sum()), part, int(np.count_nonzero(part)))


def share(part: Floats, whole: Floats) -> Figure | None:
    """Divide two sums over customers; None where the second is 0.

    Its influence is (part - value whole) / sum of whole, the linear part of the ratio (Cochran
    1977, 6.4), widened by n / (n - 1) of the n customers it is made of.
    """
    weight, customers = float(whole.sum()), int(np.count_nonzero(whole))
    if not weight:
        return None
    value = float(part.sum()) / weight
    widened = math.sqrt(customers / (customers - 1)) if customers > 1 else 1.0
    return Figure.of(value, (part - value * whole) / weight * widened, customers)


def interval(name: str, figure: Figure) -> tuple[float, float] | None:
    """Give the bounds of the 95 % interval, or None where one customer is all there is.

    Normal, of totals not below 0; of shares Wilson's, of as many independent trials as give the
    error by customer.
    """
    error, value = figure.error, figure.value
    if name not in SHARES:
        if figure.customers < 2:
            return None
        low = value - NORMAL_95 * error
        return (max(low, 0.0) if name in TOTALS else low), value + NORMAL_95 * error
    if not figure.customers:
        return None
    spread = value * (1 - value)
    # Where customers do not differ, an error is nothing but rounding.
    trials = spread / error**2 if spread > 0 and error > _ROUNDING else float(figure.customers)
    square = NORMAL_95 * NORMAL_95 / trials
    middle = (value + square / 2) / (1 + square)
    reach = math.sqrt(spread * square + square * square / 4) / (1 + square)
    return max(middle - reach, 0.0), min(middle + reach, 1.0)


def months(
    sales: Sales, log: MessageLog, messages: MessageFigures, *, shown: int
) -> Iterator[Month]:
    """Give the figures of the latest months, the oldest first.

    Customers are numbered over orders and messages alike, and every guest order is a customer.
    What each customer adds is kept of the last two finished months alone: of all, it would be
    hundreds of bytes a customer.
    """
    known = sales.months()[-shown:]
    ends = (known + 1).astype("datetime64[us]")
    compared = known[ends <= sales.as_of][-2:]
    width = sales.customer_count
    # Guests have codes beyond the customers; those who only got messages come after them all.
    beyond = max(width, int(sales.customer.max(initial=-1)) + 1)
    codes = sales.customer_ids.codes()
    mailed = np.array(
        [codes.get(one, beyond + place) for place, one in enumerate(log.customer_ids)], np.int64
    )
    count = beyond + len(mailed)
    ordered = sales.at.astype("datetime64[M]")
    left = log.left_at.astype("datetime64[M]")
    for month in known:
        own = ordered == month
        customer = sales.customer[own]
        orders = _sums(customer, np.ones(len(customer)), count)
        revenue = _sums(customer, sales.revenue[own], count)
        bought, again = ((orders >= least) & (np.arange(count) < width) for least in (1, 2))
        sent = left == month
        receiver = mailed[log.customer[sent]]
        # One may be useful of which no delivery is told; no share of the delivered ones holds it.
        arrived = messages.figures["delivered"][sent] > 0
        delivered = _sums(receiver[arrived], np.ones(int(arrived.sum())), count)
        useful = _sums(receiver[arrived], messages.figures["useful"][sent][arrived], count)
        end = (month + 1).astype("datetime64[us]")
        found = {
            "revenue": total(revenue),
            "orders": total(orders),
            "average_order_value": share(revenue, orders),
            "repeat_purchase_rate": share(again.astype(np.float64), bought.astype(np.float64)),
            "active_customers": total(_active(sales, min(end, sales.as_of), count)),
            "useful_share": share(useful, delivered),
        }
        figures = {name: one for name, one in found.items() if one is not None}
        if month not in compared:
            figures = {name: replace(one, influence=None) for name, one in figures.items()}
        yield Month(month, bool(end <= sales.as_of), figures)


def _length(influence: Floats) -> float:
    return math.sqrt(float((influence * influence).sum()))


def _sums(code: NDArray[np.integer], part: NDArray[np.integer] | Floats, count: int) -> Floats:
    return np.asarray(np.bincount(code, part, minlength=count), np.float64)


def _active(sales: Sales, at: np.datetime64, count: int) -> Floats:
    """Tell who bought in the days before an instant for which one is a customer."""
    active = np.zeros(count)
    active[: sales.customer_count] = sales.bought(sales.within(at - ACTIVE_DAYS * DAY, at))
    return active
