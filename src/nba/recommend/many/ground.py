"""What lists for many are made from: the arrays of a snapshot, made ready once."""

from __future__ import annotations

from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nba.artifacts.needs import NEED_KINDS, Needs
from nba.artifacts.snapshot import Snapshot
from nba.domain import Texts
from nba.recommend.many.edges import Edges
from nba.recommend.many.liking import Likings
from nba.recommend.many.lists import Codes
from nba.vocabulary import Relation

PART_KINDS: Final = ("spare_part", "refill")
"""Kinds of parts, in the order in which they are offered."""


class Ground:
    """A snapshot, ready for lists of many."""

    def __init__(self, snapshot: Snapshot) -> None:
        """Look at nothing yet; each array is made ready when it is first needed."""
        self.snapshot = snapshot
        self.width = len(snapshot.products)
        self._edges: dict[Relation, Edges] = {}
        self.ruled: dict[tuple[Relation, bool, bytes], Edges] = {}
        """Edges as the shop's rules change them, by relation, and by which rules hold."""

        self.likings = Likings(snapshot)

    @cached_property
    def twin(self) -> Codes:
        """A number per product, the same for variants of one group; its own code without one."""
        own = np.arange(self.width)
        groups = self.snapshot.products.group
        grouped = np.flatnonzero(np.diff(groups.offsets))
        if len(grouped):
            own[grouped] = self.width + _numbered(groups.take(grouped))
        return own

    @cached_property
    def has_twins(self) -> bool:
        """Whether the shop has variants."""
        return len(self.snapshot.products.group.data) > 0

    @cached_property
    def span(self) -> int:
        """Numbers that codes and twins take up, with one that is neither."""
        return int(self.twin.max(initial=self.width)) + 2

    @cached_property
    def is_spoken_of(self) -> NDArray[np.bool_]:
        """Whether some list of requirements is the product's own, or names it."""
        fits = self.snapshot.fits
        return fits.specific | fits.named

    @cached_property
    def has_misfits(self) -> bool:
        """Whether any two products may not fit each other."""
        return bool(self.snapshot.fits.specific.any())

    @cached_property
    def can_be_ordered(self) -> NDArray[np.bool_]:
        """Whether each product could be ordered when the snapshot was made."""
        return self.snapshot.products.can_be_ordered(np.arange(self.width))

    @cached_property
    def is_discounted(self) -> NDArray[np.bool_]:
        """Whether each product cost less than its price when the snapshot was made."""
        products = self.snapshot.products
        return products.has_sale_price & products.has_price & (products.sale_price < products.price)

    @cached_property
    def kind(self) -> Codes:
        """A number per product, the same for products of one category; 0 without one."""
        kinds = np.zeros(self.width, np.int64)
        paths = self.snapshot.products.category
        named = np.flatnonzero(np.diff(paths.offsets))
        kinds[named] = _numbered(paths.take(named)) + 1
        return kinds

    @cached_property
    def by_kind(self) -> tuple[Codes, Codes]:
        """Where the products of each kind begin, and the products, the most ordered ones first."""
        orders = self.snapshot.products.orders
        order = np.lexsort((np.arange(self.width), -orders.astype(np.int64), self.kind))
        kinds = int(self.kind.max(initial=0)) + 2
        return np.searchsorted(self.kind[order], np.arange(kinds)), order

    @cached_property
    def popular_orders(self) -> Codes:
        """Orders of each product within the popularity window; 0 beyond the popular list."""
        orders = np.zeros(self.width, np.int64)
        orders[self.snapshot.products.popular] = self.snapshot.products.popular_orders
        return orders

    @cached_property
    def is_refill(self) -> NDArray[np.bool_]:
        """Whether each edge of the parts is a refill."""
        edges, needs = self.edges(Relation.PARTS), self.snapshot.needs
        pair = _pairs(needs, edges.first(), edges.code)
        return np.asarray(needs.kind[pair] == NEED_KINDS.index("refill"), np.bool_)

    def edges(self, relation: Relation) -> Edges:
        """Give a relation's edges that anybody may see, best first; of parts, by `PART_KINDS`."""
        if relation not in self._edges:
            graph = Edges.visible(self.snapshot.graphs[relation])
            if relation is Relation.PARTS:
                graph = _by_kind(graph, self.snapshot.needs)
            self._edges[relation] = graph
        return self._edges[relation]


def _by_kind(edges: Edges, needs: Needs) -> Edges:
    pair = _pairs(needs, edges.first(), edges.code)
    rung = np.full(len(edges), len(PART_KINDS))
    for number, kind in enumerate(PART_KINDS if len(needs) else ()):
        rung[(pair >= 0) & (needs.kind[pair] == NEED_KINDS.index(kind))] = number
    shown = np.flatnonzero(rung < len(PART_KINDS))
    return edges.take(shown, rung[shown])


def _pairs(needs: Needs, main: NDArray[np.integer], part: NDArray[np.integer]) -> Codes:
    """Give the pair that the types of two products form; -1 where none was learned."""
    if not len(needs):
        return np.full(len(main), -1)
    width = len(needs.types) + 1
    keys = needs.main.astype(np.int64) * width + needs.accessory
    wanted = needs.product_type[main].astype(np.int64) * width + needs.product_type[part]
    place = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[place] == wanted, place, -1)


def _numbered(texts: Texts) -> Codes:
    """Number texts in the order in which each is first met."""
    numbers: dict[str, int] = {}
    return np.fromiter((numbers.setdefault(one, len(numbers)) for one in texts), np.int64)
