"""Rows of the catalogue about standing: regulars, fans, tiers, points, bands, refills, silence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest

import nba
from nba.config import shipped
from nba.decide.playbook import Playbook
from nba.decide.policy import Policy
from nba.facts.fold import Facts
from nba.palette import BAND_LOOKS
from nba.vocabulary import Rule
from tests.facts_of import consent, facts, instant, letter, order, profile
from tests.segmented import profiles, replies, segmented
from tests.shops import Order, catalog, history
from tests.unit.decide.catalogue.shop import FOLLOW_UP, held, may_be_sent, policy, shop

STEPS = {
    "tier": [{"id": "silver", "at_least": 20_000}, {"id": "gold", "at_least": 50_000}],
    "band": [
        {"id": "small", "at_least": 0, "look": BAND_LOOKS["small"]},
        {"id": "large", "at_least": 55_000, "look": BAND_LOOKS["large"]},
    ],
    "band_account_types": [],
}
REGULARS: Sequence[Order] = [
    *((f"a{n}", "ann", 40 * n, ["tea"]) for n in range(5)),
    ("b0", "bob", 20, ["tea"]),
    *((f"c{n}", f"c{n}", 10 * n, ["tea"]) for n in range(8)),
]
"""Ann buys every forty days; the others bought once."""
THURSDAY = 203


@cache
def regular_policy() -> Policy:
    """The shop once it knows who its regulars are."""
    known = segmented(
        REGULARS,
        STEPS,
        told=profiles({"customer_id": "ann", "tier": "silver"}, {"customer_id": "bob"}),
        said=replies(*(("ann", "review", 160 + n) for n in range(3))),
        price=9_600,
        as_of=200,
    )
    return Policy(
        replace(shop(), segments=known),
        Playbook.from_toml(shipped("playbooks", FOLLOW_UP)),
    )


def known_at(at: float, who: str = "ann", **more: Any) -> Facts:
    placed = [
        order(when, *products, id=order_id, customer=customer, price=9_600)
        for order_id, customer, when, products in REGULARS
        if customer == who
    ]
    return facts(as_of=at, orders=placed, who=[who], **more)


def sendable(at: float, who: str = "ann", **more: Any) -> set[str]:
    return may_be_sent(regular_policy().decide(who, known_at(at, who, **more), instant(at)))


def test_row_26_an_offer_for_regulars_is_for_regulars_alone() -> None:
    assert "regulars-offer" in sendable(THURSDAY)
    assert "regulars-offer" not in sendable(THURSDAY - 1)
    assert "regulars-offer" not in sendable(THURSDAY + 2)
    assert "regulars-offer" not in sendable(THURSDAY, "bob")
    assert "regulars-offer" not in sendable(THURSDAY, "c0")


@pytest.mark.parametrize(("spent", "rule"), [(332, None), (333, Rule.BUDGET), (900, Rule.BUDGET)])
def test_row_26_the_budget_of_the_week_is_not_exceeded(spent: int, rule: Rule | None) -> None:
    # Each costs 10 % of 3,000 minor units, and 100,000 may be given away a week.
    sent = [
        letter("regulars-offer", 201 + n / 1e4, "2026-W30", customer=f"x{n:03}")
        for n in range(spent)
    ]
    decision = regular_policy().decide("ann", known_at(203, letters=sent), instant(203))
    assert held(decision, "regulars-offer") == rule
    # A new week has its own.
    later = regular_policy().decide("ann", known_at(210, letters=sent), instant(210))
    assert held(later, "regulars-offer") is None


def test_row_26_an_offer_that_leaves_too_little_is_never_made() -> None:
    book = regular_policy().playbook
    strict = [
        one.model_copy(update={"margin_floor": 0.25}) if one.id == "regulars-offer" else one
        for one in book.message
    ]
    other = Policy(regular_policy().snapshot, book.model_copy(update={"message": tuple(strict)}))
    decision = other.decide("ann", known_at(THURSDAY), instant(THURSDAY))
    assert held(decision, "regulars-offer") == Rule.BUDGET


def test_row_33_only_a_fan_is_asked_to_invite_a_friend() -> None:
    # Ann's last order came on day 160, so the window is from day 180 to 220.
    for at, asked in ((179, False), (180, True), (219, True), (220, False)):
        decision = regular_policy().decide("ann", known_at(at), instant(at))
        assert (("referral", "a4") in decision.sendable) == asked, at
    assert "referral" not in sendable(45, "bob")


@pytest.mark.parametrize(
    ("at", "is_due"), [(196.9, False), (197, True), (210.9, True), (211, False)]
)
def test_row_59_points_that_expire_are_told_of_within_two_weeks(at: float, is_due: bool) -> None:
    day = str(instant(210.5).astype("datetime64[D]"))
    owner = profile(points=500, attributes=f'{{"points_expire_at": "{day}T12:00:00Z"}}')
    assert ("points-expiring" in sendable(at, profiles=[owner])) == is_due
    without = profile(attributes=f'{{"points_expire_at": "{day}T12:00:00Z"}}')
    assert "points-expiring" not in sendable(at, profiles=[without])


def test_row_59_little_is_missing_to_the_next_tier() -> None:
    # Ann paid 48,000 and gold begins at 50,000; the offer is for who lacks at most 5,000.
    assert "tier-progress" in sendable(THURSDAY)
    assert "tier-progress" not in sendable(200 - 5 / 24)
    assert "tier-progress" not in sendable(THURSDAY, "bob")
    decision = regular_policy().decide("ann", known_at(THURSDAY), instant(THURSDAY))
    assert ("tier-progress", "gold") in decision.sendable


def test_row_52_little_is_missing_to_the_next_band() -> None:
    # 7,000 of the 55,000 that the large band takes, and the message is for at most 15 % of them.
    decision = regular_policy().decide("ann", known_at(THURSDAY), instant(THURSDAY))
    assert ("next-threshold", "2026/large") in decision.sendable
    assert "next-threshold" not in sendable(THURSDAY, "bob")


@cache
def trained() -> Policy:
    """A shop that learned when tea runs out, and how long a silence is a sign."""
    return Policy(
        nba.train(
            history(refills(), as_of=400),
            catalog({"product_id": "tea", "category": "Grocery > Tea", "is_consumable": True}),
            nba.TrainConfig.model_validate({"collaborative": {"factors": 2, "iterations": 1}}),
            threads=1,
        ),
        Playbook.from_toml(shipped("playbooks", FOLLOW_UP)),
    )


def refills() -> list[Order]:
    """Forty customers buy tea every thirty days, to about day 360; ten every ten, to day 330."""
    often = [
        (f"o{n}-{k:02}", f"often-{n}", n + 10 * k, ["tea"]) for n in range(10) for k in range(33)
    ]
    monthly = [
        (f"t{n}-{k:02}", f"monthly-{n:02}", n % 5 + 30 * k, ["tea"])
        for n in range(40)
        for k in range(13)
    ]
    return [*often, *monthly]


def drinker(at: float, who: str) -> Facts:
    mine = [
        order(when, *products, id=order_id, customer=customer, price=100)
        for order_id, customer, when, products in refills()
        if customer == who
    ]
    return facts(as_of=at, orders=mine, who=[who])


def drinks(at: float, who: str) -> set[str]:
    return may_be_sent(trained().decide(who, drinker(at, who), instant(at)))


def test_row_17_a_refill_is_told_of_shortly_before_the_customers_own_interval_ends() -> None:
    # The last tea was bought on day 360, every thirty days before.
    due = [at for at in range(362, 420) if "refill" in drinks(at, "monthly-00")]
    assert due[0] in (386, 387, 388)
    assert due == list(range(due[0], due[0] + len(due)))
    assert len(due) in (13, 14)


def test_row_57_the_same_silence_is_a_sign_with_one_and_none_with_another() -> None:
    for who, state in (("often-0", "client/idle"), ("monthly-00", "client/delivered")):
        decision = trained().decide(who, drinker(390, who), instant(390))
        assert decision.state == state


def test_row_57_who_fell_silent_is_won_back_for_a_month_from_the_day_it_is_a_sign() -> None:
    days = [at for at in range(361, 520) if "win-back" in drinks(at, "monthly-00")]
    assert days
    assert days == list(range(days[0], days[0] + 30))
    # At the midnight before the one from which it is a sign it is none.
    for midnight, rhythm in ((days[0] - 1.5, "active"), (days[0] - 0.5, "at_risk")):
        facts_then = drinker(midnight, "monthly-00")
        decision = trained().decide("monthly-00", facts_then, instant(midnight))
        assert decision.rhythm == rhythm


def test_row_34_of_the_whole_shop_nobody_is_written_to_without_consent() -> None:
    who = sorted({customer for _, customer, _, _ in refills() if customer})
    silent: Mapping[str, Any] = {
        "orders": [order(w, *p, id=o, customer=c, price=100) for o, c, w, p in refills()],
        "who": who,
    }
    agreed = facts(as_of=390, **silent)
    refused = facts(
        as_of=390, consents=[consent("email", granted=False, customer=who[0])], **silent
    )
    assert np.any(trained().choose(agreed, instant(390)).row >= 0)
    assert not np.any(trained().choose(refused, instant(390)).row >= 0)
    assert trained().without_consent(refused) == len(who)
    assert policy(FOLLOW_UP).without_consent(agreed) == 0
