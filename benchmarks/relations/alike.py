"""Measures similar products and successors on real relations, real sessions and planted truth.

    python benchmarks/relations/alike.py --data DIR [--orders 20000] [--seeds 1 2 3] [--choosing]

Prints four tables:

- Amazon cell phones: the products that shoppers "also viewed", found from purchases, categories
  and brands alone; asked are the products of the half that no setting was chosen on.
- Retailrocket: the product a session views next, found from earlier sessions; asked are the last
  tenth of the sessions, in the order of the file.
- The simulated shop: whether similar products share brand or price level, beside chance.
- The simulated shop: successors against the planted chains, with and without the catalogue's
  links, and where following them ends.

DIR holds `amazon_cellphones` and `retailrocket`; a table whose data is not there is left out.
Intervals are 95 %, from 1,000 bootstraps over what is asked.
"""

from __future__ import annotations

import argparse
import hashlib
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb
import numpy as np
from numpy.typing import NDArray
from rankers import SHOWN, Ranker, by_row, compare, counts, listed, scaled, within
from scipy.sparse import csr_array

from nba.artifacts.graph import ProductGraph
from nba.artifacts.products import Products
from nba.config import PopularConfig, ReplacementsConfig, SimilarConfig
from nba.data.catalog import Catalog
from nba.data.history import Baskets, OrderHistory
from nba.data.shop import read_shop
from nba.data.simulator.generate import simulate
from nba.domain import Texts
from nba.learn.assortment import Assortment
from nba.learn.cards import product_cards
from nba.learn.compatibility import Compatibility
from nba.learn.replacements import successors
from nba.learn.similar import similar
from nba.recommend.succession import follow
from nba.vocabulary import AVAILABILITIES, ELIGIBLE_AVAILABILITIES

THREADS = 2
ORDERABLE = [AVAILABILITIES.index(one) for one in ELIGIBLE_AVAILABILITIES]


@dataclass(frozen=True, eq=False)
class Stock:
    """What learners are given of a shop."""

    listing: Catalog
    products: Products
    types: Assortment
    fits: Compatibility
    placed: Baskets
    history: OrderHistory

    @classmethod
    def of(cls, history: OrderHistory, catalog: Catalog, *, proving_days: int = 0) -> Stock:
        """Bring a history and a catalogue to one space of product codes."""
        baskets = history.baskets(proving_days=proving_days)
        ids = catalog.product_ids.union(baskets.product_ids)
        listing, placed = catalog.over(ids), baskets.over(ids)
        types = Assortment.of(listing.category, listing.product_group_id)
        products = product_cards(history, listing, placed, types, PopularConfig())
        return cls(listing, products, types, Compatibility.of(listing), placed, history)

    def similar(self, **settings: float) -> ProductGraph:
        """Learn the graph of similar products; settings are those of the recipe."""
        return similar(
            self.listing,
            self.products,
            self.types,
            self.fits,
            self.placed,
            self.history.events,
            SimilarConfig.model_validate(settings),
            threads=THREADS,
        )

    def successors(self) -> ProductGraph:
        """Learn the graph of successors."""
        config = ReplacementsConfig()
        return successors(self.listing, self.products, self.types, self.fits, self.placed, config)


def cell_phones(folder: Path) -> Stock:
    """Read purchases, categories and brands; each customer's k-th purchase is made on day k."""
    with duckdb.connect() as connection:
        orders = connection.sql(
            f"""SELECT "user" || '-' || pos AS order_id, "user"::VARCHAR AS customer_id,
            TIMESTAMP '2010-01-01' + to_days(pos::INTEGER) AS ordered_at, asin AS product_id,
            1 AS quantity, 1.0 AS unit_price FROM '{folder / "interactions.parquet"}'"""
        ).fetchnumpy()
        products = connection.sql(
            f"""SELECT asin AS product_id, asin AS title, brand,
            array_to_string(categories, ' > ') AS category FROM '{folder / "products.parquet"}'"""
        ).fetchnumpy()
    return Stock.of(OrderHistory.from_frame(orders, zone="UTC"), Catalog.from_frame(products))


def is_for_choosing(product_id: str) -> bool:
    """Split what is asked in two halves: one to choose settings on, one to report."""
    return hashlib.sha256(product_id.encode()).digest()[0] < 128


def also_viewed(
    stock: Stock, folder: Path, *, choosing: bool
) -> tuple[NDArray[np.int64], list[set[int]]]:
    ids = stock.listing.product_ids
    found: dict[int, set[int]] = {}
    with duckdb.connect() as connection:
        edges = connection.sql(
            f"""SELECT asin, related_asin FROM '{folder / "relations.parquet"}'
            WHERE relation = 'also_viewed' AND related_in_catalogue ORDER BY ALL"""
        ).fetchall()
    for one, other in edges:
        first, second = ids.find(one), ids.find(other)
        if first is not None and second is not None and is_for_choosing(one) == choosing:
            found.setdefault(first, set()).add(second)
    return np.array(list(found), np.int64), list(found.values())


def popular_in_category(stock: Stock) -> Ranker:
    best = np.lexsort((np.arange(len(stock.listing)), -stock.products.orders))
    category = stock.types.category[best]

    def rank(product: int) -> list[int]:
        mates = best[category == stock.types.category[product]]
        return [one for one in mates[: SHOWN + 1].tolist() if one != product][:SHOWN]

    return rank


def amazon(data: Path, *, choosing: bool = False) -> None:
    folder = data / "amazon_cellphones"
    stock = cell_phones(folder)
    asked, wanted = also_viewed(stock, folder, choosing=choosing)
    bought = counts(stock.placed, stock.placed.customer)
    popular = np.argsort(-stock.products.orders, kind="stable")
    inside = within(bought, stock.types.category)
    print(f"\nAmazon cell phones, also viewed: {len(asked)} products asked")
    compare(
        {
            "popular": by_row(csr_array(bought.shape), popular),
            "popular in the category": popular_in_category(stock),
            "co-purchase count": by_row(bought, popular),
            "co-purchase count in the category": by_row(inside, popular),
            "co-purchase cosine in the category": by_row(
                within(scaled(bought, 0.5), stock.types.category), popular
            ),
            "ours, catalogue alone": listed(stock.similar(views=0, customers=0)),
            "ours, customers alone": listed(stock.similar(views=0, content=0)),
            "ours": listed(stock.similar()),
        },
        asked,
        wanted,
        np.arange(len(asked)),
        len(stock.listing),
    )


def sessions(data: Path, *, choosing: bool = False) -> None:
    """Learn from the first eight tenths of the sessions, or nine; ask of the tenth after them.

    The data has no dates and no people: every session stands for itself. That sessions are
    numbered in time is an assumption; nothing in the file tells.
    """
    rows = f"'{data / 'retailrocket' / 'all_train_seq.parquet'}'"
    with duckdb.connect() as connection:
        ((count,),) = connection.sql(f"SELECT max(session) + 1 FROM {rows}").fetchall()
        begin, end = (int(count * share) for share in ((0.8, 0.9) if choosing else (0.9, 1.0)))
        views = connection.sql(
            f"""SELECT session || '-' || pos AS event_id, 'view_item' AS type,
            TIMESTAMP '2015-01-01' + to_seconds(session * 1000 + pos) AS "at",
            session::VARCHAR AS session_id, item::VARCHAR AS product_id
            FROM {rows} WHERE session < {begin}"""
        ).fetchnumpy()
        products = connection.sql(
            f"SELECT DISTINCT item::VARCHAR AS product_id, product_id AS title FROM {rows}"
        ).fetchnumpy()
        nothing = connection.sql(
            """SELECT '' AS order_id, '' AS product_id, 1 AS quantity, 1.0 AS unit_price,
            TIMESTAMP '2015-01-01' AS ordered_at WHERE false"""
        ).fetchnumpy()
        steps = connection.sql(
            f"""SELECT * FROM (SELECT session, item::VARCHAR AS one,
                lead(item) OVER (PARTITION BY session ORDER BY pos)::VARCHAR AS other
                FROM {rows} WHERE session >= {begin} AND session < {end})
            WHERE one <> other ORDER BY ALL"""
        ).fetchnumpy()
    history = OrderHistory.from_frame(nothing, events=views, zone="UTC")
    stock = Stock.of(history, Catalog.from_frame(products))
    code = {one: number for number, one in enumerate(stock.listing.product_ids)}
    events = stock.history.events
    place = stock.listing.product_ids.codes_of(events.product_ids)
    cells = (np.ones(len(events)), (events.session, place[events.product]))
    held = csr_array(cells, shape=(len(events.session_ids), len(stock.listing)))
    held.data[:] = 1
    seen = csr_array(held.T @ held)
    popular = np.argsort(-seen.diagonal(), kind="stable")
    nobody = csr_array(seen.shape)
    asked = np.array([code[one] for one in steps["one"]])
    print(f"\nRetailrocket, the next product viewed: {len(asked)} views asked")
    compare(
        {
            "popular": by_row(nobody, popular),
            "co-view count": by_row(seen, popular),
            "co-view cosine": by_row(scaled(seen, 0.5), popular),
            "ours": listed(stock.similar()),
        },
        asked,
        [{code[one]} for one in steps["other"]],
        np.unique(steps["session"], return_inverse=True)[1],
        len(stock.listing),
    )


def planted(shop: Path) -> None:
    """Print how often similar products have the brand or the price level of the one asked about."""
    read = read_shop(shop)
    stock = Stock.of(read.history, read.catalog.latest(), proving_days=7)
    brand = np.array(list(stock.listing.brand), dtype=object)
    price = np.log(np.maximum(stock.products.price, 1))
    random = np.random.default_rng(7)
    graphs = {
        "ours": stock.similar(),
        "ours, catalogue alone": stock.similar(views=0, customers=0),
    }
    print(
        "| method | edges among the first 10 | of the category | of the brand "
        "| of the price level | of either | do not fit |"
    )
    print("|---|---|---|---|---|---|---|")
    category = stock.types.category
    by_category = np.argsort(category, kind="stable")
    begin = np.searchsorted(category[by_category], np.arange(category.max() + 2))
    for name, graph in (*graphs.items(), ("chance within the category", graphs["ours"])):
        first = graph.first()
        shown = np.arange(len(first)) - graph.indptr[first] < SHOWN
        first, second = first[shown], graph.neighbours[shown]
        if name.startswith("chance"):
            low, high = begin[category[first]], begin[category[first] + 1]
            second = by_category[random.integers(low, high)]
            other = second != first
            first, second = first[other], second[other]
        branded, level = brand[first] == brand[second], np.abs(price[first] - price[second]) < 0.3
        shares = (category[first] == category[second], branded, level, branded | level)
        unfit = int((~stock.fits.fits(first, second)).sum())
        cells = " | ".join(f"{share.mean():.3f}" for share in shares)
        print(f"| {name} | {len(first)} | {cells} | {unfit} |")


def chain_ends(graph: ProductGraph, availability: NDArray[np.int8]) -> dict[str, int]:
    """Follow the successors of every product that cannot be ordered, and count where they end.

    Returns:
        `on sale`: every product given can be ordered; `none`: an explicit nothing; `astray`: a
        product that cannot be ordered was given, which must not be.
    """
    can = np.isin(availability, ORDERABLE)
    ends = {"on sale": 0, "none": 0, "astray": 0}
    for product in np.flatnonzero(~can & (np.diff(graph.indptr) > 0)).tolist():
        ways = follow(graph, product, lambda code: bool(can[code]))
        last = [bool(can[way.chain[-1]]) for way in ways]
        ends["none" if not last else "on sale" if all(last) else "astray"] += 1
    return ends


def chains(shop: Path) -> None:
    """Print precision and recall of direct successors, and where chains end."""
    read = read_shop(shop)
    stock = Stock.of(read.history, read.catalog.latest(), proving_days=7)
    ids = stock.listing.product_ids
    with duckdb.connect() as connection:
        true = connection.sql(
            f"""SELECT product_id, successor_id, title FROM '{shop}/truth/successors.parquet'
            JOIN '{shop}/products.parquet' USING (product_id) WHERE NOT is_loop"""
        ).fetchall()
    truth = {(ids.find(old), ids.find(new)) for old, new, _ in true}
    models = {(ids.find(old), ids.find(new)) for old, new, title in true if has_model(title)}
    silent = replace(stock, listing=replace(stock.listing, successor_of=Texts.of([""] * len(ids))))
    print(
        "| catalogue | products with a successor | precision of the first | recall "
        "| recall of models | chains end on sale | in an explicit none | astray |"
    )
    print("|---|---|---|---|---|---|---|---|")
    for name, given in (("as it is", stock), ("without `successor_of`", silent)):
        graph = given.successors()
        old = np.flatnonzero(np.diff(graph.indptr))
        first = set(zip(old.tolist(), graph.neighbours[graph.indptr[old]].tolist(), strict=True))
        ends = chain_ends(graph, stock.listing.availability)
        print(
            f"| {name} | {len(first)} | {len(first & truth) / len(first):.3f} "
            f"| {len(first & truth) / len(truth):.3f} | {len(first & models) / len(models):.3f} "
            f"| {ends['on sale']} | {ends['none']} | {ends['astray']} |"
        )


def has_model(title: str) -> bool:
    """Whether a title of the simulated shop holds a model token such as AX15."""
    return any(word[:1].isupper() and word[-1:].isdigit() for word in title.split())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--orders", type=int, default=20_000)
    parser.add_argument("--seeds", type=int, nargs="*", default=[1, 2, 3])
    parser.add_argument(
        "--choosing", action="store_true", help="ask the other half, the tenth before"
    )
    given = parser.parse_args()
    for folder, measure in (("amazon_cellphones", amazon), ("retailrocket", sessions)):
        if given.data is None or not (given.data / folder).is_dir():
            print(f"\n{folder} left out: --data names no folder that holds it")
        else:
            measure(given.data, choosing=given.choosing)
    for seed in given.seeds:
        with tempfile.TemporaryDirectory() as folder:
            simulate(folder, orders=given.orders, seed=seed)
            print(f"\nThe simulated shop, {given.orders} orders, seed {seed}")
            planted(Path(folder))
            chains(Path(folder))


if __name__ == "__main__":
    main()
