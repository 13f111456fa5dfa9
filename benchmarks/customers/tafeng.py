"""The next basket of Ta-Feng, by the protocol of "A Next Basket Recommendation Reality Check".

    python benchmarks/customers/tafeng.py --data DIR [--methods NAME …] [--folds 5] [--history-only]

DIR holds `tafeng/tafeng.parquet`. Customers are dealt into five folds; each is tested once, on its
last order, 8 % of the customers are there to tune on, and everything but the last orders of the
tested is known.
Each method is tuned once, on the 8 % of the first fold, by NDCG@10 (theirs), at
most 20 settings; the last orders of those the fold tests are unknown there. Other folds test some
of the tuned on, which favours what is tuned. Rows with a setting in their name are as their
authors tuned them on this data.

The data has no dates: orders of a customer stand a week apart, and everybody's last known one in
the same week. That is not a split in time: the last orders of others, and what was on promotion
then, are known; with --history-only nobody's last order is, which gives the figures of the paper.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import baselines
import duckdb
import numpy as np
import ours
import peers
from cuts import Cut
from grading import Columns, Resamples, compare, joined
from numpy.typing import NDArray
from ranking import Method, Setting, Timed, chosen, measure, tune

from nba.data.catalog import Catalog
from nba.data.history import OrderHistory

FOLDS = 5
SEED = 7
VALIDATION = 0.08
TUNED_BY = "n@10"
OURS = "ours"


METHODS: dict[str, Method] = {
    "G-TopFreq": Method(baselines.popular),
    "P-TopFreq": Method(baselines.personal, baselines.TIES),
    "GP-TopFreq": Method(baselines.filled, baselines.TIES),
    "decayed frequency": Method(baselines.decayed, {"tau": baselines.TAUS}),
    "TIFU-KNN 300/.9/.7/.7/7": Method(
        partial(peers.tifu_knn, neighbours=300, within=0.9, between=0.7, alpha=0.7, groups=7)
    ),
    "TIFU-KNN": Method(
        partial(peers.tifu_knn, within=0.9, between=0.7),
        {"neighbours": (50, 100, 200), "alpha": (0.03, 0.1, 0.3), "groups": (2, 3)},
    ),
    "UP-CF@10 a=.75 q=10": Method(partial(peers.up_cf, recency=10, asymmetry=0.75, locality=10)),
    "UP-CF": Method(
        peers.up_cf,
        {"recency": (3, 5, 10), "asymmetry": (0.5, 0.75, 0.9), "locality": (1, 2)},
    ),
    "ALS": Method(peers.als, {"factors": (64,), "regularization": (0.1, 10, 50), "alpha": (1, 10)}),
    "RP3beta": Method(peers.rp3beta, {"alpha": (0.4, 0.6, 0.8), "beta": (0.1, 0.2, 0.4)}),
    "EASE": Method(peers.ease, {"ridge": (300, 1_000, 3_000)}),
    OURS: Method(ours.picks),
}


def dealt(customers: int, fold: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Tell which customers a fold tests, and which it tunes on."""
    order = np.random.default_rng(SEED).permutation(customers)
    parts = np.array_split(order, FOLDS)
    others = np.concatenate(parts[fold + 1 :] + parts[:fold])
    tested, tuning = np.zeros(customers, np.bool_), np.zeros(customers, np.bool_)
    tested[parts[fold]] = True
    tuning[others[: round(VALIDATION * customers)]] = True
    return tested, tuning


def cut(data: Path, fold: int, *, validation: bool, last_known: bool) -> Cut:
    """Hide the last orders of those a fold tests and, for tuning, of those it tunes on.

    Args:
        data: the folder.
        fold: 0 to 4.
        validation: ask those it tunes on, not those it tests.
        last_known: the last orders of everybody else are known.
    """
    file = data / "tafeng" / "tafeng.parquet"
    with duckdb.connect() as connection:
        everybody = connection.sql(
            f"""SELECT DISTINCT "user" AS customer FROM '{file}' ORDER BY ALL"""
        ).fetchnumpy()["customer"]
        tested, tuning = dealt(len(everybody), fold)
        hidden = tested | (tuning & validation) | (not last_known)
        asked = everybody[tuning if validation else tested]
        flags = {"customer": everybody, "hidden": hidden}
        connection.register("flags", flags)
        connection.execute(f"""CREATE TEMP TABLE lines AS
            SELECT "user" AS customer, "order" AS place, item, hidden,
                max("order") OVER (PARTITION BY "user") - hidden::INT - "order" AS back
            FROM '{file}' JOIN flags ON "user" = customer""")
        known = connection.sql("""SELECT customer || '-' || place AS order_id,
            customer::VARCHAR AS customer_id,
            TIMESTAMP '2001-01-01' - to_days(7 * back::INTEGER) AS ordered_at,
            item::VARCHAR AS product_id, 1 AS quantity, 1.0 AS unit_price
            FROM lines WHERE back >= 0""").fetchnumpy()
        every = "SELECT DISTINCT item::VARCHAR AS product_id, '-' AS title FROM lines"
        catalog = Catalog.from_frame(connection.sql(every).fetchnumpy())
        next_ones = connection.sql("""SELECT customer, item::VARCHAR AS product
            FROM lines WHERE back < 0 ORDER BY ALL""").fetchnumpy()
    history = OrderHistory.from_frame(known, zone="UTC")
    wanted = np.isin(next_ones["customer"], asked)
    row = np.searchsorted(asked, next_ones["customer"][wanted])
    return Cut.of(
        f"fold {fold}",
        history,
        catalog,
        [str(one) for one in asked.tolist()],
        (row, next_ones["product"][wanted].tolist()),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--methods", nargs="+")
    parser.add_argument("--folds", type=int, default=FOLDS)
    parser.add_argument("--against", default=OURS)
    parser.add_argument("--history-only", action="store_true", help="nobody's last order is known")
    given = parser.parse_args()
    names = chosen(given.methods, METHODS)
    timed: dict[str, list[Timed]] = {name: [] for name in names}
    read = partial(cut, given.data, last_known=not given.history_only)
    before = read(0, validation=True)
    settings = {name: tune(before, METHODS[name], TUNED_BY) for name in names}
    for fold in range(given.folds):
        test = read(fold, validation=False)
        for name in names:
            timed[name].append(measure(test, METHODS[name], settings[name]))
    report(timed, settings)
    together = {name: joined([one.grades for one in found]) for name, found in timed.items()}
    everybody = np.arange(len(next(iter(together.values()))["R@10"]))
    compare("Ta-Feng", together, Resamples(everybody), given.against, ("R@10", "n@10", "N@10"))


def report(timed: Mapping[str, list[Timed]], settings: Mapping[str, Setting]) -> None:
    """Print means and standard deviations over folds, seconds a fold, and what was chosen."""
    first: list[Columns] = [found.grades.figures for found in next(iter(timed.values()))]
    sizes = [len(one["R@10"]) for one in first]
    lacking = {
        part: sum(int(np.isnan(one[f"{part} R@10"]).sum()) for one in first)
        for part in ("repeat", "explore")
    }
    print(
        f"\nTa-Feng, next basket: {sum(sizes):,} customers in {len(sizes)} folds; "
        f"{lacking['repeat']:,} without a repeat and {lacking['explore']:,} without anything new "
        "are left out of those columns\n"
    )
    for cutoff in (10, 20):
        figures = ("R", "n", "N", "PHR", "repeat R", "explore R")
        heads = " | ".join(f"{one}@{cutoff}" for one in figures)
        print(f"| method | {heads} | coverage@10 | learning s | ranking s |")
        print("|---|" + "---|" * (len(figures) + 3))
        for name, found in timed.items():
            cells = [over_folds(found, f"{one}@{cutoff}") for one in figures]
            coverage = np.mean([one.grades.coverage for one in found])
            seconds = [np.mean([getattr(one, by) for one in found]) for by in SECONDS]
            shown = " | ".join(f"{one:.1f}" for one in seconds)
            print(f"| {name} | {' | '.join(cells)} | {coverage:.3f} | {shown} |")
        print()
    for name, setting in settings.items():
        if setting:
            print(f"{name}: {len(list(METHODS[name].settings()))} settings; {dict(setting)}")


SECONDS = ("learning", "ranking")


def over_folds(found: list[Timed], figure: str) -> str:
    """Write the mean over folds and its standard deviation."""
    means: Any = [np.nanmean(one.grades.figures[figure]) for one in found]
    return f"{np.mean(means):.4f} ({np.std(means):.4f})"


if __name__ == "__main__":
    main()
