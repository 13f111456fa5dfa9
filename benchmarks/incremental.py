"""Times a day's orders added to kept pair counts beside counting everything, in turn.

    python benchmarks/gen.py --lines 30_000_000 --out SHOP
    python benchmarks/incremental.py --shop SHOP --out DIR [--rounds 2] [--threads 1]

Reads the shop as known at its last order and a day before. In turn, `--rounds` times: counts the
day before from nothing (A), writing runs below DIR; then compares the baskets of the last day with
what was kept, counts what changed, and writes the update (B). Last it ranks the partners of every
product from the runs, and as counting does that keeps nothing, which must be equal. Prints wall and
CPU seconds, their ratios to A of the same round, and the greatest memory so far.
"""

from __future__ import annotations

import argparse
import resource
import shutil
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np

from nba.config import CoPurchaseConfig
from nba.data.history import Baskets
from nba.data.shop import read_shop
from nba.domain import DAY, MICROSECOND
from nba.learn.assortment import Assortment
from nba.statistics import heap_kernels, pair_kernels
from nba.statistics.engines import local
from nba.statistics.engines.changes import Update, count_level
from nba.statistics.kept import change_kernels, run_kernels
from nba.statistics.kept.levels import Level
from nba.statistics.pairs import PairSettings
from nba.statistics.top import TopPairs

T = TypeVar("T")
KERNELS = (change_kernels, heap_kernels, pair_kernels, run_kernels)
"""Loaded before anything is timed."""
CONFIG = CoPurchaseConfig()
SETTINGS = PairSettings(CONFIG.customer_cap, CONFIG.spell_weight, CONFIG.spell_days)


def timed(name: str, work: Callable[[], T], of: float | None = None) -> tuple[T, float]:
    """Do some work, print what it took, and give what it gave and its CPU seconds."""
    began, used = time.monotonic(), time.process_time()
    given = work()
    wall, cpu = time.monotonic() - began, time.process_time() - used
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    share = "" if of is None else f"{cpu / of:7.2%} of counting all"
    print(f"  {name:<38}{wall:8.2f} s wall{cpu:8.2f} s CPU{peak:7.2f} GB  {share}", flush=True)
    return given, cpu


def days(shop: Path) -> dict[str, tuple[Baskets, Baskets]]:
    """Give, per level, the baskets until a day before the last order, and until it."""
    found = read_shop(shop)
    end = found.history.rows.ordered_at.max() + MICROSECOND
    both = [found.history.until(at).baskets() for at in (end - DAY, end)]
    listing = found.catalog.latest()
    ids = listing.product_ids.union(found.history.rows.product_ids)
    types = Assortment.of(listing.over(ids).category, listing.over(ids).product_group_id)
    before, after = (one.over(ids) for one in both)
    levels = {"products": (before, after)}
    if len(types.categories):
        coarse = (one.coarsened(types.category, types.categories) for one in (before, after))
        levels["categories"] = (next(coarse), next(coarse))
    return levels


def size_of(folder: Path) -> float:
    """Give the megabytes of a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 2**20


def both_ways(before: Baskets, after: Baskets, out: Path, threads: int) -> tuple[Update, Level]:
    """Count everything until the day before, then add the last day."""
    count_all = partial(count_level, out / "all", before, SETTINGS, threads=threads)
    kept, whole = timed("A: count everything, write runs", count_all)
    update, _ = timed("B: compare the baskets", partial(Update.to, kept, after), whole)
    timed("B: count what changed", partial(update.counted, threads), whole)
    now, _ = timed("B: count it again, and write all", partial(update.write, out / "day"), whole)
    return update, now


def compare(
    level: str, before: Baskets, after: Baskets, out: Path, rounds: int, threads: int
) -> None:
    """Measure one level."""
    lines, more = len(before.product), len(after) - len(before)
    print(f"{level}: {lines:,} lines in {len(before):,} orders, then {more:,} orders more")
    for _ in range(rounds):
        shutil.rmtree(out, ignore_errors=True)
        update, now = both_ways(before, after, out, threads)
    gone, came, _ = update.changes
    print(
        f"  {len(gone):,} customers taken away, {len(came):,} added, of {len(update.baskets):,}; "
        f"{len(now.runs[-1]):,} pairs differ of {len(now.runs[0]):,}; on disk: first run "
        f"{size_of(now.runs[0].folder):,.0f} MB, the day's {size_of(now.runs[-1].folder):,.1f} MB, "
        f"all but runs {size_of(out / 'day') - size_of(out / 'day' / 'runs'):,.0f} MB"
    )
    chance = np.random.default_rng(1)
    ids = after.product_ids
    gain, floor = chance.random((2, len(ids)))
    top_k, least = CONFIG.top_k, CONFIG.min_orders
    ranked, _ = timed(
        "rank the partners from the runs",
        lambda: now.pairs(ids, threads).top(gain, floor, top_k=top_k, min_orders=least),
    )
    fused, _ = timed(
        "count and rank at once, kept nowhere",
        lambda: local.top_pairs(
            after, SETTINGS, gain, floor, top_k=top_k, min_orders=least, threads=threads
        ),
    )
    for name in TopPairs.__slots__:
        if not np.array_equal(getattr(ranked, name), getattr(fused, name)):
            raise SystemExit(f"{level}: {name} differs")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shop", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--threads", type=int, default=1)
    given = parser.parse_args()
    levels, _ = timed("read the shop, as of two days", lambda: days(given.shop))
    for level, (before, after) in levels.items():
        compare(level, before, after, given.out / level, given.rounds, given.threads)


if __name__ == "__main__":
    main()
