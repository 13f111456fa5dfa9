"""The queries of orders: their lines and histories, as the rows that the fold takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Select, Table, select

from nba.facts.rows import Rows
from nba.state.asking import NAMES, Batch, columns_of, parts
from nba.state.tables import ORDER_LINES, ORDER_STATUSES, ORDER_VERSIONS, ORDERS

_KEYS: Final = {
    ORDERS: (ORDERS.c.order_id,),
    ORDER_LINES: (ORDER_LINES.c.order_id, ORDER_LINES.c.line_no),
    ORDER_STATUSES: (ORDER_STATUSES.c.order_id,),
    ORDER_VERSIONS: (
        ORDER_VERSIONS.c.order_id,
        ORDER_VERSIONS.c.version,
        ORDER_VERSIONS.c.line_no,
    ),
}
"""What sorts the rows of a table as `Rows.of_columns` takes them, in the order of its arguments."""


_TAKEN: Final = {
    table: [table.c[name] for name in names.split()]
    for table, names in (
        (
            ORDERS,
            "order_id customer_id ordered_at status status_at delivered_at discount is_test",
        ),
        (
            ORDER_LINES,
            "order_id line_no product_id quantity unit_price discount returned_quantity",
        ),
        (ORDER_STATUSES, "order_id status at"),
        (
            ORDER_VERSIONS,
            "order_id version customer_id ordered_at status status_at delivered_at discount "
            "is_test line_no product_id quantity unit_price line_discount returned_quantity",
        ),
    )
}
"""The columns that the fold reads."""


def _selects(condition: ColumnElement[bool]) -> dict[Table, Select[Any]]:
    """Select the orders that meet a condition, and the rows of each table that belong to them."""
    chosen = select(ORDERS.c.order_id).where(condition)
    return {
        table: select(*_TAKEN[table])
        .where(condition if table is ORDERS else table.c.order_id.in_(chosen))
        .order_by(*key)
        for table, key in _KEYS.items()
    }


# Built once: a customer waits for them, and building takes as long as asking.
_OF_CUSTOMERS: Final = _selects(ORDERS.c.customer_id.in_(NAMES))
_OF_IDS: Final = _selects(ORDERS.c.order_id.in_(NAMES))
_OF_ALL: Final = _selects(ORDERS.c.order_id.is_not(None))
_FORMERLY_OF: Final = (
    select(ORDER_VERSIONS.c.order_id).distinct().where(ORDER_VERSIONS.c.customer_id.in_(NAMES))
)


def rows_of(connection: Connection, customers: Sequence[str]) -> Rows:
    """Read the rows of some customers; unknown ones have none.

    An order of which only an earlier version is theirs is among them.
    """
    named = parts(list(dict.fromkeys(customers)))
    former = [
        order_id
        for part in named
        for order_id in connection.execute(_FORMERLY_OF, {"names": part}).scalars()
    ]
    asked = [(_OF_CUSTOMERS, part) for part in named]
    return _read(connection, [*asked, *((_OF_IDS, part) for part in parts(former))])


def all_rows(connection: Connection) -> Rows:
    """Read everything."""
    return _read(connection, [(_OF_ALL, ())])


def _read(
    connection: Connection, asked: Sequence[tuple[Mapping[Table, Select[Any]], Sequence[str]]]
) -> Rows:
    """Read the orders that some names ask for, with all that belongs to them."""
    found: dict[Table, list[Any]] = {table: [] for table in _KEYS}
    for selects, names in asked:
        for table, query in selects.items():
            found[table] += connection.execute(query, {"names": names}).all()
    if len(asked) > 1:
        found = {table: _sorted(table, rows) for table, rows in found.items()}
    return Rows.of_columns(*(columns_of(_names(table), rows) for table, rows in found.items()))


def _names(table: Table) -> list[str]:
    return [column.name for column in _TAKEN[table]]


def _sorted(table: Table, rows: Batch) -> list[Any]:
    """Sort rows of several queries by their key, each once: an order may meet two conditions."""
    places = [_TAKEN[table].index(column) for column in _KEYS[table]]

    def key(row: Sequence[Any]) -> tuple[Any, ...]:
        # A version without lines has no line number, and one row only.
        return tuple(row[place] or 0 for place in places)

    return sorted(dict.fromkeys(rows), key=key)
