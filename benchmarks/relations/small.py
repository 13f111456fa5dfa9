"""Bought together in shops with few orders: whether every product has a list, and a good one.

    python benchmarks/relations/small.py [--seeds 1 2 3] [--shop DIR]

Cuts a shop before its first 0, 50, 300, 3,000 and 30,000 orders, trains on what is known, and asks
for ten products beside each product in stock, popular ones as the fallback. Prints how many have a
list, how many one of their own (a product or more that is not the fallback), which rung of the
ladder the places come from, and the hit rate at ten above that of the popular list, over the next
2,000 orders of two products or more. Shops are simulated, or a shop folder is given.
"""

from __future__ import annotations

import argparse
import tempfile
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from cuts import Asked
from grading import FIGURES, SHOWN, Questions
from numpy.typing import NDArray

from nba.artifacts.products import Products
from nba.config import CollaborativeConfig, TrainConfig
from nba.data.history import Baskets
from nba.data.shop import Shop, read_shop
from nba.data.simulator.generate import simulate
from nba.learn.train import train
from nba.recommend.recommender import Recommender
from nba.recommend.results import Slate
from nba.vocabulary import Source

ORDERS = (0, 50, 300, 3_000, 30_000)
SIMULATED = 40_000
ASKED = 2_000
LOOKED_AT = 5_000
# Nothing here asks for personal picks.
RECIPE = TrainConfig(collaborative=CollaborativeConfig(factors=1, iterations=1))


@dataclass(frozen=True)
class Measured:
    """What a shop of some orders shows.

    Attributes:
        in_stock: products that can be ordered, or a sample of them.
        with_list, with_own: shares of those with a list, and with one of their own.
        sources: share of all places by the evidence they rest on.
        hit_rate, popular: HR@10 of the lists, and of the popular list.
        above: mean and 95 % interval, by customer, of the one above the other.
    """

    in_stock: int
    with_list: float
    with_own: float
    sources: dict[str, float]
    hit_rate: float
    popular: float
    above: tuple[float, float, float]


def measure(shop: Shop, known: int) -> Measured:
    """Train on the first orders of a shop and ask for the next."""
    every = shop.history.baskets()
    instant = np.sort(every.at)[known]
    snapshot = train(shop.history, shop.catalog, RECIPE, as_of=instant)
    products, recommender = snapshot.products, Recommender(snapshot)
    in_stock = np.flatnonzero(products.can_be_ordered(np.arange(len(products))))
    if len(in_stock) > LOOKED_AT:
        in_stock = np.random.default_rng(1).choice(in_stock, LOOKED_AT, replace=False)
    asked = next_orders(every, instant, products)
    slates = {
        code: recommender.bought_together(products.ids[code], n=SHOWN, fallback=Source.POPULAR)
        for code in np.union1d(in_stock, asked.product).tolist()
    }
    shown = [slates[code] for code in in_stock.tolist()]
    sources = Counter(str(one.source) for slate in shown for one in slate)
    questions = Questions.of(asked, products.orders)
    popular = recommender.popular(n=SHOWN + 1)
    ours, others = (
        questions.grade(lists(pairs, products)).figures[:, [FIGURES.index("HR@10")]]
        for pairs in (slates.items(), ((code, popular) for code in slates))
    )
    mean, low, high = questions.intervals(ours - others)
    return Measured(
        len(shown),
        float(np.mean([len(slate) > 0 for slate in shown])),
        float(np.mean([any(one.source != Source.POPULAR for one in slate) for slate in shown])),
        {name: count / sources.total() for name, count in sources.most_common()},
        float(ours.mean()),
        float(others.mean()),
        (float(mean[0]), float(low[0]), float(high[0])),
    )


def next_orders(every: Baskets, instant: np.datetime64, products: Products) -> Asked:
    """Give the next orders with two products or more that were known at an instant."""
    known = [products.ids.find(one) for one in every.product_ids]
    code = np.array([-1 if one is None else one for one in known], np.int32)
    later = np.flatnonzero(every.at >= instant)
    orders = [
        (basket, np.unique(held[held >= 0]))
        for basket in later[np.argsort(every.at[later], kind="stable")].tolist()
        for held in [code[every.product[every.start[basket] : every.start[basket + 1]]]]
    ]
    chosen = [(basket, held) for basket, held in orders if len(held) > 1][:ASKED]
    return Asked(
        every.customer[[basket for basket, _ in chosen]],
        np.append(0, np.cumsum([len(held) for _, held in chosen])).astype(np.int64),
        np.concatenate([held for _, held in chosen]).astype(np.int32),
    )


def lists(slates: Iterable[tuple[int, Slate]], products: Products) -> NDArray[np.int32]:
    """Write slates as codes, one row a product, -1 behind the last."""
    rows = np.full((len(products), SHOWN + 1), -1, np.int32)
    for code, slate in slates:
        for place, one in enumerate(slate):
            rows[code, place] = products.ids.find(one.product_id)
    return rows


def report(name: str, shop: Shop) -> None:
    """Print a table a shop."""
    print(f"\n{name}\n")
    print("| orders | in stock | with a list | with their own | HR@10 | popular | above | places |")
    print("|---|---|---|---|---|---|---|---|")
    placed = len(shop.history.baskets())
    for known in (one for one in ORDERS if one + ASKED < placed):
        found = measure(shop, known)
        mean, low, high = found.above
        places = ", ".join(f"{source} {share:.1%}" for source, share in found.sources.items())
        print(
            f"| {known:,} | {found.in_stock:,} | {found.with_list:.1%} | {found.with_own:.1%} | "
            f"{found.hit_rate:.4f} | {found.popular:.4f} | {mean:+.4f} ({low:+.4f} to {high:+.4f})"
            f" | {places} |",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs="*", default=[1, 2, 3])
    parser.add_argument("--shop", type=Path)
    given = parser.parse_args()
    if given.shop:
        report(given.shop.name, read_shop(given.shop))
        return
    for seed in given.seeds:
        with tempfile.TemporaryDirectory() as folder:
            simulate(folder, orders=SIMULATED, seed=seed)
            report(f"simulated shop, seed {seed}", read_shop(folder))


if __name__ == "__main__":
    main()
