"""What was known at each decision of a log, of its customers alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nba.data.contacts import Decisions
from nba.data.shop import Shop
from nba.domain import DAY, Ids
from nba.facts.fold import Facts, fold
from nba.facts.letters import Left, week_begin
from nba.facts.past import before
from nba.facts.rows import Rows
from nba.facts.shelf import Shelf
from nba.facts.signals import Signals
from nba.facts.tables import StateRows
from nba.ranges import starts

TOGETHER: Final = 250
"""Instants whose customers are read at once: reading takes as long as deciding for some dozens."""
SPAN: Final = 14 * DAY
"""How far they may lie apart: passing events are read up to `past.PASSING_KEPT` before the last."""

Places = NDArray[np.int64]


def near(rows: Decisions, together: int) -> Iterator[list[Places]]:
    """Give instants that are near each other, each as the places of its decisions."""
    order = np.argsort(rows.decided_at, kind="stable")
    at = rows.decided_at[order]
    part: list[Places] = []
    for places in np.split(order, starts(at)[1:]):
        if part and (
            len(part) == together or rows.decided_at[places[0]] - rows.decided_at[part[0][0]] > SPAN
        ):
            yield part
            part = []
        part.append(places)
    if part:
        yield part


@dataclass(frozen=True, slots=True, eq=False)
class Past:
    """What is known of some customers at instants that are asked for one after the other.

    Attributes:
        rows: their orders.
        signals: theirs, without the states of products.
        shelves: these.
    """

    rows: Rows
    signals: Signals
    shelves: Shelves

    @classmethod
    def read(cls, shop: Shop, customers: Sequence[str], until: np.datetime64) -> Past:
        """Read what was known of some customers before an instant."""
        asked = sorted(set(customers))
        signals = shop.signals(as_of=until, customers=asked)
        shelves = Shelves(signals.states, signals.product_ids)
        signals, names = _alone(replace(signals, states=StateRows.none()), asked)
        return cls(_orders_of(shop.history.rows, names), signals, shelves)

    def facts(self, customers: Sequence[str], at: np.datetime64) -> Facts:
        """Fold what was known of some of them before an instant, none earlier than the last."""
        signals, names = _alone(self.signals, customers)
        rows = _orders_of(self.rows, names)
        facts = fold(rows, as_of=at, customers=customers, signals=signals)
        return replace(facts, shelf=self.shelves.at(at))


class Shelves:
    """The products as they stood at instants that are asked for in order."""

    def __init__(self, states: StateRows, product_ids: Ids) -> None:
        """Know the states up to the last instant, and what they code."""
        self._states, self._ids = states, product_ids
        self._at: np.datetime64 | None = None
        self._shelf = Shelf.none()
        self._known = np.empty(0, np.int32)

    def at(self, at: np.datetime64) -> Shelf:
        """Give the shelf at an instant, without its version: what changed since the last is new."""
        if self._at is None:
            self._renew(at)
        elif at > self._at:
            states = self._states
            # The end of a sale is a step that no row tells of.
            begun = (states.at >= self._at) & (states.at < at)
            ended = (states.sale_until > self._at) & (states.sale_until <= at) & (states.at < at)
            changed = np.unique(states.product[begun | ended])
            if len(changed) and np.isin(changed, self._known).all():
                self._mend(changed, at)
            elif len(changed):
                self._renew(at)
        self._at = at
        return self._shelf

    def _renew(self, at: np.datetime64) -> None:
        states = self._states.take(self._states.at < at)
        self._known = np.unique(states.product)
        self._shelf = replace(Shelf.of(states, self._ids, at), version="")

    def _mend(self, changed: NDArray[np.int32], at: np.datetime64) -> None:
        is_changed = np.zeros(len(self._ids), np.bool_)
        is_changed[changed] = True
        states = self._states
        mine = np.flatnonzero(is_changed[states.product] & (states.at < at))
        new, place = Shelf.of(states.take(mine), self._ids, at), self._known.searchsorted(changed)
        columns = {}
        for one in fields(Shelf):
            if one.name not in ("product_ids", "version"):
                column = getattr(self._shelf, one.name).copy()
                column[place] = getattr(new, one.name)
                columns[one.name] = column
        self._shelf = replace(self._shelf, **columns)


@dataclass(frozen=True, slots=True, eq=False)
class Week:
    """What left to anybody, for messages of which there are only so many a week.

    Attributes:
        signals: the messages of all customers, and what came of them.
        first, last: datetime64[us] per message: the first and the last instant told of it.
    """

    signals: Signals
    first: NDArray[np.datetime64]
    last: NDArray[np.datetime64]

    @classmethod
    def of(cls, shop: Shop, rows: Decisions) -> Week:
        """Read the messages up to the last decision."""
        told = shop.signals(as_of=rows.decided_at.max())
        messages, outcomes = told.messages, told.outcomes
        signals = replace(
            Signals.none(),
            customer_ids=told.customer_ids,
            message_ids=told.message_ids,
            anchors=told.anchors,
            messages=messages,
            outcomes=outcomes,
        )
        first = np.full(len(told.message_ids), np.datetime64("NaT"), "datetime64[us]")
        last = first.copy()
        for message, at in (
            (messages.id, messages.claimed_at),
            (messages.id, messages.acked_at),
            (outcomes.message, outcomes.at),
        ):
            np.fmin.at(first, message, at)
            np.fmax.at(last, message, at)
        return cls(signals, first, last)

    def counts(self, at: np.datetime64) -> NDArray[np.int64]:
        """Count the messages of the week of an instant, as `Left.week_counts` does."""
        near = (self.first < at) & (self.last >= week_begin(at))
        messages, outcomes = self.signals.messages, self.signals.outcomes
        some = replace(
            self.signals,
            messages=messages.take(near[messages.id]),
            outcomes=outcomes.take(near[outcomes.message]),
        )
        return Left.of(before(some, at)).week_counts(at)


def _alone(signals: Signals, customers: Sequence[str]) -> tuple[Signals, set[str]]:
    """Leave out what is others'; give besides who is connected with these customers.

    Ids that nothing names any more go too, as a fold looks each up.
    """
    ids, merges = signals.customer_ids, signals.merges
    linked = np.zeros(len(ids) + 1, np.bool_)
    linked[[code for one in customers if (code := ids.find(one)) is not None]] = True
    before_that = -1
    while before_that != (known := int(linked.sum())):
        before_that = known
        linked[merges.guest[linked[merges.customer]]] = True
        linked[merges.customer[linked[merges.guest]]] = True
    names = {*customers, *ids.take(np.flatnonzero(linked))}
    merges = merges.take(linked[merges.guest])
    messages = signals.messages.where(linked[signals.messages.customer])
    got = np.zeros(len(signals.message_ids), np.bool_)
    got[messages.id] = True
    # An outcome may name its message only; -1 finds what stands last, which is nobody.
    answers = linked[signals.outcomes.customer] | got[signals.outcomes.message]
    outcomes = signals.outcomes.where(answers)
    events = signals.events.where(linked[signals.events.customer])
    consents = signals.consents.where(linked[signals.consents.customer])
    profiles = signals.profiles.where(linked[signals.profiles.customer])
    product_ids, (product,) = _used(signals.product_ids, events.product)
    order_ids, (order,) = _used(signals.order_ids, events.order)
    customer_ids, (guest, merged, *customer) = _used(
        ids,
        merges.guest,
        merges.customer,
        *(one.customer for one in (events, consents, messages, outcomes, profiles)),
    )
    alone = replace(
        signals,
        customer_ids=customer_ids,
        product_ids=product_ids,
        order_ids=order_ids,
        merges=replace(merges, guest=guest, customer=merged),
        events=replace(events, customer=customer[0], product=product, order=order),
        consents=replace(consents, customer=customer[1]),
        messages=replace(messages, customer=customer[2]),
        outcomes=replace(outcomes, customer=customer[3]),
        profiles=replace(profiles, customer=customer[4]),
    )
    return alone, names


def _used(ids: Ids, *columns: NDArray[np.int32]) -> tuple[Ids, list[NDArray[np.int32]]]:
    """Keep the ids that some codes name; give the new codes besides."""
    used = np.unique(np.concatenate(columns))
    used = used[used >= 0]
    recoded = [np.where(one < 0, -1, used.searchsorted(one)).astype(np.int32) for one in columns]
    return ids.take(used), recoded


def _orders_of(rows: Rows, names: set[str]) -> Rows:
    """Keep the orders that are some customers', or were in an earlier version."""

    def mine(ids: Ids) -> NDArray[np.bool_]:
        # Guests have codes from the number of customers on.
        found = np.array([code for one in names if (code := ids.find(one)) is not None], np.int64)
        return np.isin(np.arange(len(ids) + 1), found)

    last = len(rows.customer_ids)
    order = mine(rows.customer_ids)[np.minimum(rows.customer, last)]
    versions = rows.versions
    order[versions.order[mine(versions.customer_ids)[versions.customer]]] = True
    return rows.select(order)
