"""Companions: types whose products are bought with one another, each with its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaincinv

from nba.data.history import Baskets
from nba.learn.assortment import NONE
from nba.ranges import distinct
from nba.statistics.engines import local
from nba.statistics.pairs import PairSettings
from nba.statistics.portions import portions

Floats = NDArray[np.float64]

_WORK: Final = 4_000_000
"""Pairs of cells that are counted; of a greater shop every k-th customer tells."""
_AT_ONCE: Final = 1 << 21
"""Cells of a portion, about: every pair of types is looked at in each."""
_SURE: Final = 1.2816
"""Standard deviations beyond which a difference is 90 % sure."""


@dataclass(frozen=True, slots=True, eq=False)
class Companions:
    """Directed pairs of types bought in one order, sorted by main, then accessory.

    Attributes:
        main, accessory: int32 type codes.
        owners: int64: customers with an order of the main type.
        buyers: int64: those with an order that holds both.
        expected: float64: how many there would be by how often each type is ordered.
    """

    main: NDArray[np.int32]
    accessory: NDArray[np.int32]
    owners: NDArray[np.int64]
    buyers: NDArray[np.int64]
    expected: Floats

    def where(self, kept: NDArray[np.bool_]) -> Companions:
        """Keep some pairs."""
        return Companions(
            self.main[kept],
            self.accessory[kept],
            self.owners[kept],
            self.buyers[kept],
            self.expected[kept],
        )


def find_companions(
    placed: Baskets,
    code: NDArray[np.int32],
    price: Floats,
    *,
    min_lift: float,
    price_ratio: float,
) -> Companions:
    """Find types whose products go together one by one, as phones go with their cases.

    Of two types let n_ij be the customers with an order of both products, r_i and q_j its sums.
    If any product of one type went with any of the other, coincidences sum n_ij (n_ij - 1) / 2
    would come to E = sum r_i^2 sum q_j^2 / (2 n^2). The pair counts if the lower 5 % bound of the
    coincidences over E (Gamma-Poisson, one pseudo-coincidence) is `min_lift` or more. Taste and
    fashion for types make no coincidences; what fits together does.

    The main type is the dearer one, if the other costs `price_ratio` of it or less; between types
    without prices the one of fewer owners, if that is 90 % sure: P(accessory | main) is greater
    than P(main | accessory).

    Args:
        placed: kept orders; proven customers count.
        code: int32 per product: its type, -1 none.
        price: median price per type, NaN where unknown.
        min_lift: as above; 1 or more.
        price_ratio: as above.
    """
    width = len(price)
    counts = local.pair_counts(_thinned(placed), PairSettings())
    product = placed.product_ids.codes_of(counts.products.product_ids)
    first, second = product[counts.first], product[counts.second]
    both = (code[first] != NONE) & (code[second] != NONE) & (code[first] != code[second])
    both &= counts.customers > 0
    first, second, together = first[both], second[both], counts.customers[both]
    swap = code[first] > code[second]
    first, second = np.where(swap, second, first), np.where(swap, first, second)
    keys = code[first] * np.int64(width) + code[second]
    # Without coincidences there is no lift, and no expectation raises it above its bound here.
    twice = together > 1
    pairs, pair = np.unique(keys[twice], return_inverse=True)
    coincidences = _sums(pair, (together * (together - 1) / 2)[twice], len(pairs))
    bound = gammaincinv(coincidences + 1, 0.05)
    pairs, bound = pairs[bound >= min_lift], bound[bound >= min_lift]
    able = np.zeros(width**2, np.bool_)
    able[pairs] = True
    kept = able[keys]
    pair = np.searchsorted(pairs, keys[kept])
    first, second, together = first[kept], second[kept], together[kept]
    squares = [_squares(pair, side, together, len(pairs), len(code)) for side in (first, second)]
    total = _sums(pair, together, len(pairs))
    usual = squares[0] * squares[1] / (2 * np.maximum(total, 1) ** 2)
    pairs = pairs[bound / (usual + 1) >= min_lift]
    owners, buyers = _customers(placed, code, pairs, width)
    low, high = np.divmod(pairs, max(width, 1))
    turn = _runs(low, high, owners, price, price_ratio)
    main, accessory = np.where(turn > 0, low, high), np.where(turn > 0, high, low)
    order = np.lexsort((accessory, main))
    order = order[turn[order] != 0]
    main, accessory = main[order], accessory[order]
    everybody = np.count_nonzero(np.diff(placed.customer[placed.proven], prepend=-1))
    return Companions(
        main.astype(np.int32),
        accessory.astype(np.int32),
        owners[main],
        buyers[order],
        owners[main] * owners[accessory] / max(everybody, 1),
    )


def _thinned(placed: Baskets) -> Baskets:
    """Keep every k-th customer, so that what is counted stays within bounds."""
    work = int((placed.size * (placed.size - 1)).sum()) // 2
    return placed.where(placed.customer % (1 + work // _WORK) == 0)


def _sums(pair: NDArray[np.int64], values: NDArray[np.number], size: int) -> Floats:
    return np.bincount(pair, values, minlength=size).astype(np.float64)


def _squares(
    pair: NDArray[np.int64],
    product: NDArray[np.int32],
    together: NDArray[np.int64],
    size: int,
    width: int,
) -> Floats:
    """Give, per pair of types, the sum of the squares of its products' sums."""
    cell, place = np.unique(pair * np.int64(width) + product, return_inverse=True)
    return _sums(cell // width, _sums(place, together, len(cell)) ** 2, size)


def _customers(
    placed: Baskets,
    code: NDArray[np.int32],
    pairs: NDArray[np.int64],
    width: int,
    *,
    at_once: int = _AT_ONCE,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Count the proven customers of every type, and those with an order of both types of a pair."""
    owners, buyers = np.zeros(width, np.int64), np.zeros(len(pairs), np.int64)
    for _, some in portions(placed, at_once=at_once):
        for total, more in zip(
            (owners, buyers), _customers_of(some, code, pairs, width), strict=True
        ):
            total += more
    return owners, buyers


def _customers_of(
    placed: Baskets, code: NDArray[np.int32], pairs: NDArray[np.int64], width: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    basket = np.repeat(np.arange(len(placed)), placed.size)
    kept = placed.proven[basket] & (code[placed.product] != NONE)
    cells = distinct(code[placed.product[kept]] * np.int64(len(placed)) + basket[kept])
    kind, basket = np.divmod(cells, max(len(placed), 1))
    customer = placed.customer[basket]
    # Baskets ascend by customer, so within a type those of one stand together.
    is_new = (np.diff(kind, prepend=-1) != 0) | (np.diff(customer, prepend=-1) != 0)
    owners = np.bincount(kind[is_new], minlength=width)
    buyers = np.zeros(len(pairs), np.int64)
    start = np.searchsorted(kind, np.arange(width + 1))
    holds = np.zeros(len(placed), np.bool_)
    for place, (one, other) in enumerate(zip(*np.divmod(pairs, max(width, 1)), strict=True)):
        mine = basket[start[one] : start[one + 1]]
        holds[mine] = True
        theirs = slice(start[other], start[other + 1])
        both = customer[theirs][holds[basket[theirs]]]
        buyers[place] = np.count_nonzero(np.diff(both, prepend=-1))
        holds[mine] = False
    return owners.astype(np.int64), buyers


def _runs(
    low: NDArray[np.int64],
    high: NDArray[np.int64],
    owners: NDArray[np.int64],
    price: Floats,
    price_ratio: float,
) -> NDArray[np.int64]:
    """Say which way pairs run: 1 from low to high, -1 from high to low, 0 nobody knows."""
    known = ~np.isnan(price[low]) & ~np.isnan(price[high])
    by_price = np.where(price[high] <= price_ratio * price[low], 1, 0)
    by_price -= np.where(price[low] <= price_ratio * price[high], 1, 0)
    few, many = np.maximum(owners[low], 1), np.maximum(owners[high], 1)
    surely = np.log(many / few) / np.sqrt(1 / few + 1 / many)
    by_owners = np.where(surely > _SURE, 1, np.where(surely < -_SURE, -1, 0))
    return np.where(known, by_price, by_owners)
