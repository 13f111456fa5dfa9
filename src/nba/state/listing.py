"""Which customers a store knows of, some at a time, so that no look takes long."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Select, Table, bindparam, select, union

from nba.domain import Part
from nba.state.asking import NAMES, parts
from nba.state.store import Store
from nba.state.tables import (
    CONSENTS,
    CUSTOMERS,
    EVENTS,
    MESSAGE_EVENTS,
    MESSAGES,
    ORDER_VERSIONS,
    ORDERS,
)

_LAST_OF_ALL: Final = "\U0010ffff"


def _of(table: Table) -> Select[Any]:
    """Ask for customers of a table in the order of its index."""
    customer = table.c.customer_id
    return (
        select(customer)
        .where(
            customer > bindparam("after"),
            customer >= bindparam("first"),
            customer < bindparam("end"),
        )
        .distinct()
        .order_by(customer)
        .limit(bindparam("most"))
    )


_ASKED: Final = tuple(_of(table) for table in (ORDERS, CUSTOMERS, CONSENTS, EVENTS))
_SPEAKING: Final = (
    *(ORDERS, ORDER_VERSIONS, CUSTOMERS),
    *(CONSENTS, EVENTS, MESSAGES, MESSAGE_EVENTS),
)
_NAMES_AT_ONCE: Final = 10_000
_MERGED: Final = select(EVENTS.c.session_id).where(
    EVENTS.c.type == "merge",
    EVENTS.c.session_id.in_(NAMES),
    EVENTS.c.session_id != EVENTS.c.customer_id,
)


@dataclass(frozen=True, slots=True)
class Listed:
    """Some customers of a store.

    Attributes:
        customers: ids in byte order, without those that were merged into others.
        last: the id after which the next ones come; None where these were the last.
    """

    customers: Sequence[str]
    last: str | None


def customers_in(connection: Connection, part: Part) -> list[str]:
    """Name the customers of a part of whom any table speaks, in no order; some know nothing else.

    Args:
        connection: to the store.
        part: of the customers.
    """
    named = union(*(select(table.c.customer_id) for table in _SPEAKING)).execution_options(
        yield_per=_NAMES_AT_ONCE
    )
    found = connection.execute(named).scalars()
    return [one for one in found if one is not None and part.holds(one)]


def list_customers(store: Store, after: str, most: int, *, prefix: str = "") -> Listed:
    """Give the customers that follow an id.

    Args:
        store: what knows them, by an order, an event, a consent or a word of the shop.
        after: an id; empty to begin.
        most: how many at most, above 0.
        prefix: with which an id begins.

    Raises:
        StateError: the store cannot be read.
    """
    if "\0" in prefix:
        # No id has one, and PostgreSQL refuses to be asked about it.
        return Listed([], None)
    asked = {"after": after, "first": prefix, "end": prefix + _LAST_OF_ALL, "most": most}
    with store.reading() as connection:
        found = {one for query in _ASKED for one in connection.execute(query, asked).scalars()}
        names = sorted(found)[:most]
        merged = {
            one
            for part in parts(names)
            for one in connection.execute(_MERGED, {"names": part}).scalars()
        }
    last = names[-1] if len(names) == most else None
    return Listed([one for one in names if one not in merged], last)
