"""How customers come back: after how long, on which way, and after which status of an order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nba.data.contacts import Contacts
from nba.data.history import OrderHistory
from nba.domain import DAY, MICROSECOND, Instants
from nba.facts.known import Known
from nba.measure.sales import Sales, ratio
from nba.statuses import STATUSES

WINDOW_DAYS: Final = 7
"""Days before an order in which a message counts as the way to it, by default."""
REPEAT_DAYS: Final = 90
"""Days after an order within which the next one counts as a repeat purchase, by default."""
OWN_WAY: Final = "own"
"""The way of an order before which there was no message."""

DEFINITIONS: Final[Mapping[str, str]] = {
    "returns": "days on which customers bought who had bought on an earlier day",
    "median_days": "days since the customer's last day with an order: half took less",
    "lower_quartile_days": "a quarter of the returns took fewer days",
    "upper_quartile_days": "three quarters of the returns took fewer days",
    "fades_after_days": "nine in ten returns took fewer days",
    "path": "the last message that left in the days before a repeat order, or `own` without one",
    "status": "a status that orders of customers with an id have or had",
    "last": "orders whose last known status it is; over all statuses these are all orders",
    "orders": "orders that ever had the status, and were placed long enough ago to judge",
    "followed": "those of them after which the customer made another kept order in time",
    "repeat_rate": "followed / orders",
}
"""What each figure is, in a line."""


@dataclass(frozen=True, slots=True)
class ReturnIntervals:
    """How long it takes customers to come back, of those who did.

    Whoever has not come back yet is not among them, so a young shop seems faster than it is; the
    survival curves of a snapshot count them.

    Attributes:
        returns: how many.
        lower_quartile_days, median_days, upper_quartile_days, fades_after_days: quantiles .25, .5,
            .75 and .9 of whole days, interpolated; None without returns.
    """

    returns: int
    lower_quartile_days: float | None
    median_days: float | None
    upper_quartile_days: float | None
    fades_after_days: float | None

    def to_dict(self) -> dict[str, Any]:
        """Give all of it, ready for JSON."""
        return {name: getattr(self, name) for name in self.__slots__}


def return_intervals(sales: Sales) -> ReturnIntervals:
    """Measure the days from one day with an order to the next of the same customer."""
    gap = _gaps(sales)
    gap = gap[gap > 0]
    if not len(gap):
        return ReturnIntervals(0, None, None, None, None)
    return ReturnIntervals(len(gap), *np.quantile(gap, (0.25, 0.5, 0.75, 0.9)).tolist())


@dataclass(frozen=True, slots=True)
class ReturnPath:
    """Repeat orders that customers came to on the same way.

    Attributes:
        path: a message, or `OWN_WAY`.
        orders: repeat orders; over all paths these are all of them.
        customers: who made them.
        revenue: minor units.
        median_days: whole days since the customer's last order before, interpolated.
    """

    path: str
    orders: int
    customers: int
    revenue: int
    median_days: float

    def to_dict(self) -> dict[str, Any]:
        """Give all of it, ready for JSON."""
        return {name: getattr(self, name) for name in self.__slots__}


def return_paths(
    sales: Sales, contacts: Contacts, *, window_days: float = WINDOW_DAYS
) -> list[ReturnPath]:
    """Tell on which way customers came back, the most frequent first.

    The way is the last message that left before the order and not more than `window_days` before
    it: what came before, which need not be why.
    """
    repeat = np.flatnonzero(sales.is_repeat())
    code = sales.customer_ids.codes()
    known = np.array([code.get(one, -1) for one in contacts.customer_ids], np.int64)
    owner = known[contacts.customer] if len(contacts) else np.empty(0, np.int64)
    last = last_before(sales.customer[repeat], sales.at[repeat], owner, contacts.at)
    reach = np.timedelta64(round(window_days * (DAY // MICROSECOND)), "us")
    led = np.flatnonzero(last >= 0)
    led = led[sales.at[repeat[led]] - contacts.at[last[led]] <= reach]
    path = np.full(len(repeat), len(contacts.message_ids), np.int64)
    path[led] = contacts.message[last[led]]

    gap = _gaps(sales)[repeat]
    names = [*contacts.message_ids, OWN_WAY]
    found = [
        ReturnPath(
            names[one],
            len(mine),
            len(np.unique(sales.customer[repeat[mine]])),
            int(sales.revenue[repeat[mine]].sum()),
            float(np.median(gap[mine])),
        )
        for one in np.unique(path).tolist()
        for mine in [np.flatnonzero(path == one)]
    ]
    return sorted(found, key=lambda one: (-one.orders, one.path))


@dataclass(frozen=True, slots=True)
class StatusRepeats:
    """What customers did after an order that had a status.

    Attributes:
        status: a canonical code.
        last: orders whose last known status it is.
        orders: orders that ever had it, and were placed long enough before the end to judge.
        followed: those of them with another kept order of the customer in time.
    """

    status: str
    last: int
    orders: int
    followed: int

    @property
    def repeat_rate(self) -> float | None:
        """Followed / orders; None without orders."""
        return ratio(self.followed, self.orders)

    def to_dict(self) -> dict[str, Any]:
        """Give all of it, ready for JSON."""
        return {
            "status": self.status,
            "last": self.last,
            "orders": self.orders,
            "followed": self.followed,
            "repeat_rate": self.repeat_rate,
        }


def status_repeats(
    history: OrderHistory, *, within_days: float = REPEAT_DAYS
) -> list[StatusRepeats]:
    """Tell, per status, how often customers bought again after an order that had it.

    Orders of customers with an id count, kept or not, but tests. An order is judged when the whole
    time within which the next one counts is known; the next one is placed after it and kept.

    Returns:
        One entry a status that some order has or had, in the order of the flow.
    """
    known = Known.at(history.rows, history.as_of)
    rows = known.rows
    counts = known.order & ~rows.is_test & (rows.customer < len(rows.customer_ids))
    within = np.timedelta64(round(within_days * (DAY // MICROSECOND)), "us")
    kept = np.flatnonzero(known.kept)
    then = first_from(
        rows.customer, rows.ordered_at + MICROSECOND, rows.customer[kept], rows.ordered_at[kept]
    )
    followed = then >= 0
    found = np.flatnonzero(followed)
    followed[found] = rows.ordered_at[kept[then[found]]] <= rows.ordered_at[found] + within
    judged = counts & (rows.ordered_at + within <= history.as_of)

    had = np.zeros((len(STATUSES), len(counts)), np.bool_)
    had[known.status, np.arange(len(counts))] = True
    had[known.past.status, known.past.order] = True
    return [
        StatusRepeats(
            name,
            int((counts & (known.status == code)).sum()),
            int((had[code] & judged).sum()),
            int((had[code] & judged & followed).sum()),
        )
        for code, name in enumerate(STATUSES)
        if (had[code] & counts).any()
    ]


def last_before(
    customer: NDArray[np.integer],
    at: Instants,
    other_customer: NDArray[np.integer],
    other_at: Instants,
) -> NDArray[np.int64]:
    """Find, for each thing of a customer, the last other one of theirs that lies before it.

    Args:
        customer: int per thing.
        at: datetime64[us] per thing.
        other_customer: int per other thing, in any order.
        other_at: datetime64[us] per other thing.

    Returns:
        int64 per thing: the place of the other one; -1 where there is none.
    """
    count = len(customer)
    everyone = np.concatenate([customer, other_customer]).astype(np.int64)
    instant = np.concatenate([at, other_at])
    is_other = np.arange(len(everyone)) >= count
    # At the same instant things go first: what happens then is not before them.
    order = np.lexsort((is_other, instant, everyone))
    place = np.where(is_other[order], np.arange(len(order)), -1)
    latest = np.maximum.accumulate(place) if len(place) else place
    found = np.where(latest >= 0, order[latest], -1)
    found = np.where((found >= 0) & (everyone[found] == everyone[order]), found - count, -1)
    result = np.empty(len(order), np.int64)
    result[order] = found
    return result[:count]


def first_from(
    customer: NDArray[np.integer],
    at: Instants,
    other_customer: NDArray[np.integer],
    other_at: Instants,
) -> NDArray[np.int64]:
    """Find, for each thing of a customer, the first other one of theirs at or after it.

    Args and result are those of `last_before`.
    """
    epoch = np.datetime64(0, "us")
    # Time runs backwards, and a microsecond turns "before" into "at or before".
    return last_before(
        customer, epoch - (at - epoch) + MICROSECOND, other_customer, epoch - (other_at - epoch)
    )


def _gaps(sales: Sales) -> NDArray[np.int64]:
    """Give the days since the same customer's last order, int64; 0 for the first one."""
    day = sales.at.astype("datetime64[D]").astype(np.int64)
    gap = np.diff(day, prepend=day[:1])
    return np.where(sales.is_first(), 0, gap)
