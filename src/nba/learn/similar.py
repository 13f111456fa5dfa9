"""Similar products: what else serves the need a product serves, from looks, views and purchases."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from nba.artifacts.graph import ProductGraph
from nba.artifacts.products import Products
from nba.config import SimilarConfig
from nba.data.catalog import Catalog
from nba.data.events import Events
from nba.data.history import Baskets
from nba.learn.alike.likeness import alike
from nba.learn.alike.neighbours import Neighbours, Voice, fuse
from nba.learn.alike.shoppers import same_need, viewed_together
from nba.learn.alike.text import attribute_terms, overlap
from nba.learn.assortment import Assortment
from nba.learn.compatibility import Compatibility
from nba.learn.designs import Designs
from nba.ranges import listed, starts
from nba.statistics.rows import Rows
from nba.vocabulary import Source

_SPARE: Final = 10
"""Designs listed beyond the neighbours kept, since some will not fit."""
_AT_ONCE: Final = 1 << 21
"""Pairs of products compared at once, which bounds the memory."""


def similar(
    listing: Catalog,
    products: Products,
    types: Assortment,
    fits: Compatibility,
    placed: Baskets,
    events: Events,
    config: SimilarConfig,
    *,
    threads: int,
) -> ProductGraph:
    """Rank, for each product, those for the same need: of its category, none of its variants.

    Three voices are fused by rank: sessions that viewed both (source `views`), customers who
    bought both but not in the same order (`customers`), and the catalogue, which calls them alike
    (`content`) and is as loud as what it knows of the product. All three speak of designs, a
    product with its variants; of each design found the variant is listed that can be ordered, has
    the most attributes in common with the product asked about and is nearest in price. What does
    not fit what the product fits (a case for another phone) is left out.

    Args:
        listing: the catalogue; its positions are the product codes of all others.
        products: for prices and popularity.
        types: for categories and variants.
        fits: for what may stand beside what.
        placed: the kept purchases.
        events: for the views.
        config: for `top_k` and the weights of the voices.
        threads: processors to use; the result is the same for any number.

    Returns:
        A graph whose edges carry the source of the loudest voice and its evidence: sessions that
        viewed any variant of both, customers who bought any variant of both, or 0 for `content`.
    """
    designs = Designs.of(listing.product_ids, types)
    attributes = attribute_terms(listing.attributes)
    room = config.top_k + _SPARE
    viewed = viewed_together(
        events, designs, _of_known(events, listing), top_k=room, threads=threads
    )
    bought = same_need(placed, designs, top_k=room, threads=threads)
    looking, known = alike(
        listing, attributes, products, types, designs, top_k=room, threads=threads
    )
    every = np.ones(len(designs))
    voices = [
        Voice(Source.VIEWS, viewed, config.views * every),
        Voice(Source.CUSTOMERS, bought, config.customers * every),
        Voice(Source.CONTENT, looking, config.content * known),
    ]
    pairs, source = fuse(voices, len(designs))
    return _listed(pairs, source, listing, attributes, products, fits, designs, config)


def _of_known(events: Events, listing: Catalog) -> NDArray[np.int64]:
    """Give the product code of each product that events name; -1 for those nobody knows."""
    found = (listing.product_ids.find(one) for one in events.product_ids)
    return np.fromiter((-1 if one is None else one for one in found), np.int64)


def _listed(
    pairs: Neighbours,
    source: NDArray[np.int8],
    listing: Catalog,
    attributes: csr_array,
    products: Products,
    fits: Compatibility,
    designs: Designs,
    config: SimilarConfig,
) -> ProductGraph:
    """Turn pairs of designs into edges from every variant of the first to one of the second."""
    near = np.flatnonzero(pairs.ranks() < config.top_k + _SPARE)
    variants = np.diff(designs.start)
    work = np.cumsum(variants[pairs.first[near]] * variants[pairs.second[near]])
    bounds = np.searchsorted(work, np.arange(0, work[-1] if len(work) else 0, _AT_ONCE))
    told = Rows.of(attributes)
    chosen = [
        _chosen(some, pairs, listing, told, products, fits, designs)
        for some in np.split(near, bounds[1:])
    ]
    place, first, second = (np.concatenate(column) for column in zip(*chosen, strict=True))
    return ProductGraph.of(
        len(listing),
        first,
        second,
        pairs.score[place],
        source=source[place],
        support=pairs.support[place],
        customers=pairs.customers[place],
        top_k=config.top_k,
    )


def _chosen(
    some: NDArray[np.int64],
    pairs: Neighbours,
    listing: Catalog,
    told: Rows,
    products: Products,
    fits: Compatibility,
    designs: Designs,
) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.int32]]:
    """Choose a variant for every variant: the number of the pair, the first, the second product."""
    start = designs.start
    row, place = listed(start, pairs.first[some])
    some, first = some[row], designs.variants[place]
    row, place = listed(start, pairs.second[some])
    some, first, second = some[row], first[row], designs.variants[place]
    able = fits.fits(first, second)
    some, first, second = some[able], first[able], second[able]
    # Each comparison outweighs the next: all are of 0 to 1.
    liking = 1e4 * products.can_be_ordered(second)
    liking += 1e2 * overlap(told, first, second)
    paid = np.maximum(products.price, 1)
    liking += np.minimum(paid[first], paid[second]) / np.maximum(paid[first], paid[second])
    begins = starts(some * len(listing) + first)
    length = np.diff(np.append(begins, len(some)))
    best = np.flatnonzero(liking == np.repeat(np.maximum.reduceat(liking, begins), length))
    best = best[starts((some * len(listing) + first)[best])]
    return some[best], first[best], second[best]
