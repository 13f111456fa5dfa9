"""Filling the slots of a message with products, for many rows at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nba.artifacts.products import Products
from nba.decide.asking import Asking, Known
from nba.decide.coding import Coding
from nba.decide.playbooks.messages import Message, Slot
from nba.decide.shelving import put_on_shelf
from nba.domain import rounded
from nba.facts.fold import Facts
from nba.facts.lookups import ABSENT
from nba.recommend.many.explaining import explain
from nba.recommend.many.ground import Ground
from nba.recommend.many.lists import Codes, Floats, Found, bounds
from nba.recommend.many.offer import Marks, Offer
from nba.recommend.many.sources import FINDING
from nba.recommend.results import Recommendation

CHUNK: Final = 1 << 15
"""Rows filled at once, which bounds the memory."""
REVIEWING: Final = frozenset(("product-review",))
"""Messages that ask of each product what a customer may have said already."""


@dataclass(frozen=True, slots=True, eq=False)
class FilledSlot:
    """What stands in one slot, by row.

    Attributes:
        start: int64[rows + 1]: products of row r are at start[r]:start[r + 1].
        found: the products, by row, then rank, scores with 9 significant digits.
        source: int8 per row: the place in the slot's sources of the one that filled it; `ABSENT`
            where none did.
    """

    start: Codes
    found: Found
    source: NDArray[np.int8]


@dataclass(frozen=True, slots=True, eq=False)
class Filled:
    """The slots of one message, for its rows.

    Attributes:
        slots: slot name → what stands in it, codes of the snapshot; nothing in rows not filled.
        filled: bool per row: every slot has the products it requires.
        is_out_of_stock: bool per row not filled: nothing but the stock speaks against some product
            of a slot that stayed empty.
        strength: float64 per row, 0..1: how strong the evidence of the products shown is, that of
            the strongest: 1 for what the customer has in mind or has ordered; the chance to be
            bought within a week for `buy_again`, `due` and `picks`; for `accessories`,
            `bought_together`, `similar` and `parts` the share of those with the product asked
            about who have both (see `recommend.many.related.confidence`), 0 where the evidence is
            about categories or texts; 0 for what is popular, on sale or a successor, and for a
            message without products.
    """

    slots: Mapping[str, FilledSlot]
    filled: NDArray[np.bool_]
    is_out_of_stock: NDArray[np.bool_]
    strength: Floats

    def cheapest(self, price: Floats) -> Floats:
        """Give the least price of the products of each row; NaN where none is known.

        Args:
            price: float64 per product of the snapshot; NaN where it is not known.
        """
        least = np.full(len(self.filled), np.nan)
        for slot in self.slots.values():
            rows = np.flatnonzero(slot.start[1:] > slot.start[:-1])
            if len(rows):
                found = np.fmin.reduceat(price[slot.found.code], slot.start[rows])
                least[rows] = np.fmin(least[rows], found)
        return least


class SlotFilling:
    """Fills slots from one snapshot for the customers of one fold of facts, at one instant."""

    def __init__(
        self,
        ground: Ground,
        facts: Facts,
        coding: Coding,
        at: np.datetime64,
        *,
        is_open: NDArray[np.bool_] | None = None,
        asks: NDArray[np.bool_] | None = None,
    ) -> None:
        """Fill from `ground`, which is made once a snapshot; look at nothing until asked to.

        Args:
            ground: the snapshot, ready for lists of many.
            facts: what is known of the customers, and of the shelf: a product whose state it knows
                can be ordered, and is on sale, as it says, else as the snapshot does.
            coding: between these facts and that snapshot.
            at: the instant of the decision.
            is_open: bool per intent of the facts: whether it still counts; by default all.
            asks: bool per customer: rows are of these alone; by default of anybody.
        """
        self._ground = ground
        self._facts = facts
        self._coding = coding
        self._at = at
        self._is_open = is_open
        self._asks = asks

    @cached_property
    def _known(self) -> Known:
        return Known.of(self._ground, self._facts, self._coding, self._is_open, self._asks)

    @cached_property
    def _offer(self) -> Offer:
        return _offer(self._ground, self._facts, self._coding, self._at)

    @cached_property
    def products(self) -> Products:
        """The snapshot's products as they stand on the shelf of the facts."""
        products = self._ground.snapshot.products
        return put_on_shelf(products, self._facts.shelf, self._coding.shelved, self._at)

    def fill(
        self,
        message: Message,
        customer: NDArray[np.integer],
        order: NDArray[np.integer],
        intent: NDArray[np.integer],
        product: NDArray[np.integer],
    ) -> Filled:
        """Fill the slots of a message, each from the first of its sources that gives enough.

        A row is answered the same whatever other rows there are. It is about its intent, else its
        product, else its order; `ABSENT` stands for what there is none of.

        Args:
            message: whose slots.
            customer: int per row, places in the facts.
            order: int per row, places in the facts.
            intent: int per row, places in the facts' intents.
            product: int per row, codes of the facts' products.
        """
        columns = [one.astype(np.int64, copy=False) for one in (customer, order, intent, product)]
        count = len(customer)
        if count <= CHUNK:
            return self._fill(message, *columns)
        parts = [
            self._fill(message, *(one[begin : begin + CHUNK] for one in columns))
            for begin in range(0, count, CHUNK)
        ]
        return _joined(parts)

    def explain(
        self, message: Message, filled: Filled, row: int, customer: int
    ) -> Mapping[str, Sequence[Recommendation]]:
        """Give the products of one row, slot by slot, with their reasons.

        Args:
            message: which was filled.
            filled: what `fill` gave for it.
            row: of those.
            customer: of that row, a place in the facts.
        """
        explained = {}
        for slot in message.slots:
            inside = filled.slots[slot.name]
            span = slice(int(inside.start[row]), int(inside.start[row + 1]))
            source = slot.source[int(inside.source[row])]
            code = int(self._coding.customer[customer])
            explained[slot.name] = explain(
                self._offer, self.products, source, code, inside.found.take(span)
            )
        return explained

    def _fill(
        self, message: Message, customer: Codes, order: Codes, intent: Codes, product: Codes
    ) -> Filled:
        count = len(customer)
        asking = Asking(
            self._known, customer, order, intent, product, wants_review=message.id in REVIEWING
        )
        marks = Marks(self._ground, asking)
        strength, fell = np.zeros(count), np.zeros(count, np.bool_)
        rows, slots = np.arange(count), {}
        for slot in message.slots:
            slots[slot.name], empty = self._slot(slot, asking, marks, rows, fell)
            if len(empty):
                is_left = np.ones(count, np.bool_)
                is_left[empty] = False
                rows = rows[is_left[rows]]
            found = slots[slot.name].found
            np.maximum.at(strength, found.row, found.confidence)
            if len(message.slots) > 1:
                marks.take(found.row, found.code)
        filled = np.zeros(count, np.bool_)
        filled[rows] = True
        if len(rows) < count:
            strength[~filled] = 0.0
            slots = {name: _kept(one, filled) for name, one in slots.items()}
        return Filled(slots, filled, fell & ~filled, strength)

    def _slot(
        self, slot: Slot, asking: Asking, marks: Marks, rows: Codes, fell: NDArray[np.bool_]
    ) -> tuple[FilledSlot, Codes]:
        """Fill one slot; give also the rows that lack what it requires."""
        count = len(fell)
        need = max(slot.require, 1)
        source = np.full(count, ABSENT, np.int8)
        length = np.zeros(count, np.int64)
        parts: list[Found] = []
        for number, word in enumerate(slot.source):
            found, stock = FINDING[word](self._offer, asking, marks, rows, slot.n)
            given = np.bincount(found.row, minlength=count)
            fell[stock] = True
            enough = given >= need
            if not enough[rows].all():
                found = found.take(np.flatnonzero(enough[found.row]))
            parts.append(found)
            done = rows[enough[rows]]
            source[done], length[done] = number, given[done]
            rows = rows[~enough[rows]]
            if not len(rows):
                break
        found = Found.joined(parts)
        start = bounds(length)
        return FilledSlot(start, found.scored(rounded(found.score)), source), (
            rows if slot.require else rows[:0]
        )


def _offer(ground: Ground, facts: Facts, coding: Coding, at: np.datetime64) -> Offer:
    """Let what the shelf says of a product go before what the snapshot does."""
    shelf = facts.shelf
    known = np.flatnonzero(coding.shelved >= 0)
    if not len(known):
        return Offer(ground, at)
    is_discounted = ground.is_discounted.copy()
    on_sale = shelf.has_sale_price & shelf.has_price & (shelf.sale_price < shelf.price)
    is_discounted[coding.shelved[known]] = (on_sale & ~(shelf.sale_until <= at))[known]
    return Offer(ground, at, can_be_ordered=coding.is_offered, is_discounted=is_discounted)


def _kept(slot: FilledSlot, rows: NDArray[np.bool_]) -> FilledSlot:
    """Take out what stands in the other rows."""
    length = np.where(rows, np.diff(slot.start), 0)
    found = slot.found.take(np.flatnonzero(rows[slot.found.row]))
    source = np.where(rows, slot.source, ABSENT).astype(np.int8)
    return FilledSlot(bounds(length), found, source)


def _joined(parts: Sequence[Filled]) -> Filled:
    """Put the answers about following rows behind one another."""
    first = np.cumsum([0, *(len(one.filled) for one in parts)])[:-1]
    slots = {}
    for name in parts[0].slots:
        some = [one.slots[name] for one in parts]
        length = np.concatenate([np.diff(one.start) for one in some])
        found = [one.found.moved(int(by)) for one, by in zip(some, first, strict=True)]
        slots[name] = FilledSlot(
            bounds(length),
            Found.joined(found),
            np.concatenate([one.source for one in some]),
        )
    return Filled(
        slots,
        np.concatenate([one.filled for one in parts]),
        np.concatenate([one.is_out_of_stock for one in parts]),
        np.concatenate([one.strength for one in parts]),
    )
