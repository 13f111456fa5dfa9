"""Trips: the days on which customers buy anything, which is when they may buy by chance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from nba.data.history import Baskets
from nba.domain import DAY, MICROSECOND
from nba.ranges import starts


@dataclass(frozen=True, slots=True, eq=False)
class Trips:
    """Trips of identified customers, one row a customer.

    Attributes:
        rate: float32: trips a day from the first to the last, drawn to that of all customers by
            one trip more: (n - 1 + 1) / (span + 1 / rate of all).
        last_day: int32: the day of the last trip, from 1970 on; 0 without any.
        ahead: float32: trips expected within the horizon: those of the latest days, times the
            ratio in which customers known before kept it up.
    """

    rate: NDArray[np.float32]
    last_day: NDArray[np.int32]
    ahead: NDArray[np.float32]

    @classmethod
    def of(cls, placed: Baskets, *, horizon_days: int) -> Self:
        """Count them.

        Args:
            placed: kept purchases.
            horizon_days: how far `ahead` looks.
        """
        count = len(placed.customer_ids)
        known = placed.customer < count
        day = placed.at[known].astype(np.int64) // int(DAY / MICROSECOND)
        customer = placed.customer[known].astype(np.int64)
        # Ascending, as baskets are.
        once = starts(customer * (day.max(initial=0) + 1) + day)
        customer, day = customer[once], day[once]
        begins = starts(customer)
        who, first = customer[begins], day[begins]
        last = day[np.append(begins[1:], len(day)) - 1] if len(day) else day
        trips = np.bincount(customer, minlength=count)
        span, since = np.zeros(count), np.zeros(count, np.int64)
        span[who], since[who] = last - first, first
        of_all = (len(day) - len(who)) / max(span.sum(), 1.0)
        rate = np.maximum(trips, 1) / (span + 1 / max(of_all, 1e-3))
        last_day = np.zeros(count, np.int32)
        last_day[who] = last
        return cls(
            rate.astype(np.float32),
            last_day,
            _ahead(customer, day, since[customer], count, horizon_days).astype(np.float32),
        )


def _ahead(
    customer: NDArray[np.int64],
    day: NDArray[np.int64],
    since: NDArray[np.int64],
    count: int,
    horizon_days: int,
) -> NDArray[np.float64]:
    """Expect trips of each customer from those of as many days before, at most half the history."""
    if not len(day):
        return np.zeros(count)
    end = int(day.max()) + 1
    window = max(min(horizon_days, (end - int(day.min())) // 2), 1)
    is_late = day >= end - window
    before = np.count_nonzero(~is_late & (day >= end - 2 * window))
    known = np.count_nonzero(is_late & (since < end - window))
    kept_up = min(float(known) / max(float(before), 1.0), 1.0)
    late = np.bincount(customer[is_late], minlength=count).astype(np.float64)
    return np.asarray(late * (kept_up * horizon_days / window))
