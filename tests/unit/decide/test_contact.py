"""Whom to leave alone, until when, and when a message leaves: cases counted by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nba.decide.calendar import Calendar
from nba.decide.contact import FREE, RULES, Contact, ContactPolicy
from nba.decide.playbook import Playbook
from nba.domain import MICROSECOND, Instants
from nba.facts.people import GRANTED, REFUSED, UNKNOWN
from nba.statuses import STATUS_CODE
from nba.vocabulary import CHANNELS, MESSAGE_WORDS, Channel, Rule
from tests.correspondence import Letter, addressees, instants

EMAIL, SMS = (Channel.EMAIL,), (Channel.SMS,)
NOON = np.datetime64("2026-11-22T12:00", "us")
KYIV = "Europe/Kyiv"
MESSAGES = """
[[message]]
id = "accessories"
tier = 2
stage = "client"
kind = "personal"
channels = ["email"]
trigger = { on = "delivered", within = "9d" }
value_share = 0.1
response = 0.1
unsubscribe_risk = 0.001
why = "it is time"

[[message]]
id = "thank-you"
tier = 0
stage = "ordered"
kind = "transactional"
channels = ["email"]
trigger = { on = "paid", within = "2d" }
value_share = 0.1
response = 0.1
unsubscribe_risk = 0.001
why = "thanks"
"""


def policy(folder: Path, sections: str = "") -> ContactPolicy:
    path = folder / "some.toml"
    path.write_text(sections + MESSAGES)
    return ContactPolicy.of(Playbook.from_toml(path))


def contact(
    rules: ContactPolicy,
    *letters: Letter,
    at: np.datetime64 = NOON,
    zone: str = "",
    silenced: Instants | None = None,
    **people: Any,
) -> Contact:
    facts = addressees(letters, zones=[zone], **people)
    return Contact(facts, rules, Calendar(facts.people.zones), at, silenced)


def told(found: Contact, channels: tuple[Channel, ...] = EMAIL) -> tuple[Rule | None, str | None]:
    code, until = int(found.rule_of(channels)[0]), found.until(np.array([0]), channels)[0]
    return None if code == FREE else RULES[code], None if np.isnat(until) else str(until)[:19]


def left(found: Contact) -> str:
    return str(found.send_after[0])[:19]


def consent(**channels: int) -> np.ndarray:
    return np.array([[channels.get(str(one), UNKNOWN) for one in CHANNELS]], np.int8)


def test_who_agreed_and_got_nothing_may_be_written_to_now(tmp_path: Path) -> None:
    found = contact(policy(tmp_path))
    assert told(found) == (None, None)
    assert left(found) == "2026-11-22T12:00:00"
    assert found.granted.all()


def test_nobody_is_written_to_who_did_not_agree(tmp_path: Path) -> None:
    found = contact(policy(tmp_path), consent=consent(email=REFUSED, sms=GRANTED))
    assert told(found) == (Rule.NO_CONSENT, None)
    assert told(found, SMS) == (None, None)
    assert told(found, EMAIL + SMS) == (None, None)
    assert told(found, (Channel.PUSH,)) == (Rule.NO_CONSENT, None)
    assert found.reachable.all()


def test_what_came_back_for_good_is_no_channel(tmp_path: Path) -> None:
    bounced = np.array([[True, False, False, False]])
    found = contact(policy(tmp_path), is_bounced=bounced)
    assert told(found) == (Rule.NO_CHANNEL, None)
    assert told(found, EMAIL + SMS) == (None, None)
    assert found.granted.tolist() == [[False, True, True, True]]


@pytest.mark.parametrize(
    ("left_at", "at", "rule"),
    [
        ("2026-11-21T22:00", "2026-11-22T12:00", Rule.CAP_DAY),
        ("2026-11-21T21:59:59.999999", "2026-11-22T12:00", None),
        ("2026-11-22T12:00", "2026-11-22T21:59:59.999999", Rule.CAP_DAY),
        ("2026-11-22T12:00", "2026-11-22T22:00", None),
        ("2026-11-22T21:59:59.999999", "2026-11-22T21:00", Rule.CAP_DAY),
        ("2026-11-22T22:00", "2026-11-22T21:00", None),
    ],
)
def test_the_cap_of_a_day_is_about_the_customers_own_day(
    tmp_path: Path, left_at: str, at: str, rule: Rule | None
) -> None:
    rules = policy(tmp_path)
    found = contact(rules, Letter("digest", left_at), at=np.datetime64(at, "us"), zone=KYIV)
    assert told(found) == (rule, None if rule is None else "2026-11-22T22:00:00")


@pytest.mark.parametrize(
    ("at", "rule"),
    [
        ("2026-11-08T12:00", None),
        ("2026-11-08T12:00:00.000001", Rule.CAP_WEEK),
        ("2026-11-15T12:00:00", Rule.CAP_WEEK),
        ("2026-11-15T12:00:00.000001", None),
    ],
)
def test_the_cap_of_a_week_is_about_seven_times_24_hours(
    tmp_path: Path, at: str, rule: Rule | None
) -> None:
    # Two letters, a week less a microsecond apart, in a playbook of two a week.
    letters = Letter("digest", "2026-11-08T12:00:00.000001"), Letter("digest", "2026-11-15T12:00")
    rules = policy(tmp_path, "[caps]\nday = 9\nweek = 2\n")
    found = contact(rules, *letters, at=np.datetime64("2026-11-15T12:00", "us"))
    assert told(found)[0] == Rule.CAP_WEEK
    assert str(found.until(np.array([0]), EMAIL)[0]) == "2026-11-15T12:00:00.000001"
    # The same of one letter and a cap of one, at both ends of its week.
    once = replace(rules, cap=replace(rules.cap, week=1))
    assert told(contact(once, letters[0], at=np.datetime64(at, "us")))[0] == rule


def test_marketing_is_what_the_playbook_does_not_call_transactional(tmp_path: Path) -> None:
    is_marketing = dict(zip(MESSAGE_WORDS, policy(tmp_path).is_marketing.tolist(), strict=True))
    held = {word for word, counts in is_marketing.items() if not counts}
    assert held == {"thank-you", "order-status", "delay", "awaiting-payment"}


def test_a_letter_about_an_order_silences_marketing_for_its_day(tmp_path: Path) -> None:
    rules = policy(tmp_path)
    sent = Letter("order-status", "2026-11-22T01:00")
    assert told(contact(rules, sent)) == (Rule.TRANSACTIONAL_TODAY, "2026-11-23T00:00:00")
    earlier = Letter("order-status", "2026-11-21T23:59")
    assert told(contact(rules, earlier)) == (None, None)
    assert told(contact(rules, silenced=instants("2026-11-22T15:00"))) == (
        Rule.TRANSACTIONAL_TODAY,
        "2026-11-22T15:00:00",
    )
    assert told(contact(rules, silenced=instants("2026-11-22T12:00"))) == (None, None)


NIGHT = '[quiet_hours]\nfrom = "21:00"\nuntil = "09:00"\n'


def test_who_is_decided_for_at_night_gets_it_in_the_morning(tmp_path: Path) -> None:
    rules = policy(tmp_path, NIGHT)
    found = contact(rules, at=np.datetime64("2026-11-22T19:00"), zone=KYIV)
    assert left(found) == "2026-11-23T07:00:00"
    assert str(found.transactional_after[0])[:19] == "2026-11-22T19:00:00"
    held = contact(replace(rules, holds_transactional=True), at=np.datetime64("2026-11-22T19:00"))
    assert left(held) == "2026-11-22T19:00:00" == str(held.transactional_after[0])[:19]


def test_the_zone_of_the_playbook_is_that_of_customers_without_one(tmp_path: Path) -> None:
    facts = addressees([])
    calendar = Calendar(facts.people.zones, "Asia/Kathmandu")
    found = Contact(facts, policy(tmp_path, NIGHT), calendar, np.datetime64("2026-11-22T16:00"))
    assert left(found) == "2026-11-23T03:15:00"


def test_caps_are_about_the_morning_in_which_a_message_leaves(tmp_path: Path) -> None:
    rules = policy(tmp_path, NIGHT)
    sent = Letter("digest", "2026-11-22T10:00")
    # By day the cap of today holds, until the quiet hours whose morning is tomorrow.
    assert told(contact(rules, sent)) == (Rule.CAP_DAY, "2026-11-22T21:00:00")
    asleep = contact(rules, sent, at=np.datetime64("2026-11-22T21:00"))
    assert told(asleep) == (None, None)
    assert left(asleep) == "2026-11-23T09:00:00"
    last = contact(rules, sent, at=np.datetime64("2026-11-22T21:00") - MICROSECOND)
    assert told(last)[0] == Rule.CAP_DAY


def test_the_gap_counts_from_the_last_marketing_and_ends_outside_quiet_hours(
    tmp_path: Path,
) -> None:
    rules = policy(tmp_path, NIGHT + '[caps]\nday = 9\nweek = 9\nmin_gap = "10h"\n')
    sent = Letter("digest", "2026-11-22T10:30"), Letter("digest", "2026-11-22T11:30")
    assert left(contact(rules, sent[0])) == "2026-11-22T20:30:00"
    assert left(contact(rules, *sent)) == "2026-11-23T09:00:00"
    transactional = Letter("thank-you", "2026-11-21T20:30")
    assert left(contact(rules, transactional)) == "2026-11-22T12:00:00"
    # A clock went back an hour: the letter is yet to come.
    assert left(contact(rules, Letter("digest", "2026-11-22T13:00"))) == "2026-11-23T09:00:00"


def test_a_channel_has_caps_of_its_own(tmp_path: Path) -> None:
    rules = policy(tmp_path, "[caps]\nday = 2\nweek = 9\n[caps.channel.sms]\nday = 1\nweek = 1\n")
    found = contact(rules, Letter("digest", "2026-11-22T10:00", channel="sms"))
    assert told(found, SMS) == (Rule.NO_CHANNEL, "2026-11-29T10:00:00")
    assert told(found, SMS + EMAIL) == (None, None)
    assert found.granted.tolist() == [[True, False, True, True]]
    assert told(contact(rules, Letter("digest", "2026-11-22T10:00")), SMS) == (None, None)
    unsaid = contact(rules, Letter("digest", "2026-11-22T10:00", channel=None))
    assert told(unsaid, SMS)[0] == Rule.NO_CHANNEL


@pytest.mark.parametrize(
    ("column", "rule", "days"),
    [("returned_at", Rule.COOLDOWN, 7), ("low_rating_at", Rule.LOW_RATING, 30)],
)
def test_marketing_rests_after_a_return_and_a_low_rating(
    tmp_path: Path, column: str, rule: Rule, days: int
) -> None:
    since = np.datetime64("2026-10-01T08:00:00.000001")
    rules, end = policy(tmp_path), since + np.timedelta64(days, "D")
    known = {column: instants(since)}
    assert told(contact(rules, at=since, **known)) == (rule, str(end)[:19])
    assert told(contact(rules, at=end - MICROSECOND, **known))[0] == rule
    assert told(contact(rules, at=end, **known)) == (None, None)


def test_an_open_complaint_and_a_delayed_order_end_with_news_alone(tmp_path: Path) -> None:
    rules = policy(tmp_path)
    assert told(contact(rules, complained_at=instants(NOON))) == (Rule.OPEN_COMPLAINT, None)
    facts = addressees([], [])
    late = replace(
        facts,
        order_start=np.array([0, 0, 2]),
        status=np.array([STATUS_CODE["delayed"], STATUS_CODE["delivered"]], np.int8),
    )
    found = Contact(late, rules, Calendar(("",)), NOON).rule_of(EMAIL)
    assert [None if one == FREE else RULES[one] for one in found] == [None, Rule.OPEN_DELAY]


def test_of_several_rules_the_one_that_lasts_is_named(tmp_path: Path) -> None:
    letters: Sequence[Letter] = [Letter("digest", "2026-11-22T10:00")]
    rules, upset = policy(tmp_path), {"complained_at": instants(NOON)}
    assert told(contact(rules, *letters, **upset))[0] == Rule.OPEN_COMPLAINT
    found = contact(rules, *letters, **upset, consent=consent(email=REFUSED))
    assert told(found)[0] == Rule.NO_CONSENT


def test_a_customer_is_judged_as_if_alone(tmp_path: Path) -> None:
    rules = policy(tmp_path, NIGHT + '[caps]\nmin_gap = "30h"\n')
    sent = [
        [],
        [Letter("digest", "2026-11-22T03:00")],
        [],
        [Letter("order-status", "2026-11-22T03:00"), Letter("digest", "2026-11-21T10:00")],
        [Letter("digest", "2026-11-01T03:00")],
    ]
    zones = ["", KYIV, "America/Havana", KYIV, ""]
    facts = addressees(*sent, zones=zones)
    every = Contact(facts, rules, Calendar(facts.people.zones), NOON)
    until = every.until(np.arange(5), EMAIL)
    for place, (letters, zone) in enumerate(zip(sent, zones, strict=True)):
        alone = contact(rules, *letters, zone=zone)
        assert alone.send_after[0] == every.send_after[place]
        assert alone.rule_of(EMAIL)[0] == every.rule_of(EMAIL)[place]
        assert str(alone.until(np.array([0]), EMAIL)[0]) == str(until[place])
