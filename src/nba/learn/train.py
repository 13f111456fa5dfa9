"""Training: a history and a catalogue in, a snapshot out. Pure: same input, same digest."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Final

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from nba.artifacts.graph import ProductGraph
from nba.artifacts.needs import NEED_KINDS, Needs
from nba.artifacts.parts import Parts
from nba.artifacts.products import Products
from nba.artifacts.snapshot import Snapshot
from nba.config import TrainConfig
from nba.data.catalog import Catalog
from nba.data.history import OrderHistory, last_fact
from nba.domain import INT32_LIMIT, MICROSECOND
from nba.learn.assortment import Assortment
from nba.learn.cards import product_cards
from nba.learn.deliveries import transit
from nba.learn.people import study
from nba.learn.relations import relate
from nba.learn.rules import coded_rules
from nba.statistics.engines.protocol import Engine
from nba.statistics.engines.this_machine import NAME, ThisMachine

Announce = Callable[[str], None]

MOST_LINES: Final = 20_000_000
MOST_PRODUCTS: Final = 200_000
"""Of a shop whose relations and customers are learned side by side; beyond, one after the other."""


def train(
    history: OrderHistory,
    catalog: Catalog,
    config: TrainConfig | None = None,
    *,
    as_of: str | datetime | np.datetime64 | None = None,
    engine: Engine | None = None,
    threads: int | None = None,
    announce: Announce = lambda _: None,
) -> Snapshot:
    """Train every learner on what was known at `as_of`.

    Relations and customers are learned side by side, or one after the other where the shop has
    more than `MOST_LINES` order lines or `MOST_PRODUCTS` products, and room for one of them is all
    that can be hoped for.

    Args:
        history: the orders; those at or after `as_of` have no effect.
        catalog: the products, as they were then; sold ones it lacks are added with their id as
            title.
        config: the recipe; by default all defaults.
        as_of: an instant with a zone; by default where the history was cut, else just after the
            last fact of history and catalogue. Ages and windows are counted from the last fact of
            the history in any case.
        engine: who counts pairs, lags and customers; by default this machine. The result is the
            same for any of them.
        threads: processors to use, by default all; the result is the same for any number.
        announce: called with the name of each step as it begins, from two threads.

    Raises:
        DataError: `as_of` carries no zone, or the collaborative model diverged.
    """
    config = config or TrainConfig()
    workers = threads or os.cpu_count() or 1
    counting = engine or ThisMachine(workers)
    known = history if as_of is None else history.until(as_of)
    # Ages count from the last fact, so that a shop that paused keeps its popular list.
    until = min(known.as_of, last_fact(known.rows) + MICROSECOND)
    # A history that ends with its last fact was not cut: the newest price may well be later, and
    # what its orders tell of products is known.
    is_whole = as_of is None and until == known.as_of
    catalog = catalog.latest() if is_whole else catalog.until(known.as_of)
    baskets = replace(known.baskets(proving_days=config.copurchase.proving_days), as_of=until)
    ids = catalog.product_ids.union(baskets.product_ids)
    listing, placed = catalog.over(ids), baskets.over(ids)
    del baskets
    types = Assortment.of(listing.category, listing.product_group_id)
    products = product_cards(known, listing, placed, types, config.popular)
    given = (known, listing, placed, products, types, config, counting, workers, announce)
    # One BLAS thread: with more of them, sums depend on how many there are.
    with threadpool_limits(limits=1, user_api="blas"):
        is_large = len(placed.product) > MOST_LINES or len(ids) > MOST_PRODUCTS
        sides = 1 if is_large else min(workers, 2)
        relations, people = Parallel(n_jobs=sides, prefer="threads")(
            (delayed(relate)(*given), delayed(study)(*given))
        )
    announce("assembling the snapshot")
    rules = coded_rules(known.rules, ids)
    graphs = relations.graphs
    return Snapshot.of(
        Parts(
            products=replace(products, cycle_days=_cycles(products.cycle_days, relations.needs)),
            customers=people.personal.customers,
            habits=people.personal.habits,
            fits=relations.fits,
            needs=relations.needs,
            rules=rules,
            rhythm=people.rhythm,
            responses=people.responses,
            repurchase=people.repurchase,
            segments=people.segments,
            graphs=graphs,
            collaborative=people.personal.collaborative,
        ),
        config=config,
        data_from=placed.at.min() if len(placed) else None,
        data_until=until if len(known) else known.as_of,
        engines={**counting.counted, "interactions": NAME},
        counts={
            "orders": len(known),
            "kept_orders": len(placed),
            "order_lines": len(placed.product),
            "customers": len(known.rows.customer_ids),
            "guest_orders": known.rows.guest_count,
            "products": len(ids),
            "sold_products": int((products.orders > 0).sum()),
            **{f"{relation}_edges": len(graph) for relation, graph in sorted(graphs.items())},
            "needs": len(relations.needs),
            "rules": len(rules),
        },
        coverage=_coverage(graphs, products),
        learned={
            "picks": people.personal.account,
            "rhythm": {"unit": "weeks", "fits": [one.model_dump() for one in people.fits]},
            "segments": {"fan_paths": people.paths.to_rows()},
            "deliveries": transit(known),
        },
    )


def _cycles(stated: NDArray[np.int32], needs: Needs) -> NDArray[np.int32]:
    """Fill up what the shop says of when products wear with what orders of spare parts tell."""
    parts = np.flatnonzero((needs.kind == NEED_KINDS.index("spare_part")) & (needs.offer_day > 0))
    soonest = np.full(len(needs.types), INT32_LIMIT, np.int64)
    np.minimum.at(soonest, needs.main[parts], needs.offer_day[parts])
    learned = soonest[needs.product_type]
    told = np.where(learned < INT32_LIMIT, learned, 0)
    return np.where(stated > 0, stated, told).astype(np.int32)


def _coverage(graphs: Mapping[str, ProductGraph], products: Products) -> dict[str, float]:
    """Say, per relation, which share of the catalogue and of the products sold have a list."""
    sold = products.orders > 0
    coverage = {}
    for relation, graph in sorted(graphs.items()):
        has_list = np.diff(graph.indptr) > 0
        coverage[f"{relation}_of_catalogue"] = float(has_list.sum() / max(len(products), 1))
        coverage[f"{relation}_of_sold"] = float((has_list & sold).sum() / max(sold.sum(), 1))
    return coverage
