"""Stages: one stage and state a customer, at every instant."""

from __future__ import annotations

import numpy as np
import pytest

from nba.domain import Instants
from nba.facts.fold import Facts, fold
from nba.facts.rows import Rows
from nba.facts.stages import SPANS, STATES, Spans, StageAt, intent_ends, stages_at
from tests.facts_of import event, facts, instant, order, profile
from tests.shops import day


def ann_at(
    facts: Facts, at: np.datetime64, arrival: Instants, *, is_silent: bool = False
) -> StageAt:
    return stages_at(facts, at, arrival, silent=np.array([is_silent])).of(0)


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
    return ann_at(facts, day(at), facts.status_at)


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
    found = ann_at(facts, day(40), facts.status_at, is_silent=True)
    assert (found.state, found.days_since) == ("client/idle", 39)
    under_way = fold(news((0, "paid", 1)), as_of=day(40), customers=["ann"])
    found = ann_at(under_way, day(40), under_way.status_at, is_silent=True)
    assert found.state == "ordered/paid"


def test_a_test_order_makes_no_client() -> None:
    assert stage("delivered", 3, is_test=True).state == "acquaintance/new"


def test_an_order_under_way_outranks_one_delivered() -> None:
    orders = [
        {"order_id": "o1", "customer_id": "ann", "ordered_at": day(0), "status": "delivered"},
        {"order_id": "o2", "customer_id": "ann", "ordered_at": day(5), "status": "packed"},
    ]
    facts = fold(Rows.of(orders, []), as_of=day(6), customers=["ann"])
    assert ann_at(facts, day(6), facts.status_at).state == "ordered/packed"


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
    found = ann_at(facts, day(at), facts.status_at)
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
    assert ann_at(facts, day(7), facts.delivered_at).state == "client/delivered"


def choosing(*events: tuple[str, float], at: float, **more: object) -> StageAt:
    known = facts(as_of=at, events=[event(kind, when, "tea") for kind, when in events], **more)
    return stages_at(known, instant(at), known.delivered_at).of(0)


@pytest.mark.parametrize(
    ("events", "state", "days_since"),
    [
        ([("view_item", 5)], "acquaintance/browsing", 5),
        ([("back_in_stock_subscribe", 4)], "choosing/waitlist", 6),
        ([("add_to_wishlist", 3), ("view_item", 9)], "choosing/wishlist", 7),
        ([("add_to_cart", 2), ("add_to_wishlist", 3)], "choosing/cart", 8),
    ],
)
def test_what_somebody_has_in_mind_is_their_state(
    events: list[tuple[str, float]], state: str, days_since: int
) -> None:
    found = choosing(*events, at=10)
    assert (found.state, found.days_since) == (state, days_since)


def test_a_choice_outranks_a_delivery_and_an_order_under_way_outranks_a_choice() -> None:
    assert choosing(("add_to_cart", 5), at=10, orders=[order(1, "cup")]).state == "choosing/cart"
    under_way = [order(1, "cup", status="paid", status_at=2)]
    assert choosing(("add_to_cart", 5), at=10, orders=under_way).state == "ordered/paid"


def test_the_strongest_kind_is_what_the_playbook_says_it_is() -> None:
    known = facts(
        as_of=10, events=[event("add_to_cart", 2, "tea"), event("add_to_wishlist", 3, "cup")]
    )
    wish_first = Spans(strongest=("wish", "cart", "wait"))
    for spans, state in ((SPANS, "choosing/cart"), (wish_first, "choosing/wishlist")):
        assert stages_at(known, day(10), known.delivered_at, spans=spans).of(0).state == state


def test_a_choice_says_until_when_it_is_one_and_what_comes_then() -> None:
    known = facts(
        as_of=10,
        events=[event("add_to_cart", 2, "tea"), event("add_to_cart", 4, "cup")],
        orders=[order(1, "pot")],
    )
    found = stages_at(known, day(10), known.delivered_at)
    assert found.chosen_until[0] == day(34)
    assert found.of(0).state == "choosing/cart"
    for at, state in (
        (day(34) - np.timedelta64(1, "us"), "choosing/cart"),
        (day(34), "client/delivered"),
    ):
        assert stages_at(known, at, known.delivered_at).of(0).state == state
    client = STATES.index("client/delivered")
    later = stages_at(known, day(34), known.delivered_at)
    assert (later.state[0], later.stage[0]) == (client, found.then[0])


def test_companies_take_longer() -> None:
    known = facts(
        as_of=10,
        events=[event("add_to_cart", 2, "tea", customer=one) for one in ("ann", "bob")],
        profiles=[profile(customer="bob", account_type="b2b")],
        who=["ann", "bob"],
    )
    assert intent_ends(known, SPANS).tolist() == [day(32).item(), day(62).item()]
    found = stages_at(known, day(40), known.delivered_at)
    assert [found.of(row).state for row in (0, 1)] == ["acquaintance/new", "choosing/cart"]


def test_a_customer_alone_is_where_they_are_among_many() -> None:
    happened = {
        "orders": [
            order(n, "tea", id=f"o{n}", customer=f"c{n}", status=status, status_at=n + 1)
            for n, status in enumerate(("paid", "delivered", "returned", "cancelled", "shipped"))
        ],
        "events": [
            event("add_to_wishlist", 6, "cup", customer=f"c{n}", event_id=f"e{n}")
            for n in range(2, 5)
        ],
    }
    everybody = [f"c{n}" for n in range(6)]
    many = facts(as_of=9, who=everybody, **happened)
    found = stages_at(many, day(9), many.delivered_at)
    for row, one in enumerate(everybody):
        alone = facts(as_of=9, who=[one], **happened)
        assert stages_at(alone, day(9), alone.delivered_at).of(0) == found.of(row)
