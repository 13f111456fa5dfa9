"""The queries of orders: their lines and histories, as the rows that the fold takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import CTE, Connection, Select, Table, select, union

from nba.facts.rows import Rows
from nba.state.asking import Batch, columns_of, joined
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
            "order_id version line_no customer_id ordered_at status status_at delivered_at "
            "discount is_test product_id quantity unit_price line_discount returned_quantity",
        ),
    )
}
"""The columns that the fold reads, in the order of the arguments of `Rows.of_columns`."""
_KEYS: Final = {
    ORDERS: ("order_id",),
    ORDER_LINES: ("order_id", "line_no"),
    ORDER_STATUSES: ("order_id", "status", "at"),
    ORDER_VERSIONS: ("order_id", "version", "line_no"),
}
"""What sorts the rows of a table as `Rows.of_columns` takes them: its first columns."""


_NAMES: Final = {
    table.name: [column.name for column in columns] for table, columns in _TAKEN.items()
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
        *(
            columns_of(_NAMES[table.name], _sorted(table, joined(found[table.name])))
            for table in _TAKEN
        )
    )


def all_rows(connection: Connection) -> Rows:
    """Read everything."""
    sorted_by_key = {
        table: select(*taken).order_by(*(table.c[name] for name in _KEYS[table]))
        for table, taken in _TAKEN.items()
    }
    return Rows.of_columns(
        *(
            columns_of(_NAMES[table.name], connection.execute(query).all())
            for table, query in sorted_by_key.items()
        )
    )


def _sorted(table: Table, rows: Batch) -> Batch:
    if table is ORDER_VERSIONS:
        # A version without lines has no line number, and one row only; no key keeps rows apart.
        once = {(row[0], row[1], row[2] or 0): row for row in rows}
        return [once[key] for key in sorted(once)]
    # The key stands first, so that no other cells are compared.
    return sorted(rows, key=tuple)
