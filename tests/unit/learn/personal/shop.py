"""Baskets and types for the tests of this folder."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from nba.data.history import Baskets
from nba.learn.assortment import Assortment
from tests.shops import Order, catalog, history

DEGENERATE: Mapping[str, Sequence[Order]] = {
    "no order": [],
    "one order": [("o1", "ann", 0, ["cup", "tea"])],
    "five orders": [(f"o{n}", f"c{n % 2}", 7.0 * n, ["cup", "tea"][: 1 + n % 2]) for n in range(5)],
    "one customer": [(f"o{n:03}", "ann", float(n), [f"p{n % 9}"]) for n in range(200)],
    "one product": [(f"o{n:03}", f"c{n % 30}", float(n), ["cup"]) for n in range(200)],
    "one instant": [(f"o{n:03}", f"c{n % 30}", 0, [f"p{n % 7}", "cup"]) for n in range(200)],
    "guests": [(f"o{n:03}", None, float(n), ["cup", "tea"]) for n in range(100)],
}


def placed(
    orders: Iterable[Order], listed: Sequence[Mapping[str, Any]] = ()
) -> tuple[Baskets, Assortment]:
    """Give the baskets of orders, and the categories of their products."""
    baskets = history(list(orders)).baskets(proving_days=0)
    listing = catalog(*listed)
    ids = listing.product_ids.union(baskets.product_ids)
    over = listing.over(ids)
    return baskets.over(ids), Assortment.of(over.category, over.product_group_id)
