"""The engine `local`: compiled kernels over coded arrays, threads by joblib."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Final

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray

from nba.data.history import Baskets
from nba.domain import INT32_LIMIT
from nba.errors import DataError
from nba.statistics.evidence import Evidence
from nba.statistics.heaps import best_partners, empty_rows
from nba.statistics.pairs import WEIGHT_UNIT, PairCounts, PairSettings, ProductCounts
from nba.statistics.records import (
    AHEAD,
    HEADER,
    CountedRows,
    Heaps,
    Marks,
    Partners,
    Tally,
    Visits,
)
from nba.statistics.top import TopPairs

# The kernels are imported where they are called: numba takes half a second to load.

_BLOCKS_PER_THREAD: Final = 16
_PAIRS_AT_ONCE: Final = 1 << 22
"""Pairs that counting has room for in a thread: some 80 MB."""
_LEAST_AT_ONCE: Final = 1 << 18
"""Fewer are not worth a task of their own."""
_WORTH_A_THREAD: Final = 50_000_000
"""Meetings of two products from which on one more thread gains more than its heaps cost."""


def product_counts(baskets: Baskets) -> ProductCounts:
    """Count the orders of each product of `baskets.product_ids`, bought or not."""
    from nba.statistics import basket_kernels

    evidence = Evidence.of(baskets, PairSettings())
    product_count = len(baskets.product_ids)
    orders, weight, customers = (np.zeros(product_count, np.int64) for _ in range(3))
    basket_kernels.count_products(
        evidence.start,
        evidence.product,
        evidence.customer,
        evidence.weight,
        np.full(product_count, -1, np.int32),
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


def product_orders(baskets: Baskets, counted: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Count the orders of each product among the baskets that `counted` tells, int64."""
    from nba.statistics import basket_kernels

    orders = np.zeros(len(baskets.product_ids), np.int64)
    basket_kernels.count_orders(baskets.start, baskets.product, counted, orders)
    return orders


def pair_counts(baskets: Baskets, settings: PairSettings, *, threads: int = 1) -> PairCounts:
    """Count every pair exactly; the number of threads changes nothing but the time.

    Raises:
        DataError: there are more order lines than 32 bits can number.
    """
    evidence = Evidence.of(baskets, settings)
    product_count = len(baskets.product_ids)
    counted = [*count_rows(evidence, product_count, settings.customer_cap, threads=threads)]
    length = np.concatenate([rows.length for rows in counted])
    first, orders, weight, customers = (
        np.concatenate(column) for column in zip(*(rows.pairs for rows in counted), strict=True)
    )
    second = np.repeat(np.arange(product_count, dtype=np.int32), length)
    order = np.lexsort((second, first))
    return PairCounts(
        products=product_counts(baskets),
        first=first[order].astype(np.int32),
        second=second[order],
        orders=orders[order].astype(np.int64),
        weight=weight[order],
        customers=customers[order].astype(np.int64),
    )


def count_rows(
    evidence: Evidence,
    row_count: int,
    cap: int,
    *,
    threads: int = 1,
    at_once: int = _PAIRS_AT_ONCE,
) -> Iterator[CountedRows]:
    """Count every pair exactly, some rows at a time, which bounds the memory.

    Args:
        evidence: baskets of rows, which are its products.
        row_count: how many rows there are.
        cap: baskets of one customer that add to a pair's weight.
        threads: processors to use; the pairs, and their order, are the same for any number.
        at_once: pairs that one thread has room for at a time; more for a row that has more.

    Returns:
        All rows, in their order; at least one block.

    Raises:
        DataError: there are more order lines than 32 bits can number.
    """
    visits, met = _visits(evidence, np.arange(row_count, dtype=np.int32), threads)
    # A row has no more pairs than rows before it, nor than meetings.
    most = np.append(0, np.cumsum(np.minimum(np.arange(row_count), met)))
    room = min(at_once, max(int(most[-1]) // (threads * _BLOCKS_PER_THREAD), _LEAST_AT_ONCE))
    cuts = np.unique(np.searchsorted(most, np.arange(room, most[-1], room)))
    blocks = list(pairwise(np.unique([0, *cuts, row_count]).tolist())) or [(0, 0)]
    with Parallel(n_jobs=threads, backend="threading") as parallel:
        for at in range(0, len(blocks), threads):
            yield from parallel(
                delayed(_counted)(
                    *block, evidence, visits, int(most[block[1]] - most[block[0]]), cap
                )
                for block in blocks[at : at + threads]
            )


def top_pairs(
    baskets: Baskets,
    settings: PairSettings,
    gain: NDArray[np.float64],
    floor: NDArray[np.float64],
    *,
    top_k: int,
    min_orders: int,
    wanted: NDArray[np.bool_] | None = None,
    threads: int = 1,
) -> TopPairs:
    """Rank the partners of every product by gain[j] * weight_ij / 65536 + floor[j].

    The pairs are never written: each is scored when its row is counted and either enters the best
    of its products or is forgotten. Memory is products x `top_k` a thread; the number of threads
    changes nothing but the time.

    Args:
        baskets: the kept purchases.
        settings: what counts as evidence.
        gain: float64 per product, of the partner j; not negative.
        floor: float64 per product, of the partner j.
        top_k: partners kept a product.
        min_orders: orders or customers with both from which on a pair may rank; one without
            weight never does.
        wanted: bool per product: whose partners; everybody's, if None. Those of rare products
            cost next to nothing.
        threads: processors to use.

    Raises:
        DataError: there are more order lines than 32 bits can number.
    """
    product_count = len(baskets.product_ids)
    evidence = Evidence.of(baskets, settings)
    if wanted is None:
        wanted = np.ones(product_count, np.bool_)
    else:
        evidence = evidence.holding(wanted)
    product, orders = _by_popularity(evidence, product_count)
    rows = _rows(orders)
    rows["gain"], rows["floor"] = gain[product] / WEIGHT_UNIT, floor[product]
    marks = Marks(product, np.empty(0), np.array([len(evidence)]))
    room = np.where(wanted[product], top_k, 0)
    return _ranked(evidence, rows, marks, settings.customer_cap, room, min_orders, threads)


def top_llr(baskets: Baskets, *, top_k: int, min_orders: int, threads: int = 1) -> TopPairs:
    """Rank the partners of every product by the log-likelihood ratio of their orders.

    Dunning 1993, over the orders with both, with either and with neither: 2 sum of O ln(O / E).
    Only partners that share more orders than by chance rank. Every kept order counts alike, a
    customer's or not: `weight` and `customers` count orders too.

    Raises:
        DataError: there are more order lines than 32 bits can number.
    """
    evidence = Evidence(
        np.arange(len(baskets), dtype=np.int32),
        baskets.start,
        baskets.product,
        np.ones(len(baskets), np.bool_),
        np.ones(len(baskets), np.int64),
    )
    product, orders = _by_popularity(evidence, len(baskets.product_ids))
    count = len(baskets)
    logs = np.log(np.maximum(np.arange(count + 1), 1))
    marks = Marks(product, logs, np.array([count]))
    room = np.full(len(product), top_k)
    return _ranked(evidence, _rows(orders), marks, 1, room, min_orders, threads)


def _rows(orders: NDArray[np.int64]) -> NDArray[np.void]:
    rows = empty_rows(len(orders))
    rows["orders"] = orders
    return rows


def _ranked(
    evidence: Evidence,
    rows: NDArray[np.void],
    marks: Marks,
    cap: int,
    room: NDArray[np.int64],
    min_orders: int,
    threads: int,
) -> TopPairs:
    from nba.statistics import pair_kernels

    meetings = int((np.diff(evidence.start) ** 2).sum())
    threads = min(threads, 1 + meetings // _WORTH_A_THREAD)
    row_count = len(marks.product)
    row = np.empty(row_count, np.int32)
    row[marks.product] = np.arange(row_count, dtype=np.int32)
    visits, met = _visits(evidence, row, threads)
    # A row meets those before it: nobody wants what is found before the first one wanted.
    first = int(np.argmax(room > 0)) if room.any() else row_count
    blocks = iter(_blocks(visits, threads * _BLOCKS_PER_THREAD, first))
    part = _part(evidence)

    def fill(heaps: Heaps) -> None:
        tally, partners = _tally(row_count), _partners(row_count)
        # Threads take the next block from one queue: whoever is quick does more.
        for begin, end in blocks:
            pair_kernels.rank_rows(
                begin, end, visits, cap, part, min_orders, tally, partners, marks, heaps
            )

    # Each partner is met that often at least: rare products need little room.
    return best_partners(rows, np.minimum(met // min_orders, room), row, fill, threads=threads)


def _by_popularity(
    evidence: Evidence, product_count: int
) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Give the products by falling number of baskets, ties by code, and those numbers."""
    from nba.statistics import basket_kernels

    baskets, every = np.zeros(product_count, np.int64), np.ones(len(evidence), np.bool_)
    basket_kernels.count_orders(evidence.start, evidence.product, every, baskets)
    product = np.argsort(-baskets, kind="stable").astype(np.int32)
    return product, baskets[product]


def _visits(
    evidence: Evidence, row: NDArray[np.int32], threads: int
) -> tuple[Visits, NDArray[np.int64]]:
    """Write the baskets as a stream; give where rows meet in it, and how often each does."""
    from nba.statistics import basket_kernels

    basket_count, cell_count = len(evidence), len(evidence.product)
    length = cell_count + HEADER * basket_count
    if length > INT32_LIMIT:
        raise DataError(
            f"{cell_count} products in {basket_count} baskets are more than can be counted at "
            f"once ({INT32_LIMIT}, baskets counting twice); count the customers in parts and add"
        )
    stream = np.empty(length, np.uint32)
    worth = (2 * evidence.weight + evidence.is_order).astype(np.int32)
    largest = int(np.diff(evidence.start).max(initial=0))
    cuts = np.linspace(0, basket_count, threads + 1).astype(np.int64).tolist()
    parts = list(pairwise(cuts))
    visits, met = np.zeros((2, threads, len(row)), np.int64)

    def lay_out(part: int) -> None:
        begin, end = parts[part]
        basket_kernels.lay_out(
            evidence.start,
            evidence.product,
            evidence.customer,
            worth,
            row,
            begin,
            end,
            np.empty(largest, np.int32),
            stream,
        )
        basket_kernels.count_visits(evidence.start, stream, begin, end, visits[part], met[part])

    with Parallel(n_jobs=threads, backend="threading") as parallel:
        parallel(delayed(lay_out)(part) for part in range(threads))
        start = np.append(0, np.cumsum(visits.sum(axis=0)))
        place = start[:-1] + np.cumsum(visits, axis=0) - visits
        cells = np.full(start[-1] + AHEAD, HEADER, np.uint32)
        parallel(
            delayed(basket_kernels.place_visits)(evidence.start, stream, *part, one, cells)
            for part, one in zip(parts, place, strict=True)
        )
    return Visits(stream, start, cells), met.sum(axis=0)


def _blocks(visits: Visits, count: int, first: int = 0) -> list[tuple[int, int]]:
    """Cut the rows from `first` on into runs of about as many visits; one, if an empty one."""
    row_count = len(visits.start) - 1
    marks = np.linspace(visits.start[first], visits.start[-1], count + 1)[1:-1]
    cuts = np.clip(np.searchsorted(visits.start, marks), first, row_count)
    bounds = np.unique(np.concatenate([[first], cuts, [row_count]])).tolist()
    return list(pairwise(bounds)) or [(first, first)]


def _part(evidence: Evidence) -> int:
    """Give the visits that a packed sum has room for, in its counts and in its weight."""
    heaviest = max(int(evidence.weight.max(initial=0)), 1)
    return min((1 << 16) - 1, ((1 << 31) - 1) // heaviest)


def _counted(
    begin: int, end: int, evidence: Evidence, visits: Visits, most: int, cap: int
) -> CountedRows:
    from nba.statistics import pair_kernels

    # Reserved, not touched: memory is used only as far as pairs are found.
    pairs = _partners(most + 1)
    length = np.empty(end - begin, np.int64)
    tally = _tally(len(visits.start) - 1)
    found = pair_kernels.count_pairs(begin, end, visits, cap, _part(evidence), tally, length, pairs)
    return CountedRows(begin, length, pairs.copied(found))


def _tally(row_count: int) -> Tally:
    return Tally(
        np.zeros((row_count, 2), np.int64),
        np.zeros((row_count, 3), np.int64),
        np.empty(row_count, np.uint32),
        np.zeros(2, np.int64),
    )


def _partners(count: int) -> Partners:
    return Partners(
        np.empty(count, np.uint32),
        np.empty(count, np.int32),
        np.empty(count, np.int64),
        np.empty(count, np.int32),
    )
