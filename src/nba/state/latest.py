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
_RECEIVED: Final = {
    "orders": ORDERS.c.ordered_at,
    "order_statuses": ORDER_STATUSES.c.at,
    "events": EVENTS.c.at,
    "consents": CONSENTS.c.at,
    "messages": MESSAGES.c.claimed_at,
    "message_events": MESSAGE_EVENTS.c.at,
}
"""Tables that a running shop keeps adding to, each with when its rows happened."""
_LAST: Final = union_all(*(select(func.max(column).label("at")) for column in _TOLD)).subquery()


def last_fact(store: Store) -> np.datetime64:
    """Give the latest instant of any row of a store; 1970 where there is none.

    Raises:
        StateError: the store cannot be read.
    """
    with store.reading() as connection:
        last = connection.execute(select(func.max(_LAST.c.at))).scalar_one()
    return np.datetime64(last or 0, "us")


def latest_rows(store: Store) -> dict[str, np.datetime64 | None]:
    """Give the latest instant of each table that a running shop adds to; None of an empty one.

    Looks through whole tables, which takes seconds where there are tens of millions of rows.

    Raises:
        StateError: the store cannot be read.
    """
    with store.reading() as connection:
        found = {
            name: connection.execute(select(func.max(column))).scalar_one()
            for name, column in _RECEIVED.items()
        }
    return {name: None if at is None else np.datetime64(at, "us") for name, at in found.items()}
