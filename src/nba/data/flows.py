"""The steps that the histories of orders take, beside the flows they may take."""

from __future__ import annotations

import duckdb

from nba.data.intake import FLOW, KNOWN_AT
from nba.statuses import may_follow


def find_illegal_jumps(connection: duckdb.DuckDBPyConnection) -> dict[tuple[str, str], int]:
    """Count the steps between statuses that no flow allows, the most frequent first.

    Args:
        connection: with `orders`, `order_statuses` and `order_versions`.

    Returns:
        (status, the next one in time) → how often.
    """
    steps = connection.execute(f"""
        WITH told AS (
            SELECT order_id, status, "at" FROM order_statuses
            UNION SELECT order_id, status, {KNOWN_AT} FROM order_versions
            UNION SELECT order_id, status, {KNOWN_AT} FROM orders SEMI JOIN (
                SELECT order_id FROM order_statuses UNION SELECT order_id FROM order_versions
            ) USING (order_id)),
        steps AS (
            SELECT lag(status) OVER (PARTITION BY order_id ORDER BY "at", {FLOW}) AS before, status
            FROM told SEMI JOIN orders USING (order_id))
        SELECT before, status, count(*) FROM steps
        WHERE before IS NOT NULL GROUP BY ALL ORDER BY count(*) DESC, before, status
    """).fetchall()
    return {
        (before, status): times for before, status, times in steps if not may_follow(status, before)
    }
