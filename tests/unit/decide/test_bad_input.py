"""Odd rows and odd customers: no exception, and no message that is wrong."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pytest

from nba.decide.decision import Decision
from nba.facts.fold import Facts
from nba.vocabulary import Rule
from tests.facts_of import (
    Row,
    consent,
    event,
    facts,
    instant,
    letter,
    order,
    profile,
    state,
    status,
)
from tests.unit.decide.catalogue.shop import (
    FOLLOW_UP,
    LISTS,
    ask,
    chosen,
    held,
    may_be_sent,
    policy,
    shown,
)

CART = {"events": [event("add_to_cart", 200, "laptop")]}
ORDERED = {"orders": [order(200, "laptop")]}
LAID = "add_to_cart/laptop"


def both(at: float, happened: Mapping[str, Any], who: str = "ann") -> Decision:
    """Decide by the playbook of lists, and let the columns say the same."""
    known = facts(as_of=at, **happened)
    decision = policy(LISTS).decide(who, known, instant(at))
    row = policy(LISTS).choose(known, instant(at)).row[known.customer_ids.index(who)]
    assert (row < 0) == (decision.message is None)
    return decision


@pytest.mark.parametrize("zone", ["Mars/Olympus", "", "  ", "europe/kyiv?", "GMT+25", None])
def test_a_zone_that_nobody_knows_is_the_playbooks(zone: str | None) -> None:
    odd = both(200.4, CART | {"profiles": [profile(timezone=zone)]})
    plain = both(200.4, CART)
    assert odd.message is not None
    assert plain.message is not None
    assert odd.message.send_after == plain.message.send_after


def test_a_zone_is_known_however_it_is_spelled() -> None:
    decision = both(200.4, CART | {"profiles": [profile(timezone=" europe/KYIV ")]})
    assert decision.message is not None
    assert str(decision.message.send_after)[:16] == "2026-07-21T06:00"


@pytest.mark.parametrize("said_at", [None, 300])
def test_a_consent_without_a_date_or_of_tomorrow_is_none(said_at: float | None) -> None:
    at = None if said_at is None else instant(said_at).astype("datetime64[us]")
    agreed = profile(consent_email=True, consent_at=at)
    decision = both(201, CART | {"profiles": [agreed], "consents": []})
    assert (chosen(decision), held(decision, "cart-reminder")) == (None, Rule.NO_CONSENT)


def test_a_refusal_without_a_date_holds_until_a_consent_with_one() -> None:
    refused = profile(consent_email=False)
    silent = both(201, CART | {"profiles": [refused], "consents": []})
    assert held(silent, "cart-reminder") == Rule.NO_CONSENT
    agreed = both(201, CART | {"profiles": [refused], "consents": [consent("email", at=199)]})
    assert chosen(agreed) == "cart-reminder"


def test_of_a_grant_and_a_refusal_of_one_instant_the_refusal_holds() -> None:
    said = [consent("email", at=199), consent("email", at=199, granted=False)]
    for rows in (said, said[::-1]):
        assert held(both(201, CART | {"consents": rows}), "cart-reminder") == Rule.NO_CONSENT


@pytest.mark.parametrize(
    "born", ["1992-02-29", "2024-02-29", "1900-02-28", "1890-01-01", "2040-05-05"]
)
@pytest.mark.parametrize("at", [56, 57, 58, 59, 787, 788, 789])
def test_any_birthday_is_one_day_a_year(born: str, at: float) -> None:
    decision = ask(FOLLOW_UP, at, {"profiles": [profile(birthday=born)]})
    anchors = [anchor for message, anchor in decision.sendable if message == "birthday"]
    assert len(anchors) <= 1


def test_who_was_born_on_29_february_has_a_birthday_in_every_year() -> None:
    owner = {"profiles": [profile(birthday="1992-02-29")]}
    # The 28th of February 2026 is day 58, the 29th of February 2028 is day 789.
    for midnight in (57.5, 788.5):
        days = [midnight - 3.001, midnight - 3, midnight + 0.8, midnight + 1]
        found = ["birthday" in may_be_sent(ask(FOLLOW_UP, at, owner)) for at in days]
        assert found == [False, True, True, False]


def test_a_customer_of_five_thousand_orders_gets_one_message_about_the_latest_due() -> None:
    orders = [order(n / 26, "tea", "laptop", id=f"o{n:04}") for n in range(5_000)]
    decision = both(196, {"orders": orders})
    assert decision.message is not None
    assert (decision.message.id, decision.message.anchor) == ("service-rating", "o4999")
    assert decision.message.score.expected > 0
    told = [one.id for one in decision.suppressed]
    assert len(told) == len(set(told)) <= len(policy(LISTS).playbook.message)


def merged(at: float, *rows: Row, letters: Iterable[Row] = (), **more: Any) -> Facts:
    """Ann, who came as a guest, session s1, and logged in on day 201."""
    login = event("merge", 201, session_id="s1", event_id="login")
    return facts(as_of=at, events=[*rows, login], letters=letters, **more)


def test_a_guests_cart_is_the_customers_once_they_log_in() -> None:
    laid = event("add_to_cart", 200, "laptop", customer=None, session_id="s1")
    before, after = (
        policy(LISTS).decide("ann", merged(at, laid), instant(at)) for at in (200.9, 201.1)
    )
    assert (chosen(before), before.state) == (None, "acquaintance/new")
    assert (chosen(after), after.state) == ("cart-reminder", "choosing/cart")
    assert after.message is not None
    assert after.message.anchor == LAID


def test_what_the_guest_was_sent_is_not_sent_to_the_customer_again() -> None:
    laid = event("add_to_cart", 200, "laptop", customer="guest")
    login = event("merge", 201, session_id="guest", event_id="login")
    sent = letter("cart-reminder", 200.3, LAID, customer="guest")
    known = facts(as_of=201.5, events=[laid, login], letters=[sent])
    decision = policy(LISTS).decide("ann", known, instant(201.5))
    assert decision.state == "choosing/cart"
    assert held(decision, "cart-reminder") == Rule.ONCE_PER
    assert "cart-reminder" not in may_be_sent(decision)


def test_what_the_customer_bought_closes_what_the_guest_laid_in_the_cart() -> None:
    laid = event("add_to_cart", 200, "laptop", customer=None, session_id="s1")
    bought = [order(200.5, "laptop", delivered=200.5)]
    decision = policy(LISTS).decide("ann", merged(202, laid, orders=bought), instant(202))
    assert "cart-reminder" not in may_be_sent(decision)
    assert decision.state == "client/delivered"


def test_two_who_merge_into_each_other_are_one_and_no_endless_chain() -> None:
    circle = [
        event("merge", 199, session_id="ann", customer="bob", event_id="m1"),
        event("merge", 199.5, session_id="bob", customer="ann", event_id="m2"),
    ]
    known = facts(as_of=201, events=[*CART["events"], *circle], who=["ann", "bob"])
    ann, bob = policy(LISTS).decide(["ann", "bob"], known, instant(201))
    assert (
        (ann.state, chosen(ann)) == (bob.state, chosen(bob)) == ("choosing/cart", "cart-reminder")
    )


@pytest.mark.parametrize("gone", ["a product nobody sells", "old-netbook"])
def test_a_product_that_is_no_longer_there_is_in_no_message(gone: str) -> None:
    bought = {"orders": [order(100, gone, "laptop")], "events": [event("add_to_cart", 199.8, gone)]}
    for at in range(100, 260):
        for playbook in (LISTS, FOLLOW_UP):
            decision = ask(playbook, at, bought)
            name = chosen(decision)
            # What was bought may be asked about; nothing may be offered that cannot be had.
            if name not in {"product-review", "service-rating", "follow-up-3", "survey"}:
                assert gone not in shown(decision), (playbook, at)
            assert name not in {"cart-reminder", "cart-sale"}, (playbook, at)


def test_of_an_order_whose_products_are_all_gone_the_service_is_rated_and_nothing_else() -> None:
    bought = {"orders": [order(200, "a product nobody sells")]}
    assert chosen(ask(LISTS, 203, bought)) == "service-rating"
    assert held(ask(LISTS, 205, bought), "accessories") == Rule.NO_PRODUCTS
    assert held(ask(LISTS, 214, bought), "product-review") == Rule.NO_PRODUCTS


def test_what_the_shelf_calls_discontinued_is_not_reminded_of() -> None:
    ended = state("laptop", 200.5, "discontinued")
    decision = both(201, CART | {"states": [ended]})
    assert (chosen(decision), held(decision, "cart-reminder")) == ("digest", Rule.OUT_OF_STOCK)
    assert "laptop" not in shown(decision)


def test_an_order_that_arrived_before_it_was_made_is_asked_about_all_the_same() -> None:
    odd = {"orders": [order(200, "laptop", delivered=199)]}
    decision = ask(LISTS, 202.9, odd)
    assert chosen(decision) == "service-rating"
    assert decision.days_since is not None
    assert decision.days_since >= 0


def test_a_clock_that_goes_back_an_hour_sends_nothing_twice() -> None:
    hour = 1 / 24
    # In Kyiv the clock goes back on the 25th of October 2026: day 297, at 01:00 UTC.
    zone = {"profiles": [profile(timezone="Europe/Kyiv")]}
    turn = 296.5 + 1 * hour
    happened = {"events": [event("add_to_cart", turn - 5 * hour, "laptop")]} | zone
    sent = letter("cart-reminder", turn - hour / 2, LAID)
    for at in (turn - hour, turn - hour / 4, turn, turn + hour / 2, turn + hour, turn + 12 * hour):
        first = ask(LISTS, at, happened)
        assert chosen(first) == "cart-reminder", at
        assert first.message is not None
        local = first.message.send_after
        # Never in the night of the customer: from 09:00 (07:00 UTC) until 21:00 (19:00 UTC).
        hour_of_day = int(str(local)[11:13])
        assert 7 <= hour_of_day < 19
        again = ask(LISTS, at, happened | {"letters": [sent]})
        if at > turn - hour / 2:
            assert "cart-reminder" not in may_be_sent(again)


def test_statuses_whose_clock_went_back_an_hour_are_told_once_each() -> None:
    hour = 1 / 24
    happened = {
        "orders": [order(198, "laptop", status="shipped", status_at=200)],
        "statuses": [status("picking", 200 - hour), status("shipped", 200 - hour / 2)],
        "letters": [letter("order-status", 200 - hour / 3, "o1/shipped")],
    }
    for at in (200 + hour, 200.5, 200.9):
        decision = ask(LISTS, at, happened)
        assert chosen(decision) is None
        assert held(decision, "order-status") == Rule.ONCE_PER


def test_a_letter_of_tomorrow_does_not_count_today() -> None:
    decision = both(200.3, CART | {"letters": [letter("cart-reminder", 200.4, LAID)]})
    assert chosen(decision) == "cart-reminder"


def test_rows_twice_are_rows_once() -> None:
    once = CART | {"letters": [letter("digest", 190, "2026-W28")]}
    twice = {name: [*rows, *rows] for name, rows in once.items()}
    assert both(201, twice).to_dict() == both(201, once).to_dict()


@pytest.mark.parametrize("customer", ["", " ", "ann\x00", "Ω" * 300, "a/b", "none"])
def test_any_id_is_an_id(customer: str) -> None:
    happened = {"events": [event("add_to_cart", 200, "laptop", customer=customer)]}
    known = facts(as_of=201, who=[customer], **happened)
    assert chosen(policy(LISTS).decide(customer, known, instant(201))) == "cart-reminder"


@pytest.mark.parametrize("price", [0, 100, 10**12])
def test_any_price_gives_a_value(price: int) -> None:
    decision = ask(LISTS, 203, {"orders": [order(200, "laptop", price=price)]})
    assert decision.message is not None
    assert 0 < decision.message.score.expected < 10**13


def test_what_earns_less_than_the_message_costs_is_no_reason_for_one() -> None:
    decision = ask(LISTS, 204, {"orders": [order(200, "laptop", price=1)]})
    assert (chosen(decision), held(decision, "service-rating")) == (None, Rule.LOWER_VALUE)


def test_an_order_without_lines_is_asked_about_and_recommends_nothing() -> None:
    empty = {"orders": [order(200)]}
    for at in range(200, 300):
        for playbook in (LISTS, FOLLOW_UP):
            decision = ask(playbook, at, empty)
            assert chosen(decision) not in {"accessories", "product-review", "replacement"}
