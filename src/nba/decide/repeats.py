"""Repeats: what the messages a customer has had say against a next one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from nba.decide.calendar import Calendar
from nba.decide.contact import FREE, RULES, ContactPolicy
from nba.decide.messages import Message
from nba.decide.playbook import Playbook
from nba.decide.triggers import Anchor
from nba.domain import Instants
from nba.facts.fold import Facts
from nba.ranges import crossed, starts
from nba.vocabulary import MESSAGE_WORDS, Rule

ANCHOR, ORDER, CUSTOMER, YEAR = range(4)
"""Within what a message is sent once."""

_CODE: Final = {rule: code for code, rule in enumerate(RULES)}
_NEVER: Final = np.datetime64("NaT", "us")
_LONG_AGO: Final = np.datetime64(-(1 << 62), "us")

Bits = NDArray[np.uint64]
"""Sets of messages, as bits by their codes in `vocabulary.MESSAGE_WORDS`."""


@dataclass(frozen=True, slots=True, eq=False)
class RepeatPolicy:
    """What the messages of a playbook say of earlier ones; one row a message.

    Attributes:
        word: int64, the code of the message in `vocabulary.MESSAGE_WORDS`.
        scope: int8: `ANCHOR`, `ORDER`, `CUSTOMER` or `YEAR`.
        cooldown: timedelta64[us].
        max_touches: int64; as many as there can be for transactional messages.
        first, first_here: sets that must have been sent before, at all or about the same thing.
        after, after_here: sets that must not have been sent, at all or about the same thing.
        own: the message itself.
        is_marketing: bool per code of `vocabulary.MESSAGE_WORDS`.
    """

    word: NDArray[np.int64]
    scope: NDArray[np.int8]
    cooldown: NDArray[np.timedelta64]
    max_touches: NDArray[np.int64]
    first: Bits
    first_here: Bits
    after: Bits
    after_here: Bits
    own: Bits
    is_marketing: NDArray[np.bool_]

    @classmethod
    def of(cls, playbook: Playbook) -> Self:
        """Read the messages of a playbook.

        Two messages can be about the same thing where their triggers have anchors of one kind.
        """
        told = playbook.message
        word = np.array([MESSAGE_WORDS.index(one.id) for one in told], np.int64)
        kinds = {one.id: one.trigger.meaning.anchor for one in told}
        needs = [_parted(one, one.prerequisite, kinds) for one in told]
        never = [_parted(one, one.never_after, kinds) for one in told]
        most = np.iinfo(np.int64).max
        return cls(
            word,
            np.array([_scope(one) for one in told], np.int8),
            np.array([one.cooldown for one in told], "timedelta64[s]").astype("timedelta64[us]"),
            np.array([one.max_touches if one.is_marketing else most for one in told], np.int64),
            np.array([ever for ever, _ in needs], np.uint64),
            np.array([here for _, here in needs], np.uint64),
            np.array([ever for ever, _ in never], np.uint64),
            np.array([here for _, here in never], np.uint64),
            np.uint64(1) << word.astype(np.uint64),
            ContactPolicy.of(playbook).is_marketing,
        )


def _scope(message: Message) -> int:
    match message.once_per:
        case "order":
            return ORDER
        case "customer":
            return CUSTOMER
        # A message about a year is about one year, whenever it leaves.
        case "year" if message.trigger.meaning.anchor is not Anchor.YEAR:
            return YEAR
        case _:
            return ANCHOR


def _parted(message: Message, others: tuple[str, ...], kinds: dict[str, Anchor]) -> tuple[int, int]:
    """Give the set of messages that count whatever they are about, and of those that do not."""
    ever = here = 0
    for one in others:
        bit = 1 << MESSAGE_WORDS.index(one)
        if kinds[one] is message.trigger.meaning.anchor:
            here |= bit
        else:
            ever |= bit
    return ever, here


class Repeats:
    """The letters of the facts, ready to be held against candidates.

    A message is held back by the first of these that holds: it was sent within what it is sent
    once per (`once_per`), it was sent within its cooldown, about whatever (`cooldown`), there were
    too many marketing messages about the same thing (`touches`), messages that must come first did
    not (`prerequisite`), or one was sent that it may not follow (`never_after`).
    """

    __slots__ = ("_at", "_bit", "_calendar", "_ever", "_facts", "_policy")

    def __init__(
        self, facts: Facts, policy: RepeatPolicy, calendar: Calendar, at: np.datetime64
    ) -> None:
        """Look at the letters of all customers.

        Args:
            facts: as known at `at` or before.
            policy: what the playbook says.
            calendar: of the zones of `facts.people`.
            at: the instant of the decision.
        """
        self._facts, self._policy, self._calendar = facts, policy, calendar
        self._at = at.astype("datetime64[us]")
        letters = facts.letters
        self._bit = np.uint64(1) << letters.message.astype(np.uint64)
        self._ever = np.zeros(len(letters.start) - 1, np.uint64)
        if len(self._bit):
            written = np.flatnonzero(letters.start[1:] > letters.start[:-1])
            self._ever[written] = np.bitwise_or.reduceat(self._bit, letters.start[written])

    def judge(
        self,
        customer: NDArray[np.int64],
        message: NDArray[np.int64],
        anchor: NDArray[np.int64],
        order: NDArray[np.int64],
    ) -> tuple[NDArray[np.int8], Instants]:
        """Judge candidates, R rows in any order.

        Args:
            customer: rows of the facts.
            message: places in the playbook.
            anchor: codes of the facts' `anchors`; -1 where no letter has it.
            order: orders of the facts; -1 where it is about none.

        Returns:
            int8: codes of `RULES`, or `FREE`; datetime64[us]: the first instant at which, with no
            new fact, the rule no longer holds, NaT where there is none.
        """
        policy, ever = self._policy, self._ever[customer]
        rule, until = np.full(len(customer), FREE, np.int8), np.full(len(customer), _NEVER)
        if policy.after.any():
            rule[(ever & policy.after[message]) != 0] = _CODE[Rule.NEVER_AFTER]
        needs = policy.first | policy.first_here
        if needs.any():
            rule[(~ever & needs[message]) != 0] = _CODE[Rule.PREREQUISITE]
        letters = self._facts.letters
        matters = (ever & (policy.own | policy.first_here | policy.after_here)[message]) != 0
        least = int(policy.max_touches.min())
        count = letters.start[1:] - letters.start[:-1]
        if count.max(initial=0) >= least:
            matters |= (count[customer] >= policy.max_touches[message]) & (anchor >= 0)
        row = np.flatnonzero(matters)
        if len(row):
            self._compare(rule, until, row, customer[row], message[row], anchor[row], order[row])
        return rule, until

    def _compare(
        self,
        rule: NDArray[np.int8],
        until: Instants,
        row: NDArray[np.int64],
        customer: NDArray[np.int64],
        message: NDArray[np.int64],
        anchor: NDArray[np.int64],
        order: NDArray[np.int64],
    ) -> None:
        """Hold some rows, of customers who got letters, against each of these letters."""
        policy, letters = self._policy, self._facts.letters
        which, letter = crossed(letters.start[customer], letters.start[customer + 1])
        first = starts(which)
        said = letters.message[letter]
        own = said == policy.word[message][which]
        here = (letters.anchor[letter] == anchor[which]) & (anchor >= 0)[which]
        seen = np.bitwise_or.reduceat(np.where(here, self._bit[letter], np.uint64(0)), first)
        touches = np.add.reduceat((here & policy.is_marketing[said]).astype(np.int64), first)
        last = np.maximum.reduceat(np.where(own, letters.at[letter], _LONG_AGO), first)

        held = (seen & policy.after_here[message]) != 0
        rule[row[held & (rule[row] == FREE)]] = _CODE[Rule.NEVER_AFTER]
        held = (~seen & policy.first_here[message]) != 0
        rule[row[held]] = _CODE[Rule.PREREQUISITE]
        rule[row[touches >= policy.max_touches[message]]] = _CODE[Rule.TOUCHES]
        free_at = last + policy.cooldown[message]
        held = free_at > self._at
        rule[row[held]] = _CODE[Rule.COOLDOWN]
        until[row[held]] = free_at[held]

        scope = policy.scope[message]
        once = (seen & policy.own[message]) != 0
        if (scope == ORDER).any():
            same = own & (letters.order[letter] == order[which]) & (order >= 0)[which]
            once |= (scope == ORDER) & np.logical_or.reduceat(same, first)
        once |= (scope == CUSTOMER) & (last > _LONG_AGO)
        rule[row[once]] = _CODE[Rule.ONCE_PER]
        until[row[once]] = _NEVER
        yearly = np.flatnonzero((scope == YEAR) & (last > _LONG_AGO))
        if len(yearly):
            self._hold_years(rule, until, row[yearly], customer[yearly], last[yearly])

    def _hold_years(
        self,
        rule: NDArray[np.int8],
        until: Instants,
        row: NDArray[np.int64],
        customer: NDArray[np.int64],
        last: Instants,
    ) -> None:
        """Hold rows whose message was sent in this local year, until the next."""
        zone, calendar = self._facts.people.zone[customer], self._calendar
        year = calendar.local_date(zone, last).astype("datetime64[Y]") + 1
        over = calendar.to_utc(zone, year)
        held = over > self._at
        rule[row[held]] = _CODE[Rule.ONCE_PER]
        until[row[held]] = over[held]
