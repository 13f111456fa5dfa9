"""What a message changed: who got it beside who was held out of it, counted by hand."""

from __future__ import annotations

from dataclasses import replace
from math import sqrt

import numpy as np
import pytest
from scipy.stats import ttest_ind

from nba.data.history import OrderHistory
from nba.errors import ConfigError
from nba.facts.rows import Rows
from nba.measure.incremental import Difference, Incremental, incremental
from tests.golden.log_messages import told_of

ELIGIBLE = '["digest", "none"]'


def decided(customer, day, message="digest", *, holdout=False, **more):
    left = None if message == "none" else f"2026-01-{day:02}T00:00:00Z"
    return {
        "message_id": f"{customer}-{day}",
        "decision_id": f"d-{customer}-{day}",
        "customer_id": customer,
        "message": message,
        "channel": "email",
        "decided_at": f"2026-01-{day:02}T00:00:00Z",
        "claimed_at": left,
        "propensity": 1.0,
        "eligible": ELIGIBLE,
        "holdout": holdout,
        **more,
    }


def held(customer, day):
    return decided(customer, day, "none", holdout=True)


LOG = [
    decided("ann", 5),
    decided("bob", 5),
    decided("cat", 5),
    held("dan", 5),
    held("eve", 5),
    # Later decisions about somebody who is already in a group.
    decided("eve", 6),
    decided("cat", 12),
    # Decided for nothing by chance, and a message without a holdout.
    decided("fay", 5, "none", propensity=0.5),
    decided("gil", 5, "refill", eligible='["refill", "none"]'),
]
# The last is far behind every window, so that all of them are over.
BOUGHT = [
    ("ann", "2026-01-06T00:00:00"),
    ("ann", "2026-01-12T00:00:00"),
    ("ann", "2026-01-12T00:00:00.000001"),
    ("bob", "2026-01-07T00:00:00"),
    ("bob", "2026-01-05T00:00:00"),
    ("dan", "2026-01-08T00:00:00"),
    ("cat", "2026-01-13T00:00:00"),
    ("fay", "2026-01-06T00:00:00"),
    ("zoe", "2026-03-01T00:00:00"),
]


def compared(log, bought=BOUGHT, **how):
    orders = [
        {
            "order_id": f"o{number}",
            "customer_id": customer,
            "ordered_at": np.datetime64(when, "us"),
            "status": "paid",
        }
        for number, (customer, when) in enumerate(bought)
    ]
    lines = [
        {
            "order_id": order["order_id"],
            "line_no": 1,
            "product_id": "cup",
            "quantity": 1,
            "unit_price": 100,
        }
        for order in orders
    ]
    history = OrderHistory.from_rows(Rows.of(orders, lines))
    return incremental(replace(history, told=told_of(messages=log)), **how)


def test_groups_are_compared_by_customer():
    # Ann bought twice in her seven days, bob once after his message, cat not; dan once, eve not.
    # With two customers more, 2, 1, 0 and 1, 0 become 2, 1, 0, 0, sqrt 2 and 1, 0, 0, sqrt 2.
    treated, held_out = [2, 1, 0, 0, sqrt(2)], [1, 0, 0, sqrt(2)]
    middle = (3 + sqrt(2)) / 5 - (1 + sqrt(2)) / 4
    interval = ttest_ind(treated, held_out, equal_var=False).confidence_interval(0.95)
    assert interval.low + interval.high == pytest.approx(2 * middle)
    assert compared(LOG) == [
        Incremental(
            message="digest",
            treated=3,
            held_out=2,
            useful=Difference(
                1.0, 0.5, 0.5, pytest.approx(interval.low), pytest.approx(interval.high)
            ),
            revenue=Difference(
                100.0,
                50.0,
                50.0,
                pytest.approx(100 * interval.low),
                pytest.approx(100 * interval.high),
            ),
        )
    ]


def test_rows_in_any_order_are_compared_alike():
    assert compared(LOG[::-1], BOUGHT[::-1]) == compared(LOG)


def test_of_one_customer_no_interval_is_known():
    (found,) = compared([decided("ann", 5), decided("bob", 5), held("dan", 5)])
    assert found.useful.effect == 0.5
    assert found.useful.low is found.useful.high is None
    assert found.to_dict()["revenue"]["low"] is None


def test_nobody_counts_whose_window_is_still_open():
    bought = [("ann", "2026-01-06T00:00:00"), ("zoe", "2026-01-11T00:00:00")]
    assert compared(LOG, bought) == []
    (found,) = compared(LOG, bought, window_days=2)
    assert (found.treated, found.held_out) == (3, 2)
    assert found.useful.treated == pytest.approx(1 / 3)


def test_without_a_holdout_nothing_is_compared():
    assert compared([decided("ann", 5), decided("bob", 5)]) == []
    assert compared([held("dan", 5)]) == []


def test_orders_that_are_not_called_useful_bring_revenue_still():
    (found,) = compared(LOG, useful=("review",))
    assert (found.useful.treated, found.useful.held_out) == (0, 0)
    assert found.revenue.effect == 50


def test_a_window_that_is_none_is_refused():
    with pytest.raises(ConfigError, match="window"):
        compared(LOG, window_days=0)


def test_intervals_hold_a_planted_effect_as_often_as_they_say():
    random = np.random.default_rng(5)
    inside = 0
    for _ in range(1000):
        treated, held_out = random.poisson(0.30, 800), random.poisson(0.25, 400)
        found = Difference.of(treated, held_out)
        assert found.low is not None
        assert found.high is not None
        inside += found.low <= 0.05 <= found.high
    # A binomial of 1,000 draws at 0.95 lies within three deviations of 950.
    assert 929 <= inside <= 971


def test_ten_held_out_customers_who_did_nothing_prove_nothing():
    # Of 145 customers a fifth bought once, of 10 nobody: by Welch alone 0.135 to 0.265.
    found = Difference.of(np.repeat([1, 0], [29, 116]), np.zeros(10, np.int64))
    assert found.effect == pytest.approx(0.2)
    assert found.low is not None
    assert found.high is not None
    assert found.low < 0 < 0.2 < found.high
    mirrored = Difference.of(np.ones(10, np.int64), np.repeat([0, 1], [29, 116]))
    assert (mirrored.low, mirrored.high) == (pytest.approx(found.low), pytest.approx(found.high))


@pytest.mark.parametrize(("treated", "held_out"), [(145, 10), (112, 7), (145, 2), (800, 20)])
@pytest.mark.parametrize("kind", ["bought or not", "orders", "revenue"])
@pytest.mark.parametrize("rate", [0.05, 0.2, 0.5])
def test_a_message_that_changes_nothing_is_seldom_called_proven(treated, held_out, kind, rate):
    random = np.random.default_rng([treated, held_out, round(100 * rate)])

    def drawn(count):
        bought = random.random(count) < rate
        if kind == "bought or not":
            return bought.astype(np.int64)
        if kind == "orders":
            return random.poisson(rate, count)
        return bought * random.lognormal(8, 0.7, count).astype(np.int64)

    inside = 0
    for _ in range(500):
        found = Difference.of(drawn(treated), drawn(held_out))
        # Nothing is called proven where nobody did anything.
        inside += found.low is None or found.low <= 0 <= (found.high or 0)
    assert inside / 500 >= 0.93


def test_among_thousands_the_interval_is_welchs():
    random = np.random.default_rng(6)
    treated, held_out = random.poisson(0.30, 20_000), random.poisson(0.25, 5_000)
    found = Difference.of(treated, held_out)
    plain = ttest_ind(treated, held_out, equal_var=False).confidence_interval(0.95)
    assert found.low == pytest.approx(plain.low, abs=0.0005)
    assert found.high == pytest.approx(plain.high, abs=0.0005)


def test_where_nobody_did_anything_no_interval_is_known():
    found = Difference.of(np.zeros(50, np.int64), np.zeros(9, np.int64))
    assert (found.effect, found.low, found.high) == (0, None, None)
