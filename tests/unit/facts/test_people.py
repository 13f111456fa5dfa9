"""People: what is known of customers beside their orders."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pytest

from nba.facts.fold import Facts, fold
from nba.facts.people import GRANTED, REFUSED, UNKNOWN
from nba.facts.rows import Rows
from nba.vocabulary import CHANNELS
from tests.shops import day, rows
from tests.signals import Row, signals

EMAIL, SMS = CHANNELS.index("email"), CHANNELS.index("sms")
ORDERS = rows([("o1", "ann", 10, ["tea", "cup"])])


def ann(as_of: float = 50, orders: Rows = ORDERS, **tables: Iterable[Row]) -> Facts:
    return fold(orders, as_of=day(as_of), customers=["ann"], signals=signals(**tables))


def consent(granted: object, at: float, channel: str = "email") -> dict[str, Any]:
    return {"customer_id": "ann", "channel": channel, "granted": granted, "at": day(at)}


def event(kind: str, at: float, **more: Any) -> dict[str, Any]:
    return {"event_id": f"{kind}{at}", "type": kind, "at": day(at), "customer_id": "ann"} | more


def test_the_latest_consent_holds_and_of_one_instant_the_refusal() -> None:
    told = [consent(True, 1), consent(False, 3), consent(True, 5)]
    for as_of, expected in ((1, UNKNOWN), (2, GRANTED), (4, REFUSED), (6, GRANTED)):
        for order in (told, told[::-1]):
            assert ann(as_of, consents=order).people.consent[0, EMAIL] == expected
    both = [consent(True, 1), consent(False, 1)]
    assert ann(consents=both).people.consent[0, EMAIL] == REFUSED
    assert ann(consents=both[::-1]).people.consent[0].tolist() == [REFUSED, 0, 0, 0]


def test_a_refusal_without_a_date_holds_until_a_later_grant() -> None:
    said = [{"customer_id": "ann", "consent_email": False, "consent_sms": True}]
    assert ann(customers=said).people.consent[0].tolist() == [REFUSED, UNKNOWN, 0, 0]
    facts = ann(customers=said, consents=[consent(True, 1)])
    assert facts.people.consent[0, EMAIL] == GRANTED


@pytest.mark.parametrize("kind", ["unsubscribed", "complained"])
def test_who_unsubscribes_refuses_the_channel_of_the_message_from_then_on(kind: str) -> None:
    tables: dict[str, list[Row]] = {
        "consents": [consent(True, 1), consent(True, 1, "sms")],
        "messages": [{"message_id": "m1", "customer_id": "ann", "message": "x", "channel": "sms"}],
        "message_events": [{"event_id": "x", "message_id": "m1", "type": kind, "at": day(5)}],
    }
    assert ann(5, **tables).people.consent[0].tolist() == [GRANTED, GRANTED, 0, 0]
    assert ann(6, **tables).people.consent[0].tolist() == [GRANTED, REFUSED, 0, 0]
    tables["consents"].append(consent(True, 5, "sms"))
    assert ann(6, **tables).people.consent[0, SMS] == REFUSED
    tables["consents"].append(consent(True, 5.5, "sms"))
    assert ann(6, **tables).people.consent[0, SMS] == GRANTED


def test_unsubscribing_from_a_message_of_no_known_channel_refuses_all() -> None:
    told = {"event_id": "x", "message_id": "m", "customer_id": "ann", "type": "unsubscribed"}
    facts = ann(message_events=[told | {"at": day(5)}])
    assert facts.people.consent.tolist() == [[REFUSED] * len(CHANNELS)]


def test_what_bounced_stays_so_on_its_channel() -> None:
    told = {"event_id": "x", "message_id": "m", "customer_id": "ann", "type": "bounced"}
    facts = ann(message_events=[told | {"at": day(5), "channel": "sms"}])
    assert facts.people.is_bounced[0].tolist() == [False, True, False, False]
    assert not ann(5, message_events=[told | {"at": day(5)}]).people.is_bounced.any()
    assert not ann(message_events=[told | {"at": day(5)}]).people.is_bounced.any()


def test_a_profile_says_zone_tier_points_and_birthday() -> None:
    facts = ann(
        customers=[
            {
                "customer_id": "ann",
                "timezone": "europe/berlin",
                "account_type": "B2B",
                "tier": "gold",
                "points": 30,
                "birthday": "2000-02-29",
                "attributes": '{"points_expire_at": "2026-12-01"}',
                "created_at": day(2),
            },
            {"customer_id": "bob", "timezone": "Asia/Tokyo", "tier": "silver"},
        ]
    )
    people = facts.people
    assert (people.zones, people.zone.tolist()) == (("", "Europe/Berlin"), [1])
    assert (people.tiers, people.tier.tolist()) == (("", "gold"), [1])
    assert (people.points.tolist(), people.has_points.tolist()) == ([30], [True])
    assert people.is_company.tolist() == [True]
    assert str(people.birthday[0]) == "2000-02-29"
    assert people.points_expire_at[0] == np.datetime64("2026-12-01", "us")
    assert people.signed_up_at[0] == day(2)


def test_whoever_the_shop_met_later_is_not_described_yet() -> None:
    told = [{"customer_id": "ann", "points": 30, "tier": "gold", "created_at": day(9)}]
    assert ann(9, customers=told).people == ann(9).people
    assert ann(10, customers=told).people.points.tolist() == [30]


def test_an_unknown_zone_is_no_zone() -> None:
    facts = ann(customers=[{"customer_id": "ann", "timezone": "Mars/Olympus"}])
    assert (facts.people.zones, facts.people.zone.tolist()) == (("",), [0])


def test_signing_up_counts_from_its_first_event_else_from_the_account() -> None:
    told = [{"customer_id": "ann", "created_at": day(1)}]
    facts = ann(customers=told, events=[event("sign_up", 4), event("sign_up", 3)])
    assert facts.people.signed_up_at[0] == day(3)
    assert facts.people.first_seen_at[0] == day(3)


def test_a_complaint_is_open_until_it_is_closed_and_opens_again() -> None:
    told = [event("complaint", 1), event("complaint", 2, value=1.0)]
    closed = event("complaint", 3, value=0.0)
    assert ann(events=told).people.complained_at[0] == day(1)
    assert np.isnat(ann(events=[*told, closed]).people.complained_at[0])
    assert ann(3, events=[*told, closed]).people.complained_at[0] == day(1)
    again = event("complaint", 4, value=1.0)
    assert ann(events=[again, closed, *told]).people.complained_at[0] == day(4)


def test_a_complaint_closed_the_instant_it_opens_is_open() -> None:
    told = [event("complaint", 1, value=1.0), event("complaint", 1, value=0.0)]
    for given in (told, told[::-1]):
        assert ann(events=given).people.complained_at[0] == day(1)


def test_a_low_rating_is_one_of_at_most_two() -> None:
    told = [event("rating", 1, value=2.0), event("survey", 2, value=1.0), event("rating", 3)]
    facts = ann(events=[*told, event("rating", 4, value=3.0)])
    assert facts.people.low_rating_at[0] == day(2)


def test_an_order_is_rated_by_an_event_that_names_it() -> None:
    assert not ann(events=[event("rating", 12, value=5.0)]).is_rated[0]
    assert ann(events=[event("survey", 12, order_id="o1")]).is_rated[0]
    assert not ann(events=[event("rating", 12, order_id="o2")]).is_rated[0]
    other = event("rating", 12, order_id="o1") | {"customer_id": "bob"}
    assert not ann(events=[other]).is_rated[0]


@pytest.mark.parametrize(("at", "expected"), [(9, False), (10, True), (12, True)])
def test_a_line_is_reviewed_by_a_review_of_its_product_since_the_order(
    at: float,
    expected: bool,
) -> None:
    facts = ann(events=[event("review", at, product_id="tea"), event("review", at)])
    named = {facts.product_ids[int(code)] for code in facts.product[facts.is_reviewed]}
    assert named == ({"tea"} if expected else set())
    rated = ann(events=[event("rating", at, product_id="tea")])
    assert rated.is_reviewed.tolist() == facts.is_reviewed.tolist()


def test_what_came_back_is_told_of_the_order_and_of_the_customer() -> None:
    statuses = [
        {"order_id": "o1", "status": "paid", "at": day(11)},
        {"order_id": "o1", "status": "shipped", "at": day(12)},
        {"order_id": "o1", "status": "shipped", "at": day(13)},
    ]
    order = {"order_id": "o1", "customer_id": "ann", "ordered_at": day(10)}
    line = {"order_id": "o1", "line_no": 1, "product_id": "tea", "quantity": 2}
    back = {"status": "returned", "status_at": day(20)}
    orders = Rows.of([order | back], [line | {"returned_quantity": 1}], statuses)
    facts = ann(orders=orders)
    assert facts.paid_at[0] == day(11)
    assert facts.shipped_at[0] == day(12)
    assert facts.returned_at[0] == facts.people.returned_at[0] == day(20)
    assert np.isnat(ann(20, orders).returned_at[0])
    assert np.isnat(ann(12, orders).shipped_at[0])
    partly = {"status": "delivered", "status_at": day(15)}
    orders = Rows.of([order | partly], [line | {"returned_quantity": 1}], statuses)
    assert ann(orders=orders).people.returned_at[0] == day(15)
