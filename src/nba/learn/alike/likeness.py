"""Likeness: how much two designs of a category look the same to who reads the catalogue."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray
from scipy.sparse import csc_array, csr_array, hstack

from nba.artifacts.products import Products
from nba.config import BASKET_SIZE_CAP
from nba.data.catalog import Catalog
from nba.learn.alike.neighbours import Neighbours, joined
from nba.learn.alike.text import coded, grams, overlap, words
from nba.learn.assortment import Assortment
from nba.learn.designs import Designs
from nba.ranges import crossed, distinct, starts
from nba.statistics.pairs import WEIGHT_UNIT, basket_weights
from nba.statistics.rows import Rows, nearest

_PARTS: Final = (0.5, 0.3, 0.2)
"""Weights of text, attributes and price in the likeness of two designs, where all are known."""
_PRICE_SCALE: Final = 0.3
"""Logarithm of a price ratio at which closeness has fallen to 1 / e."""
_COMMON: Final = 400
"""A term that more designs of one category have tells nothing."""
_CANDIDATES: Final = 2
"""Designs compared a neighbour kept."""
_MATES: Final = 6
"""Designs of the category compared whatever their words: as many of the nearest in price to
either side, and of the most ordered."""
_AT_ONCE: Final = 1 << 11
"""Designs compared at once: what is known of their pairs stays near the processor."""
_FEW: Final = 6
"""A category with fewer designs is filled up from the one above it."""


class _Features(NamedTuple):
    """What is known of designs, a row each.

    Attributes:
        terms: ones: designs x words and letter runs.
        attributes: ones: designs x attributes, as `Rows`.
        log_price: float64: of the middle variant; NaN where it has no price.
        orders: int64.
        fame: float64: orders over those of the most ordered design, a little below 1 at most.
        known: float64: the weights of the parts that are known, added up; at least .2.
        weight: float64[designs, 3]: those weights over their sum, 0 for the other parts.
    """

    terms: csr_array
    attributes: Rows
    log_price: NDArray[np.float64]
    orders: NDArray[np.int64]
    fame: NDArray[np.float64]
    known: NDArray[np.float64]
    weight: NDArray[np.float64]


class _Wording(NamedTuple):
    """What designs say, one block apart from the other.

    Attributes:
        rows: designs x terms; the products of rows are cosines.
        told: ones: designs x kinds of terms, a kind being those that the same designs have.
        holders: the same transposed.
        weight: int64 per kind, of its terms together, in 1/65536.
        inverse: float64 per design: what its row was scaled by to length 1.
    """

    rows: Rows
    told: Rows
    holders: Rows
    weight: NDArray[np.int64]
    inverse: NDArray[np.float64]


def alike(
    listing: Catalog,
    attributes: csr_array,
    products: Products,
    types: Assortment,
    designs: Designs,
    *,
    top_k: int,
    threads: int,
) -> tuple[Neighbours, NDArray[np.float64]]:
    """Compare the designs of each category.

    likeness = .5 text + .3 attributes + .2 price, over the weights of what is known of the first
    design, each part in 0..1:

    - text: the cosine of rows of words and of runs of 3 letters, of titles and brands. A term
      weighs w = 1 / log2(1 + designs of the category that have it), so that
      cosine = sum of w over shared terms / sqrt(sum of w over either's);
    - attributes: shared / of either (Jaccard);
    - price: exp(-|ln price ratio| / .3), of the middle variants.

    A title that is the product's id says nothing, nor does a term of more than 400 designs. Those
    are compared that share the most, that are nearest in price, and the most ordered ones: not
    all pairs, so that a category may have 100,000 products. Ties go to the more ordered. Where a
    category has fewer than 6 designs, those of the category above it follow behind its own.

    Args:
        listing: for titles and brands.
        attributes: ones: products x attributes.
        products: for prices and popularity.
        types: for the categories above categories.
        designs: of the products.
        top_k: neighbours kept a design.
        threads: processors to use.

    Returns:
        Neighbours without support, since no shopper is behind them; and per design the sum of the
        weights of what is known of it, at least .2, since the category is.
    """
    features = _features(listing, attributes, products, designs)
    above, asks = _above(types, designs)
    # One's own category stands first, however unlike.
    lift = float(asks.any())
    every = np.arange(len(designs))
    found = _compared(designs.category, features, every, lift, _CANDIDATES * top_k, top_k, threads)
    if asks.any():
        added = _compared(above, features, np.flatnonzero(asks), 0.0, top_k, top_k, threads)
        added = added.where(designs.category[added.first] != designs.category[added.second])
        found = joined([found, added]).sorted().best(top_k)
    return found, features.known


def _features(
    listing: Catalog, attributes: csr_array, products: Products, designs: Designs
) -> _Features:
    titles = zip(listing.title, listing.product_ids, listing.brand, strict=True)
    spoken = [
        words(brand if title == product_id else f"{title} {brand}")
        for title, product_id, brand in titles
    ]
    said, vocabulary = coded(spoken)
    letters, _ = coded(grams(word) for word in vocabulary)
    variants = csr_array(
        (np.ones(len(designs.variants), np.float32), designs.variants, designs.start),
        shape=(len(designs), len(listing)),
    )
    in_words = variants @ said
    told = _ones(variants @ attributes)
    price = np.where(products.has_price, np.maximum(products.price, 1), np.nan)
    middle = designs.variants[(designs.start[:-1] + designs.start[1:]) // 2]
    log_price = np.log(price)[middle]
    orders = np.bincount(designs.design, products.orders, len(designs)).astype(np.int64)
    parts = [np.diff(in_words.indptr) > 0, np.diff(told.indptr) > 0, np.isfinite(log_price)]
    weight = np.stack(parts, axis=1) * np.array(_PARTS)
    known = np.maximum(weight.sum(axis=1), min(_PARTS))
    return _Features(
        _ones(hstack([in_words, in_words @ letters], format="csr")),
        Rows.of(told),
        log_price,
        orders,
        orders / (1 + orders.max(initial=0)),
        known,
        weight / known[:, None],
    )


def _ones(matrix: csr_array) -> csr_array:
    return csr_array((np.ones_like(matrix.data), matrix.indices, matrix.indptr), matrix.shape)


def _above(types: Assortment, designs: Designs) -> tuple[NDArray[np.int32], NDArray[np.bool_]]:
    """Give, per design, the category above its own, and whether it needs it.

    A design that sits in a category above others is taken with those; one that nobody who needs
    it would meet is in category -1.
    """
    parents = ["", *(path.rpartition(" > ")[0] for path in types.categories)]
    code = {path: number for number, path in enumerate(sorted(set(parents) - {""}))}
    paths = ["", *types.categories]
    above = np.array(
        [code.get(path, code.get(parent, -1)) for path, parent in zip(paths, parents, strict=True)],
        np.int32,
    )
    held = np.bincount(designs.category, minlength=designs.category_count)
    asks = ((held < _FEW) & (above >= 0))[designs.category]
    block = above[designs.category]
    return np.where(np.isin(block, block[asks]), block, -1).astype(np.int32), asks


def _compared(
    block: NDArray[np.int32],
    features: _Features,
    asking: NDArray[np.int64],
    lift: float,
    room: int,
    top_k: int,
    threads: int,
) -> Neighbours:
    """Find the designs of its block most like each design that asks, among `room` and its mates.

    Designs of block -1 stand aside. Scores are likeness + `lift`, ties to the more ordered.
    """
    wording = _wording(block, features.terms, asking)
    mates = _mates(block, features, asking)

    def compare(some: slice) -> Neighbours:
        first, second, likeness = _likeness(asking[some], mates[some], wording, features, room)
        score, none = likeness + lift + 1e-6 * features.fame[second], np.zeros(len(first), np.int64)
        return Neighbours(first, second, score, none, none).sorted().best(top_k)

    parts = [slice(begin, begin + _AT_ONCE) for begin in range(0, max(len(asking), 1), _AT_ONCE)]
    return joined(
        Parallel(n_jobs=threads, backend="threading")(delayed(compare)(some) for some in parts)
    )


def _likeness(
    asking: NDArray[np.int64],
    mates: NDArray[np.int64],
    wording: _Wording,
    features: _Features,
    room: int,
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Compare designs with their mates and those nearest by text: pairs, by first, then second."""
    rows, told, holders, kind_weight, inverse = wording
    width = len(rows)
    # Weights as terms have them, so that what ranks what shares most ranks by cosine.
    first, second, cosine = nearest(
        told, holders, kind_weight, inverse / WEIGHT_UNIT, asking, top_k=room
    )
    shared = first * width + second
    one = np.broadcast_to(asking[:, None], mates.shape)
    keys = distinct(np.concatenate([shared, (one * width + mates)[one != mates]]))
    place = np.searchsorted(keys, shared)
    text = np.zeros(len(keys))
    text[place] = cosine * inverse[first]
    rest = np.ones(len(keys), np.bool_)
    rest[place] = False
    first, second = np.divmod(keys, width)
    text[rest] = rows.products(first[rest], second[rest])
    apart = np.abs(features.log_price[first] - features.log_price[second])
    price = np.nan_to_num(np.exp(-apart / _PRICE_SCALE))
    parts = (text, overlap(features.attributes, first, second), price)
    likeness = sum(features.weight[first, place] * part for place, part in enumerate(parts))
    return first, second, np.asarray(likeness, np.float64)


def _wording(block: NDArray[np.int32], terms: csr_array, asking: NDArray[np.int64]) -> _Wording:
    """Weigh the terms of every design, and scale its row to length 1.

    Columns become (term, block), so that rows of two blocks have nothing in common.
    """
    inside = np.flatnonzero(block >= 0)
    by_block = inside[np.argsort(block[inside], kind="stable")]
    held = terms[by_block].tocsc()
    design = by_block[held.indices]
    term = np.repeat(np.arange(terms.shape[1]), np.diff(held.indptr))
    # The designs that have a term stand by block.
    begins = starts(term * (int(block.max(initial=0)) + 1) + block[design])
    holders = np.diff(np.append(begins, len(design)))
    telling = holders <= _COMMON
    design, holders = design[np.repeat(telling, holders)], holders[telling]
    weight = basket_weights()[np.minimum(holders, BASKET_SIZE_CAP)]
    length = np.sqrt(np.bincount(design, np.repeat(weight, holders), len(block)) / WEIGHT_UNIT)
    value = np.repeat(np.sqrt(weight / WEIGHT_UNIT), holders) / length[design]
    # A term that nobody who asks has leads nowhere.
    leads = np.logical_or.reduceat(np.isin(np.arange(len(block)), asking)[design], _begin(holders))
    cells = np.repeat(leads, holders)
    design, value, holders, weight = design[cells], value[cells], holders[leads], weight[leads]
    rows, _ = _both_ways(value.astype(np.float32), design, holders, len(block))
    design, holders, weight = _kinds(design, holders, weight)
    kinds = _both_ways(np.ones(len(design), np.float32), design, holders, len(block))
    return _Wording(rows, *kinds, weight, 1 / np.maximum(length, 1e-9))


def _both_ways(
    value: NDArray[np.float32], design: NDArray[np.int64], holders: NDArray[np.int64], width: int
) -> tuple[Rows, Rows]:
    """Give the matrix whose columns hold that many designs each by rows, and transposed."""
    start = np.append(0, np.cumsum(holders)).astype(np.int64)
    matrix = csc_array((value, design, start), shape=(width, len(holders)))
    return Rows.of(matrix.tocsr()), Rows(start, design.astype(np.uint32), value)


def _kinds(
    design: NDArray[np.int64], holders: NDArray[np.int64], weight: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Take terms that the same designs have as one: mostly the letter runs of a word.

    Returns:
        The designs of each kind, one kind behind the other; how many each has; its weight.
    """
    start = _begin(holders)
    # Terms with one sum of random marks are likely to have the same designs; then they are
    # compared.
    mark = np.random.default_rng(0).integers(1 << 62, size=int(design.max(initial=0)) + 1)
    total = np.add.reduceat(mark[design], start)
    order = np.argsort(total, kind="stable")
    one, other = order[:-1], order[1:]
    same = (total[one] == total[other]) & (holders[one] == holders[other])
    one, other = one[same], other[same]
    row, place = crossed(start[one], start[one] + holders[one])
    apart = design[place] != design[place + (start[other] - start[one])[row]]
    same[same] = np.bincount(row, apart, len(one)) == 0
    first = np.flatnonzero(np.append(True, ~same)[: len(order)])
    kept = order[first]
    _, place = crossed(start[kept], start[kept] + holders[kept])
    kind_weight = np.add.reduceat(weight[order], first)
    return design[place], holders[kept], kind_weight


def _begin(length: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.cumsum(length) - length


def _mates(
    block: NDArray[np.int32], features: _Features, asking: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Give, per design that asks, those of its block nearest in price and the most ordered.

    A row of 6 + 1 + 6 + 6 a design; the design itself where there is no other.
    """
    design = np.flatnonzero(block >= 0)
    by_price = design[np.lexsort((design, features.log_price[design], block[design]))]
    by_orders = design[np.lexsort((design, -features.orders[design], block[design]))]
    place = np.zeros(len(block), np.int64)
    place[by_price] = np.arange(len(design))
    begin = np.searchsorted(block[by_orders], block[asking])
    step = np.arange(-_MATES, _MATES + 1)
    # Who would reach beyond the last block meets designs of his own that he has met already.
    around, most = place[asking][:, None] + step, begin[:, None] + np.arange(_MATES)
    mates = np.hstack([by_price.take(around, mode="clip"), by_orders.take(most, mode="clip")])
    return np.where(block[mates] == block[asking][:, None], mates, asking[:, None])
