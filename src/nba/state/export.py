"""All that the store holds of one customer, to be handed to them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import orjson
from sqlalchemy import ColumnElement, Connection, Table, func, or_, select

from nba import schema
from nba.domain import iso
from nba.schema import Kind
from nba.state.asking import NAMES, parts
from nba.state.belongings import Belongings, belongings_of
from nba.state.store import Store
from nba.state.tables import (
    CONSENTS,
    CUSTOMERS,
    EVENTS,
    MESSAGE_EVENTS,
    MESSAGES,
    ORDER_LINES,
    ORDER_STATUSES,
    ORDER_VERSIONS,
    ORDERS,
    folder_columns,
)

Tables = Mapping[str, Sequence[Mapping[str, Any]]]
"""Table → its rows, ready for JSON: instants in ISO 8601, money in minor units."""
EXPORTED: Final = (
    CUSTOMERS,
    CONSENTS,
    ORDERS,
    ORDER_LINES,
    ORDER_STATUSES,
    ORDER_VERSIONS,
    EVENTS,
    MESSAGES,
    MESSAGE_EVENTS,
)
"""The tables that tell of customers."""
_INSIDE: Final = {
    ORDER_LINES.name: "lines",
    ORDER_STATUSES.name: "statuses",
    ORDER_VERSIONS.name: "versions",
}
"""Tables of which each row belongs to an order → where it stands in the order's document."""


def export(store: Store, customer: str) -> dict[str, Any]:
    """Give all that is known of a customer as one document; each order has its own rows inside.

    Args:
        store: what knows it.
        customer: an id; one nobody knows has empty lists.

    Returns:
        customer_id; accounts, those merged with theirs among them; and the rows of every table.

    Raises:
        StateError: the store cannot be read.
    """
    theirs, tables = _read(store, customer)
    document: dict[str, Any] = {"customer_id": customer, "accounts": list(theirs.accounts)}
    inside = {name: _by_order(tables[name]) for name in _INSIDE}
    shown = {row["order_id"]: row for row in tables[ORDERS.name]}
    # Of an order that is theirs no longer an earlier version alone is left.
    orders = {one: shown.get(one, {"order_id": one}) for rows in inside.values() for one in rows}
    for table in EXPORTED:
        if table is ORDERS:
            document["orders"] = [
                {**row, **{word: inside[name][one] for name, word in _INSIDE.items()}}
                for one, row in sorted((orders | shown).items())
            ]
        elif table.name not in _INSIDE:
            document[str(table.name)] = list(tables[table.name])
    return document


def export_tables(store: Store, customer: str) -> Tables:
    """Give the same rows table by table.

    Raises:
        StateError: the store cannot be read.
    """
    return _read(store, customer)[1]


def _read(store: Store, customer: str) -> tuple[Belongings, Tables]:
    with store.reading() as connection:
        theirs = belongings_of(connection, customer)
        return theirs, {str(one.name): _rows(connection, one, theirs) for one in EXPORTED}


def _rows(connection: Connection, table: Table, theirs: Belongings) -> list[dict[str, Any]]:
    """Read the rows of a table that are a person's, each once, sorted by key."""
    names = folder_columns(table)
    found: dict[tuple[Any, ...], None] = {}
    for condition, ids in _asked(table, theirs):
        query = select(*(table.c[name] for name in names)).where(condition)
        for part in parts(list(ids)):
            found |= dict.fromkeys(map(tuple, connection.execute(query, {"names": part})))
    contract = schema.ORDER_VERSIONS if table is ORDER_VERSIONS else schema.TABLES[table.name]
    kinds = [column.kind for column in contract.columns]
    keys = [names.index(name) for name in contract.key]
    rows = sorted(found, key=lambda row: [(row[place] is not None, row[place]) for place in keys])
    return [
        {name: _told(name, kind, cell) for name, kind, cell in zip(names, kinds, row, strict=True)}
        for row in rows
    ]


def _asked(table: Table, theirs: Belongings) -> Sequence[tuple[ColumnElement[bool], Sequence[str]]]:
    """Say which rows of a table are a person's: conditions, and the ids that each is about."""
    accounts, orders, messages = theirs.accounts, theirs.orders, theirs.messages
    if table is EVENTS:
        condition = or_(EVENTS.c.customer_id.in_(NAMES), EVENTS.c.session_id.in_(NAMES))
        return [(condition, accounts)]
    if table is MESSAGE_EVENTS:
        return [(MESSAGE_EVENTS.c.message_id.in_(NAMES), messages)]
    if table in (ORDER_LINES, ORDER_STATUSES):
        return [(table.c.order_id.in_(NAMES), orders)]
    of_accounts = table.c.customer_id.in_(NAMES), accounts
    if table is ORDER_VERSIONS:
        # Not those in which an order of theirs was somebody else's.
        is_nobodys = func.coalesce(table.c.customer_id, "") == ""
        return [of_accounts, (table.c.order_id.in_(NAMES) & is_nobodys, orders)]
    return [of_accounts]


def _told(name: str, kind: Kind, cell: Any) -> Any:  # noqa: ANN401 - a cell, and JSON
    if cell is None:
        return None
    if kind is Kind.INSTANT:
        return iso(np.datetime64(cell, "us"))
    if name in ("attributes", "eligible"):
        return _parsed(cell)
    return bool(cell) if kind is Kind.BOOLEAN else cell


def _parsed(text: str) -> Any:  # noqa: ANN401 - JSON
    """Read JSON that is kept as a text; what is none stays a text."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return text


def _by_order(rows: Sequence[Mapping[str, Any]]) -> defaultdict[str, list[Mapping[str, Any]]]:
    found: defaultdict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for row in rows:
        found[row["order_id"]].append(row)
    return found
