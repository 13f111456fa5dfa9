"""Small shops as a report sees them, written by hand: nothing is read and nothing is trained."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from nba.data.history import OrderHistory
from nba.data.shop import Shop
from nba.measure.report.source import Plan, Source
from tests import shops
from tests.snapshots import snapshot

SCRIPT = "<script>alert(1)</script>"
"""A title that must stay text."""


def source_of(
    orders: Iterable[shops.Order] | OrderHistory,
    *,
    plan: Plan | None = None,
    path: Path = Path("no-such-shop"),
    **history: Any,
) -> Source:
    """Give what a report of some orders of `kettle` and `tea` is made of.

    Args:
        orders: as `tests.shops.history` takes them, or a history of them.
        plan: what the playbook says.
        path: a shop folder with what is told beside orders.
        history: `as_of` and columns of `tests.shops.history`.
    """
    told = orders if isinstance(orders, OrderHistory) else shops.history(orders, **history)
    products = (
        {"product_id": "kettle", "title": SCRIPT, "currency": "EUR"},
        {"product_id": "tea", "title": "Tea", "currency": "EUR"},
    )
    learned = [
        {"id": one["product_id"], "title": one["title"], "currency": "EUR"} for one in products
    ]
    return Source(Shop(path, told, shops.catalog(*products)), snapshot(learned), plan or Plan())
