"""Five customers and a guest over four months of 2026, counted by hand; every order costs 100.

customer  January      February   March     April
ann       1, 15, 31    28         1         -
bob       31 23:59:59  1 00:00    -         10
cat       -            10         10 10     -
dan       -            -          31        1 00:00
guest     20           -          -         -
eve       -            -          -         5

The last fact is noon of the tenth of April.
"""

from __future__ import annotations

import numpy as np
import pytest

from nba.data.history import OrderHistory
from nba.errors import DataError
from nba.facts.rows import Rows
from nba.measure.cohorts import (
    CustomerCounts,
    churn_rate,
    cohorts,
    customer_counts,
    retention_rate,
)
from nba.measure.kpis import SalesSums
from nba.measure.sales import Sales

ORDERS = [
    ("ann", "2026-01-01T00:00:00"),
    ("ann", "2026-01-15T12:00:00"),
    ("ann", "2026-01-31T12:00:00"),
    ("ann", "2026-02-28T12:00:00"),
    ("ann", "2026-03-01T12:00:00"),
    ("bob", "2026-01-31T23:59:59.999999"),
    ("bob", "2026-02-01T00:00:00"),
    ("bob", "2026-04-10T12:00:00"),
    ("cat", "2026-02-10T12:00:00"),
    ("cat", "2026-03-10T09:00:00"),
    ("cat", "2026-03-10T18:00:00"),
    ("dan", "2026-03-31T12:00:00"),
    ("dan", "2026-04-01T00:00:00"),
    (None, "2026-01-20T12:00:00"),
    ("eve", "2026-04-05T12:00:00"),
]


def at(text):
    return np.datetime64(text, "us")


def sales_of(orders, as_of=None):
    rows = Rows.of(
        [
            {
                "order_id": f"o{number}",
                "customer_id": customer,
                "ordered_at": at(when),
                "status": "delivered",
            }
            for number, (customer, when) in enumerate(orders)
        ],
        [
            {
                "order_id": f"o{number}",
                "line_no": 1,
                "product_id": "p",
                "quantity": 1,
                "unit_price": 100,
            }
            for number in range(len(orders))
        ],
    )
    return Sales.of(OrderHistory.from_rows(rows, as_of=None if as_of is None else at(as_of)))


@pytest.fixture(scope="module")
def sales():
    return sales_of(ORDERS)


def test_cohorts_are_those_of_the_month_of_the_first_purchase(sales):
    found = cohorts(sales)
    assert found.month.astype(str).tolist() == ["2026-01", "2026-02", "2026-03", "2026-04"]
    assert found.customers.tolist() == [2, 1, 1, 1]
    assert found.active.tolist() == [[2, 2, 1, 1], [1, 1, 0, 0], [1, 1, 0, 0], [1, 0, 0, 0]]
    assert found.revenue.tolist() == [
        [400, 200, 100, 100],
        [100, 200, 0, 0],
        [100, 100, 0, 0],
        [100, 0, 0, 0],
    ]


def test_cells_of_the_month_that_is_not_over_are_marked_and_later_ones_say_nothing(sales):
    found = cohorts(sales)
    assert found.has_begun.tolist() == [
        [True, True, True, True],
        [True, True, True, False],
        [True, True, False, False],
        [True, False, False, False],
    ]
    assert found.is_finished.tolist() == [
        [True, True, True, False],
        [True, True, False, False],
        [True, False, False, False],
        [False, False, False, False],
    ]


def test_a_month_is_finished_at_midnight_of_the_next_one():
    last_day = sales_of(ORDERS, "2026-03-31T23:59:59.999999")
    assert cohorts(last_day).is_finished[0].tolist() == [True, True, False]
    midnight = sales_of(ORDERS, "2026-04-01T00:00:00")
    assert cohorts(midnight).is_finished[0].tolist() == [True, True, True]
    assert cohorts(midnight).has_begun.shape == (3, 3)
    after = cohorts(sales_of(ORDERS, "2026-04-01T00:00:00.000001"))
    assert after.is_finished[0].tolist() == [True, True, True, False]
    assert after.active[2].tolist() == [1, 1, 0, 0]


def test_cohorts_can_be_listed_with_the_share_that_came_back(sales):
    rows = cohorts(sales).to_rows()
    assert len(rows) == 10
    assert rows[2] == {
        "month": "2026-01",
        "customers": 2,
        "months_since": 2,
        "active": 1,
        "share": 0.5,
        "revenue": 100,
        "cumulative_revenue": 700,
        "is_finished": True,
    }


def test_a_month_without_new_customers_is_a_cohort_without_a_share():
    rows = cohorts(sales_of([ORDERS[0], ("eve", "2026-03-05T00:00:00")])).to_rows()
    assert [(row["month"], row["customers"], row["share"]) for row in rows] == [
        ("2026-01", 1, 1.0),
        ("2026-01", 1, 0.0),
        ("2026-01", 1, 0.0),
        ("2026-02", 0, None),
        ("2026-02", 0, None),
        ("2026-03", 1, 1.0),
    ]


def test_without_customers_there_are_no_cohorts():
    assert len(cohorts(sales_of([])).month) == 0
    assert cohorts(sales_of([(None, "2026-01-20T12:00:00")])).to_rows() == []


def test_retention_is_end_less_new_over_start():
    assert retention_rate(200, 210, 40) == 0.85
    assert churn_rate(200, 210, 40) == pytest.approx(0.15)
    assert retention_rate(10, 0, 0) == 0
    assert retention_rate(10, 10, 0) == 1


def test_where_nobody_was_at_the_start_nobody_can_stay():
    assert retention_rate(0, 5, 5) is None
    assert churn_rate(0, 5, 5) is None


@pytest.mark.parametrize("start", [1, 3, 7, 199])
def test_churn_and_retention_are_one_together(start):
    for end in range(0, 300, 7):
        retained, left = retention_rate(start, end, end // 3), churn_rate(start, end, end // 3)
        assert retained is not None
        assert left == 1 - retained


@pytest.mark.parametrize("counts", [(-1, 0, 0), (1, 2, 3), (1, 2, -1)])
def test_counts_that_cannot_be_are_refused(counts):
    with pytest.raises(DataError, match="cannot be"):
        retention_rate(*counts)


def test_customers_of_march_are_counted_at_both_ends(sales):
    # Thirty days before the first of March: from 30 January; ann, bob and cat bought.
    # Thirty days before the first of April: from 2 March; cat and dan did.
    found = customer_counts(sales, at("2026-03-01"), at("2026-04-01"), active_days=30)
    assert found == CustomerCounts(start=3, end=2, new=1, won_back=0)
    assert found.retention_rate == pytest.approx(1 / 3)
    assert found.churn_rate == pytest.approx(2 / 3)


def test_who_comes_back_is_new_again_and_said_to_be_won_back(sales):
    # On 1 April bob had been away for over thirty days; by the eleventh he, dan and eve bought.
    found = customer_counts(sales, at("2026-04-01"), at("2026-04-11"), active_days=30)
    assert found == CustomerCounts(start=2, end=3, new=2, won_back=1)
    assert found.retention_rate == 0.5


def test_a_purchase_counts_from_its_instant_to_the_end_of_its_days(sales):
    def customers(text):
        return customer_counts(sales, at(text), at(text), active_days=1).start

    # Ann bought at midnight of the first of January.
    assert customers("2026-01-01T00:00:00") == 0
    assert customers("2026-01-01T00:00:00.000001") == 1
    assert customers("2026-01-02T00:00:00") == 1
    assert customers("2026-01-02T00:00:00.000001") == 0


def test_the_orders_of_january_and_of_the_whole_time_are_summed(sales):
    january = SalesSums.of(sales, at("2026-01-01"), at("2026-02-01"))
    assert january == SalesSums(
        orders=5,
        guest_orders=1,
        customers=2,
        new_customers=2,
        repeat_customers=1,
        returning_customers=1,
        revenue=500,
        guest_revenue=100,
        repeat_revenue=200,
        profit=150,
        guest_profit=30,
    )
    assert january.repeat_purchase_rate == 0.5
    assert january.repeat_revenue_share == 0.4
    assert january.average_order_value == 100
    assert january.purchase_frequency == 2
    whole = SalesSums.of(sales, at("2026-01-01"), at("2026-05-01"))
    assert (whole.customers, whole.repeat_customers) == (5, 4)
    assert whole.repeat_revenue == 900


def test_two_orders_of_a_day_are_two_orders_and_bring_no_revenue_of_a_later_day(sales):
    day = SalesSums.of(sales, at("2026-03-10"), at("2026-03-11"))
    assert (day.orders, day.customers, day.repeat_customers) == (2, 1, 1)
    alone = SalesSums.of(
        sales_of([("cat", "2026-03-10T00:00:00"), ("cat", "2026-03-10T23:59:59.999999")]),
        at("2026-03-10"),
        at("2026-03-11"),
    )
    assert (alone.repeat_revenue, alone.returning_customers) == (0, 0)


def test_a_period_without_orders_has_no_rates(sales):
    empty = SalesSums.of(sales, at("2025-01-01"), at("2025-02-01"))
    assert empty.repeat_purchase_rate is None
    assert empty.repeat_revenue_share is None
    assert empty.average_order_value is None
    assert empty.purchase_frequency is None
    assert empty.is_quality is None


@pytest.mark.parametrize(
    ("repeat", "revenue", "is_quality"),
    [
        (30, 100, True),
        (29, 100, False),
        (3, 10, True),
        (2_999_999, 10_000_000, False),
        (0, 1, False),
    ],
)
def test_thirty_percent_exactly_is_quality(repeat, revenue, is_quality):
    assert SalesSums(revenue=revenue, repeat_revenue=repeat).is_quality is is_quality
