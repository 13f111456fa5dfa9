"""What is learned of customers a portion at a time is what is learned of all at once."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

from nba.data.contacts import Contacts
from nba.domain import DAY
from nba.learn.assortment import Assortment
from nba.learn.segmenting import figures
from nba.learn.segmenting.steps import Steps
from nba.statistics.customers import CustomerSummary
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
