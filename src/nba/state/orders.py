"""The queries of orders: their lines and histories, as the rows that the fold takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import CTE, Connection, Select, Table, select, union

from nba.facts.rows import Rows
from nba.state.asking import Batch, columns_of
from nba.state.tables import ORDER_LINES, ORDER_STATUSES, ORDER_VERSIONS, ORDERS
from nba.state.together import Among

_TAKEN: Final = {
    table: [table.c[name] for name in names.split()]
    for table, names in (
        (ORDERS, "order_id customer_id ordered_at status status_at delivered_at discount is_test"),
        (ORDER_LINES, "order_id line_no product_id quantity unit_price discount returned_quantity"),
        (ORDER_STATUSES, "order_id status at"),
        (
            ORDER_VERSIONS,
            "order_id version customer_id ordered_at status status_at delivered_at discount "
            "is_test line_no product_id quantity unit_price line_discount returned_quantity",
        ),
    )
}
"""The columns that the fold reads, in the order of the arguments of `Rows.of_columns`."""
_KEYS: Final = {
    ORDERS: ("order_id",),
    ORDER_LINES: ("order_id", "line_no"),
    ORDER_STATUSES: ("order_id", "at", "status"),
    ORDER_VERSIONS: ("order_id", "version", "line_no"),
}
"""What sorts the rows of a table as `Rows.of_columns` takes them."""
_PLACES: Final = {
    table: [_TAKEN[table].index(table.c[name]) for name in names] for table, names in _KEYS.items()
}


def selects_of_orders(accounts: CTE, among: Among) -> dict[str, Select[Any]]:
    """Select the orders of some accounts, those too of which an earlier version is theirs.

    Args:
        accounts: has their names in the column `name`.
        among: writes that a column holds one of them.

    Returns:
        Table → its rows of these orders.
    """
    chosen = union(
        *(
            select(table.c.order_id).where(among(table.c.customer_id, accounts.c.name))
            for table in (ORDERS, ORDER_VERSIONS)
        )
    ).cte("their_orders")
    return {
        table.name: select(*taken).where(among(table.c.order_id, chosen.c.order_id))
        for table, taken in _TAKEN.items()
    }


def rows_of(found: Mapping[str, Sequence[Batch]]) -> Rows:
    """Sort what `selects_of_orders` found, each row once.

    Args:
        found: table → the rows of each time it was asked.
    """
    return Rows.of_columns(
        *(_columns(table, [row for rows in found[table.name] for row in rows]) for table in _TAKEN)
    )


def all_rows(connection: Connection) -> Rows:
    """Read everything."""
    sorted_by_key = {
        table: select(*taken).order_by(*(table.c[name] for name in _KEYS[table]))
        for table, taken in _TAKEN.items()
    }
    return Rows.of_columns(
        *(
            columns_of(_names(table), connection.execute(query).all())
            for table, query in sorted_by_key.items()
        )
    )


def _columns(table: Table, rows: Batch) -> dict[str, Sequence[Any]]:
    places = _PLACES[table]
    # A version without lines has no line number, and one row only.
    once = {tuple(row[place] or 0 for place in places): row for row in rows}
    return columns_of(_names(table), [once[key] for key in sorted(once)])


def _names(table: Table) -> list[str]:
    return [column.name for column in _TAKEN[table]]
