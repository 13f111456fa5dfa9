"""Candidates of the lists that are about a customer, or about nobody."""

from __future__ import annotations

import numpy as np

from nba.artifacts.snapshot import Snapshot
from nba.recommend import reasons, scores
from nba.recommend.slates import Candidates, Explained


def picks(snapshot: Snapshot, customer: int) -> Candidates:
    """Give what a customer bought, and what customers like this one buy."""
    score = scores.picks(snapshot, customer)
    codes = np.flatnonzero(score > 0)
    return Candidates(codes, score[codes], lambda code: reasons.personal(snapshot, customer, code))


def bought(snapshot: Snapshot, customer: int) -> Candidates:
    """Give what a customer bought, by frequency decayed with age."""
    span = snapshot.customers.span(customer)
    return Candidates(
        snapshot.customers.product[span],
        snapshot.customers.decayed[span],
        lambda code: reasons.personal(snapshot, customer, code),
    )


def popular(snapshot: Snapshot) -> Candidates:
    """Give the most ordered products of the popularity window."""
    codes, orders = snapshot.products.popular, snapshot.products.popular_orders
    manifest = snapshot.manifest
    days, until = manifest.config.popular.window_days, manifest.data_until

    def explain(code: int) -> Explained:
        return reasons.popular(int(orders[codes == code][0]), days, until)

    return Candidates(codes, orders.astype(np.float64), explain)
