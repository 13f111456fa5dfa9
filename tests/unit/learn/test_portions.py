"""What is learned of customers a portion at a time is what is learned of all at once."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

from nba.config import PopularConfig
from nba.data.contacts import Contacts
from nba.domain import DAY
from nba.learn import cards
from nba.learn.alike.shoppers import same_need
from nba.learn.assortment import Assortment
from nba.learn.cards import product_cards
from nba.learn.designs import Designs
from nba.learn.kinds import YEAR_DAYS, seldom_again
from nba.learn.needs.companions import _customers
from nba.learn.needs.finding import _orders_each
from nba.learn.segmenting import figures
from nba.learn.segmenting.steps import Steps
from nba.statistics.customers import CustomerSummary
from nba.statistics.lags import Followed
from nba.statistics.portions import portions
from tests.segmented import segmented
from tests.shops import catalog, history, random_orders

PORTIONS = (1, 5, 40)
MARGIN = 0.255


@pytest.fixture(scope="module")
def orders():
    return random_orders(5, customers=30, products=20, orders=260)


@pytest.mark.parametrize("at_once", PORTIONS)
def test_customers_are_summed_up_alike(orders, at_once):
    shop = history(orders)
    baskets, purchases = shop.baskets(), shop.purchases()
    cost = np.arange(len(baskets.product_ids)) * 7
    costs = cost, cost % 2 == 0, MARGIN
    found = CustomerSummary.of(baskets, purchases, *costs, at_once=at_once)
    assert found == CustomerSummary.of(baskets, purchases, *costs)
    named = baskets.customer < len(baskets.customer_ids)
    cells = np.repeat(named, baskets.size)
    assert found.orders.sum() == named.sum()
    assert found.revenue.sum() == purchases.revenue[cells].sum()
    assert found.profit.sum() == purchases.profit(baskets.product, *costs)[cells].sum()


@pytest.mark.parametrize("at_once", PORTIONS)
def test_segments_count_the_spending_of_a_period_alike(orders, at_once, monkeypatch):
    whole = segmented(orders)
    monkeypatch.setattr(figures, "portions", partial(portions, at_once=at_once))
    parts = segmented(orders)
    assert parts.spend.tolist() == whole.spend.tolist()
    assert len(set(whole.spend.tolist())) > 5


@pytest.mark.parametrize("at_once", PORTIONS)
def test_steps_before_an_instant_are_gathered_alike(orders, at_once):
    baskets = history(orders).baskets()
    listed = catalog(*baskets.product_ids).over(baskets.product_ids)
    types = Assortment.of(listed.category, listed.product_group_id)
    until = baskets.as_of - (np.arange(len(baskets.customer_ids)) % 9) * 5 * DAY
    until[3] = np.datetime64("NaT", "us")
    asked = until, 30, baskets.customer_ids, baskets, types, Contacts.none()
    whole, parts = Steps.before(*asked), Steps.before(*asked, at_once=at_once)
    assert parts.customer.tolist() == whole.customer.tolist()
    assert parts.step.tolist() == whole.step.tolist()
    assert len(whole.step) > 100
    assert 3 not in whole.customer


def listed(baskets):
    """A catalogue of two categories, with some variants in groups."""
    rows = [
        {"product_id": one, "category": "AB"[place % 2], "product_group_id": f"g{place // 3}"}
        for place, one in enumerate(baskets.product_ids)
    ]
    found = catalog(*rows).over(baskets.product_ids)
    return found, Assortment.of(found.category, found.product_group_id)


@pytest.mark.parametrize("at_once", PORTIONS)
def test_same_needs_are_found_alike(at_once):
    orders = []
    for number in range(60):
        who = f"c{number:02}"
        if number < 15:
            orders += [(f"{who}a", who, number, ["p0"]), (f"{who}b", who, 40, ["p2", "p1"])]
        else:
            orders += [(f"{who}{n}", who, 7 * n, [f"p{(number * n) % 30}"]) for n in range(1, 4)]
    baskets = history(orders).baskets(proving_days=0)
    rows = [{"product_id": one, "category": "A"} for one in baskets.product_ids]
    found = catalog(*rows).over(baskets.product_ids)
    designs = Designs.of(baskets.product_ids, Assortment.of(found.category, found.product_group_id))
    whole = same_need(baskets, designs, top_k=9, threads=1)
    parts = same_need(baskets, designs, top_k=9, threads=1, at_once=at_once)
    for one, other in zip(whole, parts, strict=True):
        assert one.tobytes() == other.tobytes()
    pair = (whole.first == designs.ids.find("p0")) & (whole.second == designs.ids.find("p2"))
    assert whole.customers[pair].tolist() == [15]


@pytest.mark.parametrize("at_once", PORTIONS)
def test_cards_count_customers_and_orders_alike(orders, at_once, monkeypatch):
    whole = history(orders)
    baskets = whole.baskets()
    listing, types = listed(baskets)
    monkeypatch.setattr(cards, "portions", partial(portions, at_once=at_once))
    found = product_cards(whole, listing, baskets, types, PopularConfig())
    basket = np.repeat(np.arange(len(baskets)), baskets.size)
    customer = baskets.customer[basket]
    for product in range(len(baskets.product_ids)):
        assert found.customers[product] == len(set(customer[baskets.product == product]))
        alike = types.category[baskets.product] == types.category[product]
        assert found.category_orders[product] == len(set(basket[alike]))


@pytest.mark.parametrize("at_once", PORTIONS)
def test_what_is_seldom_bought_again_is_found_alike(at_once):
    orders = []
    for number in range(70):
        who = f"c{number:02}"
        orders += [(f"{who}a", who, number % 7, ["p0", "p1"]), (f"{who}b", who, 90, ["p1"])]
        orders.append((f"{who}c", who, YEAR_DAYS + 9, ["p1"]))
    baskets = history(orders).baskets(proving_days=0)
    _, types = listed(baskets)
    assert seldom_again(baskets, types, at_once=at_once).tolist() == [True, False]


@pytest.mark.parametrize("at_once", PORTIONS)
def test_orders_of_a_type_are_counted_alike(orders, at_once):
    baskets = history(orders).baskets(proving_days=0)
    followed = Followed.of(baskets, delivery_days=3)
    whole, parts = _orders_each(followed), _orders_each(followed, at_once=at_once)
    assert parts.tolist() == whole.tolist()
    cells = np.repeat(baskets.customer, baskets.size)
    named = cells < len(baskets.customer_ids)
    bought = baskets.product == 2
    buyers = len(set(cells[named & bought].tolist()))
    assert whole[2] == pytest.approx(np.count_nonzero(named & bought) / buyers)


@pytest.mark.parametrize("at_once", PORTIONS)
def test_customers_of_pairs_of_types_are_counted_alike(orders, at_once):
    baskets = history(orders).baskets(proving_days=0)
    code = np.arange(len(baskets.product_ids), dtype=np.int32) % 5
    pairs = np.array([0 * 5 + 1, 1 * 5 + 3, 2 * 5 + 4])
    whole = _customers(baskets, code, pairs, 5)
    parts = _customers(baskets, code, pairs, 5, at_once=at_once)
    held = [set(row.tolist()) for row in np.split(code[baskets.product], baskets.start[1:-1])]
    owners = [
        {c for c, one in zip(baskets.customer, held, strict=True) if k in one} for k in range(5)
    ]
    both = {c for c, one in zip(baskets.customer, held, strict=True) if {1, 3} <= one}
    for found in (whole, parts):
        assert found[0].tolist() == [len(one) for one in owners]
        assert found[1][1] == len(both)
    assert parts[1].tolist() == whole[1].tolist()
