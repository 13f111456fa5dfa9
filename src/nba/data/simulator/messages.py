"""The shop's past messages: sent by a calendar with chance in it, answered as planted."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nba.data.simulator.assortment import TYPES
from nba.data.simulator.baskets import wanted
from nba.data.simulator.calendar import (
    DAY,
    ENDS_AT,
    HISTORY_DAYS,
    HOUR,
    NEVER,
    STARTS_AT,
    Micros,
    day_of,
)
from nba.data.simulator.campaigns import CALENDAR, Candidates, plan_campaigns
from nba.data.simulator.chance import Codes, Floats, keyed, stream
from nba.data.simulator.choosing import Chooser
from nba.data.simulator.columns import CAUSE_CODE, Columns, Needs, Wants
from nba.data.simulator.customers import CHANNELS
from nba.data.simulator.intents import Intents
from nba.data.simulator.orders import order_key
from nba.data.simulator.relevance import Relevance, weigh
from nba.data.simulator.responses import Contacts, Responses

GRANTED: Final = {"email": 0.72, "sms": 0.35, "push": 0.25, "call": 0.10}
ASKED: Final = 0.5
"""Share of the customers who grant a channel when they join; of the others, who refuse in words."""
WITHDRAWALS_PER_YEAR: Final = 0.03
"""Hazard of withdrawing a consent without a message."""
SEND_SHARE: Final = 0.8
"""Chance that a due message is sent; else nothing is, which is logged as well."""
HOLDOUT_SHARE: Final = 0.05
"""Customers who are never sent anything by the calendar."""
EMAIL_FIRST: Final = 0.8
"""Share of the messages that go by e-mail where it is granted; the others prefer push, then sms."""
QUIET_DAYS: Final = 2
"""Least time between two messages to a customer."""
IDLE_DAYS: Final = 90
"""After so long without a delivery a customer's state is `client/idle`."""
BOUNCED: Final = 0.015
USEFUL_DAYS: Final = 1.5
"""Mean days until a useful action, exponential and within the 7 days of an answer."""
UNSUBSCRIBE_HOURS: Final = 6.0
_ORDERS_BY: Final = (("email", "push", "sms"), ("push", "sms", "email"))


@dataclass(frozen=True, slots=True, eq=False)
class Log(Columns):
    """Decisions of the calendar by instant; the position of one is its code.

    Attributes:
        customer: int32. decided_at: int64 microseconds. message: int8, a code of `CALENDAR`.
        is_sent: bool; else `none` was chosen.
        is_holdout: bool. channel: int8, a code of `CHANNELS`, -1 where nothing was sent.
        key: int64, the order it speaks of; intent: int32; each -1 where there is none.
        shown: int32, (n, SHOWN).
        sent_at: int64 microseconds. is_bounced: bool.
        useful_at, unsubscribed_at: int64 microseconds; NEVER where it did not happen.
        bought: int32, the product bought because of it; -1 where there is none.
    """

    customer: NDArray[np.int32]
    decided_at: Micros
    message: NDArray[np.int8]
    is_sent: NDArray[np.bool_]
    is_holdout: NDArray[np.bool_]
    channel: NDArray[np.int8]
    key: NDArray[np.int64]
    intent: NDArray[np.int32]
    shown: NDArray[np.int32]
    sent_at: Micros
    is_bounced: NDArray[np.bool_]
    useful_at: Micros
    unsubscribed_at: Micros
    bought: NDArray[np.int32]


@dataclass(frozen=True, slots=True, eq=False)
class Consents(Columns):
    """Grants, refusals and withdrawals by customer, name of the channel and instant.

    Attributes:
        customer: int32. channel: int8. granted: bool. at: int64 microseconds.
        source: int8, a code of `CONSENT_SOURCES`.
    """

    customer: NDArray[np.int32]
    channel: NDArray[np.int8]
    granted: NDArray[np.bool_]
    at: Micros
    source: NDArray[np.int8]


CONSENT_SOURCES: Final = ("sign_up", "preferences", "unsubscribe")


@dataclass(frozen=True, slots=True, eq=False)
class Correspondence:
    """The history's messages, and what they changed.

    Attributes:
        log: every decision.
        consents: every grant, refusal and withdrawal of the history.
        wants: all wants: the given ones, without those that a message brought forward, and
            those that messages brought about.
    """

    log: Log
    consents: Consents
    wants: Wants


def correspond(
    chooser: Chooser, wants: Wants, needs: Needs, intents: Intents, responses: Responses
) -> Correspondence:
    """Send the calendar's messages and let customers answer by the planted functions.

    Args:
        chooser: the shelves.
        wants: what is bought without messages.
        needs: of all customers.
        intents: what was laid aside.
        responses: the planted answers.
    """
    candidates = plan_campaigns(chooser, wants, intents)
    relevance = weigh(chooser.catalogue, needs, candidates, responses)
    play = _Play(chooser, wants, needs, candidates, relevance, responses)
    starts = np.flatnonzero(np.diff(candidates.customer, prepend=-1))
    rank = np.arange(len(candidates)) - np.repeat(
        starts, np.diff(np.append(starts, len(candidates)))
    )
    by_rank = np.argsort(rank, kind="stable")
    edges = np.searchsorted(rank[by_rank], np.arange(rank.max(initial=-1) + 2))
    parts = [play.step(by_rank[first:last]) for first, last in pairwise(edges)]
    log = Log.joined([*parts, play.step(by_rank[:0])])
    log = log.take(np.lexsort((log.customer, log.decided_at)))
    return Correspondence(
        log,
        play.consents.rows(chooser, log),
        Wants.joined([play.remaining(), _bought(chooser, log)]),
    )


class _Agreed:
    """Who agreed to which channel, and when they take it back without a message."""

    def __init__(self, chooser: Chooser) -> None:
        rng = stream(chooser.seed, "consents")
        count = chooser.customers.named_count
        shares = np.array([GRANTED[name] for name in CHANNELS])
        self.granted = rng.random((count, len(CHANNELS))) < shares
        self.refused = ~self.granted & (rng.random(self.granted.shape) < ASKED)
        joined = chooser.customers.joined_at[:count, None]
        years = rng.exponential(1.0 / WITHDRAWALS_PER_YEAR, self.granted.shape)
        after = joined + (np.minimum(years, 20.0) * 365 * DAY).astype(np.int64)
        self.withdrawn_at = np.where(self.granted & (after >= STARTS_AT), after, NEVER)
        self.withdrawn_at -= self.withdrawn_at % 1_000_000 * (self.withdrawn_at < NEVER)

    def rows(self, chooser: Chooser, log: Log) -> Consents:
        """Give the rows of the table, those that unsubscribes brought about included."""
        joined_at = chooser.customers.joined_at
        left = log.take(log.unsubscribed_at < ENDS_AT)
        ended_at = self.withdrawn_at.copy()
        np.minimum.at(ended_at, (left.customer, left.channel), left.unsubscribed_at)
        by_choice = (self.withdrawn_at < ENDS_AT) & (ended_at == self.withdrawn_at)
        parts = []
        for chosen, granted, source in (
            (self.granted, True, "sign_up"),
            (self.refused, False, "sign_up"),
            (by_choice, False, "preferences"),
        ):
            customer, channel = (one.astype(np.int32) for one in np.nonzero(chosen))
            at = joined_at[customer] if source == "sign_up" else ended_at[customer, channel]
            parts.append(_consents(customer, channel, granted, at, source))
        parts.append(
            _consents(left.customer, left.channel, False, left.unsubscribed_at, "unsubscribe")
        )
        rows = Consents.joined(parts)
        place = np.array([sorted(CHANNELS).index(name) for name in CHANNELS])
        return rows.take(np.lexsort((rows.at, place[rows.channel], rows.customer)))


def _consents(
    customer: NDArray[np.int32], channel: Codes, granted: bool, at: Micros, source: str
) -> Consents:
    size = len(customer)
    return Consents(
        customer,
        channel.astype(np.int8),
        np.full(size, granted),
        at,
        np.full(size, CONSENT_SOURCES.index(source), np.int8),
    )


class _Play:
    """The state of all customers while their messages are gone through in order of time."""

    def __init__(
        self,
        chooser: Chooser,
        wants: Wants,
        needs: Needs,
        candidates: Candidates,
        relevance: Relevance,
        responses: Responses,
    ) -> None:
        count = chooser.customers.named_count
        self.chooser, self.candidates, self.relevance = chooser, candidates, relevance
        self.responses, self.consents = responses, _Agreed(chooser)
        self._rng = stream(chooser.seed, "answers")
        self._open = self.consents.granted.copy()
        self._load = np.zeros(count)
        self._last_at = np.full(count, STARTS_AT - 365 * DAY)
        self._delivered_at = np.full(count, STARTS_AT - 365 * DAY)
        codes = np.arange(count)
        self._holdout = keyed(chooser.seed, "holdout", codes) < HOLDOUT_SHARE
        self._met = np.zeros(len(needs), np.bool_)
        self._wants = wants
        self._want_of_need = _wants_of_needs(chooser, wants, needs)
        self._dropped = np.zeros(len(wants), np.bool_)
        self._keys, self._order_of_want = np.unique(
            order_key(wants.customer, wants.day), return_inverse=True
        )
        self._lines = np.bincount(self._order_of_want, minlength=len(self._keys))
        rows = {
            state: np.array([responses.find(name, state) for name in CALENDAR])
            for state in ("client/delivered", "client/idle")
        }
        self._active, self._idle = rows["client/delivered"], rows["client/idle"]

    def remaining(self) -> Wants:
        """Give the wants that no message has brought forward."""
        return self._wants.take(~self._dropped)

    def step(self, rows: NDArray[np.int64]) -> Log:
        """Decide one candidate of each of several customers, and let them answer."""
        rows, channel = self._allowed(rows)
        candidates = self.candidates.take(rows)
        customer, at = candidates.customer, candidates.at
        spoken = ~np.isnan(candidates.days)
        since = at - (np.where(spoken, candidates.days, 0.0) * DAY).astype(np.int64)
        self._delivered_at[customer[spoken]] = since[spoken]
        is_holdout = self._holdout[customer]
        is_sent = ~is_holdout & (self._rng.random(len(rows)) < SEND_SHARE)
        is_bounced = is_sent & (channel == 0) & (self._rng.random(len(rows)) < BOUNCED)
        useful, leaves = self._answers(rows, channel, is_sent & ~is_bounced)
        sent_at = at + self._rng.integers(60, 400, len(rows)) * 1_000_000
        waits = np.minimum(self._rng.exponential(USEFUL_DAYS, len(rows)), 6.9)
        useful_at = np.where(useful, sent_at + _seconds(24 * waits), NEVER)
        hours = self._rng.exponential(UNSUBSCRIBE_HOURS, len(rows))
        unsubscribed_at = np.where(leaves, sent_at + _seconds(np.minimum(hours, 40)), NEVER)
        self._open[customer[leaves], channel[leaves]] = False
        return Log(
            customer,
            at,
            candidates.message,
            is_sent,
            is_holdout,
            np.where(is_sent, channel, -1).astype(np.int8),
            candidates.key,
            candidates.intent,
            candidates.shown,
            sent_at,
            is_bounced,
            useful_at,
            unsubscribed_at,
            self._purchases(rows, useful_at),
        )

    def _allowed(self, rows: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int8]]:
        """Keep the candidates that may be sent, each with its channel."""
        customer, at = self.candidates.customer[rows], self.candidates.at[rows]
        may = self._open[customer] & (self.consents.withdrawn_at[customer] > at[:, None])
        first = np.where(self._rng.random(len(rows)) < EMAIL_FIRST, 0, 1)
        channel = np.full(len(rows), -1, np.int8)
        for place, names in enumerate(_ORDERS_BY):
            for name in names:
                code = CHANNELS.index(name)
                channel[(first == place) & (channel < 0) & may[:, code]] = code
        order = np.searchsorted(self._keys, np.maximum(self.candidates.key[rows], 0))
        # An order of which a message took every line away was never placed.
        stands = (self.candidates.key[rows] < 0) | (
            self._lines[np.minimum(order, len(self._lines) - 1)] > 0
        )
        allowed = (channel >= 0) & stands & (at - self._last_at[customer] >= QUIET_DAYS * DAY)
        return rows[allowed], channel[allowed]

    def _answers(
        self, rows: NDArray[np.int64], channel: NDArray[np.int8], arrives: NDArray[np.bool_]
    ) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Tell who acts usefully and who unsubscribes; what is sent adds to the load."""
        customers, candidates = self.chooser.customers, self.candidates
        customer, at = candidates.customer[rows], candidates.at[rows]
        need = self.relevance.need[rows]
        is_met = (need >= 0) & self._met[need]
        age_days = (at - self._last_at[customer]) / DAY
        load = self._load[customer] * self.responses.fatigue.load(age_days)
        is_idle = at - self._delivered_at[customer] > IDLE_DAYS * DAY
        message = candidates.message[rows]
        contacts = Contacts(
            np.where(is_idle, self._idle[message], self._active[message]),
            np.where(is_met, self.relevance.broadcast[rows], self.relevance.value[rows]),
            candidates.days[rows],
            load,
            customers.responsiveness[customer],
            customers.annoyance[customer],
            channel == customers.best_channel[customer],
            at >= customers.lost_at[customer],
        )
        useful = self._rng.random(len(rows)) < self.responses.useful(contacts)
        leaves = self._rng.random(len(rows)) < self.responses.unsubscribe(contacts)
        self._load[customer[arrives]] = load[arrives] + 1.0
        self._last_at[customer[arrives]] = at[arrives]
        return arrives & useful, arrives & leaves

    def _purchases(self, rows: NDArray[np.int64], useful_at: Micros) -> NDArray[np.int32]:
        """Give the product each useful action buys, and meet the need it stands for."""
        customer = self.candidates.customer[rows]
        day = np.minimum(day_of(np.minimum(useful_at, ENDS_AT)), HISTORY_DAYS - 1)
        # On the day of the message the order would come before it.
        in_time = (useful_at < ENDS_AT) & (day > day_of(self.candidates.at[rows]))
        in_time &= useful_at < self.chooser.customers.lost_at[customer]
        product = self.relevance.product[rows]
        buys = in_time & (product >= 0)
        buys &= self.chooser.orderable(np.maximum(product, 0), customer, day)
        need = self.relevance.need[rows]
        meets = buys & (need >= 0)
        meets[meets] = ~self._met[need[meets]]
        self._met[need[meets]] = True
        want = self._want_of_need[need[meets]]
        later = (want >= 0) & (self._wants.day[want] > day[meets])
        gone = want[later]
        gone = gone[~self._dropped[gone]]
        self._dropped[gone] = True
        np.subtract.at(self._lines, self._order_of_want[gone], 1)
        return np.where(buys, product, -1).astype(np.int32)


def _wants_of_needs(chooser: Chooser, wants: Wants, needs: Needs) -> NDArray[np.int64]:
    """Find the want by which each need would be met of its own accord; -1 where there is none."""
    types = chooser.catalogue.type[wants.product]
    key = _need_key(wants.customer, types, wants.cause, wants.day)
    order = np.argsort(key, kind="stable")
    asked = _need_key(needs.customer, needs.type, needs.kind, day_of(needs.due_at))
    place = np.searchsorted(key[order], asked)
    found = order[np.minimum(place, len(order) - 1)]
    return np.where(key[found] == asked, found, -1)


def _need_key(customer: Codes, type_code: Codes, kind: Codes, day: Codes) -> NDArray[np.int64]:
    key = customer.astype(np.int64) * len(TYPES) + type_code
    return (key * len(CAUSE_CODE) + kind) * (1 << 20) + day


def _bought(chooser: Chooser, log: Log) -> Wants:
    """Give the wants that messages brought about."""
    rng = stream(chooser.seed, "message quantities")
    bought = log.take(log.bought >= 0)
    return wanted(
        rng,
        chooser,
        bought.customer,
        day_of(bought.useful_at),
        bought.bought,
        CAUSE_CODE["message"],
    )


def _seconds(hours: Floats) -> NDArray[np.int64]:
    return (hours * (HOUR // 1_000_000)).astype(np.int64) * 1_000_000
