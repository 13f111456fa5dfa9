"""What was taken in becomes the tables of a shop.

Everything here is SQL over the tables of an `Intake`, in this order: lines get numbers, each order
one of its versions (`versions`), each line a product (`products`), and all other rows one place a
key (`merging`). Nothing depends on the order of rows and files, nor on that of imports, as long as
lines come with their orders or after them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import duckdb

from nba.data.checks import quoted
from nba.data.flows import find_illegal_jumps
from nba.data.intake import CANONICAL, HELD, Intake, one
from nba.data.merging import merge_consents, merge_tables
from nba.data.products import (
    Found,
    find_products,
    gather_catalogue,
    make_product_states,
    make_products,
)
from nba.data.quarantine import SHOWN
from nba.data.versions import choose_versions, content
from nba.schema import ORDER_LINES


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
        repeated_rows: table → rows whose key another row of the import has, of all other tables.
        found: how lines without a product id were given one.
        ignored_consents: grants without an instant, which count for nothing.
        illegal_jumps: (status, next status) that no flow allows → how often.
        waiting_statuses: rows of order statuses whose order is not known yet.
    """

    line_conflicts: Sequence[tuple[int, int]]
    orphans: Sequence[tuple[int, int]]
    merged_lines: int
    superseded_orders: int
    repeated_products: int
    repeated_rows: Mapping[str, int]
    found: Found
    ignored_consents: int
    illegal_jumps: Mapping[tuple[str, str], int]
    waiting_statuses: int

    def misplaced(self) -> str:
        """Say which rows of lines are orphans or, where none is, conflict, and what to do."""
        if self.orphans:
            rows = [row for _, row in self.orphans]
            return (
                f"rows {rows[:SHOWN]} of order_lines have an order_id that orders lacks; "
                "add the order"
            )
        rows = [row for _, row in self.line_conflicts]
        return (
            f"rows {rows[:SHOWN]} repeat the line number of another line of their order; "
            "number anew"
        )


def resolve(intake: Intake) -> Resolved:
    """Make the tables or views of a shop, under their names."""
    connection = intake.connection
    line_cells = [quoted(name) for name in (*ORDER_LINES.names, *intake.kept(ORDER_LINES))]
    conflicts, merged = _merge_numbered_lines(connection, line_cells)
    _number_lines(connection, line_cells)
    orphans = _take_orphans(connection)
    superseded = choose_versions(intake)
    repeated_products = gather_catalogue(intake)
    found = find_products(intake)
    ignored_consents = merge_consents(intake)
    repeated_rows = merge_tables(intake)
    make_product_states(intake)
    make_products(intake)
    return Resolved(
        conflicts,
        orphans,
        merged,
        superseded,
        repeated_products,
        repeated_rows,
        found,
        ignored_consents,
        find_illegal_jumps(connection),
        one(
            connection,
            "SELECT count(*) FROM order_statuses ANTI JOIN orders USING (order_id)",
        ),
    )


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
                PARTITION BY order_id, line_no, _n_set ORDER BY {content(cells)}))
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


def _take_orphans(connection: duckdb.DuckDBPyConnection) -> list[tuple[int, int]]:
    orphan = "order_id NOT IN (SELECT order_id FROM orders_in)"
    found = connection.execute(
        f"SELECT _n_file, _n_row FROM lines WHERE _n_set = {CANONICAL} AND {orphan} ORDER BY ALL"
    ).fetchall()
    if found:
        connection.execute(f"DELETE FROM lines WHERE {orphan}")
    return found
