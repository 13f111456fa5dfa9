"""Random order tables as a lake or a store may hold them, for whoever counts them there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import duckdb
import numpy as np
import pyarrow as pa

from nba.data.history import OrderHistory
from nba.schema import ORDER_LINES, ORDER_STATUSES, ORDER_VERSIONS, ORDERS, Column, Kind
from nba.statuses import STATUSES

Row = dict[str, Any]
Tables = dict[str, list[Row]]

ORDER_TABLES: Final = {
    one.name: one for one in (ORDERS, ORDER_LINES, ORDER_STATUSES, ORDER_VERSIONS)
}
IDS: Final = ("a", "B", "ä", "_", "10", "9", "aa", "b", "Ä", "z", "-", "я", "\U0001f600", "\uffee")
"""Languages, code points and UTF-16 sort these in different ways."""
BEGINNINGS: Final = ("1969-12-20", "2026-03-20", "2026-10-15")
"""Across the year 1970, and across both changes of the clocks."""


def drawn(seed: int, *, orders: int = 60, days: int = 40) -> Tables:
    """Draw orders of which everything may be told that tables can tell, sense or not.

    Instants are texts in UTC, of a few, so that many are equal; a shown order need not be the
    latest version of its own.
    """
    random = np.random.default_rng(seed)
    begin = np.datetime64(BEGINNINGS[seed % len(BEGINNINGS)], "us")
    pool = begin + random.integers(0, days * 86_400_000_000, 30).astype("timedelta64[us]")
    pool = np.append(pool, pool[:5] + np.timedelta64(1, "us"))

    def one_of(values: Sequence[Any]) -> Any:
        return values[int(random.integers(len(values)))]

    def instant(*, none: float = 0.0) -> str | None:
        return None if random.random() < none else str(one_of(pool))

    def version(order_id: str) -> Row:
        return {
            "order_id": order_id,
            # Some have many orders, others one or two.
            "customer_id": one_of(
                (*IDS[:6], *[one_of(IDS) + str(random.integers(orders))] * 6, None)
            ),
            "ordered_at": instant(),
            "status": one_of((*STATUSES, *("paid", "delivered", "pending_confirmation") * 4)),
            "status_at": instant(none=0.4),
            "delivered_at": instant(none=0.6),
            "discount": one_of((None, 0, 7, 20, 101, -4, 10**7)),
            "is_test": one_of((None, False, False, True)),
        }

    def lines(least: int) -> list[Row]:
        return [
            {
                "line_no": number,
                "product_id": one_of(IDS),
                "quantity": one_of((0, 1, 1, 2, 3)),
                "unit_price": one_of((None, 0, 1, 99, 100, 250, 333, -5, 2**48 + 1)),
                "discount": one_of((None, None, 0, 30, -3, 10**6)),
                "returned_quantity": one_of((None, None, None, None, 0, 1, 2, -1)),
            }
            for number in range(1, int(random.integers(least, 5)) + 1)
        ]

    tables: Tables = {name: [] for name in ORDER_TABLES}
    for number in range(orders):
        order_id = f"{one_of(IDS)}{number}"
        tables["orders"].append(version(order_id))
        tables["order_lines"] += [
            {"order_id": order_id} | one for one in lines(0 if random.random() < 0.05 else 1)
        ]
        for earlier in random.permutation(len(IDS))[: max(int(random.integers(-4, 4)), 0)]:
            cells = version(order_id) | {"version": IDS[earlier]}
            rows = lines(0 if random.random() < 0.3 else 1)
            tables["order_versions"] += [
                one | cells | {"line_discount": one.get("discount")} for one in rows or [{}]
            ]
        told = {(one_of(STATUSES), instant()) for _ in range(max(int(random.integers(-3, 5)), 0))}
        tables["order_statuses"] += [
            {"order_id": order_id, "status": status, "at": at} for status, at in sorted(told)
        ]
    return tables


def arrow(tables: Tables, name: str) -> pa.Table:
    """Give the rows of an order table with the columns of its contract, instants in UTC."""
    contract, rows = ORDER_TABLES[name], tables[name]
    kinds = {Kind.COUNT: pa.int64(), Kind.MONEY: pa.int64(), Kind.BOOLEAN: pa.bool_()}

    def cells(column: Column) -> pa.Array:
        told = [row.get(column.name) for row in rows]
        if column.kind is Kind.INSTANT:
            return pa.array(np.array(told, "datetime64[us]"))
        return pa.array(told, kinds.get(column.kind, pa.string()))

    return pa.table({one.name: cells(one) for one in contract.columns})


def create(connection: duckdb.DuckDBPyConnection, tables: Tables) -> None:
    """Make the order tables in a connection."""
    for name in ORDER_TABLES:
        connection.register("drawn_rows", arrow(tables, name))
        connection.execute(f"CREATE TABLE {name} AS SELECT * FROM drawn_rows")
        connection.unregister("drawn_rows")


def history_of(tables: Tables) -> OrderHistory:
    """Read the tables into the memory."""
    with duckdb.connect() as connection:
        create(connection, tables)
        return OrderHistory.from_tables(connection)


def instants_of(tables: Tables) -> list[np.datetime64]:
    """Give every instant that some row names, and those just behind, ascending."""
    told = {
        np.datetime64(cell, "us")
        for rows in (tables[name] for name in ORDER_TABLES)
        for row in rows
        for name, cell in row.items()
        if name.endswith("at") and cell is not None
    }
    return sorted(told | {at + np.timedelta64(1, "us") for at in told})
