"""The fold: rows → facts of N customers, pure and independent of the order of the rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nba.domain import Ids, Instants
from nba.facts.acts import Acts, last_of
from nba.facts.assortment import Products
from nba.facts.intents import Intents, Opened
from nba.facts.known import Known
from nba.facts.letters import Left, Letters
from nba.facts.lookups import codes_in
from nba.facts.past import before
from nba.facts.people import People
from nba.facts.persons import Persons
from nba.facts.placed import Placed
from nba.facts.rows import Rows
from nba.facts.shelf import Shelf
from nba.facts.signals import NO_SIGNALS, Signals
from nba.facts.versions import INTENTS, LINES, ORDERS, PEOPLE, versions
from nba.ranges import distinct, offsets, ranges

Places = NDArray[np.int64] | slice
"""Rows, or those from one to another."""


@dataclass(frozen=True, slots=True, eq=False)
class Facts:
    """One row a customer, with the customer's orders and their lines as ragged columns.

    Attributes:
        customer_ids: the N customers, in the order asked for; unknown ones have no orders.
        as_of: the instant up to which the facts are known, itself excluded.
        order_start: int64[N + 1]; orders of customer n are order_start[n]:order_start[n + 1],
            by instant, then id.
        order_id: int32 per order, a code of `order_ids`.
        ordered_at, delivered_at: datetime64[us] per order; delivered_at may be NaT.
        status: int8 per order, a code of `statuses.STATUSES`, since status_at.
        kept: bool per order.
        discount: int64 per order, minor units.
        line_start: int64 per order + 1.
        product: int32 per line, a code of `product_ids`; kept lines only.
        revenue: int64 per line, minor units, before the order's discount.
        paid_at, shipped_at, returned_at: datetime64[us] per order: the first instant of that
            status; of the last, of anything that came back. NaT where there is none.
        is_rated: bool per order: the customer rated it, or answered a survey about it.
        is_reviewed: bool per line: the customer reviewed the product since.
        anchors: the anchors of the customers' messages.
        order_anchor: int32 per order: the order's own id among `anchors`; -1 where no message was
            about it.
        people, intents, letters: of the same customers.
        shelf: the products as they stood.
        week_counts: int64 per code of `vocabulary.MESSAGE_WORDS`: messages that left to anybody
            since Monday, 00:00 UTC.
    """

    customer_ids: tuple[str, ...]
    as_of: np.datetime64
    order_ids: Ids
    product_ids: Ids
    order_start: NDArray[np.int64]
    order_id: NDArray[np.int32]
    ordered_at: Instants
    delivered_at: Instants
    status: NDArray[np.int8]
    status_at: Instants
    kept: NDArray[np.bool_]
    discount: NDArray[np.int64]
    line_start: NDArray[np.int64]
    product: NDArray[np.int32]
    revenue: NDArray[np.int64]
    paid_at: Instants
    shipped_at: Instants
    returned_at: Instants
    is_rated: NDArray[np.bool_]
    is_reviewed: NDArray[np.bool_]
    anchors: Ids
    order_anchor: NDArray[np.int32]
    people: People
    intents: Intents
    letters: Letters
    shelf: Shelf
    week_counts: NDArray[np.int64]

    def products_of(self, order: int) -> list[str]:
        """List the distinct products of an order that were kept, by id."""
        codes = np.unique(self.product[self.line_start[order] : self.line_start[order + 1]])
        return [self.product_ids[int(code)] for code in codes]

    def version(self, customer: int) -> str:
        """Hash all that is known of one customer, as `versions.versions` does."""
        alone = self.take(np.array([customer]), (self.customer_ids[customer],))
        return versions(alone)[0]

    def take(self, customer: NDArray[np.int64], customer_ids: tuple[str, ...]) -> Facts:
        """Give the facts of some of these customers, under other names; one may come twice.

        Args:
            customer: rows of the facts.
            customer_ids: the name of each.
        """
        chosen = _run(customer)
        order_start, order = _listed(self.order_start, chosen)
        line_start, line = _listed(self.line_start, order)
        start, letter = _listed(self.letters.start, chosen)
        moved = np.repeat(order_start[:-1] - self.order_start[chosen], np.diff(start))
        about = self.letters.order[letter]
        letters = _taken(self.letters, letter, "message", "anchor", "channel", "at", "answered_at")
        intent_start, intent = _listed(self.intents.start, chosen)
        event_ids = self.intents.event_ids.take(intent)
        intents = _taken(self.intents, intent, "kind", "product", *INTENTS[1:], "anchor")
        return replace(
            self,
            customer_ids=customer_ids,
            order_start=order_start,
            line_start=line_start,
            **_taken(self, order, "order_id", "order_anchor", *ORDERS),
            **_taken(self, line, "product", *LINES),
            people=replace(self.people, **_taken(self.people, chosen, "zone", "tier", *PEOPLE)),
            intents=replace(self.intents, start=intent_start, event_ids=event_ids, **intents),
            letters=replace(
                self.letters,
                start=start,
                order=np.where(about < 0, about, about + moved).astype(np.int32),
                **letters,
            ),
        )


def _run(row: NDArray[np.int64]) -> Places:
    """Write rows that follow each other as a slice, which copies nothing."""
    if not len(row) or (row[1:] - row[:-1] != 1).any():
        return row
    return slice(int(row[0]), int(row[-1]) + 1)


def _listed(start: NDArray[np.int64], row: Places) -> tuple[NDArray[np.int64], Places]:
    """Give where the entries of some rows start, and which they are."""
    if isinstance(row, slice):
        begins = start[row.start : row.stop + 1]
        return begins - begins[0], slice(int(begins[0]), int(begins[-1]))
    length = start[row + 1] - start[row]
    return offsets(length), ranges(start[row], start[row + 1])


def _taken(columns: object, place: Places, *names: str) -> dict[str, Any]:
    return {name: getattr(columns, name)[place] for name in names}


def fold(
    rows: Rows,
    *,
    as_of: np.datetime64,
    customers: Sequence[str] | None = None,
    signals: Signals = NO_SIGNALS,
) -> Facts:
    """Fold the rows of a shop into facts.

    Args:
        rows: any rows; those of other customers and later instants have no effect.
        as_of: up to when to know, itself excluded.
        customers: ids to fold, in this order; one that was merged into another has the facts of
            that one. By default everybody of whom anything was known by then, merged ones aside.
        signals: what is known beside orders, of these customers or more.
    """
    known, past = Known.at(rows, as_of), before(signals, as_of)
    rows = known.rows
    persons = Persons.of(rows.customer_ids, past)
    left = Left.of(past)
    if customers is None:
        wanted, person = persons.listed(_is_known(persons, known, past, left))
    else:
        wanted, person = tuple(customers), persons.find(customers)
    row_of, copied = persons.rows_of(person)
    count = len(wanted)
    guest = np.int32(len(rows.customer_ids))
    placed = Placed.of(known, row_of.orders[np.minimum(rows.customer, guest)], count)
    products = Products.of(rows.product_ids, past.product_ids)
    acts = Acts.of(past.events, row_of.signals, persons.is_merged).coded(
        products.of_signal, codes_in(rows.order_ids, past.order_ids)
    )
    letters, anchors = Letters.of(left, row_of.signals, past.anchors, placed, count)
    opened = Opened.of(acts, placed, len(products))
    product_ids, recoded = products.named(opened.product)
    returned_at = placed.returned_at()
    (line,) = known.kept_line[placed.line].nonzero()
    line_order, place = placed.line_order[line], placed.line[line]
    facts = Facts(
        wanted,
        as_of,
        rows.order_ids,
        product_ids,
        placed.start,
        placed.order.astype(np.int32),
        placed.ordered_at,
        known.delivered_at[placed.order],
        known.status[placed.order],
        known.status_at[placed.order],
        known.kept[placed.order],
        rows.discount[placed.order],
        line_order.searchsorted(np.arange(len(placed.order) + 1)).astype(np.int64),
        recoded[rows.line_product[place]],
        known.revenue[place],
        placed.first_of_status("paid", as_of),
        placed.first_of_status("shipped", as_of),
        returned_at,
        _rated(acts, placed),
        _reviewed(acts, placed, line_order, rows.line_product[place], len(products)),
        anchors.ids,
        anchors.of_orders(placed),
        People.of(
            past,
            row_of.signals,
            persons.is_merged,
            acts,
            letters,
            last_of(placed.owner, returned_at, count),
        ),
        Intents.of(opened, recoded[opened.product], past.event_ids, anchors.ids, count),
        letters,
        Shelf.of(past.states, past.product_ids, as_of),
        left.week_counts(as_of) if signals.week_counts is None else signals.week_counts,
    )
    return facts if copied is None else facts.take(copied, wanted)


def _is_known(persons: Persons, known: Known, past: Signals, left: Left) -> NDArray[np.bool_]:
    """Tell of which persons anything is known."""
    is_known = np.zeros(len(persons), np.bool_)
    rows = known.rows
    is_known[rows.customer[known.order & (rows.customer < len(rows.customer_ids))]] = True
    for customer in (
        past.events.customer[~past.events.is_session],
        past.merges.customer,
        past.consents.customer,
        left.rows.customer,
        past.outcomes.customer[past.outcomes.customer >= 0],
        past.profiles.customer,
    ):
        is_known[persons.of_signal[customer]] = True
    return is_known


def _rated(acts: Acts, placed: Placed) -> NDArray[np.bool_]:
    """Tell which orders their customers rated."""
    rated = np.zeros(len(placed.order), np.bool_)
    told = acts.of_types("rating", "survey")
    if not len(told):
        return rated
    order = placed.owned(told.rows.order, told.customer)
    rated[order[order >= 0]] = True
    return rated


def _reviewed(
    acts: Acts,
    placed: Placed,
    order: NDArray[np.int64],
    product: NDArray[np.int32],
    product_count: int,
) -> NDArray[np.bool_]:
    """Tell of which lines the customers reviewed the product since they ordered it.

    Args:
        acts: what the customers did, with products coded as those of the lines.
        placed: their orders.
        order: int64 per line: the order.
        product: int32 per line.
        product_count: how many products there are.
    """
    reviewed = np.zeros(len(order), np.bool_)
    told = acts.of_types("review", "rating")
    told = told.where(told.rows.product >= 0) if len(told) else told
    if not len(told):
        return reviewed
    key = told.customer.astype(np.int64) * product_count + told.rows.product
    keys = distinct(key)
    last = last_of(keys.searchsorted(key), told.rows.at, len(keys))
    spoke = np.zeros(len(placed.start), np.bool_)
    spoke[told.customer] = True
    line = np.flatnonzero(spoke[placed.owner[order]])
    key = placed.owner[order[line]].astype(np.int64) * product_count + product[line]
    found = np.minimum(keys.searchsorted(key), len(keys) - 1)
    since = last[found] >= placed.ordered_at[order[line]]
    reviewed[line] = (keys[found] == key) & since
    return reviewed
