"""The shop that is played: its canonical tables and planted truth, checked as they are read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import duckdb
import numpy as np
from numpy.typing import NDArray

from nba.data.readers import connect
from nba.data.simulator.files import TRUTH_COLUMNS, Table, open_tables, read_rows
from nba.data.simulator.responses import Fatigue, Response, Responses
from nba.data.simulator.shelf import Product, Shelf
from nba.domain import to_instant, uniform
from nba.errors import ConfigError, DataError

TRUTH_VERSION: Final = 1
OWN_WINDOW_DAYS: Final = 180
"""How far back to look for what customers buy of their own accord."""
LONGEST_TRANSIT_DAYS: Final = 60


@dataclass(frozen=True, slots=True)
class Customer:
    """What is planted in one customer; `lost_at` is NaT while they are alive.

    Attributes:
        orders_per_week: own rate while alive, 0 or more.
        regularity: gamma shape of the gaps; 1 is Poisson.
        responsiveness, annoyance: factors on the hazards, about 1.
        channel: the one they answer on best.
    """

    customer_id: str
    orders_per_week: float
    regularity: float
    joined_at: np.datetime64
    lost_at: np.datetime64
    responsiveness: float
    annoyance: float
    favourite_type: str | None
    channel: str

    def is_lost(self, at: np.datetime64) -> bool:
        """Tell whether they had left the shop by an instant."""
        return bool(self.lost_at <= at)


@dataclass(frozen=True, slots=True)
class Need:
    """A latent need; open from opens_at up to closes_at, met of its own accord about due_at."""

    name: str
    customer_id: str
    product_type: str
    kind: str
    main_product_id: str | None
    opens_at: np.datetime64
    closes_at: np.datetime64
    due_at: np.datetime64


@dataclass(frozen=True, slots=True, eq=False)
class World:
    """A shop with its truth, as of the instant a play starts, for a sample of its customers.

    Attributes:
        customers: the sample, by id.
        needs: of every customer of the sample, by when they open.
        owned: customer id → products owned and working, with the instant they stop (or NaT).
        together: type → types bought in the same basket, each with its share.
        natural_share: kind of need → share that customers meet of their own accord.
        own_products, own_types, own_weight: what is bought of their own accord and can be
            ordered, its types, and how often it was.
        own_lines: mean lines of such a basket, 1 or more.
        transit_days: sorted days from order to delivery.
        tables: the shop's rows about the sample, before the start.
    """

    starts_at: np.datetime64
    currency: str
    shelf: Shelf
    customers: Mapping[str, Customer]
    needs: Mapping[str, Sequence[Need]]
    owned: Mapping[str, Mapping[str, np.datetime64]]
    together: Mapping[str, Sequence[tuple[str, float]]]
    natural_share: Mapping[str, float]
    own_products: Sequence[Product]
    own_types: NDArray[np.str_]
    own_weight: NDArray[np.float64]
    own_lines: float
    transit_days: NDArray[np.float64]
    responses: Responses
    tables: Mapping[str, Table] = field(repr=False)


def read_world(
    shop: str | Path,
    *,
    customers: int | None = None,
    starts_at: str | np.datetime64 | None = None,
    seed: int = 1,
) -> World:
    """Read a simulated shop, or a foreign one with the same truth files.

    Args:
        shop: a folder with the shop's tables and `truth/`.
        customers: how many to draw, by name; by default all who had joined.
        starts_at: an instant with a zone; by default the end of the simulated history.
        seed: of the draw.

    Raises:
        DataError: a file or column is missing or of another type; the message names it.
        ConfigError: nobody had joined at the start, or a count is not positive.
    """
    folder = Path(shop)
    if customers is not None and customers < 1:
        raise ConfigError(f"{customers} customers cannot be played; give 1 or more")
    with connect() as connection:
        try:
            open_tables(connection, folder)
            return _read(connection, customers, starts_at, seed)
        except duckdb.Error as error:
            problem = str(error).splitlines()[0]
            raise DataError(f"{folder} cannot be played: {problem}") from None


def _read(
    connection: duckdb.DuckDBPyConnection,
    count: int | None,
    starts_at: str | np.datetime64 | None,
    seed: int,
) -> World:
    facts = read_rows(connection, "FROM true_world")
    if len(facts) != 1 or facts[0]["version"] != TRUTH_VERSION:
        versions = [row["version"] for row in facts]
        raise DataError(
            f"truth/world.parquet holds the versions {versions}; expected one row of version "
            f"{TRUTH_VERSION}"
        )
    start = to_instant(facts[0]["ends_at"] if starts_at is None else starts_at)
    before = f"TIMESTAMP '{start}'"
    sample = _sample(connection, before, count, seed)
    connection.execute("CREATE TEMP TABLE sample (customer_id VARCHAR)")
    connection.executemany("INSERT INTO sample VALUES (?)", [[one] for one in sample])
    shelf = Shelf.of(read_rows(connection, _products(before, facts[0]["margin_share"])))
    own = read_rows(connection, _own(before))
    sold = [row for row in own if (one := shelf.get(row["product_id"])) and one.on_sale]
    own_lines = connection.execute(
        "SELECT count(*) / count(DISTINCT order_id) FROM true_causes WHERE cause = 'own'"
    ).fetchone()
    transit = connection.execute(f"""
        SELECT epoch(delivered_at - ordered_at) / 86400 AS days FROM orders
        WHERE delivered_at < {before} AND delivered_at >= ordered_at ORDER BY days
    """).fetchnumpy()["days"]
    together: dict[str, list[tuple[str, float]]] = {}
    for row in read_rows(connection, "FROM true_together ORDER BY first_type, second_type"):
        together.setdefault(row["first_type"], []).append((row["second_type"], row["share"]))
    owned: dict[str, dict[str, np.datetime64]] = {one: {} for one in sample}
    for row in read_rows(
        connection, _of_sample("true_owners", f"since < {before}", "since, product_id")
    ):
        owned[row["customer_id"]][row["product_id"]] = _instant(row["ended_at"])
    return World(
        start,
        facts[0]["currency"],
        shelf,
        {
            row["customer_id"]: Customer(**row | {"lost_at": _instant(row["lost_at"])})
            for row in read_rows(connection, _of_sample("true_customers", "TRUE", "customer_id"))
        },
        _needs(connection, sample, before),
        owned,
        together,
        _natural_share(connection, before),
        [shelf[row["product_id"]] for row in sold],
        np.array([shelf[row["product_id"]].type for row in sold], np.str_),
        np.array([row["times"] for row in sold], np.float64),
        max((own_lines and own_lines[0]) or 1.0, 1.0),
        np.asarray(transit, np.float64)[transit <= LONGEST_TRANSIT_DAYS],
        Responses(
            (
                Response.of(row)
                for row in read_rows(connection, "FROM true_responses ORDER BY message, state")
            ),
            _fatigue(read_rows(connection, "FROM true_fatigue")),
        ),
        _tables(connection, before),
    )


def _sample(
    connection: duckdb.DuckDBPyConnection, before: str, count: int | None, seed: int
) -> list[str]:
    """Draw customers by name, so that a greater sample holds the smaller one."""
    joined = connection.execute(
        f"SELECT customer_id FROM true_customers WHERE joined_at < {before} ORDER BY customer_id"
    ).fetchall()
    if not joined:
        raise ConfigError(f"no customer had joined before {before}; start the play later")
    ranked = sorted((uniform(seed, one, "sample", "", "drawn"), one) for (one,) in joined)
    return sorted(one for _, one in ranked[: count or len(ranked)])


def _products(before: str, margin_share: float) -> str:
    return f"""
        SELECT product_id, t.type, t.nature, t.model, p.product_group_id, p.compatible_with,
            coalesce(p.availability, 'in_stock') AS availability, t.weight,
            coalesce(CASE WHEN p.sale_until IS NULL OR p.sale_until > {before}
                THEN p.sale_price END, p.price, 0) AS price,
            coalesce(t.cost, CAST(round(p.price * (1 - {margin_share or 0})) AS BIGINT), 0) AS cost
        FROM true_products t JOIN products p USING (product_id) ORDER BY product_id
    """


def _own(before: str) -> str:
    return f"""
        SELECT product_id, CAST(count(*) AS DOUBLE) AS times
        FROM true_causes JOIN order_lines USING (order_id, line_no) JOIN orders USING (order_id)
        WHERE cause = 'own' AND ordered_at < {before}
            AND ordered_at >= {before} - INTERVAL {OWN_WINDOW_DAYS} DAY
        GROUP BY product_id ORDER BY product_id
    """


def _of_sample(table: str, condition: str, order: str) -> str:
    return (
        f"SELECT * FROM {table} SEMI JOIN sample USING (customer_id) "
        f"WHERE {condition} ORDER BY {order}"
    )


def _needs(
    connection: duckdb.DuckDBPyConnection, sample: Sequence[str], before: str
) -> dict[str, list[Need]]:
    needs: dict[str, list[Need]] = {one: [] for one in sample}
    columns = ", ".join(TRUTH_COLUMNS["needs"])
    query = f"""
        SELECT {columns} FROM true_needs SEMI JOIN sample USING (customer_id)
        WHERE closes_at > {before}
        ORDER BY customer_id, opens_at, kind, product_type, main_product_id, due_at
    """
    for row in read_rows(connection, query):
        mine = needs[row["customer_id"]]
        mine.append(Need(name=f"n{len(mine)}", **row))
    return needs


def _natural_share(connection: duckdb.DuckDBPyConnection, before: str) -> dict[str, float]:
    """Count which share of the needs of each kind was met without a message before the start."""
    rows = read_rows(
        connection,
        f"""
        WITH past AS (
            SELECT row_number() OVER () AS place, * FROM true_needs WHERE due_at < {before}),
        bought AS (
            SELECT DISTINCT customer_id, type, cause, ordered_at
            FROM true_causes JOIN order_lines USING (order_id, line_no) JOIN orders USING (order_id)
                JOIN true_products USING (product_id)),
        met AS (
            SELECT DISTINCT place FROM past JOIN bought ON past.customer_id = bought.customer_id
                AND product_type = type AND kind = cause
                AND ordered_at >= opens_at AND ordered_at < closes_at)
        SELECT kind, count(met.place) / count(*) AS share
        FROM past LEFT JOIN met USING (place) GROUP BY kind ORDER BY kind
        """,
    )
    return {row["kind"]: row["share"] for row in rows}


def _fatigue(rows: Table) -> Fatigue:
    if len(rows) != 1 or not (rows[0]["half_life_days"] or 0) > 0:
        raise DataError(
            f"truth/fatigue.parquet holds {rows}; expected one row with half_life_days above 0"
        )
    return Fatigue(**rows[0])


def _tables(connection: duckdb.DuckDBPyConnection, before: str) -> dict[str, Table]:
    """Read what the shop knew of the sample at the start."""
    mine = "SELECT order_id FROM orders SEMI JOIN sample USING (customer_id)"
    known = f"{mine} WHERE ordered_at < {before}"
    return {
        "orders": read_rows(
            connection,
            f"""SELECT * FROM orders
            WHERE order_id IN ({known}) ORDER BY order_id""",
        ),
        "order_lines": read_rows(
            connection,
            # What came back later had not come back yet.
            f"""SELECT * REPLACE (CASE WHEN order_id IN (
                SELECT order_id FROM orders WHERE coalesce(status_at, delivered_at, ordered_at) <
                {before}) THEN returned_quantity END AS returned_quantity)
            FROM order_lines WHERE order_id IN ({known}) ORDER BY order_id, line_no""",
        ),
        "order_statuses": read_rows(
            connection,
            f"""SELECT * FROM order_statuses WHERE order_id IN ({known}) AND "at" < {before}
            ORDER BY order_id, "at", status""",
        ),
        "consents": read_rows(
            connection,
            _of_sample("consents", f'"at" < {before}', 'customer_id, channel, "at", granted'),
        ),
        "message_events": read_rows(
            connection,
            _of_sample("message_events", f'"at" < {before}', 'customer_id, "at", event_id'),
        ),
        "events": read_rows(
            connection,
            # A session whose customer is known later is theirs from the beginning.
            f"""SELECT * FROM events
            WHERE "at" < {before} AND (customer_id IN (FROM sample)
                OR customer_id IS NULL AND session_id IN (
                    SELECT session_id FROM events SEMI JOIN sample USING (customer_id)
                    WHERE type = 'merge' AND "at" < {before}))
            ORDER BY customer_id, "at", event_id""",
        ),
        "messages": read_rows(
            connection, _of_sample("messages", f"decided_at < {before}", "decided_at, message_id")
        ),
        "customers": read_rows(connection, _of_sample("customers", "TRUE", "customer_id")),
        "product_states": read_rows(
            connection, f'FROM product_states WHERE "at" < {before} ORDER BY product_id, "at"'
        ),
    }


def _instant(at: np.datetime64 | None) -> np.datetime64:
    return np.datetime64("NaT", "us") if at is None else at
