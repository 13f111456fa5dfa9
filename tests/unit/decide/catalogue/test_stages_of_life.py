"""Rows 1 and 3 of the catalogue: where a customer is after each thing that happened."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from tests.facts_of import event, order, status
from tests.unit.decide.catalogue.shop import LISTS, ask

LIFE: Mapping[str, Any] = {
    "events": [
        event("sign_up", 10),
        event("view_item", 20, "laptop"),
        event("back_in_stock_subscribe", 21, "old-netbook"),
        event("add_to_wishlist", 22, "phone"),
        event("add_to_cart", 23, "laptop"),
    ],
    "orders": [order(24, "laptop", "phone", delivered=29)],
    "statuses": [
        status("awaiting_payment", 24),
        status("paid", 25),
        status("processing", 25.5),
        status("delayed", 26),
        status("shipped", 27),
    ],
}
WALK: Sequence[tuple[float, str]] = (
    (5, "acquaintance/new"),
    (11, "acquaintance/new"),
    (20.5, "acquaintance/browsing"),
    (21.5, "choosing/waitlist"),
    (22.5, "choosing/wishlist"),
    (23.5, "choosing/cart"),
    (24.5, "ordered/awaiting_payment"),
    (25.2, "ordered/paid"),
    (25.8, "ordered/processing"),
    (26.5, "ordered/delayed"),
    (27.5, "ordered/shipped"),
    # The wait for the netbook is what is left.
    (29.5, "choosing/waitlist"),
)
INTENTS = {
    "cart": event("add_to_cart", 23, "laptop"),
    "wishlist": event("add_to_wishlist", 22, "phone"),
    "waitlist": event("back_in_stock_subscribe", 21, "old-netbook"),
}


@pytest.mark.parametrize(("at", "state"), WALK)
def test_row_1_every_instant_of_a_life_has_one_stage(at: float, state: str) -> None:
    decision = ask(LISTS, at, LIFE)
    assert (decision.stage, decision.state) == (state.split("/")[0], state)
    assert ask(LISTS, at, LIFE).to_dict() == decision.to_dict()


@pytest.mark.parametrize(
    ("open_ones", "state"),
    [
        (["cart"], "cart"),
        (["wishlist"], "wishlist"),
        (["waitlist"], "waitlist"),
        (["cart", "wishlist"], "cart"),
        (["cart", "waitlist"], "cart"),
        (["wishlist", "waitlist"], "wishlist"),
        (["cart", "wishlist", "waitlist"], "cart"),
    ],
)
def test_row_3_of_several_intents_the_strongest_is_the_state(
    open_ones: list[str], state: str
) -> None:
    happened = {"events": [INTENTS[one] for one in open_ones]}
    assert ask(LISTS, 24, happened).state == f"choosing/{state}"


@pytest.mark.parametrize(("kind", "lasts"), [("cart", 30), ("wishlist", 180), ("waitlist", 365)])
def test_row_3_an_intent_stays_open_for_as_long_as_the_playbook_says(kind: str, lasts: int) -> None:
    opened = {"cart": 23, "wishlist": 22, "waitlist": 21}[kind]
    happened = {"events": [INTENTS[kind]]}
    assert ask(LISTS, opened + lasts - 0.001, happened).state == f"choosing/{kind}"
    assert ask(LISTS, opened + lasts, happened).state == "acquaintance/new"
