"""At which hour a message leaves: the one at which customers answer best, if the playbook asks."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from nba.decide.calendar import Calendar, Quiet
from nba.domain import Instants

_HOUR: Final = np.timedelta64(3_600_000_000, "us")
HOURS: Final = 24


def best_hours(
    rates: NDArray[np.float64],
    calendar: Calendar,
    zone: NDArray[np.integer],
    earliest: Instants,
    expires: Instants,
    quiet: Quiet | None,
) -> Instants:
    """Move messages to the hour of the next day that customers answer best.

    The hours looked at are the one in which it could leave at the earliest and the beginnings of
    the 23 that follow, by the customer's own clock, outside quiet hours and before the message
    expires; of equal ones the earliest.

    Args:
        rates: chance of an answer by local hour, float64[24], by exposure.
        calendar: of the zones.
        zone: int per message: the customer's.
        earliest: datetime64[us] per message: when it could leave.
        expires: datetime64[us] per message.
        quiet: hours in which nothing leaves; None where there are none.

    Returns:
        datetime64[us] per message, not before `earliest`.
    """
    local = calendar.local(zone, earliest)
    begun = local - local.astype("datetime64[h]").astype("datetime64[us]")
    best = earliest.copy()
    rate = rates[_hour(local)]
    for ahead in range(1, HOURS):
        at = earliest - begun + ahead * _HOUR
        reached = calendar.awake(zone, at, quiet)
        chance = rates[_hour(calendar.local(zone, at))]
        better = (chance > rate) & (reached == at) & (at < expires)
        best = np.where(better, at, best)
        rate = np.where(better, chance, rate)
    return np.asarray(best, "datetime64[us]")


def _hour(local: Instants) -> NDArray[np.int64]:
    return local.astype("datetime64[h]").astype(np.int64) % HOURS
