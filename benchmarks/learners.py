"""Trains on a shop one learner after the other, and prints what each costs.

    python benchmarks/learners.py SHOP [--threads 2]

`nba train` runs relations and customers side by side; here they follow one another, so that CPU
seconds belong to a step. Peak memory is that of the process up to the end of the step.
"""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Callable
from pathlib import Path

from threadpoolctl import threadpool_limits

from nba.config import TrainConfig
from nba.data.shop import read_shop
from nba.learn.assortment import Assortment
from nba.learn.cards import product_cards
from nba.learn.people import study
from nba.learn.relations import relate


def clock() -> Callable[[str], None]:
    """Give what prints, as a step begins, what the one before it cost."""
    step, wall, cpu = "reading the shop", time.monotonic(), time.process_time()

    def announce(following: str) -> None:
        nonlocal step, wall, cpu
        now, used = time.monotonic(), time.process_time()
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        print(f"| {step} | {now - wall:.1f} | {used - cpu:.1f} | {peak:.2f} |", flush=True)
        step, wall, cpu = following, now, used

    return announce


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("shop", type=Path)
    parser.add_argument("--threads", type=int, default=2)
    given = parser.parse_args()
    print("| step | wall s | CPU s | peak GB so far |\n|---|---|---|---|")
    announce, config = clock(), TrainConfig()
    shop = read_shop(given.shop)
    announce("baskets and cards")
    placed = shop.history.baskets(proving_days=config.copurchase.proving_days)
    ids = shop.catalog.product_ids.union(placed.product_ids)
    listing, placed = shop.catalog.over(ids), placed.over(ids)
    types = Assortment.of(listing.category, listing.product_group_id)
    products = product_cards(shop.history, listing, placed, types, config.popular)
    known = shop.history
    with threadpool_limits(limits=1, user_api="blas"):
        study(known, listing, placed, products, types, config, given.threads, announce)
        relate(known, listing, placed, products, types, config, given.threads, announce)
    announce("")
    print(f"\n{len(placed.product):,} lines, {len(placed.customer_ids):,} customers")


if __name__ == "__main__":
    main()
