"""What orders and intents open: the instants that the words of a playbook's triggers name.

Words about orders look at those whose instant is not before `since`: most orders are long past.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from nba.decide.situation import TOLD, Situation
from nba.domain import Instants
from nba.facts.lookups import ABSENT
from nba.ranges import starts
from nba.statuses import DELIVERED, STATUS_CODE
from nba.vocabulary import INTENT_KINDS

_NEVER: Final = np.datetime64("NaT", "us")
_PAID, _DELAYED, _UNPAID = (STATUS_CODE[one] for one in ("paid", "delayed", "awaiting_payment"))
_VIEW, _CART, _WISH, _WAIT = range(len(INTENT_KINDS))


@dataclass(frozen=True, slots=True, eq=False)
class Openings:
    """Rows by customer: what a trigger found, and the instant it names.

    Attributes:
        customer: int64, a row of the facts, ascending.
        order: int64, an order of the facts; `ABSENT` where it is about none.
        intent: int64, the first intent of the facts that it is about; `ABSENT` where about none.
        product: int64, a code of the facts' `product_ids`; `ABSENT` where it is about none.
        anchor: int64, a code of the facts' `anchors`; `ABSENT` where no message had this anchor.
        at: datetime64[us]: the instant.
        ends: datetime64[us]: when it ends whatever the message says; NaT = then alone.
        kept: bool: what it is about stayed with the customer.
    """

    customer: NDArray[np.int64]
    order: NDArray[np.int64]
    intent: NDArray[np.int64]
    product: NDArray[np.int64]
    anchor: NDArray[np.int64]
    at: Instants
    ends: Instants
    kept: NDArray[np.bool_]

    @classmethod
    def of(
        cls,
        customer: NDArray[np.integer],
        at: Instants,
        *,
        order: NDArray[np.integer] | None = None,
        intent: NDArray[np.integer] | None = None,
        product: NDArray[np.integer] | None = None,
        anchor: NDArray[np.integer] | None = None,
        ends: Instants | None = None,
        kept: NDArray[np.bool_] | None = None,
    ) -> Self:
        """Fill in what is about nothing, without an end, and kept."""
        nothing = np.full(len(customer), ABSENT, np.int64)
        return cls(
            customer.astype(np.int64, copy=False),
            nothing if order is None else order.astype(np.int64, copy=False),
            nothing if intent is None else intent.astype(np.int64, copy=False),
            nothing if product is None else product.astype(np.int64, copy=False),
            nothing if anchor is None else anchor.astype(np.int64, copy=False),
            at,
            np.full(len(customer), _NEVER) if ends is None else ends,
            np.ones(len(customer), np.bool_) if kept is None else kept,
        )

    def take(self, rows: NDArray[np.integer] | NDArray[np.bool_]) -> Self:
        """Keep some rows."""
        return type(self)(*(getattr(self, name)[rows] for name in self.__slots__))

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        """Put several one after the other."""
        return cls(
            *(np.concatenate([getattr(part, name) for part in parts]) for name in cls.__slots__)
        )


_CODE, _AT = np.empty(0, np.int64), np.empty(0, "datetime64[us]")
NOTHING: Final = Openings(_CODE, _CODE, _CODE, _CODE, _CODE, _AT, _AT, np.empty(0, np.bool_))
"""What most words open for a customer."""


def delivered(now: Situation, since: np.datetime64) -> Openings:
    """Open on the arrival of every order that has been delivered."""
    arrived = (now.clock.at >= since) & (now.facts.status >= DELIVERED)
    order = np.flatnonzero(arrived)
    return _of_orders(now, order, now.clock.at[order])


def paid(now: Situation, since: np.datetime64) -> Openings:
    """Open on the payment of every order; it ends with the delivery."""
    order = np.flatnonzero(now.facts.paid_at >= since)
    return _of_orders(now, order, now.facts.paid_at[order], now.facts.delivered_at[order])


def awaiting_payment(now: Situation, since: np.datetime64) -> Openings:
    """Open on every order that waits for payment, for as long as it does."""
    order = np.flatnonzero((now.facts.status == _UNPAID) & (now.facts.status_at >= since))
    return _of_orders(now, order, now.facts.status_at[order])


def status(now: Situation, since: np.datetime64) -> Openings:
    """Open on the present status of every order, but for those with a message of their own.

    Where a shop tells neither statuses nor deliveries, an order counts as delivered from the first;
    that is no news to send.
    """
    facts = now.facts
    order = np.flatnonzero(facts.status_at >= since)
    if not len(order):
        return NOTHING
    status = facts.status[order]
    assumed = (status == DELIVERED) & (now.clock.source[order] != TOLD)
    assumed &= facts.status_at[order] == facts.ordered_at[order]
    return _of_statuses(now, order[(status != _UNPAID) & (status != _DELAYED) & ~assumed])


def delayed(now: Situation, since: np.datetime64) -> Openings:
    """Open on every order that is delayed, for as long as it is."""
    late = (now.facts.status == _DELAYED) & (now.facts.status_at >= since)
    order = np.flatnonzero(late)
    if not len(order):
        return NOTHING
    return _of_statuses(now, order, kept=now.facts.kept[order])


def cart(now: Situation) -> Openings:
    """Open on the last thing laid in each cart; a cart is about its first product's event."""
    return _of_lists(now, _CART)


def view(now: Situation) -> Openings:
    """Open on the last look at a product not bought since; it is about the first one's event."""
    return _of_lists(now, _VIEW)


def cart_sale(now: Situation) -> Openings:
    """Open when the price of a product fell that lies in a cart already."""
    return _of_lists(now, _CART, dropped=True)


def wish(now: Situation) -> Openings:
    """Open on every wish."""
    return _of_intents(now, _of_kind(now, _WISH))


def wish_sale(now: Situation) -> Openings:
    """Open when the price of a wished product fell, for as long as it is down."""
    rows = _of_kind(now, _WISH)
    if not len(rows):
        return NOTHING
    fell_at = _dropped_at(now, rows)
    later = fell_at > now.facts.intents.opened_at[rows]
    return _of_intents(now, rows[later], fell_at[later])


def wait(now: Situation) -> Openings:
    """Open on every product waited for, for as long as it cannot be ordered."""
    rows = _of_kind(now, _WAIT)
    if not len(rows):
        return NOTHING
    away = ~now.coding.can_be_ordered[now.facts.intents.product[rows]]
    return _of_intents(now, rows[away])


def back_in_stock(now: Situation) -> Openings:
    """Open when a product waited for could be ordered again, for as long as it can."""
    rows = _of_kind(now, _WAIT)
    if not len(rows):
        return NOTHING
    product = now.facts.intents.product[rows]
    place = now.coding.shelf[product]
    since = np.full(len(rows), _NEVER)
    since[place >= 0] = now.facts.shelf.in_stock_since[place[place >= 0]]
    back = (since > now.facts.intents.opened_at[rows]) & now.coding.can_be_ordered[product]
    return _of_intents(now, rows[back], since[back])


def _of_orders(
    now: Situation, order: NDArray[np.int64], at: Instants, ends: Instants | None = None
) -> Openings:
    facts = now.facts
    if not len(order):
        return NOTHING
    return Openings.of(
        np.searchsorted(facts.order_start, order, "right") - 1,
        at,
        order=order,
        anchor=facts.order_anchor[order],
        ends=ends,
        kept=facts.kept[order],
    )


def _of_statuses(
    now: Situation, order: NDArray[np.int64], kept: NDArray[np.bool_] | None = None
) -> Openings:
    """Open on statuses: news of an order that is cancelled or came back is news all the same."""
    facts = now.facts
    if not len(order):
        return NOTHING
    return Openings.of(
        np.searchsorted(facts.order_start, order, "right") - 1,
        facts.status_at[order],
        order=order,
        anchor=now.details.of_statuses(order, facts.status[order]),
        kept=kept,
    )


def _of_kind(now: Situation, kind: int) -> NDArray[np.int64]:
    return np.flatnonzero(now.facts.intents.kind == kind)


def _dropped_at(now: Situation, rows: NDArray[np.int64]) -> Instants:
    place = now.coding.shelf[now.facts.intents.product[rows]]
    fell_at = np.full(len(rows), _NEVER)
    fell_at[place >= 0] = now.facts.shelf.dropped_at[place[place >= 0]]
    return fell_at


def _of_intents(now: Situation, rows: NDArray[np.int64], at: Instants | None = None) -> Openings:
    intents = now.facts.intents
    if not len(rows):
        return NOTHING
    return Openings.of(
        np.searchsorted(intents.start, rows, "right") - 1,
        intents.opened_at[rows] if at is None else at,
        intent=rows,
        product=intents.product[rows],
        anchor=intents.anchor[rows],
        ends=now.intent_ends[rows],
    )


def _of_lists(now: Situation, kind: int, *, dropped: bool = False) -> Openings:
    """Open on lists of intents of one kind, of which a customer has one at a time.

    A list is what was opened before the one before it would have ended: a cart filled again after
    a year is another cart.
    """
    intents = now.facts.intents
    rows = _of_kind(now, kind)
    if not len(rows):
        return NOTHING
    customer = np.searchsorted(intents.start, rows, "right") - 1
    begins = np.ones(len(rows), np.bool_)
    begins[1:] = (customer[1:] != customer[:-1]) | (
        intents.opened_at[rows[1:]] > now.intent_ends[rows[:-1]]
    )
    first = np.flatnonzero(begins)
    # The last list of a customer is the one that may be open.
    is_last = np.append(np.diff(customer[first]) != 0, True)
    named = _dropped_at(now, rows) if dropped else intents.last_at[rows]
    if dropped:
        named = np.where(named > intents.opened_at[rows], named, _NEVER)
    at, ends = (np.fmax.reduceat(one, first) for one in (named, now.intent_ends[rows]))
    chosen = np.flatnonzero(is_last & ~np.isnat(at))
    found = _of_intents(now, rows[first[chosen]], at[chosen])
    return Openings.of(
        found.customer, found.at, intent=found.intent, anchor=found.anchor, ends=ends[chosen]
    )


def listed_count(now: Situation, intent: NDArray[np.int64]) -> NDArray[np.int64]:
    """Count the intents of the lists that begin with some: those of one kind to the last."""
    intents = now.facts.intents
    owner = np.repeat(np.arange(len(intents.start) - 1), np.diff(intents.start))
    begins = starts(intents.kind + len(INTENT_KINDS) * owner)
    ends = np.append(begins[1:], len(intents.kind))
    return np.asarray(ends[np.searchsorted(begins, intent, "right") - 1] - intent, np.int64)


def intents_of(now: Situation, intent: int) -> NDArray[np.int64]:
    """Give the open intents that a message about one is about: of a cart or views, all of them."""
    intents = now.facts.intents
    if intents.kind[intent] not in (_VIEW, _CART):
        return np.array([intent], np.int64)
    last = intent + int(listed_count(now, np.array([intent]))[0])
    rows = np.arange(intent, last)
    is_open = (now.intent_ends[rows] > now.at) | (rows == intent)
    return np.asarray(rows[is_open], np.int64)
