"""The counts of a shop that the report on its data rests on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import duckdb
import numpy as np

from nba.data.checks import SQL_TYPES, minor_units_of, quoted
from nba.data.flows import find_illegal_jumps
from nba.data.intake import RESOLVED_BY, TABLES_HELD, TOLD_BY_ORDERS
from nba.data.products import UNRESOLVED
from nba.data.readers import connect
from nba.data.shop import Shop, shop_tables
from nba.schema import QUARANTINE

INTENT_EVENTS: Final = "('add_to_cart', 'add_to_wishlist', 'back_in_stock_subscribe')"
_NAMED: Final = 3
"""Examples in a sentence."""

# Name of a count → the SQL that finds it; a share of nothing is 0.
_COUNTS: Final[Mapping[str, str]] = {
    "orders": "SELECT count(*) FROM orders",
    "order_lines": "SELECT count(*) FROM order_lines",
    "customers": "SELECT count(DISTINCT customer_id) FROM orders",
    "guest_orders": "SELECT count(*) FROM orders WHERE customer_id IS NULL",
    "test_orders": "SELECT count(*) FROM orders WHERE is_test",
    "gone_share": "SELECT avg((status IN ('cancelled', 'returned'))::INT) FROM orders",
    "days": "SELECT date_diff('day', min(ordered_at), max(ordered_at)) + 1 FROM orders",
    "currencies": "SELECT count(DISTINCT currency) FROM orders",
    "delivery_known_share": """SELECT avg((delivered_at IS NOT NULL
        OR status = 'delivered' AND status_at IS NOT NULL
        OR order_id IN (SELECT order_id FROM order_statuses WHERE status = 'delivered'))::INT)
        FROM orders WHERE status IN ('delivered', 'returned')""",
    "priced_line_share": "SELECT avg((unit_price > 0)::INT) FROM order_lines",
    "products_sold": "SELECT count(DISTINCT product_id) FROM order_lines",
    "products": "SELECT count(*) FROM products",
    "listed_products": "SELECT count(*) FROM products WHERE NOT title_is_told",
    "unlisted_products": "SELECT count(*) FROM products WHERE title_is_told",
    "title_share": "SELECT avg((title <> product_id)::INT) FROM products",
    "category_share": "SELECT avg((category IS NOT NULL)::INT) FROM products",
    "availability_share": "SELECT avg((availability IS NOT NULL)::INT) FROM products",
    "cost_share": "SELECT avg((cost IS NOT NULL)::INT) FROM products",
    "successors": "SELECT count(*) FROM products WHERE successor_of IS NOT NULL",
    "compatible": "SELECT count(*) FROM products WHERE compatible_with IS NOT NULL",
    "unresolved_line_share": f"SELECT avg(coalesce({RESOLVED_BY} = '{UNRESOLVED}', FALSE)::INT) "
    "FROM order_lines",
    "order_statuses": "SELECT count(*) FROM order_statuses",
    "waiting_statuses": "SELECT count(*) FROM order_statuses ANTI JOIN orders USING (order_id)",
    "order_versions": "SELECT count(DISTINCT (order_id, version)) FROM order_versions",
    "product_states": "SELECT count(*) FROM product_states",
    "events": "SELECT count(*) FROM events",
    "intent_events": f"SELECT count(*) FROM events WHERE type IN {INTENT_EVENTS}",
    "consents": "SELECT count(*) FROM consents",
    "consenting_customers": "SELECT count(DISTINCT customer_id) FROM consents WHERE granted",
    "messages": "SELECT count(*) FROM messages",
    "quarantined": "SELECT count(*) FROM quarantine",
}

_WORDS: Final[Mapping[str, str]] = {
    "first_order": "SELECT CAST(min(ordered_at)::DATE AS VARCHAR) FROM orders",
    "last_order": "SELECT CAST(max(ordered_at)::DATE AS VARCHAR) FROM orders",
    "currencies": "SELECT string_agg(DISTINCT currency, ', ' ORDER BY currency) FROM orders",
    "event_types": f"""SELECT string_agg(format('{{:,}} {{}}', n, type), ', ' ORDER BY n DESC, type)
        FROM (SELECT type, count(*) AS n FROM events GROUP BY type
            ORDER BY n DESC, type LIMIT {_NAMED})""",
    "unresolved": f"""SELECT string_agg(name, ', ' ORDER BY n DESC, name) FROM (
        SELECT coalesce(title, sku) AS name, count(*) AS n FROM order_lines
        WHERE {RESOLVED_BY} = '{UNRESOLVED}'
        GROUP BY ALL ORDER BY n DESC, name LIMIT {_NAMED})""",
    "quarantine_rules": f"""SELECT string_agg(rule, ', ' ORDER BY n DESC, rule) FROM (
        SELECT rule, count(*) AS n FROM quarantine GROUP BY rule
        ORDER BY n DESC, rule LIMIT {_NAMED})""",
}


_QUARANTINED: Final = """SELECT source, "column", rule, count(*) AS n FROM quarantine
    GROUP BY ALL ORDER BY n DESC, source, "column", rule LIMIT 100"""


@dataclass(frozen=True, slots=True)
class Refused:
    """Rows that an import put aside for the same reason.

    Attributes:
        source: name of the file that they came in.
        column: in which the fault is; null of a whole row.
        rule: that they broke.
        rows: how many there are.
    """

    source: str
    column: str | None
    rule: str
    rows: int


@dataclass(frozen=True, slots=True)
class Census:
    """What was counted.

    Attributes:
        counts: numbers; shares are fractions of 1.
        words: examples and dates; empty where there are none.
        refused: rows in quarantine by reason, the most frequent 100.
    """

    counts: Mapping[str, float]
    words: Mapping[str, str]
    refused: Sequence[Refused]


def take_census(shop: Shop) -> Census:
    """Count what a shop folder holds."""
    baskets = shop.history.baskets()
    known = baskets.customer < len(baskets.customer_ids)
    per_customer = np.bincount(baskets.customer[known])
    repeat = int((per_customer > 1).sum())
    several = int((baskets.size > 1).sum())
    with connect() as connection:
        _open_tables(connection, shop)
        jumps = find_illegal_jumps(connection)
        counts = {name: float(_one(connection, query) or 0) for name, query in _COUNTS.items()}
        words = {name: str(_one(connection, query) or "") for name, query in _WORDS.items()}
        words["median_price"] = _median_price(connection)
        refused = [Refused(*row) for row in connection.execute(_QUARANTINED).fetchall()]
    counts |= {
        "kept_orders": len(baskets),
        "multi_product_orders": several,
        "multi_product_share": several / max(len(baskets), 1),
        "repeat_buyers": repeat,
        "repeat_buyer_share": repeat / max(int((per_customer > 0).sum()), 1),
        "illegal_jumps": sum(jumps.values()),
    }
    named = list(jumps.items())[:_NAMED]
    words["illegal_jumps"] = ", ".join(
        f"{before} → {status} ({times:,})" for (before, status), times in named
    )
    return Census(counts, words, refused)


def _open_tables(connection: duckdb.DuckDBPyConnection, shop: Shop) -> None:
    """Make a view of every table, with all its columns, whether or not the folder has it."""
    sources = shop_tables(shop.path)
    for table in (*TABLES_HELD, QUARANTINE):
        cells = ", ".join(
            f"CAST(NULL AS {SQL_TYPES[column.kind]}) AS {quoted(column.name)}"
            for column in table.columns
        )
        ours = ", ".join(
            f"CAST(NULL AS VARCHAR) AS {name}" for name in (RESOLVED_BY, TOLD_BY_ORDERS)
        )
        rows = f"SELECT {cells}, {ours} WHERE FALSE"
        if table.name in sources:
            rows += f" UNION ALL BY NAME {sources[table.name]}"
        connection.execute(f"""
            CREATE TEMP VIEW {table.name} AS
            SELECT *, coalesce({TOLD_BY_ORDERS} LIKE 'title%', FALSE) AS title_is_told FROM ({rows})
        """)


def _median_price(connection: duckdb.DuckDBPyConnection) -> str:
    """Give the median price of a line in major units, with the most frequent currency."""
    row = connection.execute(f"""
        SELECT median(l.unit_price / {minor_units_of("o.currency")}), mode(upper(o.currency))
        FROM order_lines l JOIN orders o USING (order_id) WHERE l.unit_price > 0
    """).fetchone()
    if row is None or row[0] is None:
        return ""
    return f"{row[0]:,.2f} {row[1] or ''}".rstrip()


def _one(connection: duckdb.DuckDBPyConnection, query: str) -> Any:  # noqa: ANN401 - a number or a text
    row = connection.execute(query).fetchone()
    return row[0] if row else None
