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
    return stage_at(fold(rows, as_of=day(at), customers=["ann"]), 0, day(at))


@pytest.mark.parametrize(
    ("status", "at", "state", "days_since"),
    [
        ("shipped", -1, "acquaintance/new", None),
        ("shipped", 0.5, "ordered/awaiting_processing", 0),
        ("awaiting_payment", 2, "ordered/awaiting_payment", 1),
        ("delayed", 4, "ordered/delayed", 3),
        ("shipped", 2, "ordered/shipped", 1),
        ("delivered", 3, "client/delivered", 2),
        ("delivered", 91, "client/delivered", 90),
        ("delivered", 92, "client/idle", 91),
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


def test_a_test_order_makes_no_client() -> None:
    assert stage("delivered", 3, is_test=True).state == "acquaintance/new"


def test_an_order_under_way_outranks_one_delivered() -> None:
    orders = [
        {"order_id": "o1", "customer_id": "ann", "ordered_at": day(0), "status": "delivered"},
        {"order_id": "o2", "customer_id": "ann", "ordered_at": day(5), "status": "packed"},
    ]
    facts = fold(Rows.of(orders, []), as_of=day(6), customers=["ann"])
    assert stage_at(facts, 0, day(6)).state == "ordered/packed"
