"""Customer sums of a small shop, counted by hand, and how they add."""

from __future__ import annotations

import numpy as np
import pytest

from nba.errors import DataError
from nba.statistics.customers import CustomerSummary
from tests.shops import SIX_ORDERS, catalog, history

# Beside the six orders: bob again on one day, and an order of which nothing was kept.
ORDERS = (*SIX_ORDERS, ("o7", "bob", 11.2, ["tea"]), ("o8", "dan", 12, []))
COSTS = ({"product_id": "kettle", "cost": 150}, {"product_id": "tea", "cost": 0}, "cup", "filter")
MARGIN = 0.255


def summed(orders=ORDERS, *, as_of: float = 44) -> CustomerSummary:
    shop = history(orders, as_of=as_of)
    baskets, listed = shop.baskets(), catalog(*COSTS)
    listed = listed.over(listed.product_ids.union(baskets.product_ids))
    baskets = baskets.over(listed.product_ids)
    return CustomerSummary.of(baskets, shop.purchases(), listed.cost, listed.costed, MARGIN)


def test_every_customer_with_a_purchase_is_summed_up_and_guests_are_not():
    found = summed()
    assert list(found.customer_ids) == ["ann", "bob", "cat"]
    assert found.orders.tolist() == [2, 3, 1]
    assert found.days.tolist() == [2, 2, 1]
    assert found.first_day.astype(str).tolist() == ["2026-01-01", "2026-01-12", "2026-01-21"]
    assert found.last_day.astype(str).tolist() == ["2026-01-11", "2026-01-31", "2026-01-21"]
    assert found.revenue.tolist() == [500, 700, 100]


def test_profit_is_revenue_less_cost_and_the_margin_where_no_cost_is_said():
    found = summed()
    # A piece costs 100: a kettle loses 50, tea is all profit, cup and filter bring 26 of 25.5.
    assert found.profit.tolist() == [
        2 * (-50) + 2 * 26 + 100,
        2 * (-50) + 3 * 100 + 2 * 26,
        100,
    ]
    assert found.first_profit.tolist() == [-50 + 26, -50 + 2 * 100, 100]


def test_rhythm_is_told_in_days_after_the_first_and_in_weeks():
    found = summed()
    assert found.repeats.tolist() == [1, 1, 0]
    assert (found.recency * 7).tolist() == [10, 19, 0]
    # Known until noon of the 14th of February, day 44.
    assert (found.age * 7).tolist() == [44, 33, 24]


def test_a_day_ends_at_midnight_utc():
    # The days of `tests.shops` begin at noon.
    orders = [("a", "ann", 0.4999, ["tea"]), ("b", "ann", 0.5, ["tea"])]
    found = summed(orders, as_of=0.5001)
    assert (found.days.tolist(), (found.recency * 7).tolist()) == ([2], [1])
    until_midnight = summed(orders, as_of=0.5)
    assert (until_midnight.days.tolist(), until_midnight.age.tolist()) == ([1], [0])


def test_sums_of_different_customers_add_and_come_apart():
    whole = summed()
    some = summed([order for order in ORDERS if order[1] in {"ann", None}])
    rest = summed([order for order in ORDERS if order[1] not in {"ann", None}])
    assert some + rest == whole
    assert rest + some == whole
    assert whole - some == rest
    assert whole - whole == summed([])
    assert whole != rest


def test_the_same_customer_twice_is_refused():
    with pytest.raises(DataError, match="1 customers are in both sums"):
        summed() + summed([("o9", "cat", 1, ["tea"])])


def test_who_was_not_added_cannot_be_taken_away():
    with pytest.raises(DataError, match="other figures here"):
        summed() - summed([("o9", "cat", 1, ["tea"])])
    with pytest.raises(DataError, match="not among"):
        summed() - summed([("o9", "eve", 1, ["tea"])])


def test_sums_until_different_instants_do_not_add():
    with pytest.raises(DataError, match="do not add"):
        summed() + summed([("o9", "eve", 1, ["tea"])], as_of=45)


def test_sums_come_back_from_a_file(tmp_path):
    for found in (summed(), summed([])):
        found.save(tmp_path / "customers.npz")
        assert CustomerSummary.load(tmp_path / "customers.npz") == found
    (tmp_path / "other").write_bytes(b"no archive")
    with pytest.raises(DataError, match="holds no customer sums"):
        CustomerSummary.load(tmp_path / "other")


def test_a_shop_without_orders_has_no_sums():
    found = summed([])
    assert len(found) == 0
    assert found.days.dtype == np.int64
