"""Bought together: for each product what shares its orders, else what is known beside that."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nba.artifacts.graph import ProductGraph
from nba.artifacts.products import Products
from nba.config import CoPurchaseConfig
from nba.data.history import Baskets
from nba.learn.assortment import Assortment
from nba.learn.compatibility import Compatibility
from nba.learn.designs import Designs
from nba.learn.evidence import rungs
from nba.learn.evidence.ladder import Ladder, Rung
from nba.learn.evidence.partners import Scoring, rank_partners
from nba.statistics.engines.protocol import Engine

_SPARE: Final = 2
"""Partners ranked an edge kept, where some will be variants or will not fit."""
_ALIKE: Final = 2
"""Products put into a bare list for being like its product: popular ones go with it as often."""
_AT_ONCE: Final = 1 << 14
"""Products filled at once, which bounds the memory."""


def bought_together(
    placed: Baskets,
    products: Products,
    types: Assortment,
    fits: Compatibility,
    similar_graph: ProductGraph,
    config: CoPurchaseConfig,
    engine: Engine,
) -> ProductGraph:
    """Rank, for each product, what goes into an order with it, by the best evidence there is.

    The first rung is what shares `min_orders` of its orders (source `pair`), or of its customers
    (`customers`), and says something that popularity does not (`Partners.convincing`), ranked by
    the score of `Scoring`. A list shorter than `fill_to` is filled, rung by rung: what
    shares orders with variants of the product (`group`), the best sellers of the categories that
    share orders with its category (`category_pair`), what the catalogue names beside it
    (`catalogue_link`), and what met it more seldom but outscores what popularity offers. A list
    that is still empty gets what met it by chance, else two products that are like it, or that
    stand in the category above its own (`content`). No variant of the product, nothing that does
    not fit it; on lower rungs only what can be ordered, one product a design.

    Args:
        placed: the kept purchases; their product codes are those of all that follows.
        products: which can be ordered.
        types: their categories and groups.
        fits: which fit which.
        similar_graph: which are like which.
        config: the section of the recipe.
        engine: who counts pairs.

    Returns:
        A graph whose edges carry their source and its evidence: orders (and proven customers)
        with both products, with any variants of both, or with any products of both categories;
        for `customers` the customers with both; 0 for what rests on no orders.
    """
    designs = Designs.of(placed.product_ids, types)
    has_variants = len(designs) < len(products)
    spare = _SPARE if has_variants or fits.specific.any() else 1
    whole, filled = config.top_k, min(config.fill_to, config.top_k)
    ladder = Ladder(designs.design)

    def add(rung: Rung, length: int) -> None:
        other = (rung.first != rung.second) & ~types.are_variants(rung.first, rung.second)
        ladder.add(rung.where(other & fits.fits(rung.first, rung.second)), length)

    scoring = Scoring.of("products", placed, config, engine)
    pairs = scoring.rank(top_k=spare * whole, min_orders=config.min_orders)
    by_orders, convincing = rungs.by_orders(pairs), pairs.convincing()
    add(by_orders.where(convincing), whole)
    shelf = rungs.Shelf.of(designs, products, scoring.pairs.products.product_customers)
    if has_variants:
        alike = placed.coarsened(designs.design, designs.ids)
        together = rank_partners("designs", alike, config, engine, top_k=spare * filled)
        for some in _blocks(ladder.short(filled)):
            add(rungs.by_groups(some, together, fits, shelf), filled)
    if len(types.categories):
        ranges = placed.coarsened(types.category, types.categories)
        beside = rank_partners("categories", ranges, config, engine, top_k=config.fill_to)
        offers = rungs.Offers.of(beside, shelf, types, filled)
        for some in _blocks(ladder.short(filled)):
            add(rungs.by_categories(some, offers, types), filled)
    add(rungs.by_links(ladder.short(filled), fits, shelf), filled)
    # Better a chance meeting, or something like it, than an empty list.
    wanted = np.zeros(len(products), np.bool_)
    wanted[ladder.short(filled)] = True
    met = scoring.rank(top_k=spare * filled, min_orders=1, wanted=wanted)
    once, beyond = rungs.by_orders(met), met.beyond()
    add(once.where(beyond), filled)
    bare = np.isin(once.first, ladder.short(1))
    add(once.where(bare & ~beyond), filled)
    add(rungs.by_likeness(ladder.short(1), similar_graph, shelf), min(_ALIKE, filled))
    add(rungs.by_range(ladder.short(1), types, shelf), min(_ALIKE, filled))
    return ladder.graph()


def _blocks(some: NDArray[np.int32]) -> Iterator[NDArray[np.int32]]:
    return (some[begin : begin + _AT_ONCE] for begin in range(0, len(some), _AT_ONCE))
