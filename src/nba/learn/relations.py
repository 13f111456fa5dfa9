"""All that is learned of products: which go together, stand for, follow and serve one another."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from nba.artifacts.fits import Fits
from nba.artifacts.graph import ProductGraph
from nba.artifacts.needs import Needs
from nba.artifacts.products import Products
from nba.config import TrainConfig
from nba.data.catalog import Catalog
from nba.data.history import Baskets, OrderHistory
from nba.learn.accessories import accessories
from nba.learn.assortment import Assortment
from nba.learn.compatibility import Compatibility
from nba.learn.copurchase import bought_together
from nba.learn.replacements import successors
from nba.learn.similar import similar
from nba.statistics.engines.protocol import Engine
from nba.vocabulary import Relation


@dataclass(frozen=True, slots=True, eq=False)
class Relations:
    """The graphs by relation, which types of product come to be needed, and what fits what."""

    graphs: Mapping[str, ProductGraph]
    needs: Needs
    fits: Fits


def relate(
    known: OrderHistory,
    listing: Catalog,
    placed: Baskets,
    products: Products,
    types: Assortment,
    config: TrainConfig,
    engine: Engine,
    threads: int,
    announce: Callable[[str], None],
) -> Relations:
    """Learn every relation between products.

    Args:
        known: the history, for its events.
        listing: the catalogue over the product codes.
        placed: the kept purchases, in the same codes.
        products: their cards.
        types: their categories and groups.
        config: the recipe.
        engine: who counts.
        threads: processors to use.
        announce: called with the name of each step as it begins.
    """
    fits = Compatibility.of(listing)
    graphs: dict[str, ProductGraph] = {}
    announce("similar products")
    graphs[Relation.SIMILAR] = similar(
        listing,
        products,
        types,
        fits,
        placed,
        known.events.until(known.as_of),
        config.similar,
        threads=threads,
    )
    announce("bought together")
    graphs[Relation.BOUGHT_TOGETHER] = bought_together(
        placed,
        products,
        types,
        fits,
        graphs[Relation.SIMILAR],
        config.copurchase,
        engine,
    )
    announce("replacements")
    graphs[Relation.SUCCESSORS] = successors(
        listing, products, types, fits, placed, config.replacements
    )
    announce("accessories")
    needs, graphs[Relation.ACCESSORIES], graphs[Relation.PARTS] = accessories(
        placed,
        products,
        listing,
        types,
        fits,
        graphs[Relation.SUCCESSORS],
        config.accessories,
        engine,
        delivery_days=config.default_delivery_days,
    )
    return Relations(graphs, needs, fits.lists())
