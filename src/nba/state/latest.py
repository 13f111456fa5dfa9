"""The latest instant that a store speaks of."""

from __future__ import annotations

from typing import Final

import numpy as np
from sqlalchemy import func, select, union_all

from nba.state.store import Store
from nba.state.tables import (
    CONSENTS,
    CUSTOMERS,
    EVENTS,
    MESSAGE_EVENTS,
    MESSAGES,
    ORDER_STATUSES,
    ORDER_VERSIONS,
    ORDERS,
    PRODUCT_STATES,
)

_TOLD: Final = (
    *(one.c[name] for one in (ORDERS, ORDER_VERSIONS) for name in ("ordered_at", "status_at")),
    *(one.c.delivered_at for one in (ORDERS, ORDER_VERSIONS)),
    *(one.c.at for one in (ORDER_STATUSES, EVENTS, CONSENTS, MESSAGE_EVENTS, PRODUCT_STATES)),
    *(MESSAGES.c[name] for name in ("decided_at", "claimed_at", "acked_at")),
    *(CUSTOMERS.c[name] for name in ("created_at", "consent_at")),
)
_LAST: Final = union_all(*(select(func.max(column).label("at")) for column in _TOLD)).subquery()


def last_fact(store: Store) -> np.datetime64:
    """Give the latest instant of any row of a store; 1970 where there is none.

    Raises:
        StateError: the store cannot be read.
    """
    with store.reading() as connection:
        last = connection.execute(select(func.max(_LAST.c.at))).scalar_one()
    return np.datetime64(last or 0, "us")
