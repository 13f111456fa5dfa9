"""Lines of orders that were left out on purpose are left out with them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import duckdb

from nba.data.staging import Places, Staged

_LEFT_OUT: Final = "orders_left_out"


def leave_out_lines(
    connection: duckdb.DuckDBPyConnection,
    orders: Sequence[tuple[Staged, str]],
    lines: Sequence[str],
) -> list[tuple[str, str, Places]]:
    """Take the lines of skipped orders out of the tables of order lines.

    An order that another row gives too is not left out.

    Args:
        connection: where the tables are.
        orders: the rows of each source of orders, and the table of the good ones.
        lines: tables of good order lines.

    Returns:
        (table of lines, why the order was skipped, rows of the source), without empty ones.
    """
    skipping = [staged for staged, _ in orders if staged.skipped]
    if not skipping or not lines:
        return []
    skipped = " UNION ALL ".join(staged.skipped_cells("order_id") for staged in skipping)
    given = " UNION ALL ".join(f"SELECT order_id FROM {good}" for _, good in orders)
    connection.execute(f"""
        CREATE TEMP TABLE {_LEFT_OUT} AS
        SELECT order_id, min(because) AS because FROM ({skipped})
        ANTI JOIN ({given}) USING (order_id) GROUP BY order_id
    """)
    found = []
    for good in lines:
        reasons = connection.execute(
            f"SELECT DISTINCT because FROM {good} JOIN {_LEFT_OUT} USING (order_id) ORDER BY ALL"
        ).fetchall()
        for (because,) in reasons:
            places = connection.execute(
                f"SELECT _n_place FROM {good} JOIN {_LEFT_OUT} USING (order_id) WHERE because = ?",
                [because],
            ).fetchnumpy()["_n_place"]
            found.append((good, because, places))
        connection.execute(
            f"DELETE FROM {good} WHERE order_id IN (SELECT order_id FROM {_LEFT_OUT})"
        )
    return found
