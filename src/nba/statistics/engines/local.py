"""The engine `local`: compiled kernels over coded arrays, threads by joblib."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray

from nba.data.history import Baskets
from nba.domain import INT32_LIMIT
from nba.errors import DataError
from nba.statistics.evidence import Evidence
from nba.statistics.pairs import WEIGHT_UNIT, PairCounts, PairSettings, ProductCounts
from nba.statistics.top import TopPairs

if TYPE_CHECKING:
    from nba.statistics.kernels import Partners, Tally, Visits
    from nba.statistics.top_kernels import Heaps

_BLOCKS_PER_THREAD: Final = 16


def product_counts(baskets: Baskets) -> ProductCounts:
    """Count the orders of each product of `baskets.product_ids`, bought or not."""
    from nba.statistics import kernels

    evidence = Evidence.of(baskets, PairSettings())
    orders, weight, customers = (np.zeros(len(baskets.product_ids), np.int64) for _ in range(3))
    kernels.count_products(
        evidence.start,
        evidence.product,
        evidence.customer,
        evidence.weight,
        orders,
        weight,
        customers,
    )
    # Baskets stand by customer.
    proven = np.diff(baskets.customer[baskets.proven], prepend=-1) != 0
    return ProductCounts(
        product_ids=baskets.product_ids,
        product_orders=orders,
        product_weight=weight,
        product_customers=customers,
        order_count=len(baskets),
        total_weight=int(evidence.weight.sum()),
        customer_count=int(proven.sum()),
    )


def pair_counts(baskets: Baskets, settings: PairSettings, *, threads: int = 1) -> PairCounts:
    """Count every pair exactly; the number of threads changes nothing but the time."""
    evidence = Evidence.of(baskets, settings)
    last = len(baskets.product_ids) - 1
    # Before a row stand the products of greater code.
    visits = _visits(evidence, evidence.customer, np.arange(last, -1, -1, dtype=np.int32), threads)
    blocks = _blocks(visits, threads * _BLOCKS_PER_THREAD)
    counted = Parallel(n_jobs=threads, backend="threading")(
        delayed(_counted)(*block, evidence, visits, settings.customer_cap) for block in blocks
    )
    length, row, orders, weight, customers = (
        np.concatenate(column)[::-1] for column in zip(*counted, strict=True)
    )
    return PairCounts(
        products=product_counts(baskets),
        first=np.repeat(np.arange(last + 1, dtype=np.int32), length),
        second=last - row,
        orders=orders.astype(np.int64),
        weight=weight.copy(),
        customers=customers.astype(np.int64),
    )


def top_pairs(
    baskets: Baskets,
    settings: PairSettings,
    gain: NDArray[np.float64],
    floor: NDArray[np.float64],
    *,
    top_k: int,
    min_orders: int,
    threads: int = 1,
) -> TopPairs:
    """Rank the partners of every product by gain[j] * weight_ij / 65536 + floor[j].

    The pairs are never written: each is scored when its row is counted and either enters the best
    of its products or is forgotten. Memory is products x `top_k` a thread; the number of threads
    changes nothing but the time.

    Args:
        baskets: the kept purchases.
        settings: what counts as evidence.
        gain: float64 per product, of the partner j.
        floor: the same.
        top_k: partners kept a product.
        min_orders: orders or customers with both from which on a pair may rank; one without
            weight never does.
        threads: processors to use.

    Raises:
        DataError: there are more order lines than 32 bits can number.
    """
    from nba.statistics import top_kernels

    evidence = Evidence.of(baskets, settings)
    product, row, _ = _by_popularity(evidence, len(baskets.product_ids))
    visits = _visits(evidence, evidence.customer, row, threads)
    gains, floors = gain[product] / WEIGHT_UNIT, floor[product]
    part = _part(evidence)

    def rank(begin: int, end: int, tally: Tally, partners: Partners, heaps: Heaps) -> None:
        top_kernels.rank_by_share(
            begin,
            end,
            visits,
            settings.customer_cap,
            part,
            min_orders,
            tally,
            partners,
            product,
            gains,
            floors,
            heaps,
        )

    return _ranked(rank, visits, row, top_k, threads)


def top_llr(baskets: Baskets, *, top_k: int, min_orders: int, threads: int = 1) -> TopPairs:
    """Rank the partners of every product by the log-likelihood ratio of their orders.

    Dunning 1993, over the orders with both, with one and with neither: 2 sum of O ln(O / E). Only
    partners that share more orders than by chance rank. Every kept order counts; customers and
    what they prove do not matter, and `customers` counts orders.

    Raises:
        DataError: there are more order lines than 32 bits can number.
    """
    from nba.statistics import top_kernels

    evidence = Evidence(
        np.arange(len(baskets), dtype=np.int32),
        baskets.start,
        baskets.product,
        np.ones(len(baskets), np.bool_),
        np.ones(len(baskets), np.int64),
    )
    product, row, orders = _by_popularity(evidence, len(baskets.product_ids))
    visits = _visits(evidence, evidence.customer, row, threads)
    logs = np.log(np.maximum(np.arange(int(orders.max(initial=0)) + 1), 1))
    part = _part(evidence)

    def rank(begin: int, end: int, tally: Tally, partners: Partners, heaps: Heaps) -> None:
        top_kernels.rank_by_llr(
            begin,
            end,
            visits,
            part,
            min_orders,
            tally,
            partners,
            product,
            orders,
            logs,
            len(baskets),
            heaps,
        )

    return _ranked(rank, visits, row, top_k, threads)


_Rank = Callable[[int, int, "Tally", "Partners", "Heaps"], None]


def _ranked(
    rank: _Rank, visits: Visits, row: NDArray[np.int32], top_k: int, threads: int
) -> TopPairs:
    from nba.statistics import top_kernels

    # No row has more partners than it has room for; rare products need little.
    heap_start = np.append(0, np.cumsum(np.full(len(row), min(top_k, max(len(row) - 1, 0)))))
    blocks = iter(_blocks(visits, threads * _BLOCKS_PER_THREAD))
    heaps, *others = Parallel(n_jobs=threads, backend="threading")(
        delayed(_filled)(rank, blocks, heap_start, len(row)) for _ in range(threads)
    )
    for one in others:
        top_kernels.merge(heaps, one)
    indptr = np.append(0, np.cumsum(heaps.size[row])).astype(np.int64)
    out = _heaps(indptr, int(indptr[-1]))
    top_kernels.empty(heaps, row, indptr, out)
    return TopPairs(indptr, out.partner, out.orders, out.weight, out.customers, out.score)


def _filled(
    rank: _Rank, blocks: Iterator[tuple[int, int]], heap_start: NDArray[np.int64], row_count: int
) -> Heaps:
    heaps = _heaps(heap_start, int(heap_start[-1]))
    tally, partners = _tally(row_count), _partners(row_count)
    # Threads take the next block from one queue: whoever is quick does more.
    for begin, end in blocks:
        rank(begin, end, tally, partners, heaps)
    return heaps


def _by_popularity(
    evidence: Evidence, product_count: int
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int64]]:
    """Give the product of each row, the row of each product, and the baskets of each row."""
    from nba.statistics import kernels

    baskets = np.zeros(product_count, np.int64)
    kernels.count_cells(evidence.product, baskets)
    product = np.lexsort((np.arange(product_count), -baskets)).astype(np.int32)
    row = np.empty(product_count, np.int32)
    row[product] = np.arange(product_count, dtype=np.int32)
    return product, row, baskets[product]


def _visits(
    evidence: Evidence, customer: NDArray[np.int32], row: NDArray[np.int32], threads: int
) -> Visits:
    from nba.statistics import kernels

    basket_count, cell_count = len(evidence), len(evidence.product)
    if cell_count + kernels.HEADER * basket_count > INT32_LIMIT:
        raise DataError(
            f"{cell_count} products in {basket_count} baskets are more than one machine counts at "
            "once; count the customers in parts and add the counts"
        )
    stream = np.empty(cell_count + kernels.HEADER * basket_count, np.int32)
    worth = (2 * evidence.weight + evidence.is_order).astype(np.int32)
    cuts = np.linspace(0, basket_count, threads + 1).astype(np.int64).tolist()
    parts = list(pairwise(cuts))
    visits = np.zeros((threads, len(row)), np.int64)

    def lay_out(begin: int, end: int, count: NDArray[np.int64]) -> None:
        kernels.lay_out(evidence.start, evidence.product, customer, worth, row, begin, end, stream)
        kernels.count_visits(evidence.start, stream, begin, end, count)

    with Parallel(n_jobs=threads, backend="threading") as parallel:
        parallel(delayed(lay_out)(*part, count) for part, count in zip(parts, visits, strict=True))
        start = np.append(0, np.cumsum(visits.sum(axis=0)))
        place = start[:-1] + np.cumsum(visits, axis=0) - visits
        cells = np.full(start[-1] + kernels.AHEAD, kernels.HEADER, np.int32)
        parallel(
            delayed(kernels.place_visits)(evidence.start, stream, *part, one, cells)
            for part, one in zip(parts, place, strict=True)
        )
    return kernels.Visits(stream, start, cells)


def _blocks(visits: Visits, count: int) -> list[tuple[int, int]]:
    """Cut the rows into runs of about as many visits; at least one run, if an empty one."""
    row_count = len(visits.start) - 1
    cuts = np.searchsorted(visits.start, np.linspace(0, visits.start[-1], count + 1)[1:-1])
    bounds = np.unique(np.concatenate([[0], np.minimum(cuts, row_count), [row_count]])).tolist()
    return list(pairwise(bounds)) or [(0, 0)]


def _part(evidence: Evidence) -> int:
    """Give the visits that a packed sum has room for, weight and counts."""
    heaviest = max(int(evidence.weight.max(initial=0)), 1)
    return min((1 << 16) - 1, ((1 << 31) - 1) // heaviest)


def _counted(
    begin: int, end: int, evidence: Evidence, visits: Visits, cap: int
) -> tuple[NDArray[Any], ...]:
    from nba.statistics import kernels

    row_count = len(visits.start) - 1
    # Reserved, not touched: memory is used only as far as pairs are found.
    before = np.arange(begin, end)
    met = np.diff(visits.start[begin : end + 1]) * int(np.diff(evidence.start).max(initial=0))
    pairs = _partners(int(np.minimum(before, met).sum()))
    length = np.empty(end - begin, np.int64)
    found = kernels.count_pairs(
        begin,
        end,
        visits,
        cap,
        _part(evidence),
        _tally(row_count),
        _partners(row_count),
        np.empty(row_count, np.int64),
        length,
        pairs,
    )
    return length, *(column[:found].copy() for column in pairs)


def _tally(row_count: int) -> Tally:
    from nba.statistics import kernels

    return kernels.Tally(
        np.zeros(2 * row_count, np.int64),
        np.zeros(3 * row_count, np.int64),
        np.empty(row_count + 1, np.int32),
        np.zeros(2, np.int64),
    )


def _partners(count: int) -> Partners:
    from nba.statistics import kernels

    return kernels.Partners(
        np.empty(count, np.int32),
        np.empty(count, np.int32),
        np.empty(count, np.int64),
        np.empty(count, np.int32),
    )


def _heaps(start: NDArray[np.int64], count: int) -> Heaps:
    from nba.statistics import top_kernels

    return top_kernels.Heaps(
        start,
        np.zeros(len(start) - 1, np.int32),
        np.full(len(start) - 1, -np.inf),
        np.empty(count, np.float64),
        np.empty(count, np.int32),
        np.empty(count, np.int32),
        np.empty(count, np.int64),
        np.empty(count, np.int32),
    )
