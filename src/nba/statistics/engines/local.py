"""The engine `local`: compiled kernels over coded arrays, threads by joblib."""

from __future__ import annotations

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray

from nba.config import BASKET_SIZE_CAP
from nba.data.history import Baskets
from nba.statistics.pairs import PairCounts, basket_weights

_BLOCKS_PER_THREAD = 8


def pair_counts(baskets: Baskets, *, threads: int = 1) -> PairCounts:
    """Count pairs exactly; the number of threads changes nothing but the time."""
    from nba.statistics import kernels

    product_count = len(baskets.product_ids)
    weight = basket_weights()[np.minimum(baskets.size, BASKET_SIZE_CAP)]
    visit_start, visits = kernels.transpose(baskets.start, baskets.product, product_count)
    bounds = _blocks(baskets, visit_start, visits, threads * _BLOCKS_PER_THREAD)
    counted = Parallel(n_jobs=threads, backend="threading")(
        delayed(kernels.count_pairs)(
            begin,
            end,
            baskets.start,
            baskets.product,
            visit_start,
            visits,
            baskets.customer,
            weight,
            product_count,
        )
        for begin, end in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True)
    )
    partners, second, orders, weights, customers = (
        np.concatenate([block[column] for block in counted]) for column in range(5)
    )
    product_weight = np.zeros(product_count, np.int64)
    np.add.at(product_weight, baskets.product, np.repeat(weight, baskets.size))
    return PairCounts(
        baskets.product_ids,
        np.repeat(np.arange(product_count, dtype=np.int32), partners),
        second,
        orders.astype(np.int64),
        weights,
        customers.astype(np.int64),
        np.bincount(baskets.product, minlength=product_count).astype(np.int64),
        product_weight,
        _distinct_customers(baskets, visits, visit_start),
        len(baskets),
        int(weight.sum()),
        len(np.unique(baskets.customer)),
    )


def _blocks(
    baskets: Baskets, visit_start: NDArray[np.int64], visits: NDArray[np.int32], count: int
) -> NDArray[np.int64]:
    """Cut the products into runs of about equal work."""
    product_count = len(visit_start) - 1
    work = np.concatenate([[0], np.cumsum(baskets.size[visits])])[visit_start]
    cuts = np.searchsorted(work, np.linspace(0, work[-1], count + 1)[1:-1])
    return np.unique(np.concatenate([[0], cuts, [product_count]])).astype(np.int64)


def _distinct_customers(
    baskets: Baskets, visits: NDArray[np.int32], visit_start: NDArray[np.int64]
) -> NDArray[np.int64]:
    who = baskets.customer[visits]
    new = np.ones(len(who), np.int64)
    new[1:] = who[1:] != who[:-1]
    starts = visit_start[:-1][np.diff(visit_start) > 0]
    new[starts] = 1
    total = np.concatenate([[0], np.cumsum(new)])
    return np.asarray(total[visit_start[1:]] - total[visit_start[:-1]], np.int64)
