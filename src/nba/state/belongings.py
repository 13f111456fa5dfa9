"""What the store holds of one person: their accounts, orders and messages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, Executable, select, union

from nba.state.asking import NAMES, parts
from nba.state.signals import accounts_of
from nba.state.tables import MESSAGE_EVENTS, MESSAGES, ORDER_VERSIONS, ORDERS

_ORDERS: Final = select(ORDERS.c.order_id).where(ORDERS.c.customer_id.in_(NAMES))
_FORMER_ORDERS: Final = select(ORDER_VERSIONS.c.order_id).where(
    ORDER_VERSIONS.c.customer_id.in_(NAMES)
)
_SHOWN: Final = select(ORDERS.c.order_id).where(ORDERS.c.order_id.in_(NAMES))
_MESSAGES: Final = union(
    select(MESSAGES.c.message_id).where(MESSAGES.c.customer_id.in_(NAMES)),
    select(MESSAGE_EVENTS.c.message_id).where(MESSAGE_EVENTS.c.customer_id.in_(NAMES)),
)


@dataclass(frozen=True, slots=True)
class Belongings:
    """The ids under which the store holds a person.

    Attributes:
        accounts: the customer asked about first, then every account and session merged with it.
        orders: of orders that are theirs; of those that nobody has now, an earlier version is.
        messages: of messages to them.
    """

    accounts: Sequence[str]
    orders: Sequence[str]
    messages: Sequence[str]


def belongings_of(connection: Connection, customer: str) -> Belongings:
    """Find what is a person's; of one nobody knows there is the id alone."""
    accounts = accounts_of(connection, [customer])
    orders = _found(connection, _ORDERS, accounts)
    former = _found(connection, _FORMER_ORDERS, accounts) - orders
    # An order that somebody else has now is not theirs to take along.
    orders |= former - _found(connection, _SHOWN, sorted(former))
    messages = _found(connection, _MESSAGES, accounts)
    return Belongings(accounts, sorted(orders), sorted(messages))


def _found(connection: Connection, query: Executable, names: Sequence[str]) -> set[str]:
    return {
        one for part in parts(names) for one in connection.execute(query, {"names": part}).scalars()
    }
