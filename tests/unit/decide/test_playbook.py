"""Playbooks are checked when they are read."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import numpy as np
import pytest

from nba.config import shipped
from nba.decide.playbook import Playbook
from nba.decide.playbooks.messages import Message
from nba.decide.worth import MOST_ORDERS
from nba.errors import ConfigError
from nba.vocabulary import MESSAGE_IDS, Channel, MessageKind, Stage

GOOD = """
[[message]]
id = "accessories"
tier = 2
stage = "client"
kind = "personal"
channels = ["email"]
trigger = { on = "delivered", after = "5d", within = "12h" }
once_per = "order"
value_share = 1.0
response = 0.04
unsubscribe_risk = 0.001
why = "order {order}, {days} days, {products} products"
"""

OWOX = Playbook.from_toml(shipped("playbooks", "owox_2011"))
PLUS = Playbook.from_toml(shipped("playbooks", "plus_3_7_30"))
DAYS = np.timedelta64(1, "D")
TIERS = {
    0: "order-status delay awaiting-payment",
    1: "back-in-stock cart-reminder cart-sale",
    2: """
    service-rating accessories product-review replacement
    thank-you service-call follow-up-3 follow-up-7 follow-up-30 spare-part refill
    """,
    3: """
    waitlist-similar waitlist-sale welcome
    wishlist-sale wishlist-reminder wishlist-similar wishlist-category-sale
    """,
    4: "birthday points-expiring",
}


def read(folder: Path, text: str) -> Playbook:
    path = folder / "mine.toml"
    path.write_text(text)
    return Playbook.from_toml(path)


def test_durations_are_days_hours_or_minutes(tmp_path: Path) -> None:
    trigger = read(tmp_path, GOOD).message[0].trigger
    assert (trigger.after, trigger.within) == (5 * 86_400, 12 * 3_600)


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ('id = "accessories"', 'id = "accesories"', "accesories"),
        ("tier = 2", "tier = 9", "tier"),
        ('stage = "client"', 'stage = "friend"', "stage"),
        ('after = "5d"', 'after = "5 days"', "5 days"),
        ('after = "5d"', "after = 5", "no duration"),
        ('within = "12h"', 'within = "0h"', "within"),
        ('on = "delivered"', 'on = "birthdays"', "delivered"),
        ("response = 0.04", "response = 1.5", "response"),
        ("channels = ", "chanels = ", "chanels"),
        ("{days} days", "{hours} hours", "hours"),
        ("{order}", "{order.__class__}", "order.__class__"),
        ("{order}", "{", "no text with fields"),
        ("{days}", "{days:{order}}", "days"),
        ("value_share = 1.0", "value_share = inf", "value_share"),
        ('after = "5d"', 'after = "99999999999d"', "no duration"),
        ("why = ", "[[message]]\nwhy = ", "message"),
        ("[[message]]", "[[message]", "not valid"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(
    tmp_path: Path, old: str, new: str, complaint: str
) -> None:
    assert old in GOOD
    with pytest.raises(ConfigError, match=complaint):
        read(tmp_path, GOOD.replace(old, new))


def test_a_message_may_appear_once(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="twice"):
        read(tmp_path, GOOD + GOOD)


def test_a_playbook_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.toml"):
        Playbook.from_toml(tmp_path / "nowhere.toml")


def message(playbook: Playbook, name: str) -> Message:
    return next(one for one in playbook.message if one.id == name)


def test_the_shipped_playbooks_use_every_message_and_share_the_transactional_ones() -> None:
    owox, plus = ({one.id for one in playbook.message} for playbook in (OWOX, PLUS))
    assert owox | plus == MESSAGE_IDS
    assert owox & plus == {"order-status", "delay", "awaiting-payment"}
    for name in sorted(owox & plus):
        assert message(OWOX, name) == message(PLUS, name)


@pytest.mark.parametrize("playbook", [OWOX, PLUS], ids=lambda one: one.id)
def test_the_shipped_playbooks_neither_hold_out_nor_explore(playbook: Playbook) -> None:
    assert playbook.holdout.share == playbook.explore.rate == 0
    assert playbook.objective == "profit"
    assert not playbook.send_time.learned


@pytest.mark.parametrize("playbook", [OWOX, PLUS], ids=lambda one: one.id)
def test_every_message_is_in_the_tier_of_its_kind(playbook: Playbook) -> None:
    tiers = {name: tier for tier, names in TIERS.items() for name in names.split()}
    assert {one.id: one.tier for one in playbook.message} == {
        one.id: tiers.get(one.id, 5) for one in playbook.message
    }


@pytest.mark.parametrize(
    ("playbook", "names", "days"),
    [
        (OWOX, "service-rating accessories product-review replacement", (3, 5, 14, 90, 150)),
        (PLUS, "service-call", (1, 2)),
        (PLUS, "follow-up-3 follow-up-7 follow-up-30", (3, 7, 30, 90)),
    ],
)
def test_each_message_after_a_delivery_expires_when_the_next_opens(
    playbook: Playbook, names: str, days: tuple[int, ...]
) -> None:
    messages = [message(playbook, name) for name in names.split()]
    assert [one.trigger.opens / DAYS for one in messages] == list(days[:-1])
    assert [one.trigger.closes / DAYS for one in messages] == list(days[1:])
    assert {one.trigger.on for one in messages} == {"delivered"}
    assert {one.once_per for one in messages} == {"order"}
    assert {one.stage for one in messages} == {(Stage.CHOOSING, Stage.CLIENT)}


@pytest.mark.parametrize(
    ("playbook", "name", "on", "opens", "closes"),
    [
        (OWOX, "order-status", "status", 0, 1),
        (OWOX, "delay", "delayed", 0, 1),
        (PLUS, "welcome", "sign_up", 0, 7),
        (PLUS, "thank-you", "paid", 0, 2),
    ],
)
def test_the_fixed_windows_are_as_written(
    playbook: Playbook, name: str, on: str, opens: float, closes: float
) -> None:
    trigger = message(playbook, name).trigger
    assert trigger.on == on
    assert (trigger.opens / DAYS, trigger.closes / DAYS) == (opens, closes)


def test_the_call_is_a_task_and_the_news_of_an_order_reach_every_stage() -> None:
    call = message(PLUS, "service-call")
    assert (call.kind, call.channels) == (MessageKind.TASK, (Channel.CALL,))
    assert set(message(OWOX, "order-status").stage) == set(Stage)


def test_a_ladder_descends_and_never_climbs() -> None:
    def after(name: str) -> tuple[str, ...]:
        return message(OWOX, name).prerequisite

    assert after("cart-sale") == ("cart-reminder",)
    assert after("wishlist-similar") == after("wishlist-category-sale") == ("wishlist-reminder",)
    assert message(OWOX, "wishlist-similar").never_after == ("wishlist-category-sale",)
    assert message(OWOX, "waitlist-similar").never_after == ("waitlist-sale",)
    for steps in (
        "wishlist-reminder wishlist-similar wishlist-category-sale",
        "waitlist-similar waitlist-sale",
    ):
        for first, then in itertools.pairwise(message(OWOX, name) for name in steps.split()):
            assert first.trigger.opens < then.trigger.opens
            assert first.response > then.response


def test_nothing_waits_for_the_welcome_and_while_it_is_due_it_goes_first() -> None:
    assert not [one.id for one in PLUS.message if one.prerequisite]
    marketing = [one for one in PLUS.message if one.is_marketing and "acquaintance" in one.stage]
    first = min(one.tier for one in marketing)
    assert [one.id for one in marketing if one.tier == first] == ["welcome"]


def test_what_strangers_get_is_the_same_for_all_or_about_what_they_told() -> None:
    told = {"status", "view", "birthday"}
    for playbook in (OWOX, PLUS):
        for one in playbook.message:
            if "acquaintance" in one.stage and one.trigger.on not in told:
                assert one.kind is MessageKind.BROADCAST, one.id


def test_offers_keep_to_a_budget_and_a_margin_and_regulars_to_themselves() -> None:
    offers = [one for one in (*OWOX.message, *PLUS.message) if one.discount is not None]
    assert {one.id for one in offers} == {"birthday", "browse", "regulars-offer"}
    assert all(one.budget and one.margin_floor is not None for one in offers)
    assert {*OWOX.limited, *PLUS.limited} == {one.id for one in offers}
    assert message(PLUS, "regulars-offer").when.segments == ("champions", "loyal")
    assert message(PLUS, "referral").when.is_fan


@pytest.mark.parametrize("orders_a_year", [0.2, 4, 52, 1000])
@pytest.mark.parametrize("mean_order", [100, 3_000, 500_000])
@pytest.mark.parametrize("playbook", [OWOX, PLUS], ids=lambda one: one.id)
def test_without_a_log_every_message_of_the_first_tiers_is_worth_sending(
    playbook: Playbook, mean_order: float, orders_a_year: float
) -> None:
    profit = 0.3 * mean_order
    remaining = playbook.message_share * profit * min(orders_a_year, MOST_ORDERS)
    for one in playbook.message:
        cost = one.cost + min(playbook.channels.get(channel, 0.0) for channel in one.channels)
        gain = one.response * (one.value_share * profit - cost) * one.lever
        # Orders of a unit or so do not pay for a call.
        if one.tier <= 2 and (mean_order >= 3_000 or not cost):
            assert gain > one.unsubscribe_risk * remaining, one.id


def test_a_playbook_in_the_form_of_before_reads_as_before(tmp_path: Path) -> None:
    playbook = read(tmp_path, GOOD)
    only = playbook.message[0]
    assert (only.stage, only.trigger.on, only.cooldown) == ((Stage.CLIENT,), "delivered", 0)
    assert (only.prerequisite, only.slots, only.max_touches) == ((), (), 7)
    assert playbook.quiet_hours.from_ is playbook.quiet_hours.until is None
    assert playbook.holdout.share == 0


def test_the_version_changes_with_what_the_playbook_says_alone(tmp_path: Path) -> None:
    version = read(tmp_path, GOOD).version
    assert read(tmp_path, f"# a comment\n{GOOD}").version == version
    for old, new in (
        ("tier = 2", "tier = 3"),
        ('"5d"', '"6d"'),
        ("value_share = 1.0", "lever = 2"),
    ):
        changed = GOOD.replace(old, new if "lever" not in new else f"{new}\n{old}")
        assert read(tmp_path, changed).version != version


def test_one_word_or_a_list_and_numbers_of_a_context_are_read_alike(tmp_path: Path) -> None:
    when = 'when = { rhythm = "lost", states = ["client/*"], context = { hour = [8, 9] } }\n'
    only = read(tmp_path, GOOD.replace("value_share", f"{when}value_share")).message[0]
    assert only.when.rhythm == ("lost",)
    assert only.when.states == ("client/*",)
    assert only.when.context == {"hour": ("8", "9")}


def test_what_a_playbook_says_can_be_told_as_json() -> None:
    for playbook in (OWOX, PLUS):
        told = json.loads(playbook.model_dump_json())
        assert told["quiet_hours"]["from"] == 21 * 60
        assert len(told["message"]) == len(playbook.message)
