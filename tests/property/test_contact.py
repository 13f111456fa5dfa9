"""Contact rules and their ends, against a recount minute by minute."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from nba.decide.calendar import Calendar, Quiet
from nba.decide.caps import Cap
from nba.decide.contact import FREE, RULES, Contact, ContactPolicy
from nba.vocabulary import CHANNELS, MESSAGE_WORDS, Channel, Rule
from tests.correspondence import Letter, addressees
from tests.effort import times
from tests.zones import zone_of

MICROSECOND, STEP, HOUR = timedelta(microseconds=1), timedelta(minutes=5), timedelta(hours=1)
DAY, WEEK = timedelta(days=1), timedelta(days=7)
BEGINNING = datetime.combine(date.min, time())
MARKETING, TRANSACTIONAL = "accessories", "order-status"
SMS = CHANNELS.index(Channel.SMS)

# Zones with days before which their clocks are set, and an ordinary one.
DAYS = {
    "America/Sao_Paulo": (date(2018, 2, 17), date(2018, 11, 4), date(2026, 6, 1)),
    "Europe/Kyiv": (date(2026, 3, 29), date(2026, 10, 25), date(2026, 6, 1)),
    "Asia/Kathmandu": (date(2026, 6, 1),),
    "Australia/Lord_Howe": (date(2026, 4, 5), date(2026, 10, 4), date(2026, 6, 1)),
    "Pacific/Apia": (date(2011, 12, 30), date(2026, 6, 1)),
    "America/Havana": (date(2025, 3, 9), date(2025, 11, 2), date(2026, 6, 1)),
    "Africa/Cairo": (date(2026, 4, 24), date(2026, 10, 29), date(2026, 6, 1)),
}


Sent = tuple[datetime, str, str | None]
"""When a letter left, its word and its channel."""


@dataclass(frozen=True)
class Case:
    zone: str
    at: datetime
    quiet: tuple[int, int] | None
    gap: timedelta
    day: int
    week: int
    sms: tuple[int | None, int | None]
    letters: tuple[Sent, ...]
    silenced: datetime | None
    complained: bool
    returned: datetime | None
    rated: datetime | None

    def policy(self) -> ContactPolicy:
        return ContactPolicy(
            None if self.quiet is None else Quiet.between(*self.quiet),
            False,
            np.timedelta64(self.gap),
            Cap(self.day, self.week),
            ((SMS, Cap(*self.sms)),),
            np.timedelta64(2, "D").astype("timedelta64[us]"),
            np.timedelta64(5, "D").astype("timedelta64[us]"),
            np.array([word != TRANSACTIONAL for word in MESSAGE_WORDS]),
        )

    def contact(self, at: datetime) -> Contact:
        letters = [
            Letter(word, np.datetime64(left, "us"), channel=through)
            for left, word, through in self.letters
        ]
        never = np.array(["NaT"], "datetime64[us]")
        facts = addressees(
            letters,
            zones=[self.zone],
            complained_at=one(self.returned or self.at) if self.complained else never,
            returned_at=one(self.returned),
            low_rating_at=one(self.rated),
        )
        calendar = Calendar(facts.people.zones)
        return Contact(facts, self.policy(), calendar, np.datetime64(at, "us"), one(self.silenced))


def by_instant(letters: Iterable[Sent]) -> tuple[Sent, ...]:
    return tuple(sorted(letters, key=lambda letter: letter[0]))


def one(at: datetime | None) -> np.ndarray:
    return np.array(["NaT" if at is None else at], "datetime64[us]")


@st.composite
def cases(draw: Callable[..., Any]) -> Case:
    zone = draw(st.sampled_from(sorted(DAYS)))
    # On a coarse grid letters fall on midnights, on each other, and a week apart to the instant.
    grid = timedelta(minutes=draw(st.sampled_from([1, 30, 180])))

    def within(begin: timedelta, end: timedelta) -> st.SearchStrategy[timedelta]:
        return st.integers(begin // grid, end // grid).map(lambda steps: steps * grid)

    midnight = datetime.combine(draw(st.sampled_from(DAYS[zone])), time())
    at = midnight + draw(within(-DAY, 2 * DAY)) - draw(st.sampled_from([0, 0, 7])) * DAY
    jitter = st.sampled_from([timedelta(0), timedelta(0), MICROSECOND, -MICROSECOND])
    # A clock that went back leaves letters that are yet to come.
    left = within(-9 * DAY, HOUR) | within(-DAY, 3 * HOUR)
    word = st.sampled_from([MARKETING, MARKETING, MARKETING, TRANSACTIONAL])
    letters = draw(
        st.lists(st.tuples(left, jitter, word, st.sampled_from(["email", "sms", None])), max_size=7)
    )
    clock = st.integers(0, 287).map(lambda n: 5 * n)
    seldom = st.sampled_from([False] * 5 + [True])
    past, soon = within(-6 * DAY, timedelta(0)), within(-HOUR, 2 * DAY)
    return Case(
        zone,
        at,
        draw(st.none() | st.tuples(clock, clock) | st.just((21 * 60, 9 * 60))),
        draw(st.sampled_from([0, 0, 4, 20, 50, 200])) * HOUR,
        draw(st.integers(1, 3)),
        draw(st.integers(1, 5)),
        (draw(st.sampled_from([None, 1, 2])), draw(st.sampled_from([None, 1, 2]))),
        by_instant((at + a + b, word, way) for a, b, word, way in letters),
        at + draw(soon) if draw(seldom) else None,
        draw(seldom),
        at + draw(past) if draw(seldom) else None,
        at + draw(past) if draw(seldom) else None,
    )


# The recount: what the rules say in words, from clocks of the standard library.


@lru_cache(maxsize=1 << 18)
def wall(zone: str, at: datetime) -> datetime:
    return at.replace(tzinfo=UTC).astimezone(zone_of(zone)).replace(tzinfo=None)


def is_quiet(case: Case, at: datetime) -> bool:
    if case.quiet is None:
        return False
    begin, end = case.quiet
    shown = wall(case.zone, at)
    minute = shown.hour * 60 + shown.minute
    return begin <= minute < end if begin <= end else minute >= begin or minute < end


def leaves(case: Case, at: datetime) -> datetime:
    marketing = [left for left, word, _ in case.letters if word == MARKETING]
    if case.gap and marketing:
        at = max(at, max(marketing) + case.gap)
    while is_quiet(case, at):
        # Hours begin and end, and clocks are set, at full five minutes.
        at += STEP - (at - BEGINNING) % STEP
    return at


def is_over(case: Case, leave: datetime, word: str, ways: tuple[str | None, ...], cap: Cap) -> bool:
    sent = [left for left, said, way in case.letters if said == word and way in ways]
    today = wall(case.zone, leave).date()
    in_day = sum(wall(case.zone, left).date() == today for left in sent)
    in_week = sum(leave - WEEK < left <= leave for left in sent)
    return (cap.day is not None and in_day >= cap.day) or (
        cap.week is not None and in_week >= cap.week
    )


def rule_at(case: Case, at: datetime, channels: tuple[Channel, ...]) -> set[Rule]:
    leave, every = leaves(case, at), ("email", "sms", None)
    found = {
        Rule.CAP_DAY: is_over(case, leave, MARKETING, every, Cap(case.day, None)),
        Rule.CAP_WEEK: is_over(case, leave, MARKETING, every, Cap(None, case.week)),
        Rule.TRANSACTIONAL_TODAY: is_over(case, leave, TRANSACTIONAL, every, Cap(1, None))
        or (case.silenced is not None and case.silenced > leave),
        Rule.COOLDOWN: case.returned is not None and case.returned + timedelta(days=2) > leave,
        Rule.LOW_RATING: case.rated is not None and case.rated + timedelta(days=5) > leave,
        Rule.OPEN_COMPLAINT: case.complained,
        Rule.NO_CHANNEL: channels == (Channel.SMS,)
        and is_over(case, leave, MARKETING, ("sms", None), Cap(*case.sms)),
    }
    return {rule for rule, holds in found.items() if holds}


@settings(max_examples=times(150, 2_000), deadline=None)
@given(cases(), st.sampled_from([(Channel.SMS,), (Channel.EMAIL, Channel.SMS)]))
def test_rules_and_their_ends_are_those_of_a_recount(
    case: Case, channels: tuple[Channel, ...]
) -> None:
    contact = case.contact(case.at)
    assert contact.send_after[0] == np.datetime64(leaves(case, case.at), "us")
    code, expected = int(contact.rule_of(channels)[0]), rule_at(case, case.at, channels)
    if code == FREE:
        assert not expected
        return
    rule, until = RULES[code], contact.until(np.array([0]), channels)[0]
    assert rule in expected
    if rule is Rule.OPEN_COMPLAINT:
        assert np.isnat(until)
        return
    end = until.astype(datetime)
    assert end > case.at
    assert rule not in rule_at(case, end, channels)
    assert int(case.contact(end).rule_of(channels)[0]) != code
    assert rule in rule_at(case, end - MICROSECOND, channels)
    # Not before either: neither on a grid, nor where anything could change.
    between = {case.at + (end - case.at) * part / 40 for part in range(40)}
    for left, _, _ in case.letters:
        between |= {left + WEEK, left + case.gap, left}
    for moment in between:
        if case.at <= moment < end:
            assert rule in rule_at(case, moment, channels)


@settings(max_examples=times(40, 1_000), deadline=None)
@given(cases(), st.integers(0, 6 * 1440))
def test_who_asks_again_and_again_never_breaks_a_cap(case: Case, step: int) -> None:
    """Send whenever it is allowed, at every step for nine days, and count what was sent."""
    at, log = case.at, tuple(one for one in case.letters if one[0] <= case.at)
    sent: list[datetime] = []
    for _ in range(24):
        now = Case(**{**case.__dict__, "at": at, "letters": log, "silenced": None})
        contact = now.contact(at)
        if contact.rule_of((Channel.EMAIL,))[0] == FREE:
            leave = contact.send_after[0].astype(datetime)
            sent.append(leave)
            log = by_instant([*log, (leave, MARKETING, "email")])
        at += timedelta(minutes=step % 1440 + 7)
    marketing = [left for left, word, _ in log if word == MARKETING]
    for leave in sent:
        assert not is_quiet(case, leave)
        today = wall(case.zone, leave).date()
        assert sum(wall(case.zone, left).date() == today for left in marketing) <= case.day
        assert sum(leave - WEEK < left <= leave for left in marketing) <= case.week
    for left, following in pairwise(marketing):
        assert following not in sent or following - left >= case.gap
