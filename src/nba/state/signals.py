"""The queries of what a shop knows beside orders: events, consents, messages, accounts, states."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import numpy as np
from sqlalchemy import (
    Column,
    Connection,
    Executable,
    Table,
    bindparam,
    func,
    or_,
    select,
    union,
    union_all,
)

from nba.facts.past import PASSING, PASSING_KEPT
from nba.facts.signals import Signals
from nba.state.asking import NAMES, columns_of, microseconds, parts
from nba.state.leaving import week_counts
from nba.state.tables import (
    CONSENTS,
    CUSTOMERS,
    EVENTS,
    MESSAGE_EVENTS,
    MESSAGES,
    PRODUCT_STATES,
)

_TAKEN: Final[Mapping[Table, Sequence[Column[Any]]]] = {
    table: [table.c[name] for name in names.split()]
    for table, names in (
        (EVENTS, "event_id type at customer_id session_id product_id order_id value"),
        (CONSENTS, "customer_id channel granted at"),
        (MESSAGES, "message_id customer_id message anchor channel claimed_at acked_at holdout"),
        (MESSAGE_EVENTS, "event_id message_id customer_id channel type at is_machine"),
        (
            CUSTOMERS,
            "customer_id created_at birthday timezone account_type tier points attributes "
            "consent_email consent_sms consent_push consent_call consent_at",
        ),
        (PRODUCT_STATES, "product_id at availability stock price sale_price sale_until"),
    )
}
"""The columns that the fold reads."""

_MERGED: Final = union_all(
    select(EVENTS.c.session_id).where(EVENTS.c.type == "merge", EVENTS.c.customer_id.in_(NAMES)),
    select(EVENTS.c.customer_id).where(EVENTS.c.type == "merge", EVENTS.c.session_id.in_(NAMES)),
)
"""Accounts one merge away, whichever of the two was the guest."""
_COUNTED: Final = or_(EVENTS.c.type.not_in(PASSING), EVENTS.c.at >= bindparam("since"))
"""The fold would forget the others."""
_IS_NOBODYS: Final = func.coalesce(EVENTS.c.customer_id, "") == ""
"""As `IS NULL` it would be looked up by its index, although there are very many such events."""
_THEIR_MESSAGES: Final = select(MESSAGES.c.message_id).where(MESSAGES.c.customer_id.in_(NAMES))
_OF_CUSTOMERS: Final[Mapping[Table, Executable]] = {
    EVENTS: union_all(
        select(*_TAKEN[EVENTS]).where(EVENTS.c.customer_id.in_(NAMES), _COUNTED),
        select(*_TAKEN[EVENTS]).where(EVENTS.c.session_id.in_(NAMES), _IS_NOBODYS, _COUNTED),
    ),
    CONSENTS: select(*_TAKEN[CONSENTS]).where(CONSENTS.c.customer_id.in_(NAMES)),
    MESSAGES: select(*_TAKEN[MESSAGES]).where(MESSAGES.c.customer_id.in_(NAMES)),
    MESSAGE_EVENTS: union(
        select(*_TAKEN[MESSAGE_EVENTS]).where(MESSAGE_EVENTS.c.customer_id.in_(NAMES)),
        select(*_TAKEN[MESSAGE_EVENTS]).where(MESSAGE_EVENTS.c.message_id.in_(_THEIR_MESSAGES)),
    ),
    CUSTOMERS: select(*_TAKEN[CUSTOMERS]).where(CUSTOMERS.c.customer_id.in_(NAMES)),
}


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


def signals_of(
    connection: Connection,
    accounts: Sequence[str],
    as_of: np.datetime64,
    *,
    without: str | None = None,
) -> Signals:
    """Read what is known of some accounts; states of products are not among it.

    Args:
        connection: to the store.
        accounts: ids of customers and sessions.
        as_of: the instant that says what week the messages to everybody are counted of.
        without: the id of a message that is read as if nobody had claimed it.
    """
    found: dict[Table, list[Any]] = {table: [] for table in _OF_CUSTOMERS}
    since = microseconds(as_of - PASSING_KEPT)
    for part in parts(accounts):
        for table, query in _OF_CUSTOMERS.items():
            asked = {"names": part} | ({"since": since} if table is EVENTS else {})
            found[table] += connection.execute(query, asked).all()
    cells = {table.name: columns_of(_names(table), rows) for table, rows in found.items()}
    messages = cells[MESSAGES.name]
    claims = zip(messages["message_id"], messages["claimed_at"], strict=True)
    messages["claimed_at"] = [None if one == without else at for one, at in claims]
    counts = week_counts(connection, as_of, without=without)
    return Signals.of_columns(cells, week_counts=counts)


def all_signals(connection: Connection) -> Signals:
    """Read what is known of all."""
    return _all_of(connection, *_OF_CUSTOMERS, PRODUCT_STATES)


def all_states(connection: Connection) -> Signals:
    """Read the states of all products, and nothing else."""
    return _all_of(connection, PRODUCT_STATES)


def _all_of(connection: Connection, *tables: Table) -> Signals:
    cells = {
        one.name: columns_of(_names(one), connection.execute(select(*_TAKEN[one])).all())
        for one in tables
    }
    return Signals.of_columns(cells)


def _names(table: Table) -> list[str]:
    return [column.name for column in _TAKEN[table]]
