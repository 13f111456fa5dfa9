"""What was taken in becomes the tables of a shop: one version an order, one row a product.

Everything here is SQL over the tables of an `Intake`. The outcome does not depend on the order of
files, rows or imports: of two versions of an order the later known one is chosen, then the one
further in the flow of statuses, then the one whose content has the greater hash.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import duckdb

from nba.data.checks import literal, quoted
from nba.data.intake import CANONICAL, FLOW, HELD, KNOWN_AT, Intake, one
from nba.data.products import resolve_products
from nba.schema import ORDER_LINES, ORDERS


@dataclass(frozen=True, slots=True)
class Resolved:
    """What was found on the way.

    Attributes:
        line_conflicts: (file, row) of lines whose number another line of their order has; the one
            whose content sorts first was taken.
        orphans: (file, row) of lines of orders that neither the files nor the shop hold.
        merged_lines: numbered lines that were given more than once, to the letter, and count once.
        superseded_orders: versions of orders that gave way to another.
        repeated_products: catalogue rows of products that have another in the same import.
    """

    line_conflicts: Sequence[tuple[int, int]]
    orphans: Sequence[tuple[int, int]]
    merged_lines: int
    superseded_orders: int
    repeated_products: int


def resolve(intake: Intake) -> Resolved:
    """Make the tables or views `orders`, `order_lines` and `products`."""
    connection = intake.connection
    line_cells = _cells([*ORDER_LINES.names, *intake.kept(ORDER_LINES)])
    order_cells = _cells([*ORDERS.names, *intake.kept(ORDERS)])
    conflicts, merged = _merge_numbered_lines(connection, line_cells)
    _number_lines(connection, line_cells)
    _adopt_lines(connection)
    orphans = _take_orphans(connection)
    superseded = _choose_versions(connection, order_cells, line_cells)
    repeated = resolve_products(intake)
    return Resolved(conflicts, orphans, merged, superseded, repeated)


def _merge_numbered_lines(
    connection: duckdb.DuckDBPyConnection, cells: Sequence[str]
) -> tuple[list[tuple[int, int]], int]:
    """Keep one line a line number of a set; give back the others that say something else."""
    connection.execute(f"""
        CREATE TEMP TABLE doubled AS
        SELECT order_id, line_no, _n_set FROM lines_in
        WHERE line_no IS NOT NULL AND _n_set <> {HELD}
        GROUP BY ALL HAVING count(*) > 1
    """)
    if not one(connection, "SELECT count(*) FROM doubled"):
        return [], 0
    connection.execute(f"""
        CREATE TEMP TABLE surplus AS
        SELECT * FROM (
            SELECT _n_file, _n_row, dense_rank() OVER same_number > 1 AS differs,
                row_number() OVER (same_number ROWS UNBOUNDED PRECEDING) > 1 AS repeats
            FROM lines_in SEMI JOIN doubled USING (order_id, line_no, _n_set)
            WINDOW same_number AS (
                PARTITION BY order_id, line_no, _n_set ORDER BY {_content(cells)}))
        WHERE differs OR repeats
    """)
    connection.execute(
        "DELETE FROM lines_in l USING surplus s WHERE l._n_file = s._n_file AND l._n_row = s._n_row"
    )
    conflicts = connection.execute(
        "SELECT _n_file, _n_row FROM surplus WHERE differs ORDER BY ALL"
    ).fetchall()
    return conflicts, one(connection, "SELECT count(*) FROM surplus WHERE NOT differs")


def _number_lines(connection: duckdb.DuckDBPyConnection, cells: Sequence[str]) -> None:
    """Make the table `lines`: lines without a number follow the numbered ones, by content."""
    by_content = ", ".join(cell for cell in cells if cell not in ('"order_id"', '"line_no"'))
    given = "0"
    if one(connection, f"SELECT count(line_no) FROM lines_in WHERE _n_set <> {HELD}"):
        given = "coalesce(max(line_no) OVER (PARTITION BY order_id, _n_set), 0)"
    number = f"""{given} + row_number() OVER (
        PARTITION BY order_id, _n_set, line_no IS NULL ORDER BY {by_content})"""
    connection.execute(f"""
        CREATE TEMP TABLE lines AS
        SELECT * REPLACE (coalesce(line_no, {number}) AS line_no)
        FROM lines_in WHERE _n_set <> {HELD}
        UNION ALL SELECT * FROM lines_in WHERE _n_set = {HELD}
    """)


def _adopt_lines(connection: duckdb.DuckDBPyConnection) -> None:
    """Lines that came without their order are a version of the order known from elsewhere."""
    connection.execute(f"""
        INSERT INTO orders_in
        SELECT * REPLACE ({CANONICAL} AS _n_set) FROM orders_in
        WHERE order_id IN (SELECT order_id FROM lines WHERE _n_set = {CANONICAL}
            EXCEPT SELECT order_id FROM orders_in WHERE _n_set = {CANONICAL})
    """)


def _take_orphans(connection: duckdb.DuckDBPyConnection) -> list[tuple[int, int]]:
    orphan = "order_id NOT IN (SELECT order_id FROM orders_in)"
    found = connection.execute(
        f"SELECT _n_file, _n_row FROM lines WHERE _n_set = {CANONICAL} AND {orphan} ORDER BY ALL"
    ).fetchall()
    if found:
        connection.execute(f"DELETE FROM lines WHERE {orphan}")
    return found


def _choose_versions(
    connection: duckdb.DuckDBPyConnection, order_cells: Sequence[str], line_cells: Sequence[str]
) -> int:
    """Make `orders` and `order_lines` of one version an order, and count those left out."""
    orders, lines = _select(order_cells), _select(line_cells)
    connection.execute("""
        CREATE TEMP TABLE contested AS
        SELECT order_id FROM orders_in GROUP BY order_id HAVING count(*) > 1
    """)
    if not one(connection, "SELECT count(*) FROM contested"):
        connection.execute(f"CREATE TEMP VIEW orders AS SELECT {orders} FROM orders_in")
        connection.execute(f"CREATE TEMP VIEW order_lines AS SELECT {lines} FROM lines")
        return 0
    connection.execute(f"""
        CREATE TEMP TABLE versions AS
        WITH bodies AS (
            SELECT order_id, _n_set, string_agg(content, chr(30) ORDER BY content) AS body
            FROM (SELECT order_id, _n_set, {_content(line_cells)} AS content
                  FROM lines SEMI JOIN contested USING (order_id))
            GROUP BY order_id, _n_set)
        SELECT o.*, body IS NOT NULL AS has_lines,
            md5({_content(order_cells)} || chr(29) || coalesce(body, '')) AS hash
        FROM orders_in o SEMI JOIN contested USING (order_id)
            LEFT JOIN bodies USING (order_id, _n_set)
    """)
    latest = f"""QUALIFY row_number() OVER (
        PARTITION BY order_id ORDER BY {KNOWN_AT} DESC, {FLOW} DESC, hash DESC, _n_set) = 1"""
    connection.execute(f"""
        CREATE TEMP TABLE orders AS
        SELECT {orders} FROM orders_in ANTI JOIN contested USING (order_id)
        UNION ALL SELECT {orders} FROM versions {latest}
    """)
    # An order that came without lines has those of its latest version that has some.
    connection.execute(f"""
        CREATE TEMP TABLE order_lines AS
        SELECT {lines} FROM lines ANTI JOIN contested USING (order_id)
        UNION ALL
        SELECT {lines} FROM lines SEMI JOIN (
            SELECT order_id, _n_set FROM versions WHERE has_lines {latest}) USING (order_id, _n_set)
    """)
    return one(
        connection,
        "SELECT count(DISTINCT (order_id, hash)) - count(DISTINCT order_id) FROM versions",
    )


def _content(cells: Iterable[str]) -> str:
    """Write filled cells as one text that does not depend on which empty columns there are."""
    named = (f"{literal(cell[1:-1].casefold() + '=')} || {cell}" for cell in cells)
    return f"concat_ws(chr(31), {', '.join(named)})"


def _select(cells: Iterable[str]) -> str:
    """Select cells under the names they have here, whatever the capitals in the table."""
    return ", ".join(f"{cell} AS {cell}" for cell in cells)


def _cells(names: Iterable[str]) -> list[str]:
    return [quoted(name) for name in names]
