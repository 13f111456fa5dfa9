"""The messages customers got, as their facts hold them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from nba.domain import Ids, Instants, Texts
from nba.facts.acts import first_of
from nba.facts.cells import nevers
from nba.facts.histories import Columns
from nba.facts.lookups import ABSENT, codes_in
from nba.facts.placed import Placed
from nba.facts.signals import OUTCOME_CODE, Signals
from nba.facts.tables import MessageRows, OutcomeRows
from nba.ranges import is_all, offsets, ranges
from nba.vocabulary import MESSAGE_WORDS

_SLASH: Final = ord("/")
_DAYS_TO_MONDAY: Final = 3
"""1970-01-01 was a Thursday, three days after a Monday."""


@dataclass(frozen=True, slots=True, eq=False)
class Left:
    """Messages that left, to anybody, each once and by id.

    Attributes:
        rows: the messages.
        at: datetime64[us] per message: when it left: sent, else acknowledged, else claimed.
        answered_at: datetime64[us] per message: the first click of a person, or useful action.
    """

    rows: MessageRows
    at: Instants
    answered_at: Instants

    @classmethod
    def of(cls, signals: Signals) -> Self:
        """Find them among messages as known at an instant, each once and by id."""
        rows, count = signals.messages, len(signals.message_ids)
        if not len(rows):
            return cls(rows, rows.claimed_at, rows.claimed_at)
        sent = _first_outcome(signals.outcomes, ("sent", "delivered"), count)[rows.id]
        at = np.where(np.isnat(rows.acked_at), rows.claimed_at, rows.acked_at)
        at = np.where(np.isnat(sent), at, sent)
        answers = ("clicked", "useful")
        answered_at = _first_outcome(signals.outcomes, answers, count, by_people=True)[rows.id]
        left = (rows.message >= 0) & ~rows.is_held & ~np.isnat(at)
        if is_all(left):
            return cls(rows, at, answered_at)
        return cls(rows.take(left), at[left], answered_at[left])

    def week_counts(self, as_of: np.datetime64) -> NDArray[np.int64]:
        """Count the messages of the week of an instant, int64 per code of `MESSAGE_WORDS`."""
        words = self.rows.message[self.at >= week_begin(as_of)]
        return np.bincount(words, minlength=len(MESSAGE_WORDS)).astype(np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class Letters(Columns):
    """Messages that left, of N customers: claimed, acknowledged or sent, by instant, then id.

    Decisions for nothing and those of the holdout did not leave, and a word that is none of
    `vocabulary.MESSAGE_IDS` makes no letter. Rows of customer n are start[n]:start[n + 1]; those
    of a guest account merged into it are among them.

    Attributes:
        start: int64[N + 1].
        message: int16, a code of `vocabulary.MESSAGE_WORDS`.
        anchor: int32, a code of the facts' `anchors`; -1 where the message has none.
        order: int32, the customer's order in the facts whose id is the anchor, or what stands
            before the anchor's last "/"; -1 where none.
        channel: int8, a code of `vocabulary.CHANNELS`; -1 where nobody said.
        at: datetime64[us]: when it left: sent, else acknowledged, else claimed.
        answered_at: datetime64[us]: the first click of a person, or useful action; NaT = none.
    """

    start: NDArray[np.int64]
    message: NDArray[np.int16]
    anchor: NDArray[np.int32]
    order: NDArray[np.int32]
    channel: NDArray[np.int8]
    at: Instants
    answered_at: Instants

    @classmethod
    def none(cls, count: int) -> Self:
        """Give so many customers who never got a message."""
        code, at = np.empty(0, np.int32), np.empty(0, "datetime64[us]")
        return cls(
            np.zeros(count + 1, np.int64),
            code.astype(np.int16),
            code,
            code,
            code.astype(np.int8),
            at,
            at,
        )

    @classmethod
    def of(
        cls, left: Left, customer: NDArray[np.int32], named: Ids, placed: Placed, count: int
    ) -> tuple[Self, Anchors]:
        """Give the letters of `count` customers, and what their anchors are.

        Args:
            left: messages that left.
            customer: int32 per code of the messages' customers: the row of the facts, or -1.
            named: the anchors that the messages code.
            placed: the orders of these customers.
            count: how many customers there are.
        """
        if not len(left.rows):
            return cls.none(count), Anchors.none()
        who = customer[left.rows.customer]
        (mine,) = (who >= 0).nonzero()
        # At equal instants they stay as they are, by id.
        mine = mine[np.lexsort((left.at[mine], who[mine]))]
        rows, who, at = left.rows, who[mine], left.at[mine]
        anchors, anchor = Anchors.of(named, rows.anchor[mine], placed)
        letters = cls(
            who.searchsorted(np.arange(count + 1)).astype(np.int64),
            rows.message[mine],
            anchor,
            anchors.order_of(anchor, who, placed),
            rows.channel[mine],
            at,
            left.answered_at[mine],
        )
        return letters, anchors

    def owner(self) -> NDArray[np.int64]:
        """Give the customer of each letter, int64."""
        return np.arange(len(self.start) - 1).repeat(self.start[1:] - self.start[:-1])


@dataclass(frozen=True, slots=True, eq=False)
class Anchors:
    """What messages are about.

    Attributes:
        ids: the anchors.
        whole, leading: int32 per anchor: the order of that id, and the one of the id before the
            last "/": codes of the rows' `order_ids`; -1 for none.
    """

    ids: Ids
    whole: NDArray[np.int32]
    leading: NDArray[np.int32]

    @classmethod
    def none(cls) -> Self:
        """Nothing to be about."""
        code = np.empty(0, np.int32)
        return cls(Ids.of(()), code, code)

    @classmethod
    def of(
        cls, named: Ids, code: NDArray[np.int32], placed: Placed
    ) -> tuple[Self, NDArray[np.int32]]:
        """Keep the anchors that some codes name; give the new codes besides."""
        used = np.zeros(len(named) + 1, np.bool_)
        used[code] = True
        # An absent code is -1, which finds what stands last.
        number = (np.cumsum(used) - 1).astype(np.int32)
        used[-1], number[-1] = False, ABSENT
        ids = named if is_all(used[:-1]) else named.take(used.nonzero()[0])
        known = placed.known.rows.order_ids
        begun = np.full(len(ids), ABSENT, np.int32)
        cut, beginning = _before_slash(ids)
        begun[cut] = codes_in(known, beginning)
        return cls(ids, codes_in(known, ids), begun), number[code]

    def order_of(
        self, anchor: NDArray[np.int32], customer: NDArray[np.int32], placed: Placed
    ) -> NDArray[np.int32]:
        """Give the order of the facts that each anchor means, if it is the customer's; else -1."""
        if not len(self.ids):
            return np.full(len(anchor), ABSENT, np.int32)
        whole, leading = (
            placed.owned(np.where(anchor < 0, ABSENT, code[anchor]), customer)
            for code in (self.whole, self.leading)
        )
        return np.where(whole < 0, leading, whole)

    def of_orders(self, placed: Placed) -> NDArray[np.int32]:
        """Give the anchor that is each order's own id, int32; -1 for none."""
        anchor = np.full(len(placed.order), ABSENT, np.int32)
        told = np.flatnonzero(self.whole >= 0)
        if len(told):
            place = placed.place[self.whole[told]]
            anchor[place[place >= 0]] = told[place >= 0]
        return anchor


def week_begin(at: np.datetime64) -> np.datetime64:
    """Give the Monday, 00:00 UTC, of the week of an instant."""
    day = at.astype("datetime64[D]")
    monday: np.datetime64 = np.datetime64(day - (day.astype(np.int64) + _DAYS_TO_MONDAY) % 7, "us")
    return monday


def _first_outcome(
    outcomes: OutcomeRows, types: tuple[str, str], count: int, *, by_people: bool = False
) -> Instants:
    """Give, per message, the earliest instant of some outcomes; NaT for none."""
    if not len(outcomes):
        return nevers(count)
    one, other = (OUTCOME_CODE[name] for name in types)
    kept = (outcomes.type == one) | (outcomes.type == other)
    if by_people:
        kept &= ~outcomes.is_machine
    return first_of(outcomes.message[kept], outcomes.at[kept], count)


def _before_slash(texts: Texts) -> tuple[NDArray[np.int64], Texts]:
    """Give what stands before the last "/" of the texts that hold one, and which these are."""
    slash = np.flatnonzero(texts.data == _SLASH)
    if not len(slash):
        return slash, Texts.of(())
    row = texts.offsets.searchsorted(slash, "right") - 1
    last = np.ones(len(row), np.bool_)
    last[:-1] = row[1:] != row[:-1]
    row, slash = row[last], slash[last]
    length = slash - texts.offsets[row]
    return row, Texts(texts.data[ranges(texts.offsets[row], slash)], offsets(length))
