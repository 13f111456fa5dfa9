"""Rows of the catalogue about an order under way: news, thanks, delays, payment."""

from __future__ import annotations

import json

import pytest

from nba.vocabulary import Rule
from tests.facts_of import consent, event, letter, order, profile, status
from tests.unit.decide.catalogue.shop import FOLLOW_UP, LISTS, Case, ask, chosen

SHIPPED = {"orders": [order(198, "laptop", status="shipped", status_at=200)]}
PAID = {"orders": [order(200, "laptop", status="paid", status_at=200)]}
TOLD = letter("order-status", 200.01, "o1/paid")
LATE = {
    "orders": [order(199, "laptop", status="delayed", status_at=201)],
    "statuses": [status("paid", 200)],
}
UNPAID = {"orders": [order(200, "laptop", status="awaiting_payment", status_at=200)]}
CAP_REACHED = [letter("digest", 195 + n, f"2026-W{27 + n}") for n in range(5)]
CASES = [
    Case(
        8,
        "a change of status is told within the day, without products",
        LISTS,
        SHIPPED,
        {200.01: "order-status", 200.99: "order-status", 201: None},
        shown={200.01: []},
    ),
    Case(
        8,
        "once a status",
        LISTS,
        SHIPPED | {"letters": [letter("order-status", 200.1, "o1/shipped")]},
        {200.5: None},
        held={200.5: {"order-status": Rule.ONCE_PER}},
    ),
    Case(
        8,
        "the next status is told though the last one was a moment ago",
        LISTS,
        {
            "orders": [order(198, "laptop", status="in_transit", status_at=200.2)],
            "statuses": [status("shipped", 200)],
            "letters": [letter("order-status", 200.1, "o1/shipped")],
        },
        {200.15: None, 200.25: "order-status"},
    ),
    Case(
        8,
        "though the caps are reached",
        LISTS,
        SHIPPED | {"letters": CAP_REACHED},
        {200.01: "order-status"},
    ),
    Case(
        8,
        "though nobody agreed to anything",
        LISTS,
        SHIPPED | {"consents": []},
        {200.01: "order-status"},
    ),
    Case(
        8,
        "though everything was refused",
        LISTS,
        SHIPPED | {"consents": [consent("email", granted=False), consent("sms", granted=False)]},
        {200.01: "order-status"},
    ),
    Case(
        8,
        "though a complaint is open",
        LISTS,
        SHIPPED | {"events": [event("complaint", 199, value=1)]},
        {200.01: "order-status"},
    ),
    *(
        Case(
            8,
            f"{name} is news too, whatever the customer does now",
            LISTS,
            {
                "orders": [order(198, "laptop", status=name, status_at=200)],
                "events": [event("add_to_cart", 199, "mouse")],
            },
            {200.01: "order-status"},
        )
        for name in ("delivered", "cancelled", "returned")
    ),
    Case(
        20,
        "thanks the day after the payment, with what goes with the order and is not in it",
        FOLLOW_UP,
        {"orders": [order(200, "laptop", "mouse", status="paid", status_at=200)]}
        | {"letters": [TOLD]},
        {200.2: None, 201: "thank-you", 201.9: "thank-you", 202: None},
        shown={201: ["case"]},
        held={200.2: {"thank-you": Rule.TRANSACTIONAL_TODAY}},
    ),
    Case(
        20,
        "thanks once an order",
        FOLLOW_UP,
        PAID | {"letters": [TOLD, letter("thank-you", 200.9, "o1")]},
        {201.5: None},
        held={201.5: {"thank-you": Rule.ONCE_PER}},
    ),
    Case(
        20,
        "no thanks once it arrived",
        FOLLOW_UP,
        {
            "orders": [order(200, "laptop", delivered=200.9)],
            "statuses": [status("paid", 200)],
            "letters": [TOLD, letter("order-status", 200.9, "o1/delivered")],
        },
        {201.6: None},
    ),
    Case(
        28,
        "a delay is told at once, for a day",
        LISTS,
        LATE,
        {201: None, 201.01: "delay", 201.99: "delay", 202: None},
        shown={201.01: []},
    ),
    Case(
        28,
        "marketing rests while it lasts",
        FOLLOW_UP,
        LATE | {"letters": [TOLD, letter("delay", 201.05, "o1/delayed")]},
        {201.8: None},
        held={201.8: {"thank-you": Rule.OPEN_DELAY}},
    ),
    Case(
        28,
        "of another order too",
        LISTS,
        {
            "orders": [
                order(190, "laptop", id="o0", delivered=195),
                order(199, "mouse", status="delayed", status_at=199),
            ]
        },
        {200: None, 201: None},
    ),
    Case(
        28,
        "and goes on once it is shipped and there",
        LISTS,
        {
            "orders": [
                order(190, "laptop", id="o0", delivered=195),
                order(199, "mouse", delivered=201),
            ],
            "statuses": [status("delayed", 199), status("shipped", 200)],
        },
        {202.1: "accessories"},
    ),
    Case(
        66,
        "a reminder to pay after a day, until the payment",
        LISTS,
        UNPAID,
        {200.9: None, 201: "awaiting-payment", 206.9: "awaiting-payment", 207: None},
    ),
    Case(
        66,
        "none once it is paid",
        LISTS,
        {
            "orders": [order(200, "laptop", status="paid", status_at=201.5)],
            "statuses": [status("awaiting_payment", 200)],
        },
        {201: "awaiting-payment", 201.6: "order-status", 202.6: None},
    ),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_each_row_holds_before_on_and_after_its_day(case: Case) -> None:
    case.check()


def test_row_37_a_message_carries_what_a_template_names() -> None:
    told = json.loads(json.dumps(ask(LISTS, 200.01, SHIPPED).to_dict()))["message"]
    assert told["merge"] == {
        "order_id": "o1",
        "product_ids": ["laptop"],
        "status": "shipped",
        "delivered_at": "2026-07-23T12:00:00Z",
        "delivery_assumed": True,
    }
    assert (told["text"], told["anchor"]) == ("order-status", "o1/shipped")
    assert told["why"] == "order o1 is shipped"


def test_row_37_products_come_with_their_reasons() -> None:
    bought = {"orders": [order(200, "laptop")]}
    told = json.loads(json.dumps(ask(LISTS, 205, bought).to_dict()))["message"]
    assert [item["product_id"] for item in told["slots"]["main"]] == ["mouse", "case"]
    for item in told["slots"]["main"]:
        assert item["reason"]["code"] == "ACCESSORY"
        assert item["reason"]["text"] == "goes with Laptop"


def test_row_8_in_quiet_hours_news_of_an_order_leaves_and_marketing_waits() -> None:
    kyiv = {"profiles": [profile(timezone="Europe/Kyiv")]}
    night = 200 + 9 / 24  # 21:00 in UTC, midnight in Kyiv
    news = ask(
        LISTS, night, {"orders": [order(198, "tea", status="shipped", status_at=200.3)]} | kyiv
    )
    assert chosen(news) == "order-status"
    assert news.message is not None
    assert news.message.send_after == news.as_of
    offer = ask(LISTS, night, {"events": [event("add_to_cart", 200.1, "tea")]} | kyiv)
    assert chosen(offer) == "cart-reminder"
    assert offer.message is not None
    assert str(offer.message.send_after)[:16] == "2026-07-21T06:00"
