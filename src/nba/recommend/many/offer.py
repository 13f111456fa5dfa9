"""What may be offered at an instant, and what must not be shown to whom."""

from __future__ import annotations

from functools import cached_property
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from nba.recommend.many.edges import Edges
from nba.recommend.many.ground import Ground
from nba.recommend.many.lists import Codes, Ragged, held
from nba.recommend.many.ruling import Ruling
from nba.recommend.succession import Succession
from nba.vocabulary import Relation

_NOTHING: Final = np.empty(0, np.int64)
KEPT: Final = 8
"""Graphs changed by the shop's rules that are remembered, as rules seldom change."""
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
    def about(self) -> Ragged:
        """What a row is about, each product once, ascending."""

    @property
    def anchor(self) -> Ragged:
        """What the customer has in mind, the latest first."""

    @property
    def ordered(self) -> Ragged:
        """The kept products of the order."""

    @property
    def bought(self) -> Ragged:
        """All that the customer ever bought."""

    @property
    def since(self) -> Ragged:
        """What the customer bought after the order."""

    @property
    def lately(self) -> Ragged:
        """What the customer bought since the snapshot was made."""


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


class Marks:
    """What must not be shown to the rows of some askers, as sorted numbers.

    A number stands for a row and a product, or a row and all variants of a group.
    """

    def __init__(self, ground: Ground, askers: Askers) -> None:
        """Mark nothing yet."""
        self._ground = ground
        self._askers = askers
        self.taken = _NOTHING
        """Nothing that stands beside already, nor a variant of it."""

    def take(self, row: Codes, code: Codes) -> None:
        """Mark products that the rows show from now on."""
        more = row * self._ground.span + self._ground.twin[code]
        self.taken = np.sort(np.concatenate([self.taken, more]))

    @cached_property
    def unbought(self) -> Codes:
        """Nothing that was bought, nor what the row is about, nor variants of what is owned."""
        known = [self.bought, self.about, self.owned]
        return np.sort(np.concatenate(known))

    @cached_property
    def fresh(self) -> Codes:
        """As `unbought`, and no variant of what the row is about."""
        if not self._ground.has_twins:
            return self.unbought
        row, code = self._all(self._askers.about)
        twins = row * self._ground.span + self._ground.twin[code]
        return np.sort(np.concatenate([self.unbought, twins]))

    @cached_property
    def about(self) -> Codes:
        """Nothing that the row is about."""
        return np.sort(self._keys(self._askers.about))

    @cached_property
    def unowned(self) -> Codes:
        """Nothing that the row is about, nor owned durables or their variants."""
        return np.sort(np.concatenate([self.about, self.owned]))

    @cached_property
    def since(self) -> Codes:
        """Nothing that was bought after the order."""
        return np.sort(self._keys(self._askers.since))

    @cached_property
    def lately(self) -> Codes:
        """Nothing that was bought since the snapshot was made."""
        return np.sort(self._keys(self._askers.lately))

    @cached_property
    def bought(self) -> Codes:
        """Nothing that was ever bought."""
        return np.sort(self._keys(self._askers.bought))

    @cached_property
    def owned(self) -> Codes:
        """No owned durable, nor a variant of one."""
        row, code = self._all(self._askers.bought)
        durable = np.flatnonzero(self._ground.snapshot.products.is_durable[code])
        return np.sort(row[durable] * self._ground.span + self._ground.twin[code[durable]])

    def not_bought_since(self, row: Codes, code: Codes) -> tuple[Codes, Codes]:
        """Leave out the products of rows that the customer bought again after the order."""
        if not len(self.since):
            return row, code
        again = ~held(self.since, row * self._ground.span + code)
        return row[again], code[again]

    def banned(self, offer: Offer, word: str) -> Codes:
        """Nothing that the shop bans from the list of a product that the row is about."""
        if not offer.has_rules or not len((bans := offer.ruling.bans(word)).source):
            return _NOTHING
        row, code = self._all(self._askers.about)
        place, target = bans.about(code)
        return np.sort(row[place] * self._ground.span + target)

    def _keys(self, lists: Ragged) -> Codes:
        row, code = self._all(lists)
        return row * self._ground.span + code

    @staticmethod
    def _all(lists: Ragged) -> tuple[Codes, Codes]:
        return lists.of(np.arange(len(lists.start) - 1))


def judge(
    offer: Offer,
    word: str,
    row: Codes,
    code: NDArray[np.integer],
    marks: Marks,
    *unwanted: Codes,
) -> tuple[NDArray[np.bool_], Codes]:
    """Judge candidates.

    Args:
        offer: what may be offered.
        word: the list whose rules hold.
        row: one a candidate.
        code: one a candidate, its product.
        marks: of the askers; what they show already is not shown twice.
        *unwanted: more that must not be shown, each ascending.

    Returns:
        bool per candidate: it may be shown; and the rows of those that nothing but the stock
        speaks against.
    """
    can_be_ordered = offer.can_be_ordered[code]
    fine = allowed(offer, word, row, code, marks, *unwanted)
    return fine & can_be_ordered, row[fine & ~can_be_ordered]


def allowed(
    offer: Offer,
    word: str,
    row: Codes,
    code: NDArray[np.integer],
    marks: Marks,
    *unwanted: Codes,
) -> NDArray[np.bool_]:
    """Judge candidates as `judge` does, whether or not they can be ordered."""
    ground = offer.ground
    banned = offer.banned(word)
    fine = np.ones(len(row), np.bool_)
    if len(banned):
        fine &= ~held(banned, code)
    base = row * ground.span
    number = base + code
    twin = base + ground.twin[code] if ground.has_twins else None
    for keys in (marks.taken, *unwanted):
        if len(keys):
            fine &= ~held(keys, number)
            if twin is not None:
                fine &= ~held(keys, twin)
    return fine
