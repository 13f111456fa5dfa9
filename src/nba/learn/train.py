"""Training: a history and a catalogue in, a snapshot out. Pure: same input, same digest."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from nba.artifacts.customers import Customers
from nba.artifacts.factors import Factors
from nba.artifacts.graph import ProductGraph
from nba.artifacts.needs import Needs
from nba.artifacts.rules import Rules
from nba.artifacts.snapshot import Snapshot
from nba.config import TrainConfig
from nba.data.catalog import Catalog
from nba.data.history import Baskets, OrderHistory, last_fact
from nba.domain import MICROSECOND
from nba.learn.cards import product_cards
from nba.learn.collaborative import factorise
from nba.learn.copurchase import bought_together
from nba.statistics.engines import local
from nba.statistics.interactions import InteractionMatrix

Announce = Callable[[str], None]


def train(
    history: OrderHistory,
    catalog: Catalog,
    config: TrainConfig | None = None,
    *,
    as_of: str | datetime | np.datetime64 | None = None,
    threads: int | None = None,
    announce: Announce = lambda _: None,
) -> Snapshot:
    """Train every learner on what was known at `as_of`.

    Args:
        history: the orders; those at or after `as_of` have no effect.
        catalog: the products, as they were then; sold ones it lacks are added with their id as
            title.
        config: the recipe; by default all defaults.
        as_of: an instant with a zone; by default where the history was cut, else just after the
            last fact of history and catalogue. Ages and windows are counted from the last fact of
            the history in any case.
        threads: processors to use, by default all; the result is the same for any number.
        announce: called with the name of each step as it begins.

    Raises:
        DataError: `as_of` carries no zone, or the collaborative model diverged.
    """
    config = config or TrainConfig()
    workers = threads or os.cpu_count() or 1
    known = history if as_of is None else history.until(as_of)
    # Ages count from the last fact, so that a shop that paused keeps its popular list.
    until = min(known.as_of, last_fact(known.rows) + MICROSECOND)
    # A history that ends with its last fact was not cut: the newest price may well be later, and
    # what its orders tell of products is known.
    is_whole = as_of is None and until == known.as_of
    catalog = catalog.latest() if is_whole else catalog.until(known.as_of)
    baskets = replace(known.baskets(), as_of=until)
    announce("counting pairs")
    counts = local.pair_counts(baskets, threads=workers)
    announce("bought together")
    graph = bought_together(counts, config.copurchase)
    announce("customers")
    matrix = InteractionMatrix.of(baskets, half_life_days=config.picks.half_life_days)
    announce("collaborative filtering")
    factors = factorise(matrix, config.collaborative, seed=config.seed, threads=workers)
    announce("assembling the snapshot")
    ids = catalog.product_ids.union(baskets.product_ids)
    code = ids.codes_of(baskets.product_ids)
    # What was only ever cancelled is named by the baskets and counted nowhere.
    same = len(counts.product_ids) == len(baskets.product_ids)
    counted = code if same else ids.codes_of(counts.product_ids)
    together = _recoded(graph, counted, len(ids))
    with_neighbours = int((np.diff(together.indptr) > 0).sum())
    sold = len(counts.product_ids)
    return Snapshot.of(
        products=product_cards(known, catalog, baskets, counts, ids, code, counted, config),
        customers=_customers(baskets, matrix, code),
        graphs={"bought_together": together},
        needs=Needs.empty(len(ids)),
        rules=Rules.none(),
        factors=None if factors is None else _recoded_factors(factors, code, len(ids)),
        config=config,
        data_from=baskets.at.min() if len(baskets) else None,
        data_until=until if len(known) else known.as_of,
        engines={"pair_counts": "local", "interactions": "local"},
        counts={
            "orders": len(known),
            "kept_orders": len(baskets),
            "order_lines": len(baskets.product),
            "customers": len(known.rows.customer_ids),
            "guest_orders": known.rows.guest_count,
            "products": len(ids),
            "sold_products": sold,
            "pairs": len(counts),
        },
        coverage={
            "bought_together_of_catalogue": with_neighbours / max(len(ids), 1),
            "bought_together_of_sold": with_neighbours / max(sold, 1),
        },
    )


def _recoded(graph: ProductGraph, code: NDArray[np.int32], width: int) -> ProductGraph:
    """Move a graph from the codes of the sold products to those of all products."""
    length = np.zeros(width + 1, np.int64)
    length[code + 1] = np.diff(graph.indptr)
    # The new codes ascend with the old ones, so neighbours stay in place.
    return ProductGraph(
        np.cumsum(length),
        code[graph.neighbours],
        graph.score,
        graph.source,
        graph.support,
        graph.customers,
        graph.lag,
    )


def _recoded_factors(factors: Factors, code: NDArray[np.int32], width: int) -> Factors:
    products = np.zeros((width, factors.products.shape[1]), np.float32)
    products[code] = factors.products
    return Factors(factors.customers, products)


def _customers(baskets: Baskets, matrix: InteractionMatrix, code: NDArray[np.int32]) -> Customers:
    count = len(baskets.customer_ids)
    known = baskets.customer < count
    return Customers(
        baskets.customer_ids,
        matrix.start,
        code[matrix.product] if len(matrix.product) else matrix.product,
        matrix.orders,
        matrix.decayed.astype(np.float32),
        matrix.last_at,
        np.bincount(baskets.customer[known], minlength=count).astype(np.int32),
    )
