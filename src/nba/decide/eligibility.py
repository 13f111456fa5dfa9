"""Which candidates may be sent, and which rule holds each of the others, until when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nba.decide.calendar import Calendar
from nba.decide.candidates import Candidates
from nba.decide.contact import FREE, RULES, Contact
from nba.decide.playbook import Playbook
from nba.decide.repeats import Repeats
from nba.decide.situation import Situation
from nba.decide.triggering.admission import admitted, stage_table
from nba.domain import DAY, Instants
from nba.facts.letters import week_begin
from nba.facts.stages import STAGES
from nba.vocabulary import CHANNELS, MESSAGE_WORDS, Channel, Rule

ANSWERED: Final = frozenset(("service-rating", "survey"))
"""Messages that ask what a customer may have said of the order already."""
_NEVER: Final = np.datetime64("NaT", "us")
_CODE: Final = {rule: code for code, rule in enumerate(RULES)}


@dataclass(frozen=True, slots=True, eq=False)
class Verdicts:
    """One row a candidate.

    Attributes:
        rule: int8, a code of `RULES`: the first rule that holds it; `FREE` where none does.
        until: datetime64[us]: the first instant at which, with no new fact, that rule no longer
            holds; NaT where there is none.
        allowed: bool (rows, channels): where it may travel.
        send_after: datetime64[us]: when it may leave.
    """

    rule: NDArray[np.int8]
    until: Instants
    allowed: NDArray[np.bool_]
    send_after: Instants

    def hold(
        self,
        rule: Rule,
        held: NDArray[np.bool_],
        until: Instants | np.datetime64 = _NEVER,
    ) -> None:
        """Let a rule hold rows that no earlier one holds."""
        rows = np.flatnonzero(held & (self.rule == FREE))
        if len(rows):
            self.rule[rows] = _CODE[rule]
            self.until[rows] = until if np.ndim(until) == 0 else until[rows]  # type: ignore[index]


@dataclass(frozen=True, slots=True, eq=False)
class Messages:
    """A playbook's messages as tables, one row a message.

    Attributes:
        word: int64, a code of `vocabulary.MESSAGE_WORDS`.
        tier: int64.
        is_marketing: bool.
        stage: bool (messages, stages).
        channels: bool (messages, channels).
        ways: the sets of channels that messages may take.
        way: int64: the place of the message's own among `ways`.
        asks: bool: it asks what may have been answered.
        spent: float64: minor units that one message takes of its weekly budget; 0 without one.
        budget: float64: minor units a week; infinite without one.
        has_budget: some message has one.
    """

    word: NDArray[np.int64]
    tier: NDArray[np.int64]
    is_marketing: NDArray[np.bool_]
    stage: NDArray[np.bool_]
    channels: NDArray[np.bool_]
    ways: tuple[tuple[Channel, ...], ...]
    way: NDArray[np.int64]
    asks: NDArray[np.bool_]
    spent: NDArray[np.float64]
    budget: NDArray[np.float64]
    has_budget: bool

    @classmethod
    def of(cls, playbook: Playbook, margin: float) -> Messages:
        """Read a playbook.

        Args:
            playbook: whose messages.
            margin: the share of revenue that is profit: a discount that leaves less of it than the
                message's floor is never given.
        """
        told = playbook.message
        given = [one.discount or 0.0 for one in told]
        below = [
            one.margin_floor is not None and margin - (one.discount or 0.0) < one.margin_floor
            for one in told
        ]
        ways = tuple(dict.fromkeys(one.channels for one in told))
        budget = np.array([np.inf if one.budget is None else one.budget for one in told])
        return cls(
            np.array([MESSAGE_WORDS.index(one.id) for one in told], np.int64),
            np.array([one.tier for one in told], np.int64),
            np.array([one.is_marketing for one in told], np.bool_),
            np.array([stage_table(one) for one in told], np.bool_).reshape(-1, len(STAGES)),
            np.array([[name in one.channels for name in CHANNELS] for one in told], np.bool_),
            ways,
            np.array([ways.index(one.channels) for one in told], np.int64),
            np.array([one.id in ANSWERED for one in told], np.bool_),
            np.array(given) * playbook.default_order_value,
            np.where(below, -1.0, budget),
            any(below) or bool(np.isfinite(budget).any()),
        )


def judge(
    now: Situation,
    rows: Candidates,
    messages: Messages,
    contact: Contact,
    repeats: Repeats,
    context: Mapping[str, str],
    *,
    is_open: bool,
) -> Verdicts:
    """Hold every rule against every candidate, but for products and value.

    Args:
        now: the situation.
        rows: the candidates.
        messages: the playbook's.
        contact: what the contact policy says of each customer.
        repeats: what they got before.
        context: what the request says.
        is_open: the rows are due, not expired, of the right stage and meant for their customers.
    """
    facts, customer, message = now.facts, rows.customer, rows.message
    marketing = messages.is_marketing[message]
    allowed = messages.channels[message] & np.where(
        marketing[:, None], contact.granted[customer], contact.reachable[customer]
    )
    send_after = np.where(
        marketing, contact.send_after[customer], contact.transactional_after[customer]
    )
    verdicts = Verdicts(
        np.full(len(rows), FREE, np.int8),
        np.full(len(rows), _NEVER),
        allowed,
        np.asarray(np.fmax(send_after, rows.due), "datetime64[us]"),
    )
    if not is_open:
        _hold_windows(now, rows, messages, verdicts, context)
    verdicts.hold(Rule.NOT_KEPT, ~rows.kept)
    asked = np.flatnonzero(messages.asks[message] & (rows.order >= 0))
    if len(asked):
        is_told = np.zeros(len(rows), np.bool_)
        is_told[asked] = facts.is_rated[rows.order[asked]]
        verdicts.hold(Rule.ONCE_PER, is_told)
    _hold(verdicts, *repeats.judge(customer, message, rows.anchor, rows.order))
    for place, channels in enumerate(messages.ways):
        mine = np.flatnonzero(
            marketing & (messages.way[message] == place) & (verdicts.rule == FREE)
        )
        if not len(mine):
            continue
        rule = contact.rule_of(channels)[customer[mine]]
        mine, rule = mine[rule != FREE], rule[rule != FREE]
        verdicts.rule[mine] = rule
        verdicts.until[mine] = contact.until(customer[mine], channels)
    verdicts.hold(Rule.NO_CHANNEL, np.asarray(~allowed.any(axis=1), np.bool_))
    verdicts.hold(Rule.EXPIRED, verdicts.send_after >= rows.expires)
    _hold_budgets(now, rows, messages, verdicts)
    return verdicts


def silencing(now: Situation, due: Candidates) -> Instants:
    """Say until when a transactional message that is due silences marketing.

    Args:
        now: the situation.
        due: candidates of transactional messages.

    Returns:
        datetime64[us] per customer: the end of the local day in which one became due; NaT where
        none did.
    """
    zone = now.facts.people.zone
    until = np.full(len(zone), _NEVER)
    if not len(due):
        return until
    begin, end = now.calendar.day(zone, now.at)
    today = (due.due <= now.at) & (due.due >= begin[due.customer])
    until[due.customer[today]] = end[due.customer[today]]
    return until


def calendar_of(playbook: Playbook, zones: tuple[str, ...]) -> Calendar:
    """Give the clocks of customers' zones; those of whom none is known live in the playbook's."""
    return Calendar(zones, playbook.quiet_hours.timezone)


def _hold_windows(
    now: Situation,
    rows: Candidates,
    messages: Messages,
    verdicts: Verdicts,
    context: Mapping[str, str],
) -> None:
    stages, customer = now.stages, rows.customer
    stage = messages.stage[rows.message]
    at_home = stage[np.arange(len(rows)), now.stage[customer]]
    later = stage[np.arange(len(rows)), stages.then[customer]]
    until = np.where(later, stages.chosen_until[customer], _NEVER)
    verdicts.hold(Rule.NOT_STAGE, ~at_home, np.asarray(until, "datetime64[us]"))
    for place in np.flatnonzero(np.bincount(rows.message, minlength=len(messages.tier))).tolist():
        meant = admitted(now, now.playbook.message[place], context)
        if meant is not None:
            verdicts.hold(Rule.NOT_STAGE, (rows.message == place) & ~meant[customer])
    verdicts.hold(Rule.EXPIRED, rows.expires <= now.at)
    verdicts.hold(Rule.NOT_DUE, rows.due > now.at, rows.due)


def _hold_budgets(now: Situation, rows: Candidates, messages: Messages, verdicts: Verdicts) -> None:
    """Hold messages whose discounts this week, or any, the shop cannot afford."""
    if not messages.has_budget:
        return
    # A week that has not begun when the facts were folded has spent nothing.
    is_same_week = week_begin(now.facts.as_of) == week_begin(now.at)
    count = now.facts.week_counts[messages.word] if is_same_week else 0
    exhausted = (count + 1) * messages.spent > messages.budget
    if not exhausted.any():
        return
    held, never = exhausted[rows.message], (messages.budget < 0)[rows.message]
    verdicts.hold(Rule.BUDGET, held & never)
    verdicts.hold(Rule.BUDGET, held, week_begin(now.at) + 7 * DAY)


def _hold(verdicts: Verdicts, rule: NDArray[np.int8], until: Instants) -> None:
    """Let rules hold that were found row by row."""
    rows = np.flatnonzero((rule != FREE) & (verdicts.rule == FREE))
    verdicts.rule[rows] = rule[rows]
    verdicts.until[rows] = until[rows]
