"""Learning anew, while a play goes on, how customers answer messages."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from nba.artifacts.snapshot import Snapshot
from nba.data.catalog import Catalog
from nba.data.history import OrderHistory
from nba.learn.lifecycle import rhythm
from nba.learn.responding.earnings import Earnings
from nba.learn.responding.letters import Arrivals
from nba.learn.responses import responses
from nba.statistics.customers import CustomerSummary


def relearned(snapshot: Snapshot, history: OrderHistory, catalog: Catalog) -> Snapshot:
    """Give a snapshot what a longer message log says; all else stays as it was learned.

    Args:
        snapshot: of the beginning.
        history: the orders and messages known by now.
        catalog: for what products cost.
    """
    config = snapshot.manifest.config
    baskets = history.baskets()
    ids = catalog.product_ids.union(baskets.product_ids)
    listing, placed = catalog.over(ids), baskets.over(ids)
    purchases = history.purchases()
    costs = listing.cost, listing.costed, config.default_margin
    summary = CustomerSummary.of(placed, purchases, *costs)
    worth = np.full(len(ids), np.nan)
    worth[ids.codes_of(snapshot.products.ids)] = snapshot.products.to_pay() * config.default_margin
    found, _ = rhythm(summary, placed.customer_ids, config.rhythm)
    return replace(
        snapshot,
        responses=responses(
            history.told.decisions(),
            Earnings.of(placed, purchases.profit(placed.product, *costs)),
            worth,
            found,
            Arrivals.of_orders(history),
            history.told.profiles(),
            config.responses,
            history.as_of,
        ),
    )
