"""The figures of the shop of sixty orders (`log_shop.py`), counted by hand.

Kept orders of customers: c01 six, c02 and c03 five, c05 and c10 three, c07, c19 and c20 one, the
other twelve two each: 49. Guests have four: o13 A, o25 A, o39 C, o53 E, which are 11600 of the
revenue and 4600 of the profit. First orders bring 37100, 14600, 9600 and 5000 a month.
"""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from nba.data.history import OrderHistory
from nba.data.traffic import Traffic
from nba.domain import DAY, Texts
from nba.facts.rows import Rows
from nba.measure.cohorts import CustomerCounts, customer_counts
from nba.measure.kpis import DEFINITIONS, SalesSums, shop_kpis
from nba.measure.sales import Sales
from tests.golden.log_shop import (
    AS_OF,
    MARGIN,
    PLACED,
    TRAFFIC,
    line_rows,
    order_rows,
    shop_catalog,
    shop_history,
)
from tests.shops import catalog, history


def told_traffic(rows=TRAFFIC):
    """Spread the counts of each month over all of its days, as evenly as integers are."""
    spread = []
    for first, channel, *counts in rows:
        month = np.datetime64(first, "M")
        days = np.arange(month, month + 1, dtype="datetime64[D]")
        for place, day in enumerate(days):
            shares = (
                None if one is None else one // len(days) + (place < one % len(days))
                for one in counts
            )
            spread.append((day, channel, *shares))
    return daily_traffic(sorted(spread, key=lambda row: row[:2]))


def daily_traffic(rows):
    return Traffic(
        np.array([day for day, *_ in rows], "datetime64[D]"),
        Texts.of(channel for _, channel, *_ in rows),
        np.array([visits for *_, visits, _ in rows], np.int64),
        np.ones(len(rows), np.bool_),
        np.array([spend or 0 for *_, spend in rows], np.int64),
        np.array([spend is not None for *_, spend in rows], np.bool_),
    )


@pytest.fixture(scope="module")
def sales():
    return Sales.of(shop_history(), shop_catalog(), default_margin=MARGIN)


@pytest.fixture(scope="module")
def found(sales):
    return shop_kpis(sales, told_traffic())


def test_the_whole_history_is_summed(found):
    assert found.whole.sums == SalesSums(
        orders=53,
        guest_orders=4,
        customers=20,
        new_customers=20,
        repeat_customers=17,
        returning_customers=17,
        revenue=135_900,
        guest_revenue=11_600,
        repeat_revenue=58_000,
        profit=60_940,
        guest_profit=4_600,
    )


def test_rates_of_the_whole_history_are_those_of_its_sums(found):
    told = found.to_dict()
    assert told["average_order_value"] == 135_900 / 53
    assert told["repeat_purchase_rate"] == 0.85
    assert told["purchase_frequency"] == 2.45
    assert told["repeat_revenue_share"] == 58_000 / 135_900
    assert told["is_quality"] is True
    assert told["arpu"] == 6215
    assert told["profit_per_customer"] == told["lifetime_value"] == 2817
    assert told["margin"] == 60_940 / 135_900
    assert told["visits"] == 1400 + 1300 + 1000 + 1300
    assert told["spend"] == 32_000
    assert told["conversion"] == 53 / 5000
    assert (told["customer_retention_rate"], told["churn_rate"]) == (None, None)


def test_every_month_is_summed(found):
    assert [str(one.since.astype("datetime64[M]")) for one in found.months] == [
        "2026-01",
        "2026-02",
        "2026-03",
        "2026-04",
    ]
    assert [one.is_finished for one in found.months] == [True] * 4
    columns = {
        "orders": [14, 13, 13, 13],
        "guest_orders": [1, 1, 1, 1],
        "customers": [12, 10, 11, 12],
        "new_customers": [12, 4, 3, 1],
        "repeat_customers": [1, 2, 1, 0],
        "returning_customers": [1, 6, 8, 11],
        "revenue": [43_100, 33_000, 31_600, 28_200],
        "repeat_revenue": [2_000, 14_400, 20_000, 21_600],
        "profit": [18_200, 14_540, 14_500, 13_700],
    }
    for name, counted in columns.items():
        assert [getattr(one.sums, name) for one in found.months] == counted, name
    assert [one.visits for one in found.months] == [1400, 1300, 1000, 1300]
    assert [one.spend for one in found.months] == [9000, 8000, 6000, 9000]


def test_who_stayed_is_counted_at_both_ends_of_a_month(sales, found):
    # Of a year's customers nobody can have left within four months.
    assert [one.counts.retention_rate for one in found.months] == [None, 1, 1, 1]
    # Of thirty days: ten bought in February; c01 c02 c03 c05 c13 c14 of them and c09 c10 c17 c18
    # c19 after the first of March.
    march = shop_kpis(sales, active_days=30).months[2]
    assert march.counts == CustomerCounts(start=10, end=11, new=5, won_back=2)
    assert march.counts.retention_rate == 0.6
    assert march.counts.churn_rate == pytest.approx(0.4)


def test_nobody_is_lost_on_days_of_a_month_that_are_yet_to_come():
    # Thirty days before the sixteenth of March: c15 c16 c02 c08 of February's ten, and since then
    # c01 c02 c03 and, new, c09 c10 c17 c18 c19.
    now = Sales.of(shop_history().until("2026-03-16T00:00Z"), shop_catalog())
    march = shop_kpis(now, active_days=30).months[-1]
    assert not march.is_finished
    assert march.counts == CustomerCounts(start=10, end=11, new=5, won_back=2)


def test_slices_of_customers_add_up_to_the_whole(sales, found):
    number = np.arange(sales.customer_count)
    parts = [SalesSums.of(sales, found.whole.since, AS_OF, number % 3 == k) for k in range(3)]
    total = parts[0] + parts[1] + parts[2]
    whole = found.whole.sums
    assert total.orders == whole.orders - whole.guest_orders
    assert total.revenue == whole.revenue - whole.guest_revenue
    assert total.profit == whole.profit - whole.guest_profit
    for name in ("customers", "new_customers", "repeat_customers", "returning_customers"):
        assert getattr(total, name) == getattr(whole, name)
    assert total.repeat_revenue == whole.repeat_revenue


def test_rows_in_another_order_change_nothing(found):
    rows = Rows.of(order_rows()[::-1], line_rows()[::-1])
    again = Sales.of(OrderHistory.from_rows(rows, as_of=AS_OF), shop_catalog())
    assert shop_kpis(again, told_traffic()) == found


def test_rows_told_twice_and_late_change_nothing(found):
    orders, lines = (
        pd.DataFrame(given + given[::3]).sample(frac=1, random_state=7)
        for given in (order_rows(), line_rows())
    )
    statuses = pd.DataFrame(
        {
            "order_id": order,
            "status": "paid",
            "at": np.datetime64(at, "us") + DAY // 24,
        }
        for order, _, at, *_ in [*PLACED[::-1], *PLACED[:9]]
    )
    told = OrderHistory.from_frame(orders, lines, order_statuses=statuses, zone="UTC")
    again = Sales.of(told.until(AS_OF), shop_catalog(), default_margin=MARGIN)
    assert shop_kpis(again, told_traffic()) == found


def test_products_that_the_catalogue_lacks_have_the_assumed_margin():
    alone = catalog({"product_id": "kettle", "cost": 2500}, "another")
    told = Sales.of(shop_history(), alone, default_margin=0.5)
    # Kettles of baskets A and D by month: 5 + 2, 3 + 1, 3, 1. Each brings 1500 but that of o02,
    # which bears 400 of the discount; the rest brings half.
    kettles = 7 + 4 + 3 + 1
    assert told.profit.sum() == kettles * 1500 - 400 + (135_900 - kettles * 4000 + 400) // 2
    untold = Sales.of(shop_history(), default_margin=0.5)
    assert untold.profit.sum() == 135_900 // 2


def test_conversion_leaves_out_months_of_which_no_visits_are_told(sales):
    march = [row for row in TRAFFIC if row[0].startswith("2026-03")]
    found = shop_kpis(sales, told_traffic(march))
    assert found.whole.conversion == 13 / 1000
    assert [one.conversion for one in found.months] == [None, None, 0.013, None]
    assert shop_kpis(sales).whole.conversion is None


def test_of_a_month_told_in_part_only_orders_of_told_days_count(sales):
    # o18 and o30; nobody bought; o27 came back; o31.
    days = ("2026-02-05", "2026-02-06", "2026-02-23", "2026-03-01")
    visits = (100, 40, 60, 50)
    rows = [(day, "direct", count, None) for day, count in zip(days, visits, strict=True)]
    found = shop_kpis(sales, daily_traffic(rows))
    assert [one.conversion for one in found.months] == [None, 2 / 200, 1 / 50, None]
    assert found.whole.conversion == 3 / 250


def test_a_month_looks_at_its_own_orders_and_at_no_others(sales, found):
    for one in found.months:
        assert one.sums == SalesSums.of(sales, one.since, one.until)
        assert one.counts == customer_counts(sales, one.since, one.until)


def test_every_figure_is_defined_and_ready_for_json(found):
    told = found.to_dict()
    assert set(told) - {"since", "until", "is_finished", "months"} == set(DEFINITIONS)
    assert json.loads(json.dumps(told, allow_nan=False)) == told


def test_a_shop_without_orders_has_no_rates():
    told = shop_kpis(Sales.of(history([]))).to_dict()
    assert told["orders"] == told["revenue"] == 0
    assert told["months"] == []
    assert told["repeat_purchase_rate"] is told["average_order_value"] is told["margin"] is None
