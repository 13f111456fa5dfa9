"""Rows of the catalogue about clients: what follows a delivery, and when."""

from __future__ import annotations

import pytest

from nba.vocabulary import Rule
from tests.facts_of import consent, event, letter, order
from tests.unit.decide.catalogue.shop import FOLLOW_UP, LISTS, Case

BOUGHT = {"orders": [order(200, "laptop")]}
CASES = [
    Case(
        9,
        "service rating three days after the delivery",
        LISTS,
        BOUGHT,
        {202: "digest", 203: "service-rating", 204: "service-rating", 205: "accessories"},
    ),
    Case(
        9,
        "service rating once an order, even across playbooks",
        LISTS,
        BOUGHT | {"letters": [letter("service-rating", 203, "o1")]},
        {203: "service-rating", 204: None},
        held={204: {"service-rating": Rule.ONCE_PER}},
    ),
    Case(
        9,
        "a customer who rated the order is not asked to",
        LISTS,
        BOUGHT | {"events": [event("rating", 202, order_id="o1", value=5)]},
        {203: "digest"},
        held={203: {"service-rating": Rule.ONCE_PER}},
    ),
    Case(
        9,
        "counts from the delivery, not from the order",
        LISTS,
        {"orders": [order(190, "laptop", delivered=200)]},
        {202: "digest", 203: "service-rating"},
    ),
    Case(
        10,
        "accessories five days after the delivery, those that fit",
        LISTS,
        BOUGHT,
        {204: "service-rating", 205: "accessories", 213: "accessories", 214: "product-review"},
        shown={205: ["mouse", "case"]},
    ),
    Case(
        10,
        "no accessory that is owned",
        LISTS,
        {"orders": [order(100, "mouse", id="o0"), order(200, "laptop")]},
        {205: "accessories"},
        shown={205: ["case"]},
    ),
    Case(
        11,
        "review two weeks after the delivery",
        LISTS,
        BOUGHT,
        {213: "accessories", 214: "product-review", 215: "product-review"},
        shown={214: ["laptop"]},
    ),
    Case(
        11,
        "of a partial return only what was kept is asked about",
        LISTS,
        {
            "orders": [
                order(200, "laptop", "mouse", status="returned", delivered=200, status_at=204)
                | {"lines": order(200, "laptop", "mouse", returned=["mouse"])["lines"]}
            ]
        },
        {214: "product-review"},
        shown={214: ["laptop"]},
    ),
    Case(
        11,
        "nothing is asked of an order that came back whole",
        LISTS,
        {
            "orders": [
                order(200, "laptop", status="returned", delivered=200, status_at=204)
                | {"lines": order(200, "laptop", returned=["laptop"])["lines"]}
            ]
        },
        {214: None},
        held={214: {"product-review": Rule.NOT_KEPT}},
    ),
    Case(
        11,
        "a product that was reviewed is not asked about",
        LISTS,
        {
            "orders": [order(200, "laptop", "mouse")],
            "events": [event("review", 210, "laptop", value=5)],
        },
        {214: "product-review"},
        shown={214: ["mouse"]},
    ),
    Case(
        12,
        "the successor at the end of the life cycle",
        LISTS,
        BOUGHT,
        {289: "product-review", 290: "replacement", 349: "replacement"},
        shown={290: ["laptop-2"]},
    ),
    Case(
        12,
        "no replacement where there is none",
        LISTS,
        {"orders": [order(200, "mouse")]},
        {291: None},
        held={291: {"replacement": Rule.NO_PRODUCTS}},
    ),
    Case(
        13,
        "follow-ups after 3, 7 and 30 days: other offsets, the same code",
        FOLLOW_UP,
        {"orders": [order(200, "laptop", "tea")]},
        {
            202: None,
            203: "follow-up-3",
            206: "follow-up-3",
            207: "follow-up-7",
            229: "follow-up-7",
            230: "follow-up-30",
            289: "follow-up-30",
            290: None,
        },
    ),
    Case(
        14,
        "a call one to two days after, and none later",
        FOLLOW_UP,
        BOUGHT | {"consents": [consent("call")]},
        {200.5: "order-status", 201: "service-call", 201.99: "service-call", 202: None, 203: None},
        held={203: {"service-call": Rule.EXPIRED}},
    ),
    Case(
        15,
        "a battery when the phone's cycle is over",
        FOLLOW_UP,
        {"orders": [order(200, "phone")]},
        {469: None, 470: "spare-part", 471: "spare-part"},
        shown={470: ["battery"]},
    ),
    Case(
        15,
        "no battery for who bought one since",
        FOLLOW_UP,
        {"orders": [order(200, "phone"), order(400, "battery", id="o2")]},
        held={470: {"spare-part": Rule.NO_PRODUCTS}},
    ),
    Case(
        16,
        "a week after the laptop what fits it, never what does not",
        FOLLOW_UP,
        BOUGHT,
        {206: "follow-up-3", 207: "follow-up-7", 208: "follow-up-7"},
        shown={207: ["mouse", "case"]},
    ),
    Case(
        25,
        "a survey ten days after the delivery",
        FOLLOW_UP,
        BOUGHT | {"letters": [letter("follow-up-7", 207, "o1")]},
        {209: None, 210: "survey", 211: "survey"},
    ),
    Case(
        25,
        "a low score lets offers rest for thirty days",
        LISTS,
        BOUGHT | {"events": [event("survey", 204, order_id="o1", value=1)]},
        {205: None, 233.99: None, 234: "product-review"},
        held={205: {"accessories": Rule.LOW_RATING}},
    ),
    Case(
        25,
        "a high score lets nothing rest",
        LISTS,
        BOUGHT | {"events": [event("survey", 204, order_id="o1", value=5)]},
        {205: "accessories"},
    ),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_each_row_holds_before_on_and_after_its_day(case: Case) -> None:
    case.check()
