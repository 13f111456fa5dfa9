"""Intents: opened by events, closed by purchases and by being taken back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from nba.facts.fold import Facts, fold
from nba.facts.rows import Rows
from nba.vocabulary import INTENT_KINDS
from tests.shops import day, rows
from tests.signals import signals

Event = tuple[str, str, float, str | None]
"""(event id, type, day, product)."""


def fold_events(
    events: Sequence[Event], orders: Rows | None = None, *, as_of: float = 50, **more: Any
) -> Facts:
    given = signals(
        events=[
            {"event_id": one, "type": kind, "at": day(at), "product_id": product}
            | {"customer_id": "ann"}
            | more
            for one, kind, at, product in events
        ]
    )
    bought = rows([]) if orders is None else orders
    return fold(bought, as_of=day(as_of), customers=["ann"], signals=given)


def intents(facts: Facts) -> list[tuple[str, str, str]]:
    found = facts.intents
    return [
        (INTENT_KINDS[found.kind[row]], facts.product_ids[int(found.product[row])], event_id)
        for row, event_id in enumerate(found.event_ids)
    ]


@pytest.mark.parametrize(
    ("event", "kind"),
    [
        ("view_item", "view"),
        ("add_to_cart", "cart"),
        ("add_to_wishlist", "wish"),
        ("back_in_stock_subscribe", "wait"),
    ],
)
def test_each_kind_opens_with_its_event(event: str, kind: str) -> None:
    assert intents(fold_events([("e1", event, 1, "tea")])) == [(kind, "tea", "e1")]


def test_an_event_without_a_product_opens_nothing() -> None:
    assert intents(fold_events([("e1", "add_to_cart", 1, None)])) == []


def test_the_first_event_since_the_last_closing_opened_it_and_the_latest_is_told_besides() -> None:
    facts = fold_events(
        [
            ("e1", "add_to_cart", 1, "tea"),
            ("e2", "remove_from_cart", 2, "tea"),
            ("e3", "add_to_cart", 3, "tea"),
            ("e4", "add_to_cart", 5, "tea"),
        ]
    )
    assert intents(facts) == [("cart", "tea", "e3")]
    assert facts.intents.opened_at.tolist() == [day(3).item()]
    assert facts.intents.last_at.tolist() == [day(5).item()]


def test_of_events_of_one_instant_the_smallest_id_opened_it() -> None:
    facts = fold_events([("e9", "view_item", 1, "tea"), ("e3", "view_item", 1, "tea")])
    assert intents(facts) == [("view", "tea", "e3")]


@pytest.mark.parametrize(("ordered", "is_open"), [(0.9, True), (1, False), (2, False)])
def test_an_order_at_or_after_the_event_closes_every_kind(ordered: float, is_open: bool) -> None:
    opening = ("view_item", "add_to_cart", "add_to_wishlist", "back_in_stock_subscribe")
    events = [(f"e{n}", kind, 1.0, "tea") for n, kind in enumerate(opening)]
    facts = fold_events(events, rows([("o1", "ann", ordered, ["tea"])]))
    assert len(intents(facts)) == (4 if is_open else 0)


def test_the_order_of_another_product_or_customer_closes_nothing() -> None:
    bought = rows([("o1", "ann", 2, ["cup"]), ("o2", "bob", 2, ["tea"])])
    assert len(intents(fold_events([("e1", "add_to_cart", 1, "tea")], bought))) == 1


def test_a_cancelled_order_closes_nothing_once_it_is_cancelled() -> None:
    bought = rows([("o1", "ann", 2, ["tea"])], status="cancelled", status_at=day(5))
    events: list[Event] = [("e1", "add_to_cart", 1, "tea")]
    assert len(intents(fold_events(events, bought, as_of=4))) == 0
    assert len(intents(fold_events(events, bought, as_of=6))) == 1


def test_a_product_that_came_back_was_bought_all_the_same() -> None:
    bought = rows([("o1", "ann", 2, ["tea"])], status="returned", status_at=day(5))
    assert intents(fold_events([("e1", "add_to_cart", 1, "tea")], bought)) == []


def test_a_purchase_told_by_an_event_closes_but_not_of_a_cancelled_order() -> None:
    opened: list[Event] = [("e1", "add_to_wishlist", 1, "tea")]
    assert intents(fold_events([*opened, ("e2", "purchase", 2, "tea")])) == []
    cancelled = rows([("o1", "ann", 2, ["tea"])], status="cancelled", status_at=day(3))
    facts = fold_events([*opened, ("e2", "purchase", 2, "tea")], cancelled, order_id="o1")
    assert len(intents(facts)) == 1


@pytest.mark.parametrize(
    ("opening", "closing"),
    [("add_to_cart", "remove_from_cart"), ("add_to_wishlist", "remove_from_wishlist")],
)
def test_taking_it_back_closes_its_own_kind_also_at_the_same_instant(
    opening: str, closing: str
) -> None:
    events: list[Event] = [
        ("e1", opening, 1, "tea"),
        ("e2", "view_item", 1, "tea"),
        ("e3", closing, 1, "tea"),
    ]
    assert intents(fold_events(events)) == [("view", "tea", "e2")]
    assert intents(fold_events(events[::-1])) == [("view", "tea", "e2")]


def test_a_view_stays_when_the_product_is_laid_in_the_cart() -> None:
    events: list[Event] = [("e1", "view_item", 1, "tea"), ("e2", "add_to_cart", 2, "tea")]
    assert [kind for kind, _, _ in intents(fold_events(events))] == ["view", "cart"]


def test_products_that_nobody_ever_ordered_join_those_of_the_facts() -> None:
    facts = fold_events([("e1", "view_item", 1, "ale")], rows([("o1", "ann", 0, ["tea"])]))
    assert list(facts.product_ids) == ["ale", "tea"]
    assert facts.products_of(0) == ["tea"]
    assert intents(facts) == [("view", "ale", "e1")]


@pytest.mark.parametrize(("age", "count"), [(59, 1), (60, 1), (61, 0)])
def test_views_of_long_ago_are_forgotten_and_carts_are_not(age: float, count: int) -> None:
    events: list[Event] = [("e1", "view_item", 100 - age, "tea")]
    facts = fold_events(events, as_of=100)
    assert len(intents(facts)) == count
    assert np.isnat(facts.people.viewed_at[0]) == (count == 0)
    assert len(intents(fold_events([("e1", "add_to_cart", 100 - age, "tea")], as_of=100))) == 1


def test_the_anchor_is_the_opening_events_id_where_a_message_was_about_it() -> None:
    given = signals(
        events=[
            {"event_id": one, "type": "add_to_cart", "at": day(1), "product_id": one}
            | {"customer_id": "ann"}
            for one in ("e1", "e2")
        ],
        messages=[
            {"message_id": "m1", "customer_id": "ann", "message": "cart-reminder"}
            | {"anchor": "e2", "claimed_at": day(2)}
        ],
    )
    facts = fold(rows([]), as_of=day(9), customers=["ann"], signals=given)
    assert facts.intents.anchor.tolist() == [-1, 0]
    assert list(facts.anchors) == ["e2"]
