"""Contact: who may be written to, through which channel, from when on, and what stands against it.

All rules are about the instant at which a message would leave, which is the instant of the decision
moved past the minimum gap and out of quiet hours. So a message decided in the evening and sent in
the morning counts towards the caps of the morning's day.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from nba.decide.calendar import Calendar, Quiet
from nba.decide.caps import WEEK, Cap, Departure, Log, free_from
from nba.decide.playbook import Playbook
from nba.domain import Instants
from nba.facts.fold import Facts
from nba.facts.people import GRANTED
from nba.statuses import STATUS_CODE
from nba.vocabulary import CHANNELS, MESSAGE_WORDS, Channel, MessageKind, Rule

RULES: Final = tuple(Rule)
"""Code order of the rules in columns."""
FREE: Final = -1
"""The code where no rule stands against it."""

_CODE: Final = {rule: code for code, rule in enumerate(RULES)}
_PASSING: Final = frozenset(
    _CODE[rule]
    for rule in (
        Rule.COOLDOWN,
        Rule.LOW_RATING,
        Rule.TRANSACTIONAL_TODAY,
        Rule.CAP_DAY,
        Rule.CAP_WEEK,
        Rule.NO_CHANNEL,
    )
)
"""Rules that may pass without a new fact."""
_ONE_A_DAY: Final = Cap(1, None)
_DELAYED: Final = STATUS_CODE["delayed"]
_TRANSACTIONAL: Final = frozenset(("awaiting-payment", "order-status", "delay"))
"""Transactional words where the playbook does not hold them."""
_NEVER: Final = np.datetime64("NaT", "us")


@dataclass(frozen=True, slots=True, eq=False)
class ContactPolicy:
    """What a playbook says of contact.

    Attributes:
        quiet: hours in which nothing leaves; None where there are none.
        holds_transactional: transactional messages wait for their end too.
        gap: timedelta64[us]: time between two marketing messages.
        cap: how many marketing messages a customer gets.
        channel_caps: (code of a channel, cap) for channels that have their own.
        after_return, after_low_rating: timedelta64[us]: how long marketing rests then.
        is_marketing: bool per code of `vocabulary.MESSAGE_WORDS`.
    """

    quiet: Quiet | None
    holds_transactional: bool
    gap: np.timedelta64
    cap: Cap
    channel_caps: tuple[tuple[int, Cap], ...]
    after_return: np.timedelta64
    after_low_rating: np.timedelta64
    is_marketing: NDArray[np.bool_]

    @classmethod
    def of(cls, playbook: Playbook) -> Self:
        """Read the sections of a playbook and the kinds of its messages.

        A word that the playbook does not hold is marketing, but for those that never are.
        """
        hours, caps, pauses = playbook.quiet_hours, playbook.caps, playbook.pauses
        quiet = None
        if hours.from_ is not None and hours.until is not None:
            quiet = Quiet.between(hours.from_, hours.until)
        kinds = {one.id: one.kind is not MessageKind.TRANSACTIONAL for one in playbook.message}
        return cls(
            quiet,
            hours.holds_transactional,
            _span(caps.min_gap),
            Cap(caps.day, caps.week),
            tuple(
                (CHANNELS.index(channel), Cap(one.day, one.week))
                for channel, one in sorted(caps.channel.items())
            ),
            _span(pauses.after_return),
            _span(pauses.after_low_rating),
            np.array([kinds.get(one, one not in _TRANSACTIONAL) for one in MESSAGE_WORDS]),
        )


def _span(seconds: int) -> np.timedelta64:
    return np.timedelta64(seconds * 1_000_000, "us")


class Contact:
    """N customers at an instant: who may be written to, how, from when on, or else until when not.

    Attributes:
        consented: bool, (N, channels): the customer agreed to marketing there.
        reachable: bool, (N, channels): nothing sent there came back for good.
        granted: bool, (N, channels): a marketing message may go there: agreed, reachable, and the
            channel's own caps are not reached.
        send_after: datetime64[us]: when a marketing message would leave at the earliest: past the
            minimum gap after the last one, then out of quiet hours.
        transactional_after: datetime64[us]: the same of a transactional message, which knows no
            gap, and quiet hours only where the playbook says so.
        rule: int8, a code of `RULES`, or `FREE`: what stands against every marketing message
            whatever its channel; of several, the one that is the least likely to pass by itself.
    """

    __slots__ = (
        "_by_channels",
        "_calendar",
        "_letters",
        "_people",
        "_policy",
        "_silenced",
        "consented",
        "granted",
        "reachable",
        "rule",
        "send_after",
        "transactional_after",
    )

    def __init__(
        self,
        facts: Facts,
        policy: ContactPolicy,
        calendar: Calendar,
        at: np.datetime64,
        silenced: Instants | None = None,
    ) -> None:
        """Look at every customer of the facts.

        Args:
            facts: as known at `at` or before.
            policy: what the playbook says.
            calendar: of the zones of `facts.people`.
            at: the instant of the decision.
            silenced: datetime64[us] per customer: until when a transactional message that is due
                silences marketing; NaT = none is. Those that left are found among the letters.
        """
        people = facts.people
        self._people, self._policy, self._calendar = people, policy, calendar
        self._silenced = silenced
        self._letters = _Letters.of(facts, policy, at)
        self._by_channels: dict[tuple[Channel, ...], NDArray[np.int8]] = {}
        at = at.astype("datetime64[us]")
        awake = calendar.awake(calendar.places, at, policy.quiet)
        self.send_after = awake[people.zone]
        self.transactional_after = (
            self.send_after.copy() if policy.holds_transactional else np.full(len(people.zone), at)
        )
        self.consented = people.consent == GRANTED
        self.reachable = ~people.is_bounced
        self.granted = self.consented & self.reachable
        self.rule = np.full(len(people.zone), FREE, np.int8)
        if len(self._letters.marketing.at) or len(self._letters.transactional.at):
            self._count(self._move(awake, at))
        self._judge(facts)

    def rule_of(self, channels: tuple[Channel, ...]) -> NDArray[np.int8]:
        """Give what stands against a marketing message that may take some channels.

        Returns:
            int8 per customer, a code of `RULES`, or `FREE`.
        """
        if channels not in self._by_channels:
            codes = [CHANNELS.index(one) for one in channels]
            rule = self.rule.copy()
            rule[(rule == FREE) & ~_any(self.granted, codes)] = _CODE[Rule.NO_CHANNEL]
            rule[~_any(self.consented & self.reachable, codes)] = _CODE[Rule.NO_CHANNEL]
            rule[~_any(self.consented, codes)] = _CODE[Rule.NO_CONSENT]
            self._by_channels[channels] = rule
        return self._by_channels[channels]

    def until(self, customer: NDArray[np.int64], channels: tuple[Channel, ...]) -> Instants:
        """Give the first instant at which, with no new fact, the rule no longer holds.

        Args:
            customer: K rows.
            channels: as given to `rule_of`, whose rule is meant.

        Returns:
            datetime64[us], (K,); NaT where no rule holds, or nothing but a new fact ends it.
        """
        rule, policy, people = self.rule_of(channels)[customer], self._policy, self._people
        found = np.full(len(customer), _NEVER)
        for code in set(rule.tolist()) & _PASSING:
            row = np.flatnonzero(rule == code)
            who = customer[row]
            match RULES[code]:
                case Rule.COOLDOWN:
                    over = people.returned_at[who] + policy.after_return
                    found[row] = self._calendar.bedtime(people.zone[who], over, policy.quiet)
                case Rule.LOW_RATING:
                    over = people.low_rating_at[who] + policy.after_low_rating
                    found[row] = self._calendar.bedtime(people.zone[who], over, policy.quiet)
                case Rule.TRANSACTIONAL_TODAY:
                    held = None if self._silenced is None else self._silenced[who]
                    found[row] = self._free(who, self._letters.transactional, _ONE_A_DAY, held)
                case Rule.CAP_DAY:
                    found[row] = self._free(who, self._letters.marketing, policy.cap.of_day)
                case Rule.CAP_WEEK:
                    found[row] = self._free(who, self._letters.marketing, policy.cap.of_week)
                case _:
                    found[row] = self._channel_free(who, channels)
        return found

    def _move(self, awake: Instants, at: np.datetime64) -> Departure:
        """Move `send_after` past the gap, and give the days in which messages would leave."""
        zone, calendar, log = self._people.zone, self._calendar, self._letters.marketing
        row = np.empty(0, np.int64)
        if self._policy.gap and len(log.at):
            last = np.flatnonzero(np.diff(log.customer, append=log.count))
            over = log.at[last] + self._policy.gap
            late = over > at
            row = log.customer[last[late]]
            self.send_after[row] = calendar.awake(zone[row], over[late], self._policy.quiet)
        if len(zone) <= len(calendar.places):
            return Departure.of(self.send_after, zone, calendar)
        # Whoever has no gap to wait for leaves with all others of the zone.
        begin, end = (one[zone] for one in calendar.day(calendar.places, awake))
        begin[row], end[row] = calendar.day(zone[row], self.send_after[row])
        return Departure(self.send_after, begin, end)

    def _count(self, departure: Departure) -> None:
        """Find whose caps are reached, and to whom something transactional goes that day."""
        letters, policy = self._letters, self._policy
        for code, cap in policy.channel_caps:
            log = letters.through(code)
            full = departure.fills_day(log, cap) | departure.fills_week(log, cap)
            self.granted[full, code] = False
        full = departure.fills_week(letters.marketing, policy.cap)
        self.rule[full] = _CODE[Rule.CAP_WEEK]
        full = departure.fills_day(letters.marketing, policy.cap)
        self.rule[full] = _CODE[Rule.CAP_DAY]
        silent = departure.fills_day(letters.transactional, _ONE_A_DAY)
        self.rule[silent] = _CODE[Rule.TRANSACTIONAL_TODAY]

    def _judge(self, facts: Facts) -> None:
        """Find who is to be left alone, whatever the letters."""
        people, policy, leaves = self._people, self._policy, self.send_after
        if self._silenced is not None:
            self.rule[self._silenced > leaves] = _CODE[Rule.TRANSACTIONAL_TODAY]
        self.rule[people.returned_at + policy.after_return > leaves] = _CODE[Rule.COOLDOWN]
        self.rule[people.low_rating_at + policy.after_low_rating > leaves] = _CODE[Rule.LOW_RATING]
        late = np.flatnonzero(facts.status == _DELAYED)
        late = np.searchsorted(facts.order_start, late, "right") - 1
        self.rule[late] = _CODE[Rule.OPEN_DELAY]
        self.rule[~np.isnat(people.complained_at)] = _CODE[Rule.OPEN_COMPLAINT]

    def _free(
        self, customer: NDArray[np.int64], log: Log, cap: Cap, held: Instants | None = None
    ) -> Instants:
        zone, calendar = self._people.zone[customer], self._calendar
        departure = Departure.of(self.send_after[customer], zone, calendar)
        log = log.of(customer)
        return free_from(log, cap, departure, zone, calendar, self._policy.quiet, held)

    def _channel_free(self, customer: NDArray[np.int64], channels: tuple[Channel, ...]) -> Instants:
        """Give when the first channel is free again that only its caps forbid."""
        found = np.full(len(customer), _NEVER)
        for code, cap in self._policy.channel_caps:
            if CHANNELS[code] in channels:
                usable = self.consented[customer, code] & self.reachable[customer, code]
                row = np.flatnonzero(usable)
                free = self._free(customer[row], self._letters.through(code), cap)
                found[row] = np.fmin(found[row], free)
        return found


@dataclass(frozen=True, slots=True, eq=False)
class _Letters:
    """Letters that may matter to rules at an instant or later.

    Attributes:
        marketing: those that count towards the caps.
        channel: int8 per letter of `marketing`, as in the facts.
        transactional: those that silence marketing.
    """

    marketing: Log
    channel: NDArray[np.int8]
    transactional: Log

    @classmethod
    def of(cls, facts: Facts, policy: ContactPolicy, at: np.datetime64) -> Self:
        """Take what left in the last week, in the time of the gap, or is yet to come."""
        letters = facts.letters
        recent = np.flatnonzero(letters.at > at - max(policy.gap, WEEK))
        count = np.diff(letters.start)
        customer = np.repeat(np.arange(len(count)), count)[recent]
        log = Log(len(count), customer, letters.at[recent])
        counts = policy.is_marketing[letters.message[recent]]
        return cls(log.only(counts), letters.channel[recent][counts], log.only(~counts))

    def through(self, channel: int) -> Log:
        """Give the marketing through a channel; where nobody said which, it may have been this."""
        return self.marketing.only((self.channel == channel) | (self.channel < 0))


def _any(columns: NDArray[np.bool_], codes: list[int]) -> NDArray[np.bool_]:
    """Tell where any of some columns holds; one by one is quicker than along short rows."""
    found = columns[:, codes[0]].copy()
    for code in codes[1:]:
        found |= columns[:, code]
    return found
