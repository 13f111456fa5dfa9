"""The order tables of a DuckDB connection, read as rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import duckdb
import numpy as np
from numpy.typing import NDArray

from nba.data.conforming import conform
from nba.data.spans import Span, in_spans, row_count
from nba.domain import INT32_LIMIT, Ids
from nba.errors import DataError
from nba.facts.histories import Statuses, Versions
from nba.facts.parts import Collected, Portions
from nba.facts.rows import Rows
from nba.ranges import offsets
from nba.schema import ORDER_LINES, ORDER_STATUSES, ORDER_VERSIONS, ORDERS
from nba.statuses import STATUSES

_STATUS_CODE: Final = " ".join(f"WHEN '{name}' THEN {code}" for code, name in enumerate(STATUSES))
"""The SQL that turns a status into its code, within CASE and END."""
_TEXTS_AT_ONCE: Final = 1 << 18
AT: Final = "datetime64[us]"
"""The dtype of instants."""


def read_rows(connection: duckdb.DuckDBPyConnection, portions: Portions | None = None) -> Rows:
    """Code the order tables by their sorted ids.

    Of many lines some orders are read at a time, so that neither a sort nor the texts of the
    order ids need room for all of them.

    Args:
        connection: with the tables or views `orders` and `order_lines`; `order_statuses` and
            `order_versions` are read where they are.
        portions: how many lines to read, and to hold, at a time; by default the usual ones.

    Raises:
        DataError: a table breaks its contract, there are more products than a code can name, or
            the folder of temporary files has no room.
    """
    portions, names = portions or Portions(), table_names(connection)
    views = {one.name: conform(connection, one) for one in (ORDERS, ORDER_LINES)}
    customer_ids = _code(connection, "customer", views[ORDERS.name])
    product_ids = _code(connection, "product", views[ORDER_LINES.name])
    for one in (ORDER_STATUSES, ORDER_VERSIONS):
        if one.name in names:
            views[one.name] = conform(connection, one)
    line_count = row_count(connection, views[ORDER_LINES.name])
    with in_spans(connection, views, -(-line_count // portions.part_lines)) as (spans, held):
        if len(spans) == 1:
            return _read_span(connection, spans[0], held, customer_ids, product_ids)
        in_files = line_count > portions.held_lines
        collected = Collected(customer_ids, product_ids, in_files=in_files)
        for span in spans:
            collected.add(_read_span(connection, span, held, customer_ids, product_ids))
    return collected.rows()


def _read_span(
    connection: duckdb.DuckDBPyConnection,
    span: Span,
    views: Mapping[str, str],
    customer_ids: Ids,
    product_ids: Ids,
) -> Rows:
    """Read some orders."""
    connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE span_orders AS
        SELECT o.order_id, CAST(row_number() OVER (ORDER BY o.order_id) - 1 AS INTEGER) AS code,
            coalesce(c.customer, -1) AS customer,
            o.ordered_at, CAST(CASE o.status {_STATUS_CODE} END AS TINYINT) AS status,
            o.status_at, o.delivered_at, coalesce(o.discount, 0) AS discount,
            coalesce(o.is_test, FALSE) AS is_test
        FROM {views[ORDERS.name]} o LEFT JOIN customer_codes c USING (customer_id)
        WHERE {span.holds("o.order_id")}
    """)
    orders = connection.execute("SELECT * FROM span_orders ORDER BY code").fetchnumpy()
    lines = connection.execute(f"""
        SELECT o.code AS line_order, p.product AS line_product, l.quantity,
            coalesce(l.returned_quantity, 0) AS returned_quantity,
            coalesce(l.unit_price, 0) AS unit_price, coalesce(l.discount, 0) AS line_discount
        FROM {views[ORDER_LINES.name]} l JOIN span_orders o USING (order_id)
            JOIN product_codes p USING (product_id)
        WHERE {span.holds("l.order_id")} ORDER BY o.code, l.line_no
    """).fetchnumpy()
    customer = column(orders, "customer", np.int32)
    is_guest = customer < 0
    customer[is_guest] = len(customer_ids) + np.arange(np.count_nonzero(is_guest))
    return Rows(
        customer_ids=customer_ids,
        product_ids=product_ids,
        order_ids=Ids.of(orders["order_id"]),
        customer=customer,
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
        statuses=_statuses(connection, span, views.get(ORDER_STATUSES.name)),
        versions=_versions(connection, span, views.get(ORDER_VERSIONS.name)),
    )


def _statuses(connection: duckdb.DuckDBPyConnection, span: Span, view: str | None) -> Statuses:
    if view is None:
        return Statuses.none()
    rows = connection.execute(f"""
        SELECT o.code, s."at", CAST(CASE s.status {_STATUS_CODE} END AS TINYINT) AS status
        FROM {view} s JOIN (SELECT order_id, code FROM span_orders) o USING (order_id)
        WHERE {span.holds("s.order_id")}
    """).fetchnumpy()
    return Statuses.of(
        column(rows, "code", np.int32), column(rows, "at", AT), column(rows, "status", np.int8)
    )


def _versions(connection: duckdb.DuckDBPyConnection, span: Span, view: str | None) -> Versions:
    if view is None:
        return Versions.none()
    connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE span_versions AS
        SELECT v.*, o.code
        FROM {view} v JOIN (SELECT order_id, code FROM span_orders) o USING (order_id)
        WHERE {span.holds("v.order_id")}
    """)
    rows = connection.execute(f"""
        WITH customers AS (
            SELECT customer_id, row_number() OVER (ORDER BY customer_id) - 1 AS customer
            FROM (SELECT DISTINCT customer_id FROM span_versions WHERE customer_id IS NOT NULL)),
        products AS (
            SELECT product_id, row_number() OVER (ORDER BY product_id) - 1 AS product
            FROM (SELECT DISTINCT product_id FROM span_versions WHERE product_id IS NOT NULL))
        SELECT v.code, coalesce(c.customer, (SELECT count(*) FROM customers)) AS customer,
            v.ordered_at, CAST(CASE v.status {_STATUS_CODE} END AS TINYINT) AS status,
            v.status_at, v.delivered_at, coalesce(v.discount, 0) AS discount,
            coalesce(v.is_test, FALSE) AS is_test, coalesce(p.product, 0) AS line_product,
            coalesce(v.quantity, 0) AS quantity,
            coalesce(v.returned_quantity, 0) AS returned_quantity,
            coalesce(v.unit_price, 0) AS unit_price, coalesce(v.line_discount, 0) AS line_discount,
            v.line_no IS NOT NULL AS is_line,
            row_number() OVER (PARTITION BY v.code, v.version ORDER BY v.line_no) = 1 AS begins
        FROM span_versions v LEFT JOIN customers c USING (customer_id)
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
        distinct_ids(connection, "customer_id", "span_versions"),
        distinct_ids(connection, "product_id", "span_versions"),
        column(rows, "begins", np.bool_),
        column(rows, "is_line", np.bool_),
        {name: column(rows, name, kind) for name, kind in kinds.items()}
        | {"order": column(rows, "code", np.int32)},
    )


def _code(connection: duckdb.DuckDBPyConnection, kind: str, view: str) -> Ids:
    """Make the table `<kind>_codes` of the customers or products of a view, and give their ids.

    Raises:
        DataError: there are more than a code can name.
    """
    connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE {kind}_codes AS
        SELECT {kind}_id, CAST(row_number() OVER (ORDER BY {kind}_id) - 1 AS BIGINT) AS {kind}
        FROM (SELECT DISTINCT {kind}_id FROM {view} WHERE {kind}_id IS NOT NULL)
    """)
    count = row_count(connection, f"{kind}_codes")
    if count > INT32_LIMIT:
        raise DataError(f"{count} values of {kind}_id are more than the {INT32_LIMIT} of a code")
    packed = []
    # A text takes several times the room until it is packed.
    for first in range(0, max(count, 1), _TEXTS_AT_ONCE):
        found = connection.execute(
            f"SELECT {kind}_id FROM {kind}_codes "
            f"WHERE {kind} >= {first} AND {kind} < {first + _TEXTS_AT_ONCE} ORDER BY {kind}"
        ).fetchnumpy()
        packed.append(Ids.of(found[f"{kind}_id"]))
    if len(packed) == 1:
        return packed[0]
    length = np.concatenate([np.diff(one.offsets) for one in packed])
    return Ids(np.concatenate([one.data for one in packed]), offsets(length))


def table_names(connection: duckdb.DuckDBPyConnection) -> frozenset[str]:
    """Name the tables and views of a connection."""
    found = connection.execute("SELECT table_name FROM information_schema.tables").fetchall()
    return frozenset(name for (name,) in found)


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
