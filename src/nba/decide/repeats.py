"""Repeats: what the messages a customer has had say against a next one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from nba.decide.calendar import Calendar
from nba.decide.contact import FREE, RULES, ContactPolicy
from nba.decide.playbook import Playbook
from nba.decide.playbooks.messages import Message
from nba.decide.playbooks.triggers import Anchor
from nba.domain import Instants
from nba.facts.fold import Facts
from nba.ranges import crossed, starts
from nba.vocabulary import MESSAGE_WORDS, Rule

ANCHOR, ORDER, CUSTOMER, YEAR = range(4)
"""Within what a message is sent once."""

_CODE: Final = {rule: code for code, rule in enumerate(RULES)}
_NEVER: Final = np.datetime64("NaT", "us")
_NO_TIME: Final = np.timedelta64(0, "us")
_NOTHING: Final = -2
_LONG_AGO: Final = np.datetime64(-(1 << 62), "us")

Bits = NDArray[np.uint64]
"""Sets of messages, as bits by their codes in `vocabulary.MESSAGE_WORDS`."""


@dataclass(frozen=True, slots=True, eq=False)
class RepeatPolicy:
    """What the messages of a playbook say of earlier ones; one row a message.

    Attributes:
        word: int16, the code of the message in `vocabulary.MESSAGE_WORDS`.
        scope: int8: `ANCHOR`, `ORDER`, `CUSTOMER` or `YEAR`.
        cooldown: timedelta64[us].
        max_touches: int64; as many as there can be for transactional messages.
        needs: sets that must have been sent before, about whatever.
        first_here: of these, what must have been sent about the same thing.
        after, after_here: sets that must not have been sent, at all or about the same thing.
        is_narrow: bool: only letters about the same thing, or the same order, hold it back.
        once_an_order: a set of the message itself where it is sent once an order, else none.
        compared: sets whose letters must be looked at one by one.
        is_marketing: bool per code of `vocabulary.MESSAGE_WORDS`.
        least_touches: the least of `max_touches`.
        looks_at_others, looks_here: there are sets of others, or such about the same thing.
    """

    word: NDArray[np.int16]
    scope: NDArray[np.int8]
    cooldown: NDArray[np.timedelta64]
    max_touches: NDArray[np.int64]
    needs: Bits
    first_here: Bits
    after: Bits
    after_here: Bits
    is_narrow: NDArray[np.bool_]
    once_an_order: Bits
    compared: Bits
    is_marketing: NDArray[np.bool_]
    least_touches: int
    looks_at_others: bool
    looks_here: bool

    @classmethod
    def of(cls, playbook: Playbook) -> Self:
        """Read the messages of a playbook.

        Two messages can be about the same thing where their triggers have anchors of one kind.
        """
        told = playbook.message
        word = np.array([MESSAGE_WORDS.index(one.id) for one in told], np.int16)
        kinds = {one.id: one.trigger.meaning.anchor for one in told}
        first, first_here = _parted([(one, one.prerequisite) for one in told], kinds)
        after, after_here = _parted([(one, one.never_after) for one in told], kinds)
        own = np.uint64(1) << word.astype(np.uint64)
        scope = np.array([_scope(one) for one in told], np.int8)
        most = np.iinfo(np.int64).max
        touches = [one.max_touches if one.is_marketing else most for one in told]
        return cls(
            word,
            scope,
            np.array([one.cooldown for one in told], "timedelta64[s]").astype("timedelta64[us]"),
            np.array(touches, np.int64),
            first | first_here,
            first_here,
            after,
            after_here,
            np.array([_scope(one) in (ANCHOR, ORDER) and not one.cooldown for one in told]),
            np.where(scope == ORDER, own, np.uint64(0)),
            own | first_here | after_here,
            ContactPolicy.of(playbook).is_marketing,
            min(touches),
            bool((first | first_here | after).any()),
            bool((first_here | after_here).any()),
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


def _parted(
    others: list[tuple[Message, tuple[str, ...]]], kinds: dict[str, Anchor]
) -> tuple[Bits, Bits]:
    """Part the messages named by each: those that count about whatever, and about the same."""
    parts = np.zeros((2, len(others)), np.uint64)
    for place, (message, names) in enumerate(others):
        for one in names:
            here = int(kinds[one] is message.trigger.meaning.anchor)
            parts[here, place] |= np.uint64(1 << MESSAGE_WORDS.index(one))
    return parts[0], parts[1]


class Repeats:
    """The letters of the facts, ready to be held against candidates.

    A message is held back by the first of these that holds: it was sent about the same thing, or
    within what it is sent once per (`once_per`), it was sent within its cooldown, about whatever
    (`cooldown`), there were too many marketing messages about the same thing (`touches`), messages
    that must come first did not (`prerequisite`), or one was sent that it may not follow
    (`never_after`).
    """

    __slots__ = ("_at", "_bit", "_calendar", "_count", "_ever", "_facts", "_of_order", "_policy")

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
        # The last stands for no order at all, whose place is -1: no letter is about it.
        self._of_order = np.zeros(len(facts.order_id) + 1, np.uint64)
        named = np.flatnonzero(letters.order >= 0)
        order = letters.order[named]
        np.bitwise_or.at(self._of_order, order, self._bit[named])
        self._count = np.bincount(order, minlength=len(self._of_order))
        if len(self._bit):
            written = np.flatnonzero(letters.start[1:] > letters.start[:-1])
            self._ever[written] = np.bitwise_or.reduceat(self._bit, letters.start[written])

    def is_over(self, message: NDArray[np.int64], order: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Tell which candidates were sent about their order, which they are once an order.

        Most of what is due about orders is, and this rule goes before all others.

        Args:
            message: places in the playbook, R rows.
            order: orders of the facts; -1 where it is about none.

        Returns:
            bool, (R,).
        """
        held = self._of_order[order] & self._policy.once_an_order[message]
        return np.asarray(held != 0, np.bool_)

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
        if not len(self._bit):
            if policy.looks_at_others:
                rule[policy.needs[message] != 0] = _CODE[Rule.PREREQUISITE]
            return rule, until
        if policy.looks_at_others:
            rule[(ever & policy.after[message]) != 0] = _CODE[Rule.NEVER_AFTER]
            rule[(~ever & policy.needs[message]) != 0] = _CODE[Rule.PREREQUISITE]
        compared, nowhere = policy.compared[message], anchor < 0
        # What no such letter was about is held by letters about something else, or by none.
        told = np.where(order < 0, ~nowhere, (self._of_order[order] & compared) != 0)
        if policy.looks_here:
            rule[~told & (policy.first_here[message] != 0)] = _CODE[Rule.PREREQUISITE]
        matters = ((ever & compared) != 0) & (told | ~policy.is_narrow[message])
        letters = self._facts.letters
        count = letters.start[1:] - letters.start[:-1]
        if count.max(initial=0) >= policy.least_touches:
            most = np.where(order < 0, count[customer], self._count[order])
            matters |= (most >= policy.max_touches[message]) & ~nowhere
        over = self.is_over(message, order)
        rule[over] = _CODE[Rule.ONCE_PER]
        row = np.flatnonzero(matters & ~over)
        if len(row):
            # No letter has the anchor of what no letter was about.
            about = np.where(nowhere[row], _NOTHING, anchor[row])
            of_order = np.where(order[row] < 0, _NOTHING, order[row])
            self._compare(rule, until, row, customer[row], message[row], about, of_order)
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
        """Hold some rows, of customers who got letters, against each of these letters.

        Rules are noted from the last to the first, so that the first of several stays.
        """
        policy, letters = self._policy, self._facts.letters
        which, letter = crossed(letters.start[customer], letters.start[customer + 1])
        said = letters.message[letter]
        own = said == policy.word[message][which]
        here = letters.anchor[letter] == anchor[which]
        if policy.looks_here:
            seen = self._seen(which[here], letter[here], len(row))
            held = (seen & policy.after_here[message]) != 0
            rule[row[held & (rule[row] == FREE)]] = _CODE[Rule.NEVER_AFTER]
            rule[row[(~seen & policy.first_here[message]) != 0]] = _CODE[Rule.PREREQUISITE]
        touches = np.bincount(which[here & policy.is_marketing[said]], minlength=len(row))
        rule[row[touches >= policy.max_touches[message]]] = _CODE[Rule.TOUCHES]
        last = np.full(len(row), _LONG_AGO)
        # Letters ascend in time: of several the last one stays.
        last[which[own]] = letters.at[letter[own]]
        cooldown = policy.cooldown[message]
        free_at = last + cooldown
        held = (free_at > self._at) & (cooldown > _NO_TIME)
        rule[row[held]] = _CODE[Rule.COOLDOWN]
        until[row[held]] = free_at[held]
        scope = policy.scope[message]
        once = np.zeros(len(row), np.bool_)
        once[which[own & here]] = True
        same = own & (letters.order[letter] == order[which]) & (scope == ORDER)[which]
        once[which[same]] = True
        once |= (scope == CUSTOMER) & (last > _LONG_AGO)
        rule[row[once]] = _CODE[Rule.ONCE_PER]
        until[row[once]] = _NEVER
        yearly = np.flatnonzero((scope == YEAR) & (last > _LONG_AGO) & ~once)
        if len(yearly):
            self._hold_years(rule, until, row[yearly], customer[yearly], last[yearly])

    def _seen(
        self, which: NDArray[np.int64], letter: NDArray[np.int64], count: int
    ) -> NDArray[np.uint64]:
        """Gather the sets of messages of some letters, which come in runs."""
        seen = np.zeros(count, np.uint64)
        if len(which):
            first = starts(which)
            seen[which[first]] = np.bitwise_or.reduceat(self._bit[letter], first)
        return seen

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
