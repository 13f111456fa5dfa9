"""What customers have in mind: products looked at, laid in the cart, wished for, waited for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from nba.domain import Ids, Instants, Texts
from nba.facts.acts import Acts
from nba.facts.histories import Columns
from nba.facts.lookups import codes_in
from nba.facts.placed import Placed
from nba.facts.signals import EVENT_CODE, OPENING
from nba.ranges import distinct, lengths, starts
from nba.vocabulary import EVENT_TYPES, INTENT_KINDS

_KINDS: Final = len(INTENT_KINDS)
_KIND: Final = np.array(
    [OPENING.index(name) if name in OPENING else -1 for name in EVENT_TYPES], np.int8
)
"""Type of event → the kind of intent that it opens."""
_TAKEN_BACK: Final = {
    EVENT_CODE["remove_from_cart"]: INTENT_KINDS.index("cart"),
    EVENT_CODE["remove_from_wishlist"]: INTENT_KINDS.index("wish"),
}
_LONG_AGO: Final = np.iinfo(np.int64).min
_LAST_CODE: Final = np.iinfo(np.int32).max


@dataclass(frozen=True, slots=True, eq=False)
class Intents(Columns):
    """Open intents of N customers: neither bought since, nor taken back.

    An order closes it unless it was cancelled, and so does an event `purchase` that names the
    product; of one instant, what closes comes last.
    Rows of customer n are start[n]:start[n + 1], by kind, then opening, then product.

    Attributes:
        start: int64[N + 1].
        kind: int8, a code of `vocabulary.INTENT_KINDS`.
        product: int32, a code of the facts' `product_ids`.
        opened_at: datetime64[us]: the event that opened it: the first since it was last closed.
        last_at: datetime64[us]: the latest event of its kind about the product.
        anchor: int32: the place of the opening event's id among the facts' `anchors`; -1 where no
            message was ever about it.
        event_ids: the id of the opening event, one text a row.
    """

    start: NDArray[np.int64]
    kind: NDArray[np.int8]
    product: NDArray[np.int32]
    opened_at: Instants
    last_at: Instants
    anchor: NDArray[np.int32]
    event_ids: Texts

    @classmethod
    def none(cls, count: int) -> Self:
        """Give so many customers with nothing in mind."""
        code, at = np.empty(0, np.int32), np.empty(0, "datetime64[us]")
        return cls(
            np.zeros(count + 1, np.int64), code.astype(np.int8), code, at, at, code, Texts.of([])
        )

    @classmethod
    def of(
        cls, opened: Opened, product: NDArray[np.int32], event_ids: Ids, anchors: Ids, count: int
    ) -> Self:
        """Give the open intents of `count` customers.

        Args:
            opened: the intents.
            product: int32 per intent, a code of the facts' `product_ids`.
            event_ids: what the intents' events code.
            anchors: those of the facts.
            count: how many customers there are.
        """
        if not len(product):
            return cls.none(count)
        order = np.lexsort((product, opened.opened_at, opened.kind, opened.customer))
        named = event_ids.take(opened.event[order])
        return cls(
            opened.customer[order].searchsorted(np.arange(count + 1)).astype(np.int64),
            opened.kind[order],
            product[order],
            opened.opened_at[order],
            opened.last_at[order],
            codes_in(anchors, named),
            Texts(named.data, named.offsets),
        )


@dataclass(frozen=True, slots=True, eq=False)
class Opened:
    """Open intents, by customer, product, kind.

    Attributes:
        customer: int32, the row of the facts.
        kind: int8, a code of `vocabulary.INTENT_KINDS`.
        product: int32, coded as the acts' products are.
        opened_at, last_at: datetime64[us].
        event: int32: the opening event; of those of one instant the smallest id.
    """

    customer: NDArray[np.int32]
    kind: NDArray[np.int8]
    product: NDArray[np.int32]
    opened_at: Instants
    last_at: Instants
    event: NDArray[np.int32]

    @classmethod
    def none(cls) -> Self:
        """Nothing is open."""
        code, at = np.empty(0, np.int32), np.empty(0, "datetime64[us]")
        return cls(code, code.astype(np.int8), code, at, at, code)

    @classmethod
    def of(cls, acts: Acts, placed: Placed, product_count: int) -> Self:
        """Find what is still open.

        Args:
            acts: what the customers did, with products coded as those of the orders.
            placed: the customers' orders.
            product_count: how many products there are.
        """
        kind = _KIND[acts.rows.type]
        (place,) = ((kind >= 0) & (acts.rows.product >= 0)).nonzero()
        if not len(place):
            return cls.none()
        pair = acts.customer[place].astype(np.int64) * product_count + acts.rows.product[place]
        key = pair * _KINDS + kind[place]
        order = np.argsort(key)
        place, key = place[order], key[order]
        begins = starts(key)
        closed = _closed(key[begins], acts, placed, product_count)
        at = acts.rows.at[place].view(np.int64)
        is_open = at > closed.repeat(lengths(begins, len(key)))
        place, key, at = place[is_open], key[is_open], at[is_open]
        begins = starts(key)
        if not len(begins):
            return cls.none()
        opened_at, event = np.minimum.reduceat(at, begins), acts.rows.event[place]
        is_first = at == opened_at.repeat(lengths(begins, len(key)))
        pair = key[begins] // _KINDS
        return cls(
            (pair // product_count).astype(np.int32),
            (key[begins] % _KINDS).astype(np.int8),
            (pair % product_count).astype(np.int32),
            opened_at.view("datetime64[us]"),
            np.maximum.reduceat(at, begins).view("datetime64[us]"),
            np.minimum.reduceat(np.where(is_first, event, _LAST_CODE), begins),
        )


def _closed(
    key: NDArray[np.int64], acts: Acts, placed: Placed, product_count: int
) -> NDArray[np.int64]:
    """Give when each intent was last closed, in microseconds; long ago where it never was.

    Args:
        key: ascending: (customer x products + product) x kinds + kind.
        acts: what the customers did.
        placed: the customers' orders.
        product_count: how many products there are.
    """
    closed = np.full(len(key), _LONG_AGO)
    if not len(key):
        return closed
    pairs = distinct(key // _KINDS)
    bought = np.full(len(pairs), _LONG_AGO)

    def buy(customer: NDArray[np.int32], product: NDArray[np.int32], at: Instants) -> None:
        pair = customer.astype(np.int64) * product_count + product
        found = np.minimum(pairs.searchsorted(pair), len(pairs) - 1)
        mine = pairs[found] == pair
        np.maximum.at(bought, found[mine], at[mine].view(np.int64))

    interested = np.zeros(len(placed.start), np.bool_)
    interested[pairs // product_count] = True
    counted = (interested[placed.owner] & placed.is_bought())[placed.line_order]
    order = placed.line_order[counted]
    product = placed.known.rows.line_product[placed.line[counted]]
    buy(placed.owner[order], product, placed.ordered_at[order])
    purchases = acts.of_types("purchase")
    if len(purchases):
        told = placed.owned(purchases.rows.order, purchases.customer)
        # Of an order that was cancelled no purchase is left.
        holds = purchases.rows.product >= 0
        if len(placed.order):
            holds &= (told < 0) | placed.is_bought()[told]
        purchases = purchases.where(holds)
        buy(purchases.customer, purchases.rows.product, purchases.rows.at)
    closed[:] = bought[pairs.searchsorted(key // _KINDS)]
    for code, kind in _TAKEN_BACK.items():
        if code not in acts.types:
            continue
        removals = acts.where((acts.rows.type == code) & (acts.rows.product >= 0))
        if not len(removals):
            continue
        pair = removals.customer.astype(np.int64) * product_count + removals.rows.product
        removed = pair * _KINDS + kind
        found = np.minimum(key.searchsorted(removed), len(key) - 1)
        mine = key[found] == removed
        np.maximum.at(closed, found[mine], removals.rows.at[mine].view(np.int64))
    return closed
