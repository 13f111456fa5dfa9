"""Rows of the catalogue about contact: touches, caps, quiet hours, channels, dates."""

from __future__ import annotations

import numpy as np
import pytest

from nba.decide.calendar import Calendar
from nba.vocabulary import Rule
from tests.facts_of import consent, event, facts, instant, letter, order, profile, state
from tests.unit.decide.catalogue.shop import (
    FOLLOW_UP,
    LISTS,
    Case,
    ask,
    chosen,
    held,
    may_be_sent,
    policy,
)

CART = {"events": [event("add_to_cart", 200, "laptop")]}
LAID, WISH = "add_to_cart/laptop", "add_to_wishlist/laptop"
WORDS = (
    "welcome",
    "browse",
    "content",
    "survey",
    "win-back",
    "birthday",
    "wishlist-reminder",
    "wishlist-similar",
)
TOUCHED = [letter(word, 100 + 10 * n, WISH) for n, word in enumerate(WORDS)]
"""Marketing messages about one wish, of which no two are alike."""
WISHED = {"events": [event("add_to_wishlist", 99, "laptop")]}
SENT = [letter("digest", 194 + 2 * n, f"2026-W{20 + n}") for n in range(3)]
CASES = [
    Case(
        29,
        "seven touches about one thing, and no eighth",
        LISTS,
        WISHED | {"letters": [one for one in TOUCHED if one["message"] != "content"]},
        held={195: {"wishlist-category-sale": Rule.TOUCHES}},
    ),
    Case(
        29,
        "a sixth is followed by a seventh",
        LISTS,
        WISHED
        | {"letters": [one for one in TOUCHED if one["message"] not in ("content", "survey")]},
        {195: "wishlist-category-sale"},
    ),
    Case(
        29,
        "a purchase starts anew",
        LISTS,
        {
            "events": [
                event("add_to_wishlist", 99, "tea"),
                event("add_to_wishlist", 185, "tea", event_id="wished again"),
            ],
            "orders": [order(180, "tea", delivered=180)],
            "letters": [one | {"anchor": "add_to_wishlist/tea"} for one in TOUCHED],
        },
        {192: "wishlist-reminder"},
    ),
    Case(
        29,
        "nothing more to who unsubscribed",
        LISTS,
        CART | {"consents": [consent("email"), consent("email", at=200.1, granted=False)]},
        {200.2: None},
        held={200.2: {"cart-reminder": Rule.NO_CONSENT}},
    ),
    Case(
        30,
        "three in seven days",
        LISTS,
        CART | {"letters": SENT},
        {200.3: None, 201.1: "cart-reminder"},
        held={200.3: {"cart-reminder": Rule.CAP_WEEK}},
    ),
    Case(
        30,
        "news of an order silences what is not, for the rest of the day",
        LISTS,
        CART | {"orders": [order(195, "tea", delivered=200.1)]},
        {200.2: "order-status", 201.2: "cart-reminder"},
        held={200.2: {"cart-reminder": Rule.TRANSACTIONAL_TODAY}},
    ),
    Case(
        34,
        "without consent no channel",
        LISTS,
        CART | {"consents": []},
        {201: None},
        held={201: {"cart-reminder": Rule.NO_CONSENT, "digest": Rule.NO_CONSENT}},
    ),
    Case(
        34,
        "an open complaint holds everything back, a closed one nothing",
        LISTS,
        CART | {"events": [*CART["events"], event("complaint", 200.1, value=1)]},
        {201: None},
        held={201: {"cart-reminder": Rule.OPEN_COMPLAINT}},
    ),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_each_row_holds_before_on_and_after_its_day(case: Case) -> None:
    case.check()


@pytest.mark.parametrize(
    ("agreed", "channel"),
    [
        (["email"], "email"),
        (["sms"], "sms"),
        (["push"], "push"),
        (["sms", "email"], "email"),
        (["sms", "push"], "push"),
        (["call"], None),
    ],
)
def test_row_34_the_channel_is_one_that_was_agreed_to_and_costs_least(
    agreed: list[str], channel: str | None
) -> None:
    decision = ask(LISTS, 201, CART | {"consents": [consent(one) for one in agreed]})
    assert (None if decision.message is None else decision.message.channel) == channel


def test_row_34_what_came_back_for_good_is_no_channel() -> None:
    sent = letter("digest", 190, "2026-W28")
    bounce = {"event_id": "b", "message_id": sent["message_id"], "type": "bounced"}
    happened = CART | {
        "consents": [consent("email"), consent("sms")],
        "letters": [sent],
        "outcomes": [bounce | {"customer_id": "ann", "channel": "email", "at": instant(190.1)}],
    }
    decision = ask(LISTS, 201, happened)
    assert decision.message is not None
    assert decision.message.channel == "sms"


def test_row_30_one_marketing_message_a_day_and_a_night_between_two() -> None:
    decision = ask(LISTS, 200.3, CART | {"letters": [letter("digest", 199.9, "2026-W30")]})
    assert chosen(decision) == "cart-reminder"
    assert decision.message is not None
    # Twenty hours after the digest it is night, so it leaves in the morning.
    assert str(decision.message.send_after)[:16] == "2026-07-21T09:00"
    without_gap = policy(LISTS).playbook.caps.model_copy(update={"min_gap": 0})
    book = policy(LISTS).playbook.model_copy(update={"caps": without_gap})
    known = facts(as_of=200.3, letters=[letter("digest", 199.9, "2026-W30")], **CART)
    strict = type(policy(LISTS))(policy(LISTS).snapshot, book)
    decision = strict.decide("ann", known, instant(200.3))
    assert (chosen(decision), held(decision, "cart-reminder")) == (None, Rule.CAP_DAY)


def test_row_30_the_schedule_of_a_customer_is_there_to_see() -> None:
    known = facts(as_of=200.5, orders=[order(200, "laptop")])
    plan = policy(LISTS).plan("ann", known, instant(200.5), horizon_days=100)
    first = {}
    for one in plan:
        if one.message is not None:
            first.setdefault(one.message.id, one.as_of)
    assert first["service-rating"] == instant(203)
    assert first["accessories"] == instant(205)
    assert first["product-review"] == instant(214)
    assert first["replacement"] == instant(290)


def test_row_30_a_message_of_the_night_waits_for_the_morning_of_the_customer() -> None:
    for zone, leaves in (
        ("Europe/Kyiv", "2026-07-21T06:00"),
        ("America/New_York", "2026-07-20T19:30"),
        ("Asia/Tokyo", "2026-07-21T00:00"),
    ):
        happened = CART | {"profiles": [profile(timezone=zone)]}
        decision = ask(LISTS, 200 + 7.5 / 24, happened)
        assert decision.message is not None
        assert str(decision.message.send_after)[:16] == leaves, zone


BIRTHDAYS = [
    (born, zone, year)
    for born in ("1990-02-28", "1992-02-29", "1990-03-01", "1985-01-02", "1985-12-31")
    for zone in ("UTC", "Europe/Kyiv", "Pacific/Auckland", "America/Los_Angeles")
    for year in (2026, 2027, 2028)
]


@pytest.mark.parametrize(("born", "zone", "year"), BIRTHDAYS)
def test_row_21_a_birthday_is_due_three_days_before_it_on_the_customers_own_clock(
    born: str, zone: str, year: int
) -> None:
    leap = year % 4 == 0
    month_day = "02-28" if born.endswith("02-29") and not leap else born[5:]
    local = np.array([f"{year}-{month_day}"], "datetime64[us]")
    midnight = Calendar([zone], "UTC").to_utc(np.zeros(1, np.int16), local)[0]
    due = midnight - np.timedelta64(3, "D")
    happened = {"profiles": [profile(birthday=born, timezone=zone)]}
    instants = {
        due - np.timedelta64(1, "us"): False,
        due: True,
        due + np.timedelta64(4, "D") - np.timedelta64(12, "h"): True,
        due + np.timedelta64(4, "D"): False,
    }
    for at, is_due in instants.items():
        decision = policy(FOLLOW_UP).decide("ann", facts(as_of=at, **happened), at)
        assert ("birthday" in may_be_sent(decision)) == is_due, at
    at = due
    decision = policy(FOLLOW_UP).decide("ann", facts(as_of=at, **happened), at)
    assert decision.message is not None
    assert (decision.message.id, decision.message.anchor) == ("birthday", str(year))


def test_row_21_a_birthday_is_told_once_a_year_and_every_year() -> None:
    happened = {
        "profiles": [profile(birthday="1990-07-22")],
        "letters": [letter("birthday", 199.5, "2026")],
    }
    assert "birthday" not in may_be_sent(ask(FOLLOW_UP, 201, happened))
    assert "birthday" in may_be_sent(ask(FOLLOW_UP, 201 + 365, happened))


def test_row_35_a_message_for_a_place_is_for_requests_that_name_it() -> None:
    book = policy(LISTS).playbook
    told = [
        one.model_copy(
            update={"when": one.when.model_copy(update={"context": {"place": ("Kyiv",)}})}
        )
        if one.id == "cart-reminder"
        else one
        for one in book.message
    ]
    local = type(policy(LISTS))(
        policy(LISTS).snapshot, book.model_copy(update={"message": tuple(told)})
    )
    known = facts(as_of=200.3, **CART)
    at = instant(200.3)
    assert chosen(local.decide("ann", known, at, context={"place": "Kyiv"})) == "cart-reminder"
    for context in ({}, {"place": "Lviv"}):
        decision = local.decide("ann", known, at, context=context)
        assert chosen(decision) is None
        assert held(decision, "cart-reminder") == Rule.NOT_STAGE


def test_row_38_a_claim_is_made_only_where_the_data_say_so() -> None:
    book = policy(LISTS).playbook
    claiming = [
        one.model_copy(update={"claims": ("low_stock",)}) if one.id == "cart-reminder" else one
        for one in book.message
    ]
    told = type(policy(LISTS))(
        policy(LISTS).snapshot, book.model_copy(update={"message": tuple(claiming)})
    )
    for stock, sent in ((3, "cart-reminder"), (500, None), (None, None)):
        known = facts(as_of=200.3, states=[state("laptop", 190, stock=stock)], **CART)
        decision = told.decide("ann", known, instant(200.3))
        assert chosen(decision) == sent, stock
        if sent is None:
            assert held(decision, "cart-reminder") == Rule.NO_CLAIM_DATA
