"""Measures learned needs, lags and compatibility against the truth planted in simulated shops.

    python benchmarks/relations/planted.py [--orders 20000 60000] [--seeds 1 2 3] [--choosing]

Prints a row a shop: pairs of types found beside the planted ones (F1, false discoveries, how many
run the right way), the error of their median lags, and how many of the first ten products of any
bought-together or accessory list do not fit. A pair counts as found if a lag is claimed for it.
Every shop is measured with the catalogue as it is and, as `orders alone`, without its lists of
what fits what. `--choosing` takes the seeds on which the settings were chosen.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb
import numpy as np

from nba.artifacts.graph import ProductGraph
from nba.artifacts.needs import Needs
from nba.artifacts.snapshot import Snapshot
from nba.data.shop import read_shop
from nba.data.simulator.generate import simulate
from nba.domain import Texts
from nba.learn.train import train
from nba.vocabulary import Relation

SEEDS = (1, 2, 3)
CHOOSING_SEEDS = (11, 12, 13)
SHOWN = 10

Pair = tuple[str, str]


@dataclass(frozen=True)
class Figures:
    """What was found of the planted pairs."""

    found: int
    right: int
    reversed: int
    planted: int
    lag_error: float

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall: 2 right / (found + planted)."""
        return 2 * self.right / (self.found + self.planted)

    @property
    def false_discoveries(self) -> float:
        """Share of the pairs found that nobody planted."""
        return 1 - self.right / max(self.found, 1)

    @property
    def direction(self) -> float:
        """Share of the planted pairs found in either direction that run the right way."""
        return self.right / max(self.right + self.reversed, 1)


def planted_lags(shop: Path) -> dict[Pair, float]:
    """Read (main type, accessory type) → planted median lag in days."""
    with duckdb.connect() as connection:
        rows = connection.execute(
            "SELECT main_type, accessory_type, lag_days FROM read_parquet(?)",
            [str(shop / "truth" / "accessories.parquet")],
        ).fetchall()
    return {(main, accessory): lag for main, accessory, lag in rows}


def learned_lags(needs: Needs) -> dict[Pair, int]:
    """Name the learned pairs with a lag by the leaves of their category paths."""
    leaf = [path.rpartition(" > ")[2].lower() for path in needs.types]
    return {
        (leaf[main], leaf[accessory]): int(lag)
        for main, accessory, lag in zip(needs.main, needs.accessory, needs.lag_days, strict=True)
        if lag
    }


def compare(learned: Mapping[Pair, int], planted: Mapping[Pair, float]) -> Figures:
    """Count what was found; the lag error is the median of |learned / planted - 1|."""
    right = sorted(learned.keys() & planted.keys())
    errors = [abs(learned[pair] / planted[pair] - 1) for pair in right]
    return Figures(
        len(learned),
        len(right),
        sum((accessory, main) in planted for main, accessory in learned),
        len(planted),
        float(np.median(errors)) if errors else float("nan"),
    )


def misfits(graph: ProductGraph, snapshot: Snapshot, shop: Path) -> tuple[int, int]:
    """Count places among the first ten of any list, and those whose products do not fit.

    Models are the planted ones; a product that names models fits those alone, and two that name
    models have one in common.
    """
    with duckdb.connect() as connection:
        rows = connection.execute(
            """SELECT product_id, model, string_split(coalesce(compatible_with, ''), ',')
            FROM read_parquet(?) AS listed JOIN read_parquet(?) AS true_ones USING (product_id)""",
            [str(shop / "products.parquet"), str(shop / "truth" / "products.parquet")],
        ).fetchall()
    bears = {product: {model} for product, model, _ in rows if model}
    names = {product: set(models) - {""} for product, _, models in rows if models != [""]}
    places = wrong = 0
    ids = list(snapshot.products.ids)
    for first in range(len(ids)):
        for second in graph.neighbours[graph.span(first)][:SHOWN].tolist():
            one, other = ids[first], ids[second]
            places += 1
            if one in names or other in names:
                mine, theirs = (names.get(id_) or bears.get(id_) or set() for id_ in (one, other))
                wrong += bool(mine and theirs and not mine & theirs)
    return places, wrong


def measure(shop: Path, label: str, *, orders_alone: bool) -> None:
    """Train on a shop and print its row."""
    read = read_shop(shop)
    catalog = read.catalog
    if orders_alone:
        unsaid = Texts.of([""] * len(catalog))
        catalog = replace(catalog, accessory_for=unsaid, compatible_with=unsaid)
    begin = time.process_time()
    snapshot = train(read.history, catalog, threads=2)
    spent = time.process_time() - begin
    figures = compare(learned_lags(snapshot.needs), planted_lags(shop))
    fitting = ["-", "-"]
    if not orders_alone:
        fitting = [
            "{1:,} of {0:,}".format(*misfits(snapshot.graphs[relation], snapshot, shop))
            for relation in (Relation.BOUGHT_TOGETHER, Relation.ACCESSORIES)
        ]
    print(
        f"| {label} | {'orders alone' if orders_alone else 'with lists'} | {figures.found} "
        f"| {figures.right} of {figures.planted} | {figures.f1:.3f} "
        f"| {figures.false_discoveries:.1%} | {figures.direction:.1%} | {figures.lag_error:.1%} "
        f"| {fitting[0]} | {fitting[1]} | {spent:.0f} |",
        flush=True,
    )


def main() -> None:
    """Measure shops of every size and seed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--orders", type=int, nargs="+", default=[20_000, 60_000])
    parser.add_argument("--seeds", type=int, nargs="+", default=SEEDS)
    parser.add_argument("--choosing", action="store_true")
    given = parser.parse_args()
    print(
        "| orders | seed | catalogue | found | right | F1 | false discoveries | direction "
        "| lag error, median | misfits, bought together | misfits, accessories | CPU s, training |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|---|---|")
    for orders in given.orders:
        for seed in CHOOSING_SEEDS if given.choosing else given.seeds:
            with tempfile.TemporaryDirectory() as folder:
                simulate(folder, orders=orders, seed=seed)
                for orders_alone in (False, True):
                    measure(Path(folder), f"{orders:,} | {seed}", orders_alone=orders_alone)


if __name__ == "__main__":
    main()
