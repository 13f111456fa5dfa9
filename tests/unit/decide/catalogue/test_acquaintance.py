"""Rows of the catalogue about who has not ordered: broadcast, welcome, what was looked at, news."""

from __future__ import annotations

import pytest

from nba.vocabulary import MessageKind, Rule
from tests.facts_of import event, facts, instant, letter, order, state
from tests.unit.decide.catalogue.shop import FOLLOW_UP, LISTS, NEW, Case, ask, may_be_sent, policy

SIGNED_UP = {"events": [event("sign_up", 200)]}
LOOKED = {"events": [event("view_item", 199.9, "laptop"), event("view_item", 200, "mouse")]}
WEEK, NEXT_WEEK = "2026-W30", "2026-W31"
NEW_WEEK = "2026-W44"
"""The ISO week of the day on which the lamp is told of."""
CASES = [
    Case(
        2,
        "who did nothing gets the best of the week, on its days",
        LISTS,
        {},
        {200: None, 201: "digest", 203: "digest", 204: None},
        shown={201: ["tea", "mouse", "laptop"]},
    ),
    Case(
        2,
        "who only looked gets no pretended pick",
        LISTS,
        LOOKED,
        {201: "digest", 202: "digest", 204: None},
        shown={202: ["tea", "mouse", "laptop"]},
    ),
    Case(
        18,
        "a welcome on sign-up, for a week",
        FOLLOW_UP,
        SIGNED_UP,
        {200: None, 200.01: "welcome", 206.99: "welcome", 207: None},
    ),
    Case(
        18,
        "a welcome once",
        FOLLOW_UP,
        SIGNED_UP | {"letters": [letter("welcome", 200.1, "ann")]},
        {201: None},
        held={201: {"welcome": Rule.ONCE_PER}},
    ),
    Case(
        18,
        "a welcome before any offer",
        FOLLOW_UP,
        {"events": [*SIGNED_UP["events"], *LOOKED["events"]]},
        {201.5: "welcome"},
    ),
    Case(
        18,
        "a second sign-up is no other customer",
        FOLLOW_UP,
        {
            "events": [*SIGNED_UP["events"], event("sign_up", 205, event_id="again")],
            "letters": [letter("welcome", 200.1, "ann")],
        },
        {206: None},
    ),
    Case(
        19,
        "products looked at and not bought, after a day and for three",
        FOLLOW_UP,
        LOOKED,
        {200.5: None, 201: "browse", 202: "browse", 203.99: "browse", 206: None},
        shown={201: ["mouse", "laptop"]},
    ),
    Case(
        19,
        "one product looked at is not several",
        FOLLOW_UP,
        {"events": [event("view_item", 200, "mouse")]},
        {201: None},
    ),
    Case(
        19,
        "one product looked at twice is one",
        FOLLOW_UP,
        {
            "events": [
                event("view_item", 199, "mouse", event_id="v1"),
                event("view_item", 200, "mouse", event_id="v2"),
            ]
        },
        {201: None},
    ),
    Case(
        19,
        "none once it was bought",
        FOLLOW_UP,
        LOOKED | {"orders": [order(200.3, "laptop", "mouse", delivered=200.3)]},
        {201.5: None, 202: None},
        held={202: {"browse": Rule.NOT_DUE}},
    ),
    Case(
        19,
        "the discount keeps to its budget",
        FOLLOW_UP,
        LOOKED
        | {
            "letters": [
                letter("browse", 200 + n / 1e4, f"view_item/{n}", customer=f"c{n}")
                for n in range(400)
            ]
        },
        {201: None},
        held={201: {"browse": Rule.BUDGET}},
    ),
    Case(
        22,
        "new products, from Wednesday of the week",
        FOLLOW_UP,
        {"orders": [order(200, "laptop")]},
        {299: None, 300: "new-arrivals", 302: "new-arrivals", 303: "content"},
        shown={300: ["lamp"]},
    ),
    Case(
        22,
        "of new products nobody hears again with the next letter",
        FOLLOW_UP,
        {
            "orders": [order(200, "laptop")],
            "letters": [letter("new-arrivals", 300, NEW_WEEK)],
        },
        held={
            307: {"new-arrivals": Rule.COOLDOWN},
            329: {"new-arrivals": Rule.COOLDOWN},
            330: {"new-arrivals": Rule.NO_PRODUCTS},
            335: {"new-arrivals": Rule.NO_PRODUCTS},
        },
    ),
    Case(
        23,
        "the best of the week once a week",
        LISTS,
        {"letters": [letter("digest", 201, WEEK)]},
        {202: None, 203: None, 207: None, 208: "digest"},
    ),
    Case(
        23,
        "the best of the next week, when it went out",
        LISTS,
        {"letters": [letter("digest", 201, WEEK), letter("digest", 208, NEXT_WEEK)]},
        {209: None, 214: None, 215: "digest"},
    ),
    Case(
        24,
        "something to read where no offer is due",
        FOLLOW_UP,
        {},
        {203: None, 204: "content", 205: "content", 206: None},
        shown={204: []},
    ),
    Case(
        24,
        "an offer that is worth more goes first",
        FOLLOW_UP,
        {"events": [event("view_item", 202, "laptop"), event("view_item", 203, "mouse")]},
        {204: "browse"},
    ),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_each_row_holds_before_on_and_after_its_day(case: Case) -> None:
    case.check()


@pytest.mark.parametrize("playbook", [LISTS, FOLLOW_UP])
@pytest.mark.parametrize("at", range(200, 207))
def test_row_2_a_stranger_gets_nothing_but_broadcasts(playbook: str, at: int) -> None:
    decision = ask(playbook, at, {})
    kinds = {one.id: one.kind for one in policy(playbook).playbook.message}
    assert {kinds[one] for one in may_be_sent(decision)} <= {MessageKind.BROADCAST}
    assert decision.state == "acquaintance/new"
    if decision.message is not None:
        assert decision.message.kind == "broadcast"
        for items in decision.message.slots.values():
            assert {str(item.reason.code) for item in items} == {"POPULAR"}


def test_row_24_content_competes_beside_offers() -> None:
    looked = {"events": [event("view_item", 202, "laptop"), event("view_item", 203, "mouse")]}
    assert may_be_sent(ask(FOLLOW_UP, 204, looked)) == {"browse", "content"}


def test_row_36_what_was_looked_at_and_bought_is_in_no_list() -> None:
    known = facts(
        as_of=202,
        events=[
            *LOOKED["events"],
            event("view_item", 180, "tea"),
            event("view_item", 201, "case", customer="bob"),
        ],
        orders=[order(200.3, "laptop")],
        states=[state("mouse", 190)],
        who=["ann", "bob", "cat"],
    )
    told = policy(LISTS).viewed(known, instant(202))
    assert told["customer_id"] == ["ann", "bob"]
    assert told["product_ids"] == [["mouse"], ["case"]]


def test_row_22_a_product_is_new_for_a_month() -> None:
    bought = {"orders": [order(200, "laptop")]}
    told = [
        at
        for at in range(NEW - 14, NEW + 42)
        if "new-arrivals" in may_be_sent(ask(FOLLOW_UP, at, bought))
    ]
    # At noon of Wednesday, Thursday and Friday, as the window opens and closes at ten.
    assert told == [at for at in range(NEW, NEW + 30) if (at - NEW) % 7 < 3]
