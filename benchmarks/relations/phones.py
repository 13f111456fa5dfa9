"""Measures accessories of real phones: relations hidden, learned from purchases and categories.

    python benchmarks/relations/phones.py --data DIR [--choosing]

DIR holds `amazon_cellphones`. Asked is every phone that Amazon showed accessories for: those that
customers "also bought", and those "frequently bought together". The data says in which order a
customer bought, not when; all purchases of a customer are one order here, so no lag is learned and
nothing tells a main product from its accessory but how many own it. There are no prices either.
Every method lists accessories only (what is no phone), its best ten, filled up by the most ordered
accessories; settings of the others are tuned on the half of the phones of which none is reported.
Intervals are 95 %, from 1,000 bootstraps over the phones asked.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from typing import Final

import duckdb
import numpy as np
from alike import Stock, is_for_choosing
from numpy.typing import NDArray
from peers import PEERS, TRIALS, Seen
from rankers import SHOWN

from nba.artifacts.graph import ProductGraph
from nba.config import AccessoriesConfig
from nba.data.catalog import Catalog
from nba.data.history import OrderHistory
from nba.learn.accessories import accessories

RELATIONS: Final = ("also_bought", "bought_together")
BOOTSTRAPS: Final = 1_000
EASE_TRIALS: Final = 5
"""Inverting a matrix of all products takes a minute."""

Lists = NDArray[np.int64]
"""int64[asked, SHOWN]: product codes."""

_PHONE: Final = (
    "list_contains(categories, 'Cell Phones') AND NOT list_contains(categories, 'Accessories')"
)
_GENERAL: Final = "('Cell Phones & Accessories', 'Accessories', 'Electronics', 'Cell Phones')"


def phone_shop(folder: Path) -> Stock:
    """Read purchases and categories: a phone, or the first kind that the data names."""
    with duckdb.connect() as connection:
        orders = connection.sql(
            f"""SELECT "user"::VARCHAR AS order_id, "user"::VARCHAR AS customer_id,
            TIMESTAMP '2014-01-01' AS ordered_at, asin AS product_id,
            1 AS quantity, 0.0 AS unit_price FROM '{folder / "interactions.parquet"}'"""
        ).fetchnumpy()
        products = connection.sql(
            f"""SELECT asin AS product_id, asin AS title, CASE WHEN {_PHONE} THEN 'Phones'
            ELSE 'Accessories > ' || coalesce(list_filter(categories,
                lambda one: one NOT IN {_GENERAL})[1], 'Other') END AS category
            FROM '{folder / "products.parquet"}'"""
        ).fetchnumpy()
    return Stock.of(OrderHistory.from_frame(orders, zone="UTC"), Catalog.from_frame(products))


def learned(stock: Stock) -> ProductGraph:
    """Learn the accessory graph as shipped."""
    nothing = ProductGraph.empty(len(stock.listing))
    _, graph, _ = accessories(
        stock.placed,
        stock.products,
        stock.listing,
        stock.types,
        stock.fits,
        nothing,
        AccessoriesConfig(),
        delivery_days=0,
    )
    return graph


def wanted(
    stock: Stock, folder: Path, relation: str, is_phone: NDArray[np.bool_], *, choosing: bool
) -> dict[int, set[int]]:
    """Read which accessories were shown for each phone asked."""
    with duckdb.connect() as connection:
        edges = connection.execute(
            """SELECT asin, related_asin FROM read_parquet(?)
            WHERE relation = ? AND related_in_catalogue ORDER BY ALL""",
            [str(folder / "relations.parquet"), relation],
        ).fetchall()
    found: dict[int, set[int]] = {}
    for one, other in edges:
        first, second = (stock.listing.product_ids.find(asin) for asin in (one, other))
        if first is None or second is None or is_for_choosing(one) != choosing:
            continue
        if is_phone[first] and not is_phone[second]:
            found.setdefault(first, set()).add(second)
    return found


def filled(chosen: Mapping[int, list[int]], asked: list[int], popular: list[int]) -> Lists:
    """Fill lists up to ten by what is most ordered."""
    lists = []
    for product in asked:
        mine = chosen.get(product, [])[:SHOWN]
        mine = mine + [one for one in popular[: 2 * SHOWN] if one not in mine]
        lists.append(mine[:SHOWN])
    return np.array(lists, np.int64)


def best(
    seen: Seen, score: NDArray[np.float64], asked: list[int], is_phone: NDArray[np.bool_]
) -> dict[int, list[int]]:
    """Cut a method's scores to its ten best accessories a phone, ties by popularity, then code."""
    chosen = {}
    for product in asked:
        span = slice(int(seen.start[product]), int(seen.start[product + 1]))
        second, mine, tie = seen.second[span], score[span], seen.other[span]
        able = ~is_phone[second] & np.isfinite(mine)
        second, mine, tie = second[able], mine[able], tie[able]
        order = np.lexsort((second, -tie, -mine))[:SHOWN]
        chosen[product] = second[order].tolist()
    return chosen


def graded(lists: Lists, truth: Mapping[int, set[int]]) -> NDArray[np.float64]:
    """Grade lists: hit (0 or 1) and NDCG@10 of each phone, float64[asked, 2]."""
    discount = 1 / np.log2(2 + np.arange(SHOWN))
    grades = np.empty((len(truth), 2))
    for row, relevant in enumerate(truth.values()):
        hits = np.isin(lists[row], list(relevant))
        ideal = discount[: min(len(relevant), SHOWN)].sum()
        grades[row] = hits.any(), (hits * discount).sum() / ideal
    return grades


def methods(
    stock: Stock, seen: Seen, is_phone: NDArray[np.bool_], tuning: Mapping[int, set[int]]
) -> dict[str, dict[int, list[int]]]:
    """Give every method's lists over all phones; settings by the hits on the phones of `tuning`."""
    phones = np.flatnonzero(is_phone).tolist()
    popular = most_ordered(stock, is_phone)
    owners = np.asarray(seen.orders[:, phones].sum(axis=1)).ravel() > 0
    of_owners = np.asarray(seen.orders[owners].sum(axis=0)).ravel() * ~is_phone
    usual = np.lexsort((np.arange(len(of_owners)), -of_owners))[:SHOWN].tolist()
    graph = learned(stock)
    chosen: dict[str, dict[int, list[int]]] = {
        "popular": {},
        "popular with owners of phones": dict.fromkeys(phones, usual),
    }
    for peer in PEERS:
        tried = []
        for setting in islice(peer.settings(), EASE_TRIALS if peer.name == "EASE" else TRIALS):
            score = peer.score(seen, **setting)
            lists = best(seen, score, phones, is_phone)
            grades = graded(filled(lists, list(tuning), popular), tuning).mean(axis=0)
            tried.append((grades.tolist(), lists))
        chosen[peer.name] = max(tried, key=lambda one: one[0])[1]
    chosen["ours"] = {one: graph.neighbours[graph.span(one)].tolist() for one in phones}
    return chosen


def most_ordered(stock: Stock, is_phone: NDArray[np.bool_]) -> list[int]:
    """Rank accessories by orders."""
    orders = stock.products.orders * ~is_phone
    best_first: list[int] = np.lexsort((np.arange(len(orders)), -orders)).tolist()
    return best_first[: 2 * SHOWN]


def interval(values: NDArray[np.float64]) -> tuple[float, float]:
    """Give the 95 % interval of a mean over phones."""
    random = np.random.default_rng(7)
    drawn = values[random.integers(len(values), size=(BOOTSTRAPS, len(values)))].mean(axis=1)
    low, high = np.quantile(drawn, (0.025, 0.975))
    return float(low), float(high)


def main() -> None:
    """Print a table a relation, and how often cases are answered with phones."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--choosing", action="store_true", help="grade the phones tuned on")
    given = parser.parse_args()
    folder = given.data / "amazon_cellphones"
    if not folder.is_dir():
        parser.exit(message=f"left out: {given.data} holds no amazon_cellphones\n")
    stock = phone_shop(folder)
    is_phone = stock.types.category == stock.types.categories.find("Phones")
    seen = Seen.of(stock.placed)
    tuning = wanted(stock, folder, RELATIONS[0], is_phone, choosing=True)
    chosen = methods(stock, seen, is_phone, tuning)
    popular = most_ordered(stock, is_phone)
    for relation in RELATIONS:
        truth = wanted(stock, folder, relation, is_phone, choosing=given.choosing)
        grades = {
            name: graded(filled(lists, list(truth), popular), truth)
            for name, lists in chosen.items()
        }
        print(f"\nphone → accessory, {relation}: {len(truth)} phones asked\n")
        print("| method | HR@10 | NDCG@10 | ours more, HR@10 | ours more, NDCG@10 |")
        print("|---|---|---|---|---|")
        for name, mine in grades.items():
            more = [
                "{:+.4f} to {:+.4f}".format(*interval(grades["ours"][:, side] - mine[:, side]))
                for side in (0, 1)
            ]
            hits, gain = mine.mean(axis=0)
            print(f"| {name} | {hits:.4f} | {gain:.4f} | {more[0]} | {more[1]} |")
    graph = learned(stock)
    is_case = stock.types.category == stock.types.categories.find("Accessories > Cases")
    places = is_case[graph.first()]
    print(
        f"\ncase → phone: {int(is_phone[graph.neighbours[places]].sum())} of {int(places.sum()):,} "
        f"places in the lists of {int(is_case.sum()):,} cases; "
        f"{int((np.diff(graph.indptr)[is_phone] > 0).sum())} of {int(is_phone.sum())} phones have "
        "a list"
    )


if __name__ == "__main__":
    main()
