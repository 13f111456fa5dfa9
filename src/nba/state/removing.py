"""The statements that remove a person from the tables of the store."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

from sqlalchemy import Connection, Delete, Update, delete, func, select, update

from nba.mentions import mentions, unnaming
from nba.state.asking import NAMES, parts
from nba.state.belongings import Belongings
from nba.state.tables import (
    CONSENTS,
    CUSTOMERS,
    EVENTS,
    IDEMPOTENCY_KEYS,
    MESSAGE_EVENTS,
    MESSAGES,
    ORDER_LINES,
    ORDER_STATUSES,
    ORDER_VERSIONS,
    ORDERS,
    PRODUCT_STATES,
    WEBHOOK_EVENTS,
)
from nba.state.writing import add, bump

_IS_NOBODYS: Final = func.coalesce(EVENTS.c.customer_id, "") == ""
_OF_ACCOUNTS: Final = (
    (CUSTOMERS, CUSTOMERS.c.customer_id.in_(NAMES)),
    (CONSENTS, CONSENTS.c.customer_id.in_(NAMES)),
    (ORDER_VERSIONS, ORDER_VERSIONS.c.customer_id.in_(NAMES)),
    (EVENTS, EVENTS.c.customer_id.in_(NAMES)),
    (EVENTS, EVENTS.c.session_id.in_(NAMES) & _IS_NOBODYS),
)
_OF_ORDERS: Final = (
    (ORDER_LINES, ORDER_LINES.c.order_id.in_(NAMES)),
    (ORDER_STATUSES, ORDER_STATUSES.c.order_id.in_(NAMES)),
    (ORDER_VERSIONS, ORDER_VERSIONS.c.order_id.in_(NAMES)),
    (ORDERS, ORDERS.c.order_id.in_(NAMES)),
    (EVENTS, EVENTS.c.order_id.in_(NAMES) & _IS_NOBODYS),
)
_OF_MESSAGES: Final = (
    (WEBHOOK_EVENTS, WEBHOOK_EVENTS.c.message_id.in_(NAMES)),
    (MESSAGE_EVENTS, MESSAGE_EVENTS.c.message_id.in_(NAMES)),
    (MESSAGES, MESSAGES.c.message_id.in_(NAMES)),
)
# What somebody else did in a session, or about an order, of theirs stays without naming it.
_LEAVE_SESSION: Final = update(EVENTS).where(EVENTS.c.session_id.in_(NAMES)).values(session_id=None)
_LEAVE_ORDER: Final = update(EVENTS).where(EVENTS.c.order_id.in_(NAMES)).values(order_id=None)
_STATES: Final = select(PRODUCT_STATES).where(PRODUCT_STATES.c.order_id.in_(NAMES))
_DERIVED: Final = delete(PRODUCT_STATES).where(PRODUCT_STATES.c.order_id.in_(NAMES))
_ANSWERS: Final = select(
    IDEMPOTENCY_KEYS.c.caller, IDEMPOTENCY_KEYS.c.key, IDEMPOTENCY_KEYS.c.body
).execution_options(yield_per=1000)


_TOLD_OF_OTHERS: Final = (
    select(CUSTOMERS.c.customer_id, CUSTOMERS.c.attributes)
    .where(CUSTOMERS.c.attributes.is_not(None))
    .execution_options(yield_per=1000)
)
# Such a request may have read what is removed here: what it answers finds no place to be kept.
_LEAVE_UNDER_WAY: Final = (
    update(IDEMPOTENCY_KEYS)
    .where(IDEMPOTENCY_KEYS.c.status.is_(None))
    .values(begun_at=IDEMPOTENCY_KEYS.c.begun_at + 1)
)


def remove(connection: Connection, theirs: Belongings) -> dict[str, int]:
    """Remove what is a person's.

    What an order of theirs did to a stock stays, as if the shop had stated it.

    Args:
        connection: of `Store.writing`, their accounts locked.
        theirs: the ids under which the store holds them.

    Returns:
        Table → rows removed, or rid of their ids; tables without any are left out.
    """
    counts: Counter[str] = Counter()
    for conditions, ids in (
        (_OF_ACCOUNTS, theirs.accounts),
        (_OF_ORDERS, theirs.orders),
        (_OF_MESSAGES, theirs.messages),
    ):
        for table, condition in conditions:
            counts[table.name] += _run(connection, delete(table).where(condition), ids)
    counts[EVENTS.name] += _run(connection, _LEAVE_SESSION, theirs.accounts)
    counts[EVENTS.name] += _run(connection, _LEAVE_ORDER, theirs.orders)
    counts[CUSTOMERS.name] += _leave_attributes(connection, theirs.accounts)
    counts[PRODUCT_STATES.name] += _unlink_states(connection, theirs.orders)
    counts[IDEMPOTENCY_KEYS.name] += _forget_answers(
        connection, [*theirs.accounts, *theirs.orders, *theirs.messages]
    )
    # A name of SQLAlchemy's is more than a text, which not every writer of JSON takes.
    return {str(name): count for name, count in counts.items() if count}


def _run(connection: Connection, statement: Delete | Update, names: Sequence[str]) -> int:
    """Run a statement about some ids; give how many rows it changed."""
    return sum(
        connection.execute(statement, {"names": part}).rowcount for part in parts(list(names))
    )


def _leave_attributes(connection: Connection, accounts: Sequence[str]) -> int:
    """Take a person's ids out of what is told of others, such as who brought them."""
    unnamed = unnaming(accounts)
    changed = [
        (customer, before, after)
        for customer, before in connection.execute(_TOLD_OF_OTHERS)
        if (after := unnamed(before)) != before
    ]
    for customer, before, after in changed:
        connection.execute(
            update(CUSTOMERS)
            # Who posts about them meanwhile is not overwritten.
            .where(CUSTOMERS.c.customer_id == customer, CUSTOMERS.c.attributes == before)
            .values(attributes=after)
        )
    return len(changed)


def _unlink_states(connection: Connection, orders: Sequence[str]) -> int:
    """Let states that follow from orders stand for themselves."""
    found = [
        dict(row)
        for part in parts(orders)
        for row in connection.execute(_STATES, {"names": part}).mappings()
    ]
    if found:
        _run(connection, _DERIVED, orders)
        # What was stated of the same instant holds.
        add(connection, PRODUCT_STATES, [row | {"order_id": ""} for row in found])
        bump(connection, "products")
    return len(found)


def _forget_answers(connection: Connection, ids: Iterable[str]) -> int:
    """Remove kept answers in which one of some ids stands, or that were asked for under one."""
    connection.execute(_LEAVE_UNDER_WAY)
    theirs = mentions(ids)
    found = []
    for answer in connection.execute(_ANSWERS):
        told = b"\n".join((answer.caller.encode(), answer.key.encode(), answer.body or b""))
        if theirs.search(told):
            found.append((answer.caller, answer.key))
    for caller, key in found:
        connection.execute(
            delete(IDEMPOTENCY_KEYS).where(
                IDEMPOTENCY_KEYS.c.caller == caller, IDEMPOTENCY_KEYS.c.key == key
            )
        )
    return len(found)
