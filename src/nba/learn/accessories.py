"""Accessories, spare parts and refills: from pairs of types down to pairs of products."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nba.artifacts.graph import ProductGraph
from nba.artifacts.needs import NEED_KINDS, Needs
from nba.artifacts.products import Products
from nba.config import AccessoriesConfig
from nba.data.catalog import Catalog
from nba.data.history import Baskets
from nba.learn.assortment import NONE, Assortment
from nba.learn.compatibility import Compatibility
from nba.learn.needs.finding import learn_needs
from nba.ranges import crossed, listed
from nba.statistics.engines.protocol import Engine
from nba.vocabulary import AVAILABILITIES, SOURCES, Availability, Source

Codes = NDArray[np.int64]
Floats = NDArray[np.float64]

_ACCESSORY: Final = NEED_KINDS.index("accessory")
_PAIR_CUSTOMERS: Final = 2
"""Customers with both products from which on they, not the types, are the evidence; as many as
the shop's word stands for."""


def accessories(
    placed: Baskets,
    products: Products,
    listing: Catalog,
    types: Assortment,
    fits: Compatibility,
    successors: ProductGraph,
    config: AccessoriesConfig,
    engine: Engine,
    *,
    delivery_days: int,
) -> tuple[Needs, ProductGraph, ProductGraph]:
    """Learn what owners come to need, and rank, for each product, the products that meet it.

    Of types that need each other (see `needs`) product j is an accessory of product i with

        s(j | i) = (w_ij + m P(b | a) p_j|b) / (c_i + m) * p_j^(-beta) / (1 + r_ij)^variety

    w_ij = sum of 1 / log2(1 + order lines of the customer), in units in which customers weigh 1 in
    the mean, over the c_ij proven customers who bought i and, in the same or a later order within
    the window of the two types, j; c_i the proven customers of i; P(b | a) the share of arrivals of
    type a followed by type b; p_j|b and p_j the share of j among orders of type b and among all; m
    pseudo-customers; beta the discovery knob; r_ij how many better products of its type the list
    holds, so that every accessory type has its turn. The second of a group of variants counts half,
    the third a third. A link counts as two customers, and a product has those of its direct
    predecessors as well. Nothing in a list misfits, is a variant, or stands in the category of i.

    Args:
        placed: kept orders over the product codes.
        products: for orders, customers and prices.
        listing: for what is used up.
        types: type and group of each product.
        fits: what goes with what; `accessory_for` links are listed whatever was learned.
        successors: direct links from old products to new ones.
        config: sizes and thresholds.
        engine: who counts lags.
        delivery_days: days from order to delivery where nobody said.

    Returns:
        The needs; the accessory graph; the graph of parts, which holds the pairs of types whose
        kind is spare part or refill. Those with a lag of `part_days` or more are in the accessory
        graph only for products that have nothing else there. Of an edge `support` is c_ij;
        `customers` are those its source rests on: c_ij (pair, catalogue link), those of the
        predecessors (predecessor), buyers of the two types (category pair); `lag` is the types'.
    """
    needs = learn_needs(
        placed, products, listing, types, fits, config, engine, delivery_days=delivery_days
    )
    edges = _scored(
        _candidates(placed, products, types, fits, successors, needs, config),
        products,
        types,
        needs,
        config,
    )
    is_part = edges.need != NONE
    is_part[is_part] = needs.kind[edges.need[is_part]] != _ACCESSORY
    is_late = is_part & (edges.lag(needs) >= config.part_days)
    has_early = np.zeros(len(products), np.bool_)
    has_early[edges.first[~is_late]] = True
    early = edges.where(~is_late | ~has_early[edges.first])
    return (
        needs,
        _graph(early, len(products), needs, config),
        _graph(edges.where(is_part), len(products), needs, config),
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Edges:
    """Candidate edges, by first, then second product.

    Attributes:
        first, second: int64 product codes.
        need: int64: the pair of types, its place in `Needs`; NONE for a mere catalogue link.
        customers: int64: c_ij.
        inherited: int64: the same of the direct predecessors of either product.
        weight: float64: both, each customer damped.
        linked: bool: `accessory_for` of the second names the first.
        score: float64.
    """

    first: Codes
    second: Codes
    need: Codes
    customers: Codes
    inherited: Codes
    weight: Floats
    linked: NDArray[np.bool_]
    score: Floats

    def where(self, kept: NDArray[np.bool_]) -> _Edges:
        return _Edges(
            self.first[kept],
            self.second[kept],
            self.need[kept],
            self.customers[kept],
            self.inherited[kept],
            self.weight[kept],
            self.linked[kept],
            self.score[kept],
        )

    def lag(self, needs: Needs) -> NDArray[np.int32]:
        """Give the lag of the two types; 0 where they have none."""
        return np.asarray(np.append(needs.lag_days, 0)[self.need], np.int32)

    def source(self) -> NDArray[np.int64]:
        """Name the strongest evidence of each edge."""
        return np.select(
            [
                (self.customers >= _PAIR_CUSTOMERS) & (self.need != NONE),
                self.linked,
                self.inherited >= _PAIR_CUSTOMERS,
            ],
            [
                SOURCES.index(Source.PAIR),
                SOURCES.index(Source.CATALOGUE_LINK),
                SOURCES.index(Source.PREDECESSOR),
            ],
            SOURCES.index(Source.CATEGORY_PAIR),
        )


def _candidates(
    placed: Baskets,
    products: Products,
    types: Assortment,
    fits: Compatibility,
    successors: ProductGraph,
    needs: Needs,
    config: AccessoriesConfig,
) -> _Edges:
    """Join what customers bought, what the catalogue links and what sells best of each type."""
    width = len(products)
    counted, customers, weight = _followed(placed, needs)
    inherited, heritage = _inherited(counted, [customers, weight], successors, width)
    links = fits.link_main.astype(np.int64) * width + fits.link_accessory
    keys = np.unique(
        np.concatenate(
            [
                counted,
                inherited,
                links,
                _named(fits, needs, width),
                _best_sellers(products, fits, needs, config.top_k),
            ]
        )
    )
    first, second = np.divmod(keys, max(width, 1))
    need = _need_of(needs, first, second)
    linked = np.isin(keys, links)
    able = (first != second) & ~types.are_variants(first, second)
    able &= (types.category[first] != types.category[second]) | (types.category[first] == NONE)
    able &= ((need != NONE) | linked) & fits.belongs(first, second)
    return _Edges(
        first,
        second,
        need,
        _spread(keys, counted, customers).astype(np.int64),
        _spread(keys, inherited, heritage[0]).astype(np.int64),
        _spread(keys, counted, weight) + _spread(keys, inherited, heritage[1]),
        linked,
        np.zeros(len(keys)),
    ).where(able)


def _need_of(needs: Needs, first: Codes, second: Codes) -> Codes:
    """Give the place in `needs` of each pair of products' types, or NONE."""
    width = len(needs.types)
    known = needs.main.astype(np.int64) * width + needs.accessory
    wanted = needs.product_type[first].astype(np.int64) * width + needs.product_type[second]
    if not len(known):
        return np.full(len(first), NONE, np.int64)
    place = np.minimum(np.searchsorted(known, wanted), len(known) - 1)
    return np.where(known[place] == wanted, place, NONE)


def _spread(keys: Codes, some: Codes, values: Floats) -> Floats:
    """Lay the values of some of the sorted keys out over all of them, 0 for the others."""
    spread = np.zeros(len(keys))
    spread[np.searchsorted(keys, some)] = values
    return spread


def _followed(placed: Baskets, needs: Needs) -> tuple[Codes, Floats, Floats]:
    """Count over the pairs of types: sorted keys i * products + j, customers, damped customers."""
    width = max(len(placed.product_ids), 1)
    basket = np.repeat(np.arange(len(placed)), placed.size)
    cell = np.flatnonzero(placed.proven[basket])
    product = placed.product[cell].astype(np.int64)
    kind, basket = needs.product_type[product], basket[cell]
    by_type = np.argsort(kind, kind="stable")
    start = np.searchsorted(kind[by_type], np.arange(len(needs.types) + 1))
    # Customer and instant as one number that ascends with the baskets.
    seconds = placed.at.astype("datetime64[s]").astype(np.int64)
    seconds -= seconds.min(initial=0)
    span = int(seconds.max(initial=0)) + int(needs.window_days.max(initial=0)) * 86_400 + 1
    moment = placed.customer * np.int64(span) + seconds
    found, whose = [np.empty(0, np.int64)], [np.empty(0, np.int32)]
    for main, accessory, days in zip(needs.main, needs.accessory, needs.window_days, strict=True):
        mine = by_type[start[main] : start[main + 1]]
        theirs = by_type[start[accessory] : start[accessory + 1]]
        begin = np.searchsorted(basket[theirs], basket[mine])
        end = np.searchsorted(
            moment[basket[theirs]], moment[basket[mine]] + int(days) * 86_400, "right"
        )
        row, number = crossed(begin, end)
        key = product[mine[row]] * width + product[theirs[number]]
        who = placed.customer[basket[mine[row]]]
        order = np.lexsort((who, key))
        key, who = key[order], who[order]
        distinct = (np.diff(key, prepend=-1) != 0) | (np.diff(who, prepend=-1) != 0)
        found.append(key[distinct])
        whose.append(who[distinct])
    keys, place = np.unique(np.concatenate(found), return_inverse=True)
    weight = _damping(placed)[np.concatenate(whose)]
    customers, damped = (
        np.bincount(place, each, minlength=len(keys)).astype(np.float64)
        for each in (np.ones(len(place)), weight)
    )
    return keys, customers, damped


def _damping(placed: Baskets) -> Floats:
    """Give the weight of each customer: 1 / log2(1 + order lines), in the mean 1.

    Who bought everything tells little of what goes with what.
    """
    lines = np.bincount(placed.customer, placed.size, minlength=placed.customer_count)
    weight = np.divide(1, np.log2(1 + lines), out=np.zeros(len(lines)), where=lines > 0)
    scale = np.count_nonzero(lines) / max(float(weight.sum()), 1e-9)
    return np.asarray(weight * scale, np.float64)


def _inherited(
    keys: Codes, values: list[Floats], successors: ProductGraph, width: int
) -> tuple[Codes, list[Floats]]:
    """Pass what is known of old products on to the new ones, as main product and as accessory."""
    start, new = successors.indptr, successors.neighbours.astype(np.int64)
    first, second = np.divmod(keys, max(width, 1))
    row, number = listed(start, first)
    as_main = new[number] * width + second[row]
    other, place = listed(start, second)
    as_accessory = first[other] * width + new[place]
    heirs, where = np.unique(np.concatenate([as_main, as_accessory]), return_inverse=True)
    passed = np.concatenate([row, other])
    sums = (np.bincount(where, each[passed], minlength=len(heirs)) for each in values)
    return heirs, [one.astype(np.float64) for one in sums]


def _named(fits: Compatibility, needs: Needs, width: int) -> Codes:
    """Pair the products of needed types that some list names with those whose list it is."""
    accessory = np.repeat(np.arange(width), np.diff(fits.start))
    known = fits.goes_with < width
    main, accessory = fits.goes_with[known], accessory[known]
    needed = _need_of(needs, main, accessory) != NONE
    named: Codes = main[needed] * width + accessory[needed]
    return named


def _best_sellers(products: Products, fits: Compatibility, needs: Needs, top_k: int) -> Codes:
    """Pair every product of a main type with the best sellers of what it needs that fit anything.

    Those without an order follow by price, then id; what is discontinued is no best seller.
    """
    width = len(products)
    price = np.where(products.has_price, products.price, np.iinfo(np.int64).max)
    is_over = products.availability == AVAILABILITIES.index(Availability.DISCONTINUED)
    generic = np.flatnonzero(~fits.specific & ~is_over)
    order = generic[np.lexsort((generic, price[generic], -products.orders[generic]))]
    pairs = [np.empty(0, np.int64)]
    for main, accessory in zip(needs.main, needs.accessory, strict=True):
        best = order[needs.product_type[order] == accessory][:top_k]
        owners = np.flatnonzero(needs.product_type == main)
        pairs.append((owners[:, None] * width + best).ravel())
    return np.concatenate(pairs)


def _scored(
    edges: _Edges,
    products: Products,
    types: Assortment,
    needs: Needs,
    config: AccessoriesConfig,
) -> _Edges:
    """Score edges by the formula of `accessories`."""
    kind = types.category[edges.second]
    # One more order each, so that what was never bought has a share as well.
    orders = products.orders + 1.0
    of_kind = np.zeros(len(types.categories) + 1)
    np.add.at(of_kind, types.category, orders)
    followed = np.append(needs.buyers / np.maximum(needs.owners, 1), config.min_share)[edges.need]
    prior = config.smoothing * followed * orders[edges.second] / of_kind[kind]
    said = np.where(edges.linked, _PAIR_CUSTOMERS, 0)
    score = edges.weight + said + prior
    score /= np.maximum(products.customers[edges.first] + config.smoothing, 1)
    score *= (orders[edges.second] / orders.sum()) ** -config.discovery
    return replace(edges, score=_varied(edges, types, score, config.variety))


def _varied(edges: _Edges, types: Assortment, score: Floats, variety: float) -> Floats:
    """Lower scores by how many better ones of its type, and of its group, stand before."""
    rank = _ranks(edges.first, edges.need, edges.second, score)
    lone = types.group[edges.second] == NONE
    group = np.where(lone, len(types.groups) + edges.second, types.group[edges.second])
    twin = _ranks(edges.first, group, edges.second, score)
    return np.asarray(score / ((1.0 + rank) ** variety * (1.0 + twin)), np.float64)


def _ranks(first: Codes, block: Codes, second: Codes, score: Floats) -> Codes:
    """Number the edges of each product and block from 0, best score first."""
    order = np.lexsort((second, -score, block, first))
    row = np.arange(len(order))
    new = np.diff(first[order], prepend=-1) != 0
    new |= np.diff(block[order], prepend=-2) != 0
    begun: Codes = np.maximum.accumulate(np.where(new, row, 0))
    rank = np.empty(len(order), np.int64)
    rank[order] = row - begun
    return rank


def _graph(edges: _Edges, width: int, needs: Needs, config: AccessoriesConfig) -> ProductGraph:
    source = edges.source()
    return ProductGraph.of(
        width,
        edges.first,
        edges.second,
        edges.score,
        source=source,
        support=edges.customers,
        customers=np.select(
            [
                source == SOURCES.index(Source.CATEGORY_PAIR),
                source == SOURCES.index(Source.PREDECESSOR),
            ],
            [np.append(needs.buyers, 0)[edges.need], edges.inherited],
            edges.customers,
        ),
        lag=edges.lag(needs),
        top_k=config.top_k,
    )
