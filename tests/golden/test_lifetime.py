"""What the customers of the shop of sixty orders (`log_shop.py`) brought and cost, by hand.

first order in  profit of January  February  March  April   cost told  spend of the month
January                     16700      6940   8100   7000   12 x 700                 9000
February                        -      6100   1800   1200   4 x 1000                 8000
March                           -         -   4000   2400   3 x 2000                 6000
April                           -         -      -   2100          -                 9000
"""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from nba.config import RhythmConfig
from nba.data.profiles import Profiles
from nba.data.traffic import Traffic
from nba.domain import Ids
from nba.learn.lifecycle import rhythm
from nba.measure.lifetime import (
    DEFINITIONS,
    CohortReturn,
    cohort_returns,
    customer_value,
    profit_per_buyer,
)
from nba.measure.sales import Sales
from nba.statistics.customers import CustomerSummary
from tests.golden.log_shop import (
    ACQUISITION_COSTS,
    MARGIN,
    shop_catalog,
    shop_history,
)
from tests.golden.test_kpis import told_traffic
from tests.shops import history

PROFIT = [(16_700, 23_640, 31_740, 38_740), (6_100, 7_900, 9_100), (4_000, 6_400), (2_100,)]
MONTH = np.datetime64("2026-01", "M")


def told_costs(costs=ACQUISITION_COSTS):
    # The shop describes somebody who never bought, and says nothing of the cost of another.
    costs = costs | {"a-stranger": 5000, "c20": None}
    ids = Ids.of(costs)
    return replace(
        Profiles.none(),
        customer_ids=ids,
        acquisition_cost=np.array([costs[one] or 0 for one in ids], np.int64),
        has_acquisition_cost=np.array([costs[one] is not None for one in ids], np.bool_),
    )


@pytest.fixture(scope="module")
def sales():
    return Sales.of(shop_history(), shop_catalog(), default_margin=MARGIN)


def test_cohorts_are_held_against_the_costs_of_their_customers(sales):
    found = cohort_returns(sales, told_costs(), told_traffic())
    assert [str(one.month) for one in found] == ["2026-01", "2026-02", "2026-03"]
    assert [(one.customers, one.cost) for one in found] == [(12, 8400), (4, 4000), (3, 6000)]
    assert [one.cumulative_profit for one in found] == PROFIT[:3]
    assert [one.value_to_cost for one in found] == [38_740 / 8400, 2.275, 6400 / 6000]
    assert [one.acquisition_cost for one in found] == [700, 1000, 2000]
    assert [one.is_worth_it for one in found] == [True, False, False]
    assert [one.payback_months for one in found] == [1, 1, 2]
    # The 56340 of all customers but the 2100 of c20, less 18400.
    assert profit_per_buyer(found) == 35_840 / 19


def test_without_costs_of_customers_the_spend_of_a_month_is_that_of_its_cohort(sales):
    found = cohort_returns(sales, Profiles.none(), told_traffic())
    assert [(one.customers, one.cost) for one in found] == [
        (12, 9000),
        (4, 8000),
        (3, 6000),
        (1, 9000),
    ]
    assert [one.cumulative_profit for one in found] == PROFIT
    assert [one.payback_months for one in found] == [1, 3, 2, None]
    assert [one.is_paid_back_in_time for one in found] == [True, True, True, None]
    assert profit_per_buyer(found) == (56_340 - 32_000) / 20


def test_a_month_of_which_no_spend_is_told_is_no_cohort_of_known_cost(sales):
    found = cohort_returns(sales, traffic=told_traffic([("2026-02-01", "paid", 10, 500)]))
    assert [str(one.month) for one in found] == ["2026-02"]


def test_where_no_cost_is_told_nothing_is_compared(sales):
    assert cohort_returns(sales) == []
    assert cohort_returns(sales, told_costs({}), Traffic.none()) == []
    assert profit_per_buyer([]) is None
    assert cohort_returns(Sales.of(history([])), told_costs(), told_traffic()) == []


@pytest.mark.parametrize(("profit", "is_worth_it"), [(300, True), (299, False), (-1, False)])
def test_three_times_the_cost_exactly_is_worth_it(profit, is_worth_it):
    assert CohortReturn(MONTH, 1, 100, (profit,)).is_worth_it is is_worth_it


@pytest.mark.parametrize(
    ("profit", "months", "in_time"),
    [
        ((100,), 1, True),
        ((99,), None, None),
        ((0,) * 10 + (100,), 11, True),
        ((0,) * 11 + (100,), 12, False),
        ((0,) * 11, None, None),
        ((0,) * 12, None, False),
    ],
)
def test_twelve_months_are_too_long(profit, months, in_time):
    found = CohortReturn(MONTH, 1, 100, profit)
    assert (found.payback_months, found.is_paid_back_in_time) == (months, in_time)


def test_customers_who_cost_nothing_have_no_ratio():
    assert CohortReturn(MONTH, 2, 0, (100,)).value_to_cost is None


def test_value_so_far_is_the_profit_a_customer_brought(sales):
    found = customer_value(sales)
    assert (found.customers, found.lifetime_value) == (20, 2817)
    assert found.profit_to_come is found.profit_to_come_low is found.profit_to_come_high is None
    assert customer_value(Sales.of(history([]))).lifetime_value is None


def test_what_is_to_come_is_the_mean_that_the_models_expect(sales):
    told = shop_history()
    placed, paid = told.baskets(), told.purchases()
    products = len(placed.product_ids)
    summary = CustomerSummary.of(
        placed, paid, np.zeros(products, np.int64), np.zeros(products, np.bool_), MARGIN
    )
    models = rhythm(summary, placed.customer_ids, RhythmConfig())[0]
    expected = models.expected_profit(np.arange(20), sales.as_of, 90)
    found = customer_value(sales, models, horizon_days=90)
    assert found.profit_to_come == pytest.approx(expected.mean())
    error = expected.std(ddof=1) / np.sqrt(20)
    assert error > 0
    assert found.profit_to_come_low == pytest.approx(expected.mean() - 1.959964 * error)
    assert found.profit_to_come_high == pytest.approx(expected.mean() + 1.959964 * error)


def test_figures_are_defined_and_ready_for_json(sales):
    cohorts = [one.to_dict() for one in cohort_returns(sales, told_costs())]
    value = customer_value(sales).to_dict()
    json.dumps([cohorts, value], allow_nan=False)
    unsaid = {"month", "customers", "profit", "cumulative_profit", "horizon_days"}
    assert {*cohorts[0], *value} - unsaid == set(DEFINITIONS) - {"profit_per_buyer"}
