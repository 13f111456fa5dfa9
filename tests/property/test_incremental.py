"""Sums that were kept and added to are those of a rebuild, whatever happened in between."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from random import Random

import numpy as np
import pytest

from nba.config import CollaborativeConfig, CoPurchaseConfig, PicksConfig, TrainConfig
from nba.data.history import Baskets
from nba.learn.assortment import Assortment
from nba.learn.designs import Designs
from nba.learn.train import train
from nba.statistics.engines import local
from nba.statistics.engines.incremental import Incremental
from nba.statistics.kept.levels import Level
from nba.statistics.pairs import PairSettings
from tests.property.changing import Changing

SOAK = "NBA_SOAK" in os.environ
CHANGES = 100_000 if SOAK else 330
"""Inserts, edits, cancels, returns and moves in all."""
SHOPS = 100 if SOAK else 3
MOST_AT_ONCE = 160 if SOAK else 20
"""Changes between two updates, at most."""
TRAINED = 10 if SOAK else 8
"""Updates of one shop between two whole trainings."""
SETTINGS = (PairSettings(2, 0.25, 20), PairSettings(5, 0.0, 0), PairSettings(1, 2.0, 3))
RECIPE = TrainConfig(
    copurchase=CoPurchaseConfig(spell_days=20),
    collaborative=CollaborativeConfig(iterations=2, factors=4),
    picks=PicksConfig(models=("als",)),
)


def baskets_of(shop: Changing) -> dict[str, Baskets]:
    """Give the baskets of each level, as training makes them."""
    listing = shop.catalog()
    placed = shop.history().baskets()
    ids = listing.product_ids.union(placed.product_ids)
    placed, listing = placed.over(ids), listing.over(ids)
    types = Assortment.of(listing.category, listing.product_group_id)
    designs = Designs.of(ids, types)
    return {
        "products": placed,
        "designs": placed.coarsened(designs.design, designs.ids),
        "categories": placed.coarsened(types.category, types.categories),
    }


def hold(level: Level, baskets: Baskets, settings: PairSettings, random: Random) -> None:
    """Compare a level with a count of everything: every sum, and a ranking by it."""
    ids = baskets.product_ids
    assert level.pair_counts(ids) == local.pair_counts(baskets, settings)
    assert not {*level.left_ids} & {*level.baskets.customer_ids}
    assert len(level.runs) > 1 or not len(level.left_ids)
    chance = np.random.default_rng(random.randrange(2**32))
    gain, floor = chance.random(len(ids)), chance.random(len(ids))
    asked = {"top_k": random.randint(1, 6), "min_orders": random.randint(1, 3)}
    wanted = None if random.random() < 0.5 else chance.random(len(ids)) < 0.5
    ranked = level.pairs(ids, 1).top(gain, floor, **asked, wanted=wanted)
    rebuilt = local.top_pairs(baskets, settings, gain, floor, **asked, wanted=wanted)
    for name in ("indptr", "partner", "orders", "weight", "customers", "score"):
        np.testing.assert_array_equal(getattr(ranked, name), getattr(rebuilt, name))


@pytest.mark.parametrize("seed", range(SHOPS))
def test_sums_and_snapshots_after_any_changes_are_those_of_a_rebuild(seed, tmp_path):
    random, shop = Random(seed), Changing(seed)
    settings, before, number = SETTINGS[seed % len(SETTINGS)], None, 0
    runs: list[int] = []
    while shop.changes < CHANGES // SHOPS:
        for _ in range(random.randint(0, MOST_AT_ONCE)):
            shop.change()
        shop.pass_time()
        number += 1
        folder = tmp_path / str(number)
        engine = Incremental(folder, before, most_changed=1.0)
        for name, baskets in baskets_of(shop).items():
            engine.pairs(name, baskets, settings)
            hold(Level.read(folder / name), baskets, settings, random)
            runs.append(len(Level.read(folder / name).runs))
        assert number == 1 or all(one.startswith("changes added") for one in engine.told.values())
        if number % TRAINED == 0:
            compare_snapshots(shop, tmp_path, number)
        if before is not None:
            shutil.rmtree(before)
        before = folder
    # Runs pile up until they are added up into one.
    assert max(runs) == min(8, number)
    assert number < 10 or 1 in runs[24:]


def compare_snapshots(shop: Changing, home: Path, number: int) -> None:
    """Train on what changes beside what was, and from the beginning."""
    was, now = home / f"was-{number}", home / f"now-{number}"
    train(shop.history(), shop.catalog(), RECIPE, engine=Incremental(was), threads=1)
    for _ in range(3):
        shop.change()
    shop.pass_time()
    history, listing = shop.history(), shop.catalog()
    added = Incremental(now, was, since="yesterday", most_changed=1.0)
    snapshot = train(history, listing, RECIPE, engine=added, threads=1)
    whole = train(history, listing, RECIPE, threads=1)
    assert snapshot.manifest.digest == whole.manifest.digest
    assert snapshot.manifest.engines["pairs_since"] == "yesterday"
    shutil.rmtree(was)
    shutil.rmtree(now)
