"""At which hour of the customer's day messages leave, and whether they are answered."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from nba.data.profiles import Profiles
from nba.domain import Ids, Instants
from nba.learn.responding.letters import places

_HOUR = np.timedelta64(1, "h")


def local_hours(
    customer_ids: Ids, customer: NDArray[np.integer], at: Instants, profiles: Profiles
) -> NDArray[np.int64]:
    """Give the hour of the customer's day, 0 to 23; of UTC where their zone is not known.

    Args:
        customer_ids: what `customer` names.
        customer: int per instant.
        at: datetime64[us].
        profiles: of the customers, with the names of their zones.
    """
    told = ["", *profiles.timezone]
    zones = sorted(set(told))
    code = {name: number for number, name in enumerate(zones)}
    named = np.array([code[name] for name in told], np.int64)
    place = places(customer_ids, profiles.customer_ids) + 1
    # Who is not described is like one whose zone is not.
    zone = named[np.where(place < len(named), place, 0)[customer]]
    # Clocks change on full hours of UTC or between them, so the half hours decide.
    half = at.astype("datetime64[s]").astype(np.int64) // 1800
    hour = np.empty(len(at), np.int64)
    for number, name in enumerate(zones):
        mine = np.flatnonzero(zone == number)
        if not len(mine):
            continue
        least = int(half[mine].min())
        spans = np.arange(least, int(half[mine].max()) + 1)
        hours = np.fromiter((_local_hour(name, int(one)) for one in spans), np.int64, len(spans))
        hour[mine] = hours[half[mine] - least]
    return hour


@cache
def _zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name) if name else None
    except (KeyError, OSError, ValueError):  # no such zone, or no name of one
        return None


def _local_hour(name: str, half: int) -> int:
    return datetime.fromtimestamp(half * 1800, _zone(name) or UTC).hour
