"""What is counted of customers, and rates that stay sensible where there is little to count."""

from __future__ import annotations

from math import exp

import numpy as np
import pytest

from nba.artifacts.habits import REPEAT_TERMS, chance
from nba.learn.personal.habits import (
    DISCOVERY_PRIOR,
    REPEAT_PRIOR,
    customers_at,
    untaught,
    untaught_until,
)
from tests.shops import day, random_orders
from tests.unit.learn.personal.shop import DEGENERATE, placed

ORDERS = [
    ("o1", "ann", 0, ["cup", "tea"]),
    ("o2", "ann", 10, ["tea"]),
    ("o3", None, 12, ["tea"]),
    ("o4", "bob", 38, ["cup"]),
]


def test_customers_are_counted_without_guests():
    baskets, _ = placed(ORDERS)
    customers = customers_at(baskets)
    assert list(customers.ids) == ["ann", "bob"]
    assert customers.order_count.tolist() == [2, 1]
    assert customers.orders.tolist() == [1, 2, 1]
    np.testing.assert_allclose(customers.pace, [exp(-38 / 28) + exp(-28 / 28), 1], rtol=1e-6)


def test_an_earlier_instant_forgets_what_came_later():
    baskets, _ = placed(ORDERS)
    early = customers_at(baskets.until(day(10)))
    assert early.as_of[0] == day(10)
    assert early.order_count.tolist() == [1, 0]
    assert early.product[early.span(0)].tolist() == [0, 1]
    assert early.orders.tolist() == [1, 1]
    assert early.span(1) == slice(2, 2)


def test_rates_know_nothing_of_the_future():
    orders = random_orders(6, customers=30, products=20, orders=300)
    cut = day(60)
    baskets, types = placed(orders)
    without = baskets.where(baskets.at < cut)
    for one, other in (
        (baskets.until(cut), without.until(cut)),
        (baskets.until(cut), baskets.until(day(80)).until(cut)),
    ):
        first, second = customers_at(one), customers_at(other)
        rates = untaught(one, first, types), untaught(other, second, types)
        for name in ("orders", "decayed", "pace", "last_at", "first_at", "product"):
            assert getattr(first, name).tobytes() == getattr(second, name).tobytes(), name
        for name in ("returning", "rate", "recent", "share", "repeat_ratio", "size"):
            assert getattr(rates[0], name).tobytes() == getattr(rates[1], name).tobytes(), name


@pytest.mark.parametrize("at_once", [1, 7, 40, 10_000])
def test_rates_are_the_same_whatever_is_looked_at_at_once(at_once):
    baskets, types = placed(random_orders(6, customers=30, products=20, orders=300))
    cut = day(60)
    early = customers_at(baskets.until(cut))
    whole = untaught(baskets.until(cut), early, types)
    parts = untaught(baskets.until(cut), early, types, at_once=at_once)
    streamed, cells = untaught_until(baskets, cut, types, at_once=at_once)
    assert cells == len(early.product)
    for name in ("type", "returning", "rate", "recent", "share", "repeat_ratio", "size"):
        expected = getattr(whole, name).tobytes()
        assert getattr(parts, name).tobytes() == expected, name
        assert getattr(streamed, name).tobytes() == expected, name


@pytest.mark.parametrize("name", DEGENERATE)
def test_rates_are_shares_and_finite_in_any_shop(name):
    baskets, types = placed(DEGENERATE[name])
    customers = customers_at(baskets)
    habits = untaught(baskets, customers, types)
    for share in (habits.returning, habits.recent, habits.share, habits.repeat_ratio):
        assert (share > 0).all()
        assert (share <= 1).all()
    assert (habits.rate > 0).all()
    assert np.isfinite(habits.rate).all()
    assert habits.share.sum() == pytest.approx(1 if len(habits.share) else 0)
    everybody = np.arange(len(customers))
    at = customers.as_of[0]
    shoppers = habits.shoppers(customers, everybody, at)
    _, terms = habits.repeat_terms(customers, everybody, shoppers, at)
    assert np.isfinite(terms).all()
    found = chance(terms, habits.repeat)
    assert ((found > 0) & (found <= 1)).all()


def test_a_product_bought_weekly_by_all_has_about_that_rate():
    orders = [(f"o{n:03}", f"c{n % 20:02}", 7.0 * (n // 20), ["milk"]) for n in range(20 * 40)]
    baskets, types = placed(orders)
    habits = untaught(baskets, customers_at(baskets), types)
    np.testing.assert_allclose(habits.rate, 1 / 7, rtol=0.02)
    np.testing.assert_allclose(habits.returning, 1)


def test_untaught_chances_start_from_their_formulas():
    baskets, types = placed(ORDERS)
    habits = untaught(baskets, customers_at(baskets), types)
    assert habits.repeat.tolist() == REPEAT_PRIOR.tolist()
    assert habits.discovery.tolist() == DISCOVERY_PRIOR.tolist()
    assert habits.repeat is not REPEAT_PRIOR
    assert dict(zip(REPEAT_TERMS, REPEAT_PRIOR[1:], strict=True))["formula"] == 1
    assert REPEAT_PRIOR.sum() == 1
