"""The order tables of a DuckDB connection, read as rows."""

from __future__ import annotations

from typing import Any, Final

import duckdb
import numpy as np
from numpy.typing import NDArray

from nba.data.conforming import conform
from nba.domain import INT32_LIMIT, Ids
from nba.errors import DataError
from nba.facts.histories import Statuses, Versions
from nba.facts.rows import Rows
from nba.schema import ORDER_LINES, ORDER_STATUSES, ORDER_VERSIONS, ORDERS
from nba.statuses import STATUSES

_STATUS_CODE: Final = " ".join(f"WHEN '{name}' THEN {code}" for code, name in enumerate(STATUSES))
AT: Final = "datetime64[us]"
"""The dtype of instants."""


def read_rows(connection: duckdb.DuckDBPyConnection) -> Rows:
    """Code the order tables by their sorted ids.

    Args:
        connection: with the tables or views `orders` and `order_lines`; `order_statuses` and
            `order_versions` are read where they are.

    Raises:
        DataError: a table breaks its contract, or there are more products than a code can name.
    """
    orders_held, lines_held = conform(connection, ORDERS), conform(connection, ORDER_LINES)
    connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE coded_orders AS
        WITH customers AS (
            SELECT customer_id, row_number() OVER (ORDER BY customer_id) - 1 AS customer
            FROM (SELECT DISTINCT customer_id FROM {orders_held}
                WHERE customer_id IS NOT NULL))
        SELECT o.order_id, row_number() OVER (ORDER BY o.order_id) - 1 AS code,
            CAST(coalesce(c.customer, (SELECT count(*) FROM customers) - 1 + row_number() OVER (
                PARTITION BY c.customer IS NULL ORDER BY o.order_id)) AS INTEGER) AS customer,
            o.ordered_at, CAST(CASE o.status {_STATUS_CODE} END AS TINYINT) AS status,
            o.status_at, o.delivered_at, coalesce(o.discount, 0) AS discount,
            coalesce(o.is_test, FALSE) AS is_test
        FROM {orders_held} o LEFT JOIN customers c USING (customer_id)
    """)
    product_ids = distinct_ids(connection, "product_id", lines_held)
    orders = connection.execute("SELECT * FROM coded_orders ORDER BY code").fetchnumpy()
    lines = connection.execute(f"""
        WITH products AS (
            SELECT product_id, row_number() OVER (ORDER BY product_id) - 1 AS code
            FROM (SELECT DISTINCT product_id FROM {lines_held}))
        SELECT CAST(o.code AS INTEGER) AS line_order, CAST(p.code AS INTEGER) AS line_product,
            l.quantity, coalesce(l.returned_quantity, 0) AS returned_quantity,
            coalesce(l.unit_price, 0) AS unit_price, coalesce(l.discount, 0) AS line_discount
        FROM {lines_held} l JOIN coded_orders o USING (order_id) JOIN products p USING (product_id)
        ORDER BY o.code, l.line_no
    """).fetchnumpy()
    names = table_names(connection)
    return Rows(
        customer_ids=distinct_ids(connection, "customer_id", orders_held),
        product_ids=product_ids,
        order_ids=Ids.of(orders["order_id"]),
        customer=column(orders, "customer", np.int32),
        ordered_at=column(orders, "ordered_at", AT),
        status=column(orders, "status", np.int8),
        status_at=column(orders, "status_at", AT),
        delivered_at=column(orders, "delivered_at", AT),
        discount=column(orders, "discount", np.int64),
        is_test=column(orders, "is_test", np.bool_),
        line_order=column(lines, "line_order", np.int32),
        line_product=column(lines, "line_product", np.int32),
        quantity=column(lines, "quantity", np.int64),
        returned_quantity=column(lines, "returned_quantity", np.int64),
        unit_price=column(lines, "unit_price", np.int64),
        line_discount=column(lines, "line_discount", np.int64),
        statuses=_statuses(connection) if "order_statuses" in names else Statuses.none(),
        versions=_versions(connection) if "order_versions" in names else Versions.none(),
    )


def table_names(connection: duckdb.DuckDBPyConnection) -> frozenset[str]:
    """Name the tables and views of a connection."""
    found = connection.execute("SELECT table_name FROM information_schema.tables").fetchall()
    return frozenset(name for (name,) in found)


def _statuses(connection: duckdb.DuckDBPyConnection) -> Statuses:
    rows = connection.execute(f"""
        SELECT CAST(o.code AS INTEGER) AS code, s."at",
            CAST(CASE s.status {_STATUS_CODE} END AS TINYINT) AS status
        FROM {conform(connection, ORDER_STATUSES)} s
            JOIN (SELECT order_id, code FROM coded_orders) o USING (order_id)
    """).fetchnumpy()
    return Statuses.of(
        column(rows, "code", np.int32), column(rows, "at", AT), column(rows, "status", np.int8)
    )


def _versions(connection: duckdb.DuckDBPyConnection) -> Versions:
    connection.execute(f"""
        CREATE OR REPLACE TEMP VIEW held_versions AS
        SELECT v.*, o.code
        FROM {conform(connection, ORDER_VERSIONS)} v
            JOIN (SELECT order_id, code FROM coded_orders) o USING (order_id)
    """)
    rows = connection.execute(f"""
        WITH customers AS (
            SELECT customer_id, row_number() OVER (ORDER BY customer_id) - 1 AS customer
            FROM (SELECT DISTINCT customer_id FROM held_versions WHERE customer_id IS NOT NULL)),
        products AS (
            SELECT product_id, row_number() OVER (ORDER BY product_id) - 1 AS product
            FROM (SELECT DISTINCT product_id FROM held_versions WHERE product_id IS NOT NULL))
        SELECT v.code, coalesce(c.customer, (SELECT count(*) FROM customers)) AS customer,
            v.ordered_at, CAST(CASE v.status {_STATUS_CODE} END AS TINYINT) AS status,
            v.status_at, v.delivered_at, coalesce(v.discount, 0) AS discount,
            coalesce(v.is_test, FALSE) AS is_test, coalesce(p.product, 0) AS line_product,
            coalesce(v.quantity, 0) AS quantity,
            coalesce(v.returned_quantity, 0) AS returned_quantity,
            coalesce(v.unit_price, 0) AS unit_price, coalesce(v.line_discount, 0) AS line_discount,
            v.line_no IS NOT NULL AS is_line,
            row_number() OVER (PARTITION BY v.code, v.version ORDER BY v.line_no) = 1 AS begins
        FROM held_versions v LEFT JOIN customers c USING (customer_id)
            LEFT JOIN products p USING (product_id)
        ORDER BY v.code, v.version, v.line_no
    """).fetchnumpy()
    kinds: dict[str, type | str] = {
        "customer": np.int32,
        "status": np.int8,
        "is_test": np.bool_,
        "line_product": np.int32,
        **dict.fromkeys(("ordered_at", "status_at", "delivered_at"), AT),
        **dict.fromkeys(("discount", "quantity", "returned_quantity"), np.int64),
        **dict.fromkeys(("unit_price", "line_discount"), np.int64),
    }
    return Versions.of_rows(
        distinct_ids(connection, "customer_id", "held_versions"),
        distinct_ids(connection, "product_id", "held_versions"),
        column(rows, "begins", np.bool_),
        column(rows, "is_line", np.bool_),
        {name: column(rows, name, kind) for name, kind in kinds.items()}
        | {"order": column(rows, "code", np.int32)},
    )


def distinct_ids(connection: duckdb.DuckDBPyConnection, name: str, table: str) -> Ids:
    """Give the ids that a column holds.

    Raises:
        DataError: there are more than a code can name.
    """
    found = connection.execute(
        f"SELECT DISTINCT {name} FROM {table} WHERE {name} IS NOT NULL"
    ).fetchnumpy()[name]
    if len(found) > INT32_LIMIT:
        raise DataError(f"{len(found)} values of {name} are more than the {INT32_LIMIT} of a code")
    return Ids.of(found)


def codes_of(name: str, code: str, table: str) -> str:
    """Give the SQL of the codes of a column's values, in their order."""
    return (
        f"{code}_codes AS (SELECT {name}, row_number() OVER (ORDER BY {name}) - 1 AS {code} "
        f"FROM (SELECT DISTINCT {name} FROM {table} WHERE {name} IS NOT NULL))"
    )


def renumbered(ids: Ids, code: NDArray[np.int32]) -> tuple[Ids, NDArray[np.int32]]:
    """Keep the ids that a code names, and number them anew; -1 names none, and stays."""
    is_named = np.zeros(len(ids), np.bool_)
    is_named[code[code >= 0]] = True
    # A code of -1 finds what is appended.
    number = np.append(np.cumsum(is_named) - 1, -1).astype(np.int32)
    return ids.take(np.flatnonzero(is_named)), number[code]


def column(table: dict[str, Any], name: str, dtype: type | str) -> NDArray[Any]:
    """Give a fetched column, which may be null only where it holds instants; those are NaT then."""
    values = table[name]
    if isinstance(values, np.ma.MaskedArray):
        values = np.ma.filled(values.astype(AT), np.datetime64("NaT"))
    return np.ascontiguousarray(values.astype(dtype))
