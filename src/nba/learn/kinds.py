"""The kind of a product: durable, which its owner has and keeps, or bought again and again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv

from nba.data.catalog import Catalog
from nba.data.history import Baskets
from nba.domain import DAY
from nba.learn.assortment import NONE, Assortment
from nba.ranges import starts
from nba.statistics.portions import AT_ONCE, portions

YEAR_DAYS: Final = 400
"""Days a buyer of a type is watched: a year and a month, as what belongs to a feast is bought again
when the feast comes again."""
LEAST_BUYERS: Final = 50
"""Buyers watched so long below which their orders prove nothing."""
MOST_AGAIN: Final = 0.3
"""Share of these who bought the type again from which on it is no durable."""
_SURE: Final = 0.95
_DURABLE: Final = 0
_CONSUMABLE: Final = 1
"""Codes of `Catalog.is_consumable`."""


def find_durables(listing: Catalog, placed: Baskets, types: Assortment) -> NDArray[np.bool_]:
    """Tell which products are durable.

    The catalogue's word counts first. Where it has none, that of most products of the same category
    of which it has one, else of the category above, and so on. Where it is silent up to the top,
    orders tell: a category is durable if customers seldom buy any product of it again (see
    `seldom_again`). Everything else counts as bought again: to hide what is durable from its owner
    gains little, to hide what runs out loses an order.

    Args:
        listing: the catalogue over the product codes.
        placed: the kept purchases, in the same codes.
        types: the products' categories.

    Returns:
        bool per product.
    """
    votes = _votes(listing, types)
    of_category = (votes > 0) | ((votes == 0) & seldom_again(placed, types))
    inherited = np.append(of_category, False)[types.category]  # the last one is for `NONE`
    is_said = (listing.is_consumable == _DURABLE) | (listing.is_consumable == _CONSUMABLE)
    return np.where(is_said, listing.is_consumable == _DURABLE, inherited)


def seldom_again(
    placed: Baskets, types: Assortment, *, at_once: int = AT_ONCE
) -> NDArray[np.bool_]:
    """Tell of which categories customers seldom buy a second time.

    Watched are customers who bought anything of the shop YEAR_DAYS or more after their first
    purchase of the category; those who left bought nothing again, which says nothing of the
    category. Of n of them k bought any product of it again, a day or more after the first and
    within these days. Seldom means that n is LEAST_BUYERS or more and that the upper limit of k / n
    (Clopper and Pearson, Biometrika, 1934; 95 %, one-sided) is below MOST_AGAIN.

    Args:
        placed: the kept purchases.
        types: the categories of their products.
        at_once: cells of the baskets that are looked at at a time.

    Returns:
        bool per category.
    """
    width = len(types.categories)
    watched, returned = np.zeros((2, width), np.int64)
    for _, some in portions(placed, at_once=at_once):
        is_watched, came_back, category = _watched(some, types)
        watched += np.bincount(category[is_watched], minlength=width)
        returned += np.bincount(category[is_watched & came_back], minlength=width)
    upper = np.ones(width)
    few = returned < watched
    upper[few] = betaincinv(returned[few] + 1, (watched - returned)[few], _SURE)
    return np.asarray((watched >= LEAST_BUYERS) & (upper < MOST_AGAIN), np.bool_)


def _watched(
    some: Baskets, types: Assortment
) -> tuple[NDArray[np.bool_], NDArray[np.bool_], NDArray[np.int64]]:
    """Give, per customer and category bought: is watched, bought it again, the category."""
    width = len(types.categories)
    coarse = some.coarsened(types.category, types.categories)
    cell = np.repeat(coarse.customer, coarse.size).astype(np.int64) * width + coarse.product
    # Stable, and baskets ascend in time: a run begins with the first purchase.
    order = np.argsort(cell, kind="stable")
    cell, at = cell[order], np.repeat(coarse.at, coarse.size)[order]
    first = starts(cell)
    customer, category = np.divmod(cell[first], max(width, 1))
    since = at[first]
    waited = at - np.repeat(since, np.diff(np.append(first, len(cell))))
    is_again = np.append(0, np.cumsum((waited >= DAY) & (waited < YEAR_DAYS * DAY)))
    came_back = is_again[np.append(first, len(cell))[1:]] > is_again[first]
    # Ascending within a customer: the last order is the latest.
    last_at = some.at[np.searchsorted(some.customer, customer, "right") - 1]
    return last_at - since >= YEAR_DAYS * DAY, came_back, category


def _votes(listing: Catalog, types: Assortment) -> NDArray[np.int64]:
    """Count durables less consumables in each category, or in the nearest above that decides."""
    width = len(types.categories)
    held = types.category != NONE
    said = [
        np.bincount(types.category[held & (listing.is_consumable == kind)], minlength=width)
        for kind in (_DURABLE, _CONSUMABLE)
    ]
    balance: Counter[str] = Counter()
    for path, vote in zip(types.categories, (said[0] - said[1]).tolist(), strict=True):
        for above in _upwards(path):
            balance[above] += vote
    decided = (
        next((balance[above] for above in _upwards(path) if balance[above]), 0)
        for path in types.categories
    )
    return np.fromiter(decided, np.int64, width)


def _upwards(path: str) -> Iterator[str]:
    """Give a category and those it lies in, the nearest first."""
    while path:
        yield path
        path = path.rpartition(" > ")[0]
