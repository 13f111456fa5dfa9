"""How long what the shop sends is on its way."""

from __future__ import annotations

from typing import Any

import numpy as np

from nba.data.history import OrderHistory
from nba.domain import DAY
from nba.statuses import STATUS_CODE


def transit(history: OrderHistory) -> dict[str, Any]:
    """Measure the days from shipping to delivery.

    Returns:
        `transit_days`: their median, null where no order tells both; `orders`: how many do.
    """
    found = []
    for known in history.known():
        statuses = known.rows.statuses.before(history.as_of)
        shipped_at = statuses.of_status(STATUS_CODE["shipped"]).first(len(known.order))
        days = (known.delivered_at - shipped_at) / DAY
        found.append(days[days >= 0])
    told = np.concatenate(found)
    return {
        "transit_days": round(float(np.median(told)), 6) if len(told) else None,
        "orders": len(told),
    }
