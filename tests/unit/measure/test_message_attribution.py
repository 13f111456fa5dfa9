"""Which message an action came of."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nba.data.history import OrderHistory
from nba.data.message_log import OUTCOMES, MessageLog
from nba.domain import Ids, Texts
from nba.errors import ConfigError
from nba.facts.rows import Rows
from nba.measure.attribution import Actions, Attribution, attribute
from tests.effort import times

HOUR = np.timedelta64(1, "h")
BEGIN = np.datetime64("2026-01-01T00:00:00", "us")
NAMES = Ids.of("abc")


def log_of(sent):
    """Make a log of messages, each a customer's code and an hour."""
    sent = sorted(sent)
    count = len(sent)
    customer = np.array([one for one, _ in sent], np.int32)
    never = np.full(count, "NaT", "datetime64[us]")
    nothing = np.zeros(count, np.int32)
    return replace(
        MessageLog.none(),
        customer_ids=NAMES,
        message_ids=Ids.of(["digest"]),
        decision_ids=Texts.of(f"d{number}" for number in range(count)),
        customer=customer,
        message=nothing,
        arm=nothing - 1,
        channel=nothing.astype(np.int8),
        left_at=BEGIN + np.array([hour for _, hour in sent], np.int64) * HOUR,
        confirmed_at=never,
        **dict.fromkeys(OUTCOMES, never),
    )


def actions_of(done):
    done = sorted(done)
    count = len(done)
    return Actions(
        customer=np.array([one for one, _ in done], np.int32),
        at=BEGIN + np.array([hour for _, hour in done], np.int64) * HOUR,
        order=np.full(count, -1, np.int64),
        revenue=np.zeros(count, np.int64),
        is_useful=np.ones(count, np.bool_),
        order_ids=Ids.of([]),
    )


def came_of(sent, done, days=1.0):
    return Attribution.of(log_of(sent), actions_of(done), window_days=days).message.tolist()


def test_the_last_message_before_an_action_wins():
    assert came_of([(0, 0), (0, 5)], [(0, 3), (0, 6)]) == [0, 1]


def test_an_action_at_the_instant_of_a_message_came_of_none_or_of_the_one_before():
    assert came_of([(0, 5)], [(0, 5)]) == [-1]
    assert came_of([(0, 0), (0, 5)], [(0, 5)]) == [0]


def test_the_end_of_the_window_belongs_to_it():
    assert came_of([(0, 0)], [(0, 24), (0, 25)]) == [0, -1]


def test_a_message_to_somebody_else_is_no_reason():
    assert came_of([(0, 0), (2, 0)], [(1, 1)]) == [-1]


def test_of_messages_that_left_at_once_the_last_of_the_log_wins():
    assert came_of([(0, 0), (0, 0)], [(0, 1)]) == [1]


def test_nothing_comes_of_no_messages():
    assert came_of([], [(0, 1)]) == [-1]
    assert came_of([(0, 1)], []) == []


MOMENTS = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 60)), max_size=25)


@settings(max_examples=times(100, 5000), deadline=None)
@given(MOMENTS, MOMENTS, st.integers(1, 40))
def test_every_action_finds_the_message_that_looking_at_all_of_them_finds(sent, done, hours):
    sent, done = sorted(sent), sorted(done)
    expected = [
        max(
            (
                row
                for row, (other, left) in enumerate(sent)
                if other == customer and left < hour <= left + hours
            ),
            default=-1,
        )
        for customer, hour in done
    ]
    assert came_of(sent, done, hours / 24) == expected


def history_of(orders):
    """Make a shop of orders: customer, hour, price and status."""
    rows = Rows.of(
        [
            {
                "order_id": f"o{number}",
                "customer_id": customer,
                "ordered_at": BEGIN + hour * HOUR,
                "status": status,
            }
            for number, (customer, hour, _, status) in enumerate(orders)
        ],
        [
            {
                "order_id": f"o{number}",
                "line_no": 1,
                "product_id": "p",
                "quantity": 2,
                "unit_price": price,
            }
            for number, (_, _, price, _) in enumerate(orders)
        ],
    )
    return OrderHistory.from_rows(rows)


def test_kept_orders_of_the_logs_customers_are_actions():
    history = history_of(
        [
            ("b", 7, 30, "paid"),
            ("a", 5, 10, "delivered"),
            ("a", 4, 20, "cancelled"),
            (None, 3, 40, "delivered"),
            ("z", 3, 50, "delivered"),
            ("a", 2, 60, "delivered"),
        ]
    )
    found = Actions.of(history, NAMES)
    assert [found.order_ids[int(one)] for one in found.order] == ["o5", "o1", "o0"]
    assert found.customer.tolist() == [0, 0, 1]
    assert found.revenue.tolist() == [120, 20, 60]
    assert found.is_useful.all()
    assert not Actions.of(history, NAMES, useful=("review",)).is_useful.any()


def test_an_order_that_is_cancelled_later_counts_until_then():
    kept = history_of([("a", 5, 10, "delivered")])
    gone = history_of([("a", 5, 10, "cancelled")])
    log = log_of([(0, 0)])
    assert [row["order_id"] for row in attribute(log, kept).to_rows(log)] == ["o0"]
    assert attribute(log, gone).to_rows(log) == []


def test_a_decision_is_joined_to_its_orders_in_their_order():
    history = history_of([("a", 5, 10, "paid"), ("a", 3, 20, "paid"), ("b", 3, 1, "paid")])
    log = log_of([(0, 0), (1, 2)])
    assert attribute(log, history).to_rows(log) == [
        {
            "decision_id": decision,
            "message": "digest",
            "customer_id": customer,
            "left_at": left,
            "order_id": order,
            "ordered_at": ordered,
            "revenue": revenue,
        }
        for decision, customer, left, order, ordered, revenue in (
            ("d0", "a", "2026-01-01T00:00:00Z", "o1", "2026-01-01T03:00:00Z", 40),
            ("d0", "a", "2026-01-01T00:00:00Z", "o0", "2026-01-01T05:00:00Z", 20),
            ("d1", "b", "2026-01-01T02:00:00Z", "o2", "2026-01-01T03:00:00Z", 2),
        )
    ]


@pytest.mark.parametrize("days", [0, -1, float("nan"), float("inf"), 10_000])
def test_a_window_that_is_none_is_refused(days):
    with pytest.raises(ConfigError, match="window"):
        came_of([(0, 0)], [(0, 1)], days)


def test_an_action_that_cannot_be_useful_is_refused():
    with pytest.raises(ConfigError, match="applause cannot be a useful action; choose among"):
        Actions.of(history_of([("a", 5, 10, "paid")]), NAMES, useful=("purchase", "applause"))
