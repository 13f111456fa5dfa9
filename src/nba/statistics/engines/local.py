"""The engine `local`: compiled kernels over coded arrays, threads by joblib."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray

from nba.config import BASKET_SIZE_CAP
from nba.data.history import Baskets
from nba.statistics.pairs import PairCounts, basket_weights

_BLOCKS_PER_THREAD = 8


class _Visits(NamedTuple):
    """Baskets by product: those of product p are `basket[start[p]:start[p + 1]]`, ascending.

    `pairs` is int64 per product: how many products of greater code its baskets hold, each
    counted in every basket; what counting its pairs costs, and more than there are of them.
    """

    start: NDArray[np.int64]
    basket: NDArray[np.int32]
    pairs: NDArray[np.int64]


class _Block(NamedTuple):
    """The pairs of a run of products: partners per product, the rest per pair."""

    partners: NDArray[np.int64]
    second: NDArray[np.int32]
    orders: NDArray[np.int32]
    weight: NDArray[np.int64]
    customers: NDArray[np.int32]


_COUNTED = (np.int64, np.int32, np.int64, np.int64, np.int64)
"""The dtypes of a block's columns as `PairCounts` keeps them."""


def pair_counts(baskets: Baskets, *, threads: int = 1) -> PairCounts:
    """Count pairs exactly; the number of threads changes nothing but the time.

    Returns:
        Counts over the products with a kept purchase, whatever else `baskets.product_ids` names.
    """
    weight = basket_weights()[np.minimum(baskets.size, BASKET_SIZE_CAP)]
    visits = _visits(baskets)
    bounds = _blocks(visits, threads * _BLOCKS_PER_THREAD)
    counted = Parallel(n_jobs=threads, backend="threading")(
        delayed(_counted)(begin, end, baskets, visits, weight)
        for begin, end in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True)
    )
    partners, second, orders, weights, customers = (
        np.concatenate(column, dtype=kind)
        for column, kind in zip(zip(*counted, strict=True), _COUNTED, strict=True)
    )
    product_weight = np.zeros(len(baskets.product_ids), np.int64)
    np.add.at(product_weight, baskets.product, np.repeat(weight, baskets.size))
    first = np.repeat(np.arange(len(partners), dtype=np.int32), partners)
    ids, bought = baskets.product_ids, np.diff(visits.start) > 0
    if not bought.all():
        code = (np.cumsum(bought) - 1).astype(np.int32)
        first, second = code[first], code[second]
        ids = ids.take(np.flatnonzero(bought))
    return PairCounts(
        ids,
        first,
        second,
        orders,
        weights,
        customers,
        np.diff(visits.start)[bought],
        product_weight[bought],
        _distinct_customers(baskets, visits)[bought],
        len(baskets),
        int(weight.sum()),
        # Baskets stand by customer.
        int((np.diff(baskets.customer, prepend=-1) != 0).sum()),
    )


def _visits(baskets: Baskets) -> _Visits:
    from nba.statistics import kernels

    product_count = len(baskets.product_ids)
    start, basket = kernels.transpose(baskets.start, baskets.product, product_count)
    after = np.repeat(baskets.start[1:], baskets.size) - np.arange(1, len(baskets.product) + 1)
    pairs = np.zeros(product_count, np.int64)
    np.add.at(pairs, baskets.product, after)
    return _Visits(start, basket, pairs)


def _blocks(visits: _Visits, count: int) -> NDArray[np.int64]:
    """Cut the products into runs of about equal work; at least one run, if an empty one."""
    product_count = len(visits.pairs)
    work = np.append(0, np.cumsum(visits.pairs))
    cuts = np.searchsorted(work, np.linspace(0, work[-1], count + 1)[1:-1])
    inner = np.unique(cuts[(cuts > 0) & (cuts < product_count)])
    return np.concatenate([[0], inner, [product_count]]).astype(np.int64)


def _counted(
    begin: int, end: int, baskets: Baskets, visits: _Visits, weight: NDArray[np.int64]
) -> _Block:
    from nba.statistics import kernels

    # Reserved, not touched: memory is used only as far as pairs are found.
    greater = len(visits.pairs) - 1 - np.arange(begin, end)
    room = int(np.minimum(visits.pairs[begin:end], greater).sum())
    kinds: tuple[type[Any], ...] = (np.int32, np.int32, np.int64, np.int32)
    reserved = [np.empty(room, kind) for kind in kinds]
    partners = np.empty(end - begin, np.int64)
    found = kernels.count_pairs(
        begin,
        end,
        baskets.start,
        baskets.product,
        visits.start,
        visits.basket,
        baskets.customer,
        weight,
        partners,
        *reserved,
    )
    return _Block(partners, *(column[:found].copy() for column in reserved))


def _distinct_customers(baskets: Baskets, visits: _Visits) -> NDArray[np.int64]:
    who = baskets.customer[visits.basket]
    new = np.ones(len(who), np.int64)
    new[1:] = who[1:] != who[:-1]
    new[visits.start[:-1][np.diff(visits.start) > 0]] = 1
    total = np.append(0, np.cumsum(new))
    return np.asarray(np.diff(total[visits.start]), np.int64)
