"""Checked rows become the tables of a shop: one row an order, whole orders replaced by later ones.

Everything here is SQL over temporary tables of one DuckDB connection. `orders_in`, `lines_in`
and `products_in` collect what the files of one import gave; `resolve` merges them with what the
shop already held. The outcome does not depend on the order of files or rows.
"""

from __future__ import annotations

from typing import Final

import duckdb

from nba.data.checks import literal, quoted
from nba.schema import FLAT, ORDER_LINES, ORDERS, PRODUCTS, Table
from nba.statuses import STATUSES

ORDER_CELLS: Final = tuple(name for name in ORDERS.names if name in FLAT.names)
LINE_CELLS: Final = ("product_id", "quantity", "unit_price", "line_discount", "returned_quantity")
_FLOW: Final = "list_position([" + ",".join(literal(s) for s in STATUSES) + "], status)"
_KNOWN_AT: Final = "coalesce(status_at, delivered_at, ordered_at)"


def create_inputs(connection: duckdb.DuckDBPyConnection) -> None:
    """Create the empty tables that collect what the files give."""
    from nba.data.checks import Reading

    for table, name in (
        (ORDERS, "orders_in"),
        (ORDER_LINES, "lines_in"),
        (PRODUCTS, "products_in"),
    ):
        reading = Reading(table, ())
        cells = ", ".join(f"{reading.typed(c)} AS {quoted(c.name)}" for c in table.columns)
        extra = ", CAST(NULL AS VARCHAR) AS _version" if table is not PRODUCTS else ""
        connection.execute(f"CREATE TEMP TABLE {name} AS SELECT {cells}{extra} LIMIT 0")
    connection.execute(
        "CREATE TEMP TABLE stubs (product_id VARCHAR, title VARCHAR, "
        "category VARCHAR, brand VARCHAR, currency VARCHAR)"
    )


def add_flat(connection: duckdb.DuckDBPyConnection, good: str) -> list[int]:
    """Split the rows of a flat file into orders, lines and what they say of products.

    Args:
        connection: where `good` is a table with the columns of FLAT and `_row`.
        good: the checked rows.

    Returns:
        The `_row` numbers of lines whose order id also stands for another customer or instant:
        the version with the later instant is kept, these are to be quarantined.
    """
    fill = "coalesce(status, 'delivered') AS status"
    cells = ", ".join(fill if name == "status" else name for name in ORDER_CELLS)
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE versions AS SELECT DISTINCT {cells} FROM {good}"
    )
    clashes = connection.execute(
        "SELECT order_id FROM versions GROUP BY order_id HAVING count(*) > 1 LIMIT 1"
    ).fetchone()
    conflicting: list[int] = []
    kept = good
    if clashes is not None:
        conflicting = _drop_conflicts(connection, good)
        kept = "unclashed"
    # Order cells of one order and status agree now, so grouping by them is grouping by version.
    version = "CASE WHEN any_value(clash) THEN md5(string_agg(line, '|' ORDER BY line)) ELSE '' END"
    line = "concat_ws(',', " + ", ".join(LINE_CELLS) + ")"
    clash = "order_id IN (SELECT order_id FROM versions GROUP BY 1 HAVING count(*) > 1)"
    keys = ", ".join(name for name in ORDER_CELLS)
    connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE flat_orders AS
        SELECT {keys}, {version} AS _version FROM (
            SELECT * REPLACE (coalesce(status, 'delivered') AS status), {line} AS line,
                {"FALSE" if clashes is None else clash} AS clash
            FROM {kept}) GROUP BY {keys}
    """)
    connection.execute("INSERT INTO orders_in BY NAME SELECT * FROM flat_orders")
    numbering = (
        f"row_number() OVER (PARTITION BY l.order_id, _version ORDER BY {', '.join(LINE_CELLS)})"
    )
    same = " AND ".join(
        f"l.{name} IS NOT DISTINCT FROM o.{name}"
        for name in ORDER_CELLS
        if name not in ("order_id", "status")
    )
    join = (
        f"JOIN flat_orders o ON o.order_id = l.order_id AND {same} "
        "AND o.status = coalesce(l.status, 'delivered')"
    )
    connection.execute(
        f"""
        INSERT INTO lines_in BY NAME
        SELECT l.order_id, coalesce(l.line_no, {numbering}) AS line_no, l.product_id, l.quantity,
            l.unit_price, l.line_discount AS discount, l.returned_quantity,
            {"''" if clashes is None else "o._version"} AS _version
        FROM {kept} l {"" if clashes is None else join}
    """.replace("_version ORDER BY", ("'' ORDER BY" if clashes is None else "o._version ORDER BY"))
    )
    newest = ", ".join(
        f"arg_max({cell}, (ordered_at, {cell})) FILTER ({cell} IS NOT NULL) AS {cell}"
        for cell in ("title", "category", "brand", "currency")
    )
    connection.execute(
        f"INSERT INTO stubs SELECT product_id, {newest} FROM {kept} GROUP BY product_id"
    )
    return conflicting


def _drop_conflicts(connection: duckdb.DuckDBPyConnection, good: str) -> list[int]:
    connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE holders AS
        SELECT order_id, arg_max((customer_id, ordered_at), ({_KNOWN_AT}, {_FLOW}, ordered_at,
            coalesce(customer_id, ''))) AS holder
        FROM versions GROUP BY order_id
    """)
    holds = "l.customer_id IS NOT DISTINCT FROM h.holder[1] AND l.ordered_at = h.holder[2]"
    connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE unclashed AS
        SELECT l.* FROM {good} l JOIN holders h USING (order_id) WHERE {holds}
    """)
    rows = connection.execute(
        f"SELECT l._row FROM {good} l JOIN holders h USING (order_id) WHERE NOT ({holds}) ORDER BY 1"
    ).fetchall()
    return [row for (row,) in rows]


def add_rows(connection: duckdb.DuckDBPyConnection, table: Table, good: str) -> None:
    """Collect the rows of a canonical table."""
    target = {"orders": "orders_in", "order_lines": "lines_in", "products": "products_in"}[
        table.name
    ]
    version = "" if table is PRODUCTS else ", '' AS _version"
    connection.execute(f"INSERT INTO {target} BY NAME SELECT * EXCLUDE (_row){version} FROM {good}")


def resolve(connection: duckdb.DuckDBPyConnection, existing: dict[str, str]) -> None:
    """Merge the collected rows with the shop's own into `orders`, `order_lines`, `products`.

    Args:
        connection: holds the collected rows.
        existing: table name → SQL that reads the shop's present rows, for tables it has.
    """
    for name, collected in (("orders", "orders_in"), ("order_lines", "lines_in")):
        if name in existing:
            connection.execute(
                f"INSERT INTO {collected} BY NAME SELECT *, 'held' AS _version FROM ({existing[name]})"
            )
    connection.execute(f"""
        CREATE TEMP TABLE winners AS
        SELECT order_id, arg_max(_version, ({_KNOWN_AT}, {_FLOW}, _version = 'held', _version)) AS _version
        FROM orders_in GROUP BY order_id
    """)
    connection.execute("""
        CREATE TEMP TABLE orders AS
        SELECT DISTINCT ON (order_id) o.* EXCLUDE (_version)
        FROM orders_in o SEMI JOIN winners w ON o.order_id = w.order_id AND o._version = w._version
        ORDER BY order_id
    """)
    connection.execute("""
        CREATE TEMP TABLE order_lines AS
        SELECT DISTINCT ON (order_id, line_no) l.* EXCLUDE (_version)
        FROM lines_in l SEMI JOIN winners w ON l.order_id = w.order_id AND l._version = w._version
        ORDER BY order_id, line_no, product_id
    """)
    _resolve_products(connection, existing.get("products"))


def _resolve_products(connection: duckdb.DuckDBPyConnection, existing: str | None) -> None:
    if existing is not None:
        connection.execute(
            f"INSERT INTO stubs SELECT product_id, NULL, NULL, NULL, NULL FROM ({existing})"
        )
    held = existing or "SELECT * FROM products_in LIMIT 0"
    merged = ", ".join(
        f"coalesce(n.{name}, h.{name}) AS {name}"
        for name in PRODUCTS.names
        if name not in ("product_id", "title", "category", "brand", "currency")
    )
    told = ", ".join(
        f"coalesce(n.{name}, h.{name}, s.{name}) AS {name}"
        for name in ("category", "brand", "currency")
    )
    connection.execute(f"""
        CREATE TEMP TABLE products AS
        WITH n AS (SELECT DISTINCT ON (product_id) * FROM products_in ORDER BY ALL),
             h AS ({held}),
             s AS (SELECT product_id, max(title) AS title, max(category) AS category,
                       max(brand) AS brand, max(currency) AS currency FROM stubs GROUP BY product_id),
             sold AS (SELECT DISTINCT product_id FROM order_lines),
             every AS (SELECT product_id FROM n UNION SELECT product_id FROM h
                       UNION SELECT product_id FROM sold)
        SELECT product_id,
            coalesce(n.title, nullif(h.title, product_id), s.title, product_id) AS title,
            {told}, {merged}
        FROM every LEFT JOIN n USING (product_id) LEFT JOIN h USING (product_id)
            LEFT JOIN s USING (product_id)
        ORDER BY product_id
    """)
