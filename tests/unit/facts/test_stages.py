"""Stages: one stage and state a customer, at every instant."""

from __future__ import annotations

import pytest

from nba.facts.fold import fold
from nba.facts.rows import Rows
from nba.facts.stages import StageAt, stage_at
from tests.shops import day


def stage(status: str, at: float, *, status_at: float = 1, is_test: bool = False) -> StageAt:
    rows = Rows.of(
        [
            {
                "order_id": "o1",
                "customer_id": "ann",
                "ordered_at": day(0),
                "status": status,
                "status_at": day(status_at),
                "is_test": is_test,
            }
        ],
        [{"order_id": "o1", "line_no": 1, "product_id": "kettle", "quantity": 1}],
    )
    facts = fold(rows, as_of=day(at), customers=["ann"])
    return stage_at(facts, 0, day(at), facts.status_at)


@pytest.mark.parametrize(
    ("status", "at", "state", "days_since"),
    [
        ("shipped", -1, "acquaintance/new", None),
        ("shipped", 0.5, "ordered/pending_confirmation", 0),
        ("awaiting_payment", 2, "ordered/awaiting_payment", 1),
        ("delayed", 4, "ordered/delayed", 3),
        ("shipped", 2, "ordered/shipped", 1),
        ("delivered", 3, "client/delivered", 2),
        ("delivered", 92, "client/delivered", 91),
        ("returned", 3, "client/returned", 2),
        ("cancelled", 3, "acquaintance/new", None),
    ],
)
def test_the_state_follows_the_order(
    status: str, at: float, state: str, days_since: int | None
) -> None:
    found = stage(status, at)
    assert (found.state, found.days_since) == (state, days_since)
    assert found.stage == state.split("/")[0]


def test_a_client_whose_rhythm_has_fallen_silent_is_idle() -> None:
    facts = fold(news((0, "delivered", 1)), as_of=day(40), customers=["ann"])
    found = stage_at(facts, 0, day(40), facts.status_at, is_silent=True)
    assert (found.state, found.days_since) == ("client/idle", 39)
    under_way = fold(news((0, "paid", 1)), as_of=day(40), customers=["ann"])
    found = stage_at(under_way, 0, day(40), under_way.status_at, is_silent=True)
    assert found.state == "ordered/paid"


def test_a_test_order_makes_no_client() -> None:
    assert stage("delivered", 3, is_test=True).state == "acquaintance/new"


def test_an_order_under_way_outranks_one_delivered() -> None:
    orders = [
        {"order_id": "o1", "customer_id": "ann", "ordered_at": day(0), "status": "delivered"},
        {"order_id": "o2", "customer_id": "ann", "ordered_at": day(5), "status": "packed"},
    ]
    facts = fold(Rows.of(orders, []), as_of=day(6), customers=["ann"])
    assert stage_at(facts, 0, day(6), facts.status_at).state == "ordered/packed"


def news(*orders: tuple[float, str, float]) -> Rows:
    """Build one customer's orders: (day ordered, status, day of the status)."""
    return Rows.of(
        [
            {
                "order_id": f"o{number}",
                "customer_id": "ann",
                "ordered_at": day(ordered),
                "status": status,
                "status_at": day(at),
            }
            for number, (ordered, status, at) in enumerate(orders)
        ],
        [],
    )


@pytest.mark.parametrize(
    ("orders", "at", "state", "days_since"),
    [
        # A return after a later order's delivery is the latest news.
        ([(0, "returned", 60), (5, "delivered", 8)], 61, "client/returned", 1),
        # So is the late delivery of an earlier order.
        ([(0, "delivered", 60), (5, "delivered", 8)], 110, "client/delivered", 50),
        ([(0, "delivered", 2), (5, "cancelled", 8)], 10, "client/delivered", 8),
        ([(0, "shipped", 1), (5, "packed", 6), (6, "delivered", 7)], 8, "ordered/packed", 2),
    ],
)
def test_the_latest_news_decides(
    orders: list[tuple[float, str, float]], at: float, state: str, days_since: int
) -> None:
    facts = fold(news(*orders), as_of=day(at), customers=["ann"])
    found = stage_at(facts, 0, day(at), facts.status_at)
    assert (found.state, found.days_since) == (state, days_since)


def test_an_order_returned_later_was_delivered_before() -> None:
    rows = Rows.of(
        [
            {
                "order_id": "o1",
                "customer_id": "ann",
                "ordered_at": day(0),
                "status": "returned",
                "status_at": day(20),
                "delivered_at": day(3),
            }
        ],
        [],
    )
    facts = fold(rows, as_of=day(7), customers=["ann"])
    assert stage_at(facts, 0, day(7), facts.delivered_at).state == "client/delivered"
