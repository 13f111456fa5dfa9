"""What may be offered at an instant, and what must not be shown to whom."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from nba.ranges import crossed
from nba.recommend.many.edges import Edges
from nba.recommend.many.ground import Ground
from nba.recommend.many.lists import Codes, Ragged, bounds, held
from nba.recommend.many.purchases import Purchases
from nba.recommend.many.ruling import Ruling
from nba.recommend.succession import Succession
from nba.vocabulary import Relation

_NOTHING: Final = np.empty(0, np.int64)
KEPT: Final = 8
"""Graphs changed by the shop's rules that are remembered, as rules seldom change."""
NEW_DAYS: Final = 30
"""A product is new for so many days from its publication."""
NEWEST: Final = 50
"""New products among which a customer's are found: the most ordered ones."""
LIST_OF: Final = {
    Relation.BOUGHT_TOGETHER: "bought_together",
    Relation.ACCESSORIES: "accessories",
    Relation.SIMILAR: "similar",
    Relation.PARTS: "replacements",
}
"""The list whose rules hold for the edges of a relation."""


class Askers(Protocol):
    """Some rows, numbered from 0: who asks, and about what.

    Each list holds codes of the snapshot; what it does not know is left out.
    """

    @property
    def customer(self) -> Codes:
        """The customer's code in the snapshot; `NONE` where it knows none."""

    @property
    def is_about(self) -> NDArray[np.bool_]:
        """Whether a row is about an order, an intent or a product, known or not."""

    @property
    def asks_of_orders(self) -> bool:
        """Whether all rows are about what their customers bought."""

    @property
    def about(self) -> Ragged:
        """What a row is about, each product once, ascending."""

    @property
    def anchor(self) -> Ragged:
        """What the customer has in mind, the latest first."""

    @property
    def ordered(self) -> Ragged:
        """The kept products of the order."""

    @property
    def person(self) -> Codes:
        """Who asks, as `purchases` numbers them."""

    @property
    def order(self) -> Codes:
        """The order a row is about, as `purchases` numbers them; `NONE` where there is none."""

    @property
    def purchases(self) -> Purchases:
        """What all persons bought."""


class Offer:
    """Products that may be offered at an instant: can be ordered, and not banned by the shop."""

    def __init__(
        self,
        ground: Ground,
        at: np.datetime64,
        *,
        can_be_ordered: NDArray[np.bool_] | None = None,
        is_discounted: NDArray[np.bool_] | None = None,
    ) -> None:
        """Offer what can be ordered, by default as the snapshot knows it.

        Args:
            ground: the snapshot.
            at: the instant.
            can_be_ordered: bool per product.
            is_discounted: bool per product.
        """
        self.ground = ground
        self.at = at
        self._can_be_ordered = can_be_ordered
        self._is_discounted = is_discounted
        self.successions: dict[int, Succession | None] = {}
        """The way to what replaces a product, as far as it was asked for."""

    @cached_property
    def can_be_ordered(self) -> NDArray[np.bool_]:
        """Whether each product can be ordered."""
        known = self._can_be_ordered
        return self.ground.can_be_ordered if known is None else known

    @cached_property
    def is_discounted(self) -> NDArray[np.bool_]:
        """Whether each product costs less than its price."""
        known = self._is_discounted
        return self.ground.is_discounted if known is None else known

    @cached_property
    def bargains(self) -> tuple[Codes, Codes]:
        """Where what is on sale begins by kind, and the products, the most ordered ones first."""
        start, product = self.ground.by_kind
        is_bargain = self.is_discounted[product]
        return bounds(is_bargain)[start], product[is_bargain]

    @cached_property
    def newest(self) -> Codes:
        """Products published within `NEW_DAYS`, the most ordered ones first."""
        products = self.ground.snapshot.products
        age = int(self.at.astype("datetime64[D]").astype(np.int64)) - products.published_day
        known = products.published_day > 0
        new = np.flatnonzero(known & (age >= 0) & (age < NEW_DAYS) & self.can_be_ordered)
        return new[np.lexsort((new, -products.orders[new].astype(np.int64)))][:NEWEST]

    @cached_property
    def ruling(self) -> Ruling:
        """The rules in force."""
        return Ruling(self.ground.snapshot.rules, self.at)

    @cached_property
    def has_rules(self) -> bool:
        """Whether the shop decided anything by hand."""
        return len(self.ground.snapshot.rules) > 0

    def edges(self, relation: Relation, *, without_banned: bool = False) -> Edges:
        """Give a relation's edges with the shop's links among them.

        Args:
            relation: which.
            without_banned: leave out what is banned from one product's list.
        """
        edges = self.ground.edges(relation)
        if not self.has_rules:
            return edges
        word = LIST_OF[relation]
        links, bans = self.ruling.links(word), self.ruling.bans(word)
        has_links = len(links) > 0 and relation is not Relation.PARTS
        has_bans = without_banned and len(bans.source) > 0
        if not (has_links or has_bans):
            return edges
        remembered = self.ground.ruled
        key = relation, without_banned, self.ruling.mark
        if key not in remembered:
            edges = edges.linked(links) if has_links else edges
            remembered[key] = edges.without(bans) if has_bans else edges
            if len(remembered) > KEPT:
                del remembered[next(iter(remembered))]
        return remembered[key]

    def banned(self, word: str) -> Codes:
        """Give what is banned from every list of that word, ascending."""
        return self.ruling.bans(word).everywhere if self.has_rules else _NOTHING


Unwanted = Callable[[Codes, NDArray[np.integer]], NDArray[np.bool_]]
"""Tells of rows and products, one each, whether the row must not be shown the product."""


class Marks:
    """What must not be shown to the rows of some askers."""

    def __init__(self, ground: Ground, askers: Askers) -> None:
        """Let nothing stand beside the lists yet."""
        self._ground = ground
        self._askers = askers
        self._taken = _NOTHING

    def take(self, row: Codes, code: Codes) -> None:
        """Let products stand beside the lists that follow."""
        more = row * self._ground.span + self._ground.twin[code]
        self._taken = np.sort(np.concatenate([self._taken, more]))

    def is_taken(self, row: Codes, code: NDArray[np.integer]) -> NDArray[np.bool_] | None:
        """Tell what stands beside already, or a variant of it does; None where nothing does."""
        if not len(self._taken):
            return None
        return held(self._taken, row * self._ground.span + self._ground.twin[code])

    def is_about(self, row: Codes, code: NDArray[np.integer]) -> NDArray[np.bool_]:
        """Tell what the row is about."""
        return held(self._about, row * self._ground.span + code)

    def was_bought(self, row: Codes, code: NDArray[np.integer]) -> NDArray[np.bool_]:
        """Tell what the customer ever bought."""
        return self._askers.purchases.has(self._askers.person[row], code)

    def was_bought_since(self, row: Codes, code: NDArray[np.integer]) -> NDArray[np.bool_]:
        """Tell what the customer bought after the order."""
        asking = self._askers
        return asking.purchases.has_since(asking.person[row], code, asking.order[row])

    def was_bought_lately(self, row: Codes, code: NDArray[np.integer]) -> NDArray[np.bool_]:
        """Tell what the customer bought since the snapshot was made."""
        return self._askers.purchases.has_lately(self._askers.person[row], code)

    def is_owned(self, row: Codes, code: NDArray[np.integer]) -> NDArray[np.bool_]:
        """Tell of durable products that the customer has, and of their variants."""
        twin = self._ground.twin[code]
        return self._askers.purchases.owns(self._askers.person[row], twin)

    def is_known(self, row: Codes, code: NDArray[np.integer]) -> NDArray[np.bool_]:
        """Tell what the row is about, and owned durables with their variants."""
        return self.is_about(row, code) | self.is_owned(row, code)

    def is_old(self, row: Codes, code: NDArray[np.integer]) -> NDArray[np.bool_]:
        """Tell what is not new to the customer: bought, owned as a variant, or asked about."""
        old = self.was_bought(row, code)
        if self._ground.has_twins:
            old |= self.is_owned(row, code)
        if not self._askers.asks_of_orders:
            old |= self.is_about(row, code)
        return old

    def is_variant(self, row: Codes, code: NDArray[np.integer]) -> NDArray[np.bool_]:
        """Tell as `is_old` does, and of variants of what the row is about."""
        old = self.is_old(row, code)
        if self._ground.has_twins:
            old |= held(self._about_twins, row * self._ground.span + self._ground.twin[code])
        return old

    def misfits(self, row: Codes, code: NDArray[np.integer]) -> NDArray[np.bool_]:
        """Tell what does not fit the products that the row is about.

        That is what does not fit one of them, unless it fits another that is spoken of in some
        list of requirements: a case for one phone, beside the other phone and coffee beans.
        """
        answer = np.zeros(len(row), np.bool_)
        asked = np.flatnonzero(self._ground.is_spoken_of[code])
        if not len(asked):
            return answer
        start, about = self._askers.about.start, self._askers.about.code
        which, place = crossed(start[row[asked]], start[row[asked] + 1])
        other = about[place]
        fits = self._ground.snapshot.fits.fits(other, code[asked][which])
        meant = fits & self._ground.is_spoken_of[other]
        bad = np.bincount(which, ~fits, len(asked)) > 0
        answer[asked] = bad & (np.bincount(which, meant, len(asked)) == 0)
        return answer

    def banned(self, offer: Offer, word: str) -> Codes:
        """Give what the shop bans from the list of a product that the row is about, ascending."""
        if not offer.has_rules or not len((bans := offer.ruling.bans(word)).source):
            return _NOTHING
        row, code = self._asked
        place, target = bans.about(code)
        return np.sort(row[place] * self._ground.span + target)

    @cached_property
    def _asked(self) -> tuple[Codes, Codes]:
        about = self._askers.about
        return np.repeat(np.arange(len(about.start) - 1), np.diff(about.start)), about.code

    @cached_property
    def _about(self) -> Codes:
        row, code = self._asked
        return row * self._ground.span + code

    @cached_property
    def _about_twins(self) -> Codes:
        row, code = self._asked
        return np.sort(row * self._ground.span + self._ground.twin[code])


def judge(
    offer: Offer,
    word: str,
    row: Codes,
    code: NDArray[np.integer],
    marks: Marks,
    unwanted: Unwanted | None = None,
    *,
    must_fit: bool = True,
) -> tuple[NDArray[np.bool_], Codes]:
    """Judge candidates.

    Args:
        offer: what may be offered.
        word: the list whose rules hold.
        row: one a candidate.
        code: one a candidate, its product.
        marks: of the askers; what they show already is not shown twice.
        unwanted: tells what else must not be shown.
        must_fit: what does not fit the products that the row is about must not be shown either.

    Returns:
        bool per candidate: it may be shown; and the rows of those that nothing but the stock
        speaks against.
    """
    can_be_ordered = offer.can_be_ordered[code]
    fine = allowed(offer, word, row, code, marks, unwanted, must_fit=must_fit)
    shown = fine & can_be_ordered
    return shown, row[fine ^ shown]


def allowed(
    offer: Offer,
    word: str,
    row: Codes,
    code: NDArray[np.integer],
    marks: Marks,
    unwanted: Unwanted | None = None,
    *,
    must_fit: bool = True,
) -> NDArray[np.bool_]:
    """Judge candidates as `judge` does, whether or not they can be ordered."""
    fine = np.ones(len(row), np.bool_) if unwanted is None else ~unwanted(row, code)
    if len(banned := offer.banned(word)):
        fine &= ~held(banned, code)
    taken = marks.is_taken(row, code)
    if taken is not None:
        fine &= ~taken
    if must_fit and offer.ground.has_misfits:
        fine[fine] = ~marks.misfits(row[fine], code[fine])
    return fine
