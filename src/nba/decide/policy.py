"""The policy: facts in, decisions out. One customer is N = 1 of the same path."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import overload

import numpy as np

from nba.artifacts.snapshot import Snapshot
from nba.decide.candidates import Candidates, candidates, post_purchase_clock
from nba.decide.decision import ChosenMessage, Decision, Suppressed
from nba.decide.messages import Message
from nba.decide.outlook import Outlook
from nba.decide.playbook import Playbook
from nba.decide.slots import SlotFilling
from nba.decide.value import Score, Worth, score, worth
from nba.domain import DAY, Instants, iso, to_instant
from nba.errors import StateError, UnknownCustomerError
from nba.facts.fold import Facts
from nba.facts.stages import StageAt, stage_at
from nba.recommend.recommender import Recommender
from nba.recommend.results import Recommendation
from nba.recommend.wording import counted
from nba.vocabulary import Rule, Stage

MAX_PLAN = 50


@dataclass(frozen=True, slots=True, eq=False)
class _Situation:
    """What holds for all customers of one call."""

    facts: Facts
    at: np.datetime64
    clock: Instants
    candidates: Candidates
    slots: SlotFilling
    outlook: Outlook


@dataclass(frozen=True, slots=True)
class _Eligible:
    """A message that may be sent now, on the candidate it rests on."""

    message: Message
    candidate: int
    score: Score
    slots: dict[str, Sequence[Recommendation]]


class Policy:
    """Decides which message each customer should get next, from a snapshot and a playbook."""

    def __init__(self, snapshot: Snapshot, playbook: Playbook) -> None:
        """Decide with this snapshot's products and this playbook's messages."""
        self.snapshot = snapshot
        self.playbook = playbook
        # A pin leads a list somebody looks at; it is no reason to write to them.
        self._recommender = Recommender(snapshot, with_pins=False)
        self._version = playbook.version
        self._stages = [message.stage for message in playbook.message]

    @overload
    def decide(
        self, customers: str, facts: Facts, at: str | datetime | np.datetime64
    ) -> Decision: ...
    @overload
    def decide(
        self,
        customers: list[str] | tuple[str, ...],
        facts: Facts,
        at: str | datetime | np.datetime64,
    ) -> list[Decision]: ...
    def decide(
        self,
        customers: str | list[str] | tuple[str, ...],
        facts: Facts,
        at: str | datetime | np.datetime64,
    ) -> Decision | list[Decision]:
        """Decide for one customer or several.

        Args:
            customers: an id, or ids; each must be among the facts' customers.
            facts: what is known of them.
            at: the instant to decide for, with a zone; not before the facts' `as_of`.

        Returns:
            A decision for one id, a list in the given order for several.

        Raises:
            StateError: the facts know more than was known at `at`.
            UnknownCustomerError: the facts hold no row for a customer.
            DataError: `at` carries no zone.
        """
        several = [customers] if isinstance(customers, str) else list(customers)
        decisions = list(self.stream(several, facts, at))
        return decisions[0] if isinstance(customers, str) else decisions

    def stream(
        self, customers: Sequence[str], facts: Facts, at: str | datetime | np.datetime64
    ) -> Iterator[Decision]:
        """Decide one after the other, as `decide` does, without keeping the answers."""
        instant = to_instant(at)
        if facts.as_of > instant:
            raise StateError(
                f"the facts are as of {iso(facts.as_of)}, later than {iso(instant)}; "
                "fold them with as_of at or before the instant of the decision"
            )
        rows = {customer: row for row, customer in enumerate(facts.customer_ids)}
        days = self.snapshot.manifest.config.default_delivery_days
        clock = post_purchase_clock(facts, days)
        situation = _Situation(
            facts,
            instant,
            clock,
            candidates(facts, self.playbook, clock),
            SlotFilling(self._recommender, facts, instant),
            Outlook.of(self.snapshot, facts, instant),
        )
        for customer in customers:
            if customer not in rows:
                raise _unknown(customer)
            yield self._decide_one(situation, rows[customer])

    def plan(
        self,
        customer: str,
        facts: Facts,
        at: str | datetime | np.datetime64,
        *,
        horizon_days: int = 90,
    ) -> list[Decision]:
        """Decide now and at each later instant at which something falls due.

        The facts stay as they are: this is the schedule if nothing else happens.

        Args:
            customer: an id among the facts' customers.
            facts: what is known now.
            at: now.
            horizon_days: how far to look.
        """
        first = self.decide(customer, facts, at)
        decisions = [first]
        end = first.as_of + horizon_days * DAY
        while (following := decisions[-1].next_due_at) is not None:
            if following > end or len(decisions) == MAX_PLAN:
                break
            decisions.append(self.decide(customer, facts, following))
        return decisions

    def stage(self, customer: str, facts: Facts, at: str | datetime | np.datetime64) -> StageAt:
        """Say where a customer is, as `decide` sees it; the same arguments and errors."""
        instant = to_instant(at)
        clock = post_purchase_clock(facts, self.snapshot.manifest.config.default_delivery_days)
        rows = {one: row for row, one in enumerate(facts.customer_ids)}
        if customer not in rows:
            raise _unknown(customer)
        silent = Outlook.of(self.snapshot, facts, instant).is_silent(rows[customer])
        return stage_at(facts, rows[customer], instant, clock, is_silent=silent)

    def _decide_one(self, situation: _Situation, row: int) -> Decision:
        facts, at, rows = situation.facts, situation.at, situation.candidates
        outlook = situation.outlook
        stage = stage_at(facts, row, at, situation.clock, is_silent=outlook.is_silent(row))
        span = slice(int(rows.start[row]), int(rows.start[row + 1]))
        foreseen = float(outlook.profit[row]) if outlook.known[row] else None
        priced = worth(self.snapshot, self.playbook, facts, row, at, foreseen)
        eligible: list[_Eligible] = []
        waiting: list[Suppressed] = []
        for place, message in enumerate(self.playbook.message):
            found = self._eligible(message, place, situation, row, span, stage, priced)
            if isinstance(found, Suppressed):
                waiting.append(found)
            else:
                eligible.append(found)
        # The lowest tier first, and within it the greatest value; ties keep the playbook's order.
        eligible.sort(key=lambda one: (one.message.tier, -one.score.expected))
        chosen = self._message(situation, eligible[0]) if eligible else None
        of_stage = np.array([stage.stage in one for one in self._stages])[rows.message[span]]
        due = rows.due[span][(rows.due[span] > at) & rows.kept[span] & of_stage]
        next_due = due.min() if len(due) else None
        return Decision(
            self._decision_id(facts, row, at),
            facts.customer_ids[row],
            at,
            stage.stage,
            stage.state,
            stage.days_since,
            outlook.name(row) if stage.stage == Stage.CLIENT else None,
            chosen,
            [(one.message.id, one.score.expected) for one in eligible[1:]],
            waiting,
            next_due,
            _reason(chosen, next_due),
        )

    def _eligible(
        self,
        message: Message,
        place: int,
        situation: _Situation,
        row: int,
        span: slice,
        stage: StageAt,
        priced: Worth,
    ) -> _Eligible | Suppressed:
        """Open one message on the latest order that allows it, or name the rule that holds it."""
        if stage.stage not in message.stage:
            return Suppressed(message.id, Rule.NOT_STAGE, None)
        rows, at = situation.candidates, situation.at
        mine = np.flatnonzero(rows.message[span] == place) + span.start
        kept = mine[rows.kept[mine]]
        current = kept[(rows.due[kept] <= at) & (at < rows.expires[kept])]
        if not len(current):
            future = rows.due[kept][rows.due[kept] > at]
            if len(future):
                return Suppressed(message.id, Rule.NOT_DUE, future.min())
            return Suppressed(message.id, Rule.EXPIRED if len(kept) else Rule.NOT_KEPT, None)
        value = score(message, priced)
        if value.expected <= 0:
            return Suppressed(message.id, Rule.LOWER_VALUE, None)
        for candidate in reversed(current.tolist()):
            slots = situation.slots.fill(message, row, int(rows.order[candidate]))
            if slots is not None:
                return _Eligible(message, candidate, value, slots)
        return Suppressed(message.id, Rule.NO_PRODUCTS, None)

    def _message(self, situation: _Situation, chosen: _Eligible) -> ChosenMessage:
        message, place, slots = chosen.message, chosen.candidate, chosen.slots
        facts, rows = situation.facts, situation.candidates
        order = int(rows.order[place])
        order_id = facts.order_ids[int(facts.order_id[order])]
        days = int((situation.at - situation.clock[order]) // DAY)
        count = sum(len(items) for items in slots.values())
        assumed = bool(np.isnat(facts.delivered_at[order]))
        return ChosenMessage(
            message.id,
            str(message.kind),
            message.channels[0],
            max(rows.due[place], situation.at),
            rows.expires[place],
            slots,
            {
                "order_id": order_id,
                "product_ids": facts.products_of(order),
                "delivered_at": iso(situation.clock[order]),
                "delivery_assumed": assumed,
            },
            chosen.score,
            _why(message, order_id, days, count, assumed=assumed),
        )

    def _decision_id(self, facts: Facts, row: int, at: np.datetime64) -> str:
        named = "\x1f".join(
            (
                self.snapshot.id,
                self._version,
                facts.customer_ids[row],
                str(at),
                facts.version(row),
            )
        )
        return f"d_{hashlib.sha256(named.encode()).hexdigest()[:24]}"


def _unknown(customer: str) -> UnknownCustomerError:
    return UnknownCustomerError(
        f"the facts hold no row for {customer!r}; fold them with this customer"
    )


def _why(message: Message, order_id: str, days: int, products: int, *, assumed: bool) -> str:
    told = message.why.format(
        order=order_id, days=counted(days, "day"), products=counted(products, "product")
    )
    return f"{told} (delivery assumed)" if assumed else told


def _reason(chosen: ChosenMessage | None, next_due: np.datetime64 | None) -> str:
    if chosen is not None:
        return chosen.why
    return "nothing is due" if next_due is None else f"nothing is due before {iso(next_due)}"
