"""The rungs below and above: what bought together rests on, each kind of evidence as edges."""

from __future__ import annotations

from typing import Final, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from nba.artifacts.graph import ProductGraph
from nba.artifacts.products import Products
from nba.learn.assortment import NONE, Assortment
from nba.learn.compatibility import Compatibility
from nba.learn.designs import Designs
from nba.learn.evidence.ladder import Rung
from nba.learn.evidence.partners import Partners, bar
from nba.ranges import crossed, listed, ranks
from nba.vocabulary import SOURCES, Source

_OFFERED: Final = 4
"""Products of partner categories looked at an edge wanted, since some will not fit."""
_BEST_OF_RANGE: Final = 64
"""Best sellers of a range looked at, since some will not fit."""
_LEVEL: Final = " > "
"""What stands between the levels of a category path."""


class Shelf(NamedTuple):
    """What a shop would put before its customers.

    Attributes:
        design: int32 per product.
        start: int64 per design + 1: where its variants stand.
        variant: int32: the variants that can be ordered, of each design those with most customers
            first.
        best: int32 per design: the first of them; -1 where none can be ordered.
        customers: int64 per product: its proven customers.
    """

    design: NDArray[np.int32]
    start: NDArray[np.int64]
    variant: NDArray[np.int32]
    best: NDArray[np.int32]
    customers: NDArray[np.int64]

    @classmethod
    def of(cls, designs: Designs, products: Products, customers: NDArray[np.int64]) -> Self:
        """Rank the variants of each design."""
        on_sale = np.flatnonzero(products.can_be_ordered(np.arange(len(products)))).astype(np.int32)
        order = np.lexsort((on_sale, -customers[on_sale], designs.design[on_sale]))
        variant = on_sale[order]
        count = np.bincount(designs.design[variant], minlength=len(designs))
        start = np.append(0, np.cumsum(count)).astype(np.int64)
        best = np.full(len(designs), -1, np.int32)
        best[count > 0] = variant[start[:-1][count > 0]]
        return cls(designs.design, start, variant, best, customers)


def by_orders(pairs: Partners) -> Rung:
    """What shares orders with a product, or at least customers."""
    top = pairs.top
    shared = top.orders > 0
    return Rung(
        top.first(),
        top.partner,
        top.score,
        np.where(shared, _code(Source.PAIR), _code(Source.CUSTOMERS)).astype(np.int8),
        np.where(shared, top.orders, top.customers),
        top.customers,
    )


def by_groups(
    some: NDArray[np.int32], designs: Partners, fits: Compatibility, shelf: Shelf
) -> Rung:
    """What shares orders with variants of a product: of each design the best variant that fits."""
    top = designs.top
    row, place = listed(top.indptr, shelf.design[some])
    kept = (designs.convincing() & (top.orders > 0))[place]
    row, place = row[kept], place[kept]
    edge, at = listed(shelf.start, top.partner[place])
    first, second = some[row[edge]], shelf.variant[at]
    fit = np.flatnonzero(fits.fits(first, second))
    # Variants stand by design, the best first: of each edge the first that fits.
    fit = fit[np.diff(edge[fit], prepend=-1) != 0]
    first, second, place = first[fit], second[fit], place[edge[fit]]
    return _rung(
        Source.GROUP,
        first,
        second,
        top.score[place],
        top.orders[place],
        top.customers[place],
    )


class Offers(NamedTuple):
    """Best sellers beside each category; those of category c are at start[c]:start[c + 1].

    Attributes:
        start: int64 per category + 1.
        product: int32, best score first.
        score: float64.
        support, customers: int32: orders with both categories, and their proven customers.
    """

    start: NDArray[np.int64]
    product: NDArray[np.int32]
    score: NDArray[np.float64]
    support: NDArray[np.int32]
    customers: NDArray[np.int32]

    @classmethod
    def of(cls, beside: Partners, shelf: Shelf, types: Assortment, wanted: int) -> Self:
        """Choose, for each category, best sellers of the categories that share orders with it.

        A product's score is its category's, times its share of the customers there: the estimate
        s(j | i) = s(b | a) P(j | b) for i of category a and j of category b. Like a pair's, it
        must outscore what popularity alone would offer.

        Args:
            beside: the categories that share orders with each category.
            shelf: what may be shown, and how well it sells.
            types: the categories of the products.
            wanted: edges wanted a product.
        """
        top, width = beside.top, len(types.categories)
        product = shelf.best[shelf.best >= 0]
        product = product[(types.category[product] != NONE) & (shelf.customers[product] > 0)]
        order = np.lexsort((product, -shelf.customers[product], types.category[product]))
        product = product[order]
        count = np.bincount(types.category[product], minlength=width)
        begin = np.cumsum(count) - count
        pair = np.flatnonzero(top.orders > 0)
        partner = top.partner[pair]
        row, place = crossed(begin[partner], begin[partner] + np.minimum(count[partner], wanted))
        sales = np.bincount(types.category[product], shelf.customers[product], minlength=width)
        share = shelf.customers[product] / sales[types.category[product]]
        score = top.score[pair[row]] * share[place]
        category = top.first()[pair[row]]
        least = bar(beside.prior[types.category[product]] * share)
        above = score * beside.weight[category] >= least
        row, place, score, category = row[above], place[above], score[above], category[above]
        order = np.lexsort((product[place], -score, category))
        order = order[ranks(category[order]) < _OFFERED * wanted]
        pair = pair[row[order]]
        count = np.bincount(category[order], minlength=width)
        return cls(
            np.append(0, np.cumsum(count)).astype(np.int64),
            product[place[order]],
            score[order],
            top.orders[pair],
            top.customers[pair],
        )


def by_categories(some: NDArray[np.int32], offers: Offers, types: Assortment) -> Rung:
    """What sells best in the categories that share orders with a product's category."""
    some = some[types.category[some] != NONE]
    row, place = listed(offers.start, types.category[some])
    return _rung(
        Source.CATEGORY_PAIR,
        some[row],
        offers.product[place],
        offers.score[place],
        offers.support[place],
        offers.customers[place],
    )


def by_links(some: NDArray[np.int32], fits: Compatibility, shelf: Shelf) -> Rung:
    """What the catalogue names as going with a product, and what it names the product for."""
    owner = np.repeat(np.arange(len(fits.specific), dtype=np.int32), np.diff(fits.start))
    known = fits.goes_with < len(fits.specific)
    owner, named = owner[known], fits.goes_with[known].astype(np.int32)
    first, second = np.concatenate([owner, named]), np.concatenate([named, owner])
    asked, on_sale = np.zeros((2, len(fits.specific)), np.bool_)
    asked[some], on_sale[shelf.variant] = True, True
    kept = asked[first] & on_sale[second]
    first, second = first[kept], second[kept]
    score = (1 + shelf.customers[second]) / (1 + shelf.customers.max(initial=0))
    return _rung(Source.CATALOGUE_LINK, first, second, score)


def by_likeness(some: NDArray[np.int32], similar_graph: ProductGraph, shelf: Shelf) -> Rung:
    """What is like a product."""
    row, place = listed(similar_graph.indptr, some)
    second = similar_graph.neighbours[place]
    kept = shelf.best[shelf.design[second]] >= 0
    return _rung(
        Source.CONTENT,
        some[row[kept]],
        second[kept],
        similar_graph.score[place[kept]].astype(np.float64),
    )


def by_range(some: NDArray[np.int32], types: Assortment, shelf: Shelf) -> Rung:
    """What sells best in the category above a product's own, as `Tools` is above `Tools > Saws`."""
    above = [path.rpartition(_LEVEL)[0] for path in types.categories]
    names = {path: code for code, path in enumerate(sorted(set(filter(None, above))))}
    parent = np.array([*(names.get(path, NONE) for path in above), NONE], np.int32)[types.category]
    product = shelf.best[shelf.best >= 0]
    product = product[parent[product] != NONE]
    order = np.lexsort((product, -shelf.customers[product], parent[product]))
    product = product[order][ranks(parent[product[order]]) < _BEST_OF_RANGE]
    count = np.bincount(parent[product], minlength=len(names))
    some = some[parent[some] != NONE]
    row, place = listed(np.append(0, np.cumsum(count)), parent[some])
    second = product[place]
    score = (1 + shelf.customers[second]) / (1 + shelf.customers.max(initial=0))
    return _rung(Source.CONTENT, some[row], second, score)


def _rung(
    source: Source,
    first: NDArray[np.int32],
    second: NDArray[np.int32],
    score: NDArray[np.float64],
    support: NDArray[np.int32] | int = 0,
    customers: NDArray[np.int32] | int = 0,
) -> Rung:
    wide = np.zeros(len(first), np.int32)
    return Rung(
        first,
        second,
        score,
        np.full(len(first), _code(source), np.int8),
        wide + np.int32(support),
        wide + np.int32(customers),
    )


def _code(source: Source) -> int:
    return SOURCES.index(source)
