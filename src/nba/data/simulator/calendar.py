"""The time of the simulated shop: its two years, its seasons, and the hours of its days."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nba.data.simulator.chance import Codes, Floats, keyed

Micros = NDArray[np.int64]
"""Instants as microseconds since 1970, UTC."""
Days = NDArray[np.int32]
"""Days since the shop's first one."""

HISTORY_DAYS: Final = 730
AFTER_DAYS: Final = 365
"""Days of latent needs beyond the end, so that a policy can be played on."""
HORIZON_DAYS: Final = HISTORY_DAYS + AFTER_DAYS

HOUR: Final = 3_600_000_000
DAY: Final = 24 * HOUR
ENDS_AT: Final = int(np.datetime64("2026-06-30T00:00:00", "us").astype(np.int64))
STARTS_AT: Final = ENDS_AT - HISTORY_DAYS * DAY
NEVER: Final = int(np.iinfo(np.int64).max)
"""Later than any instant; written as null."""

# Monday to Sunday: private customers buy at leisure, companies at work.
WEEKDAYS: Final = {
    "b2c": (1.00, 0.95, 0.95, 1.00, 1.05, 1.10, 1.15),
    "b2b": (1.45, 1.45, 1.40, 1.35, 1.15, 0.10, 0.10),
}
MONTHS: Final = {
    "b2c": (0.92, 0.86, 0.92, 0.95, 0.96, 0.95, 0.93, 0.97, 1.00, 1.02, 1.28, 1.35),
    "b2b": (1.00, 1.02, 1.05, 1.00, 1.00, 0.98, 0.85, 0.85, 1.08, 1.06, 1.06, 0.95),
}
# Share of orders by hour of the day, 0 to 23, UTC.
_HOURS: Final = {
    "b2c": "8 4 2 1 1 3 8 16 26 36 42 44 46 44 42 42 44 50 60 72 76 62 38 18",
    "b2b": "0 0 0 0 0 1 12 48 90 98 92 84 60 82 90 80 56 24 8 4 2 1 0 0",
}
HOURS: Final = {name: tuple(map(float, shares.split())) for name, shares in _HOURS.items()}

_ALL_DAYS: Final = np.arange(HORIZON_DAYS)
_DATES: Final = np.datetime64("2024-06-30", "D") + _ALL_DAYS
# 1970-01-01 was a Thursday, the fourth day of a week that begins on Monday.
WEEKDAY: Final = (_DATES.astype(np.int64) + 3) % 7
MONTH: Final = _DATES.astype("datetime64[M]").astype(np.int64) % 12
"""Weekday (0 = Monday) and month (0 = January) of each day up to the horizon."""


def demand(account: str) -> Floats:
    """Give the seasonal weight of each day up to the horizon; the mean is 1.

    Args:
        account: `b2c` or `b2b`.
    """
    weight = np.array(WEEKDAYS[account])[WEEKDAY] * np.array(MONTHS[account])[MONTH]
    return np.asarray(weight / weight.mean(), np.float64)


class SeasonalClock:
    """Own time in which a customer's rhythm is even, against the calendar with its seasons.

    Attributes:
        passed: float64, length days + 1: own days that have passed when a calendar day begins.
    """

    def __init__(self, account: str) -> None:
        """Add up the seasonal weights of `demand`."""
        self.passed: Floats = np.concatenate([[0.0], np.cumsum(demand(account))])

    def own(self, day: NDArray[np.floating[Any]]) -> Floats:
        """Turn calendar days (fractions allowed) into own days."""
        return np.asarray(np.interp(day, np.arange(HORIZON_DAYS + 1), self.passed), np.float64)

    def calendar(self, own: Floats) -> Floats:
        """Turn own days into calendar days; beyond the horizon they stay at its end."""
        return np.asarray(np.interp(own, self.passed, np.arange(HORIZON_DAYS + 1)), np.float64)


def order_instant(seed: int, customer: Codes, day: Codes, is_company: NDArray[np.bool_]) -> Micros:
    """Give the instant at which a customer orders on a day: a function of the two names.

    Every line that a customer wants on a day is part of the one order of that day.
    """
    chance = keyed(seed, "hour of the order", customer, day)
    at = np.empty(len(day), np.int64)
    for chosen, account in ((~is_company, "b2c"), (is_company, "b2b")):
        edges = np.concatenate([[0.0], np.cumsum(HOURS[account])])
        hours = np.interp(chance[chosen], edges / edges[-1], np.arange(25))
        at[chosen] = (hours * HOUR).astype(np.int64)
    # Whole seconds, as shops log them; never the last instant of a day.
    seconds = np.minimum(at // 1_000_000, 86_399)
    return np.asarray(STARTS_AT + day.astype(np.int64) * DAY + seconds * 1_000_000, np.int64)


def to_monday(day: Codes, is_company: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Give the days to wait until a company is at work: 2 on Saturdays, 1 on Sundays, else 0."""
    weekday = (day + int(WEEKDAY[0])) % 7
    return np.where(is_company & (weekday >= 5), 7 - weekday, 0).astype(np.int64)


def day_of(at: Micros) -> Days:
    """Give the day of the shop that an instant falls on."""
    return np.asarray((at - STARTS_AT) // DAY, np.int32)
