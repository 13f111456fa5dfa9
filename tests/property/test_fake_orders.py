"""Fake orders: what somebody orders to be shown beside a product does not get there."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from nba.artifacts.graph import ProductGraph
from nba.config import CoPurchaseConfig, PopularConfig
from nba.learn.assortment import Assortment
from nba.learn.cards import product_cards
from nba.learn.compatibility import Compatibility
from nba.learn.copurchase import bought_together
from nba.statistics.engines.this_machine import ThisMachine
from tests.shops import Order, catalog, history, random_orders

SHOWN = 8
TARGET = "p9999"
LAST_DAY = 99


@cache
def honest() -> tuple[Order, ...]:
    """Give some thousand orders; the target sells now and then."""
    orders = random_orders(5, customers=900, products=150, orders=4000)
    random = np.random.default_rng(6)
    rare = [("t" + o, c, d, [*ps, TARGET]) for o, c, d, ps in orders if random.random() < 0.002]
    return (*orders, *rare)


@cache
def victims() -> tuple[str, ...]:
    """Products with 50 orders or more: the one with fewest, and two on the way to the best."""
    sold: dict[str, int] = {}
    for _, _, _, products in honest():
        for one in products:
            sold[one] = sold.get(one, 0) + 1
    often = sorted((one for one in sold if sold[one] >= 50), key=lambda one: (sold[one], one))
    return tuple(often[place] for place in (0, len(often) // 3, 2 * len(often) // 3))


def beside(product: str, orders: list[Order], config: CoPurchaseConfig) -> list[str]:
    """Train on honest and fake orders, and give the first places of a product's list."""
    known = history([*honest(), *orders])
    placed = known.baskets(proving_days=config.proving_days)
    listing = catalog().over(placed.product_ids)
    types = Assortment.of(listing.category, listing.product_group_id)
    graph = bought_together(
        placed,
        product_cards(known, listing, placed, types, PopularConfig()),
        types,
        Compatibility.of(listing),
        ProductGraph.empty(len(placed.product_ids)),
        config,
        ThisMachine(),
    )
    code = placed.product_ids.find(product)
    return [placed.product_ids[one] for one in graph.neighbours[graph.span(code)][:SHOWN].tolist()]


def fakes(product: str, count: int, *, guests: bool = False) -> list[Order]:
    """Orders of the pair in the last days, one an account."""
    return [
        (f"f{n:03}", None if guests else f"fake{n:03}", LAST_DAY - n % 5, [product, TARGET])
        for n in range(count)
    ]


@pytest.mark.parametrize("product", victims())
@pytest.mark.parametrize("guests", [False, True], ids=["accounts", "guests"])
@pytest.mark.parametrize("count", [20, 50])
def test_new_accounts_with_one_order_each_change_no_first_places(product, guests, count):
    shipped = CoPurchaseConfig()
    before = beside(product, [], shipped)
    assert TARGET not in before
    assert beside(product, fakes(product, count, guests=guests), shipped) == before


@pytest.mark.parametrize("product", victims())
def test_they_would_if_accounts_counted_at_once(product):
    credulous = CoPurchaseConfig(proving_days=0)
    assert TARGET in beside(product, fakes(product, 50), credulous)


@pytest.mark.parametrize("product", victims())
def test_one_customer_with_two_hundred_orders_counts_for_a_few(product):
    flood = [(f"z{n:03}", "flooder", n % LAST_DAY, [product, TARGET]) for n in range(200)]
    assert TARGET not in beside(product, flood, CoPurchaseConfig())[:5]
    assert beside(product, flood, CoPurchaseConfig(customer_cap=127))[0] == TARGET
