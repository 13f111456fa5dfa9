"""The queries of what a shop knows beside orders: events, consents, messages, accounts, states."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Connection, Executable, Table, select, union, union_all

from nba.facts.signals import OPENING
from nba.state.asking import NAMES, columns_of, parts
from nba.state.tables import (
    CONSENTS,
    CUSTOMERS,
    EVENTS,
    MESSAGE_EVENTS,
    MESSAGES,
    PRODUCT_STATES,
)

Cells = Mapping[str, Mapping[str, Sequence[Any]]]
"""Columns of cells by the name of their table, as `Signals.of_columns` takes them."""

_MERGED: Final = union_all(
    select(EVENTS.c.session_id).where(EVENTS.c.type == "merge", EVENTS.c.customer_id.in_(NAMES)),
    select(EVENTS.c.customer_id).where(EVENTS.c.type == "merge", EVENTS.c.session_id.in_(NAMES)),
)
"""Accounts one merge away, whichever of the two was the guest."""
_THEIR_MESSAGES: Final = select(MESSAGES.c.message_id).where(MESSAGES.c.customer_id.in_(NAMES))
_OF_CUSTOMERS: Final[Mapping[Table, Executable]] = {
    EVENTS: union_all(
        select(EVENTS).where(EVENTS.c.customer_id.in_(NAMES)),
        select(EVENTS).where(EVENTS.c.session_id.in_(NAMES), EVENTS.c.customer_id.is_(None)),
    ),
    CONSENTS: select(CONSENTS).where(CONSENTS.c.customer_id.in_(NAMES)),
    MESSAGES: select(MESSAGES).where(MESSAGES.c.customer_id.in_(NAMES)),
    MESSAGE_EVENTS: union(
        select(MESSAGE_EVENTS).where(MESSAGE_EVENTS.c.customer_id.in_(NAMES)),
        select(MESSAGE_EVENTS).where(MESSAGE_EVENTS.c.message_id.in_(_THEIR_MESSAGES)),
    ),
    CUSTOMERS: select(CUSTOMERS).where(CUSTOMERS.c.customer_id.in_(NAMES)),
}

_STATES_OF: Final = select(PRODUCT_STATES).where(PRODUCT_STATES.c.product_id.in_(NAMES))


def accounts_of(connection: Connection, customers: Iterable[str]) -> list[str]:
    """Give customers with every account and session that was ever merged with one of theirs."""
    found = dict.fromkeys(customers)
    asked = list(found)
    while asked:
        others = [
            one
            for part in parts(asked)
            for one in connection.execute(_MERGED, {"names": part}).scalars()
            if one is not None
        ]
        asked = [one for one in dict.fromkeys(others) if one not in found]
        found |= dict.fromkeys(asked)
    return list(found)


def cells_of(connection: Connection, accounts: Sequence[str]) -> Cells:
    """Read what is known of some accounts."""
    found: dict[Table, list[Any]] = {table: [] for table in _OF_CUSTOMERS}
    for part in parts(accounts):
        for table, query in _OF_CUSTOMERS.items():
            found[table] += connection.execute(query, {"names": part}).all()
    return {table.name: columns_of(table, rows) for table, rows in found.items()}


def all_cells(connection: Connection) -> Cells:
    """Read what is known of all."""
    return {
        table.name: columns_of(table, connection.execute(select(table)).all())
        for table in _OF_CUSTOMERS
    }


def state_cells(connection: Connection, products: Sequence[str]) -> Mapping[str, Sequence[Any]]:
    """Read the states of some products."""
    rows = [
        row
        for part in parts(products)
        for row in connection.execute(_STATES_OF, {"names": part}).all()
    ]
    return columns_of(PRODUCT_STATES, rows)


def all_state_cells(connection: Connection) -> Mapping[str, Sequence[Any]]:
    """Read the states of all products."""
    return columns_of(PRODUCT_STATES, connection.execute(select(PRODUCT_STATES)).all())


def products_in_mind(cells: Cells) -> list[str]:
    """Name the products that some events laid in a cart, looked at, wished or waited for."""
    events = cells[EVENTS.name]
    named = zip(events["type"], events["product_id"], strict=True)
    return sorted({one for word, one in named if word in OPENING and one is not None})
