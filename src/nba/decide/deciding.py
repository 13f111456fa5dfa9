"""Deciding for N customers as columns: from facts to the candidates that may be sent, and a choice.

A single customer goes the same way: what is computed for one depends on no other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from nba.artifacts.snapshot import Snapshot
from nba.decide.candidates import Candidates, open_candidates, recent_candidates
from nba.decide.choice import NOTHING, CapacityPrices, Chosen, choose, held_out
from nba.decide.coding import Coder
from nba.decide.contact import FREE, Contact, ContactPolicy
from nba.decide.eligibility import Messages, calendar_of, judge, silencing
from nba.decide.offers import Offering, Offers
from nba.decide.outlook import Outlook
from nba.decide.playbook import Playbook
from nba.decide.playbooks.messages import Message
from nba.decide.repeats import RepeatPolicy, Repeats
from nba.decide.situation import Situation, post_purchase_clock
from nba.decide.timing import best_hours
from nba.decide.triggering.details import Details
from nba.decide.triggering.refills import Refills
from nba.decide.value import Pricing
from nba.domain import Instants
from nba.facts.fold import Facts
from nba.facts.stages import Spans, intent_ends, stages_at
from nba.recommend.many.ground import Ground
from nba.vocabulary import CHANNELS

_NO_TIME: Final = np.timedelta64(0, "s")
_LONG_DAY: Final = np.timedelta64(26, "h")


@dataclass(frozen=True, slots=True, eq=False)
class Rulebook:
    """A playbook over a snapshot, made ready once for all decisions.

    Attributes:
        snapshot, playbook: what it was made from.
        messages: the playbook's messages as tables.
        tiers: tier → its messages with their places, in the order of the playbook.
        contact: the contact policy.
        repeats: what messages say of earlier ones.
        pricing: priors with what the shop's log says.
        spans: how long intents last.
        refills: when products that customers buy again are due.
        coder: looks facts up in the snapshot.
        ground: the snapshot, ready for lists of many.
        prices: of capacity; None where places are not short.
        version: of the playbook.
    """

    snapshot: Snapshot
    playbook: Playbook
    messages: Messages
    tiers: Mapping[int, tuple[tuple[int, Message], ...]]
    contact: ContactPolicy
    repeats: RepeatPolicy
    pricing: Pricing
    spans: Spans
    refills: Refills
    coder: Coder
    ground: Ground
    prices: CapacityPrices | None
    version: str

    @classmethod
    def of(cls, snapshot: Snapshot, playbook: Playbook, prices: CapacityPrices | None) -> Self:
        """Make a playbook ready."""
        margin = snapshot.manifest.config.default_margin
        told = list(enumerate(playbook.message))
        spans = playbook.intents
        day = 86_400
        return cls(
            snapshot,
            playbook,
            Messages.of(playbook, margin),
            {
                tier: tuple(one for one in told if one[1].tier == tier)
                for tier in sorted({one.tier for one in playbook.message})
            },
            ContactPolicy.of(playbook),
            RepeatPolicy.of(playbook),
            Pricing.of(playbook, snapshot.responses),
            Spans(
                (spans.view / day, spans.cart / day, spans.wish / day, spans.wait / day),
                spans.strongest,
                playbook.b2b.window_factor,
            ),
            Refills(snapshot),
            Coder(snapshot),
            Ground(snapshot),
            prices,
            playbook.version,
        )

    def situation(self, facts: Facts, at: np.datetime64) -> Situation:
        """Look at the customers of some facts at an instant."""
        config, told = self.snapshot.manifest.config, self.snapshot.manifest.deliveries
        default = float(config.default_delivery_days)
        transit = told.get("transit_days")
        clock = post_purchase_clock(
            facts, transit_days=default if transit is None else transit, default_days=default
        )
        coding = self.coder.code(facts)
        outlook = Outlook.of(self.snapshot, facts, coding.customer, at)
        ends = intent_ends(facts, self.spans)
        stages = stages_at(facts, at, clock.at, silent=outlook.silent, spans=self.spans, ends=ends)
        return Situation(
            self.snapshot,
            self.playbook,
            facts,
            at,
            clock,
            calendar_of(self.playbook, facts.people.zones),
            coding,
            stages,
            stages.stage,
            outlook,
            ends,
            Details.of(facts),
            self.refills,
        )

    def reach(self, now: Situation, known: Candidates | None = None) -> Contact:
        """Say who may be written to, in a situation.

        Args:
            now: the situation.
            known: all candidates, where they were listed already.
        """
        if known is not None:
            due = known.take(
                np.flatnonzero(~self.messages.is_marketing[known.message] & (known.due <= now.at))
            )
            return Contact(now.facts, self.contact, now.calendar, now.at, silencing(now, due))
        transactional = [one for one in enumerate(self.playbook.message) if not one[1].is_marketing]
        longest = max((one.trigger.opens for _, one in transactional), default=_NO_TIME)
        # A local day has at most 25 hours.
        due = recent_candidates(now, transactional, now.at - longest - _LONG_DAY)
        return Contact(now.facts, self.contact, now.calendar, now.at, silencing(now, due))

    def timed(self, now: Situation, rows: Candidates, send_after: Instants) -> Instants:
        """Move marketing to the hours at which customers answer best, if the playbook asks."""
        if not self.playbook.send_time.learned:
            return send_after
        later = best_hours(
            self.snapshot.responses.hour_rates(),
            now.calendar,
            now.facts.people.zone[rows.customer],
            send_after,
            rows.expires,
            self.contact.quiet,
        )
        marketing = self.messages.is_marketing[rows.message]
        return np.asarray(np.where(marketing, later, send_after), "datetime64[us]")

    def repeated(self, now: Situation) -> Repeats:
        """Say what the customers of a situation got before."""
        return Repeats(now.facts, self.repeats, now.calendar, now.at)

    def offering(self, now: Situation, context: Mapping[str, str]) -> Offering:
        """Be ready to turn candidates of a situation into offers."""
        return Offering(now, self.playbook, self.pricing, self.ground, context, self.prices)


@dataclass(frozen=True, slots=True, eq=False)
class Choices:
    """What N customers should get: one row a customer.

    Attributes:
        now: the situation it was decided in.
        offers: the rows chosen, in the order of their customers.
        send_after: datetime64[us] per row of `offers`.
        customer: int64 per row of `offers`.
        propensity: float64 per row of `offers`.
        row: int64 per customer: the row of `offers`; `NOTHING` where there is none.
    """

    now: Situation
    offers: Offers
    send_after: Instants
    customer: NDArray[np.int64]
    propensity: NDArray[np.float64]
    row: NDArray[np.int64]


def choose_all(
    book: Rulebook, facts: Facts, at: np.datetime64, context: Mapping[str, str]
) -> Choices:
    """Choose for all customers of the facts, tier by tier: who has a message looks no further."""
    now = book.situation(facts, at)
    contact, repeats = book.reach(now), book.repeated(now)
    offering = book.offering(now, context)
    is_open = np.ones(len(facts.customer_ids), np.bool_)
    is_held_out = held_out(book.playbook, facts.customer_ids)
    parts: list[tuple[Offers, Instants, Chosen]] = []
    for messages in book.tiers.values():
        rows = open_candidates(now, messages, context)
        asked = _worth_judging(book, contact, rows, is_open & ~is_held_out, is_open)
        rows = rows.take(asked[~repeats.is_over(rows.message[asked], rows.order[asked])])
        verdicts = judge(now, rows, book.messages, contact, repeats, context, is_open=True)
        free = np.flatnonzero(verdicts.rule == FREE)
        if not len(free):
            continue
        found = offering.offer(rows.take(free), verdicts.allowed[free])
        sendable = np.flatnonzero(found.rule == FREE)
        if not len(sendable):
            continue
        chosen = chosen_of(book, now, found, sendable)
        is_open[chosen.customer] = False
        best = found.take(chosen.row)
        leaves = book.timed(now, best.rows, verdicts.send_after[free[chosen.row]])
        parts.append((best, leaves, chosen))
    return _joined(now, offering, parts)


def chosen_of(book: Rulebook, now: Situation, found: Offers, sendable: NDArray[np.int64]) -> Chosen:
    """Choose among the rows of one tier that may be sent."""
    told = choose(
        found.rows.customer[sendable],
        found.rows.message[sendable],
        found.net[sendable],
        playbook=book.playbook,
        customer_ids=now.facts.customer_ids,
        day=str(now.at.astype("datetime64[D]")),
        seed=book.snapshot.manifest.config.seed,
    )
    return Chosen(told.customer, sendable[told.row], told.propensity, told.eligible)


def _worth_judging(
    book: Rulebook,
    contact: Contact,
    rows: Candidates,
    marketable: NDArray[np.bool_],
    is_open: NDArray[np.bool_],
) -> NDArray[np.int64]:
    """Leave out rows of customers who have a message, or to whom the contact policy says no."""
    writable = marketable & (contact.rule == FREE)
    marketing = book.messages.is_marketing[rows.message]
    if marketing.all():
        return np.flatnonzero(writable[rows.customer])
    return np.flatnonzero(np.where(marketing, writable[rows.customer], is_open[rows.customer]))


def _joined(
    now: Situation, offering: Offering, parts: list[tuple[Offers, Instants, Chosen]]
) -> Choices:
    nobody, code = np.full(len(now.facts.customer_ids), NOTHING, np.int64), np.empty(0, np.int64)
    if not parts:
        nothing = offering.offer(Candidates.none(), np.empty((0, len(CHANNELS)), np.bool_))
        at = np.empty(0, "datetime64[us]")
        return Choices(now, nothing, at, code, np.empty(0), nobody)
    customer = np.concatenate([one.customer for _, _, one in parts])
    nobody[customer] = np.arange(len(customer))
    return Choices(
        now,
        Offers.joined([one for one, _, _ in parts]),
        np.concatenate([one for _, one, _ in parts]),
        customer,
        np.concatenate([one.propensity for _, _, one in parts]),
        nobody,
    )
