"""What learners are given, of a small shop: everything over one space of product codes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from nba.artifacts.graph import ProductGraph
from nba.artifacts.products import Products
from nba.config import PopularConfig
from nba.data.catalog import Catalog
from nba.data.history import Baskets
from nba.learn.assortment import Assortment
from nba.learn.cards import product_cards
from nba.learn.compatibility import Compatibility
from nba.vocabulary import SOURCES
from tests.shops import Order, catalog, history


@dataclass(frozen=True)
class Inputs:
    listing: Catalog
    products: Products
    types: Assortment
    fits: Compatibility
    placed: Baskets

    @classmethod
    def of(cls, products: Sequence[Mapping[str, Any]], orders: Iterable[Order] = ()) -> Self:
        known = history(list(orders))
        baskets = known.baskets(proving_days=0)
        listed = catalog(*products)
        ids = listed.product_ids.union(baskets.product_ids)
        listing, placed = listed.over(ids), baskets.over(ids)
        types = Assortment.of(listing.category, listing.product_group_id)
        cards = product_cards(known, listing, placed, types, PopularConfig())
        return cls(listing, cards, types, Compatibility.of(listing), placed)

    def named(self, graph: ProductGraph) -> dict[str, list[tuple[str, str, int]]]:
        """Give, per product with neighbours, their ids, sources and support, best first."""
        ids = list(self.listing.product_ids)
        return {
            ids[product]: [
                (ids[graph.neighbours[place]], SOURCES[graph.source[place]], graph.support[place])
                for place in range(graph.indptr[product], graph.indptr[product + 1])
            ]
            for product in range(len(ids))
            if graph.indptr[product] < graph.indptr[product + 1]
        }
