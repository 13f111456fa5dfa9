"""Bought together: pair counts → a graph, by the smoothed, size-damped conditional score."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nba.artifacts.graph import ProductGraph
from nba.config import CoPurchaseConfig
from nba.statistics.pairs import WEIGHT_UNIT, PairCounts
from nba.vocabulary import SOURCES, Source


def bought_together(counts: PairCounts, config: CoPurchaseConfig) -> ProductGraph:
    """Rank, for each product, what shares its orders.

    The score of product j beside product i is

        s(j | i) = (c_ij + m p_j) / (c_i + m) * p_j^(-beta)

    with c_ij the orders with both, each damped by 1 / log2(1 + size), c_i the same for i alone,
    p_j the share of j among all order lines, m pseudo-orders of popularity, and beta the
    discovery knob. Smoothing rather than testing does the ranking: a significance gate costs a
    fifth of the hit rate on supermarket data. Only pairs in at least `min_orders` orders count.

    Returns:
        A graph over the codes of `counts.product_ids`, at most `top_k` neighbours a product.
    """
    enough = counts.orders >= config.min_orders
    first, second = counts.first[enough], counts.second[enough]
    # Of one source the partners of smaller code stand before those of greater, both ascending.
    source, target = np.concatenate([second, first]), np.concatenate([first, second])
    score = _score(source, target, np.tile(counts.weight[enough], 2), counts, config)
    ranked = np.argsort(_rank_key(source, score), kind="stable")
    start = np.append(0, np.cumsum(np.bincount(source, minlength=len(counts.product_ids))))
    rank = np.arange(len(ranked)) - start[source[ranked]]
    best = ranked[rank < config.top_k]
    kept = np.bincount(source[best], minlength=len(counts.product_ids))
    pair = np.flatnonzero(enough)[best % max(len(first), 1)]
    return ProductGraph(
        np.append(0, np.cumsum(kept)).astype(np.int64),
        target[best],
        score[best],
        np.full(len(best), SOURCES.index(Source.PAIR), np.int8),
        counts.orders[pair].astype(np.int32),
        counts.customers[pair].astype(np.int32),
        np.zeros(len(best), np.int32),
    )


def _rank_key(source: NDArray[np.int32], score: NDArray[np.float32]) -> NDArray[np.uint64]:
    """Sort keys by source, then score downwards: one integer sorts five times as fast as two."""
    # The bits of floats that are not negative ascend as the floats do.
    falling = np.uint64(0xFFFFFFFF) - score.view(np.uint32)
    return np.asarray((source.astype(np.uint64) << np.uint64(32)) | falling, np.uint64)


def _score(
    source: NDArray[np.int32],
    target: NDArray[np.int32],
    weight: NDArray[np.int64],
    counts: PairCounts,
    config: CoPurchaseConfig,
) -> NDArray[np.float32]:
    """Score pairs by the formula above, as float32, so that the stored order is the ranked one."""
    share = counts.product_orders / max(int(counts.product_orders.sum()), 1)
    alone = counts.product_weight / WEIGHT_UNIT
    pseudo_orders = min(config.smoothing, config.smoothing_share * counts.order_count)
    together = weight / WEIGHT_UNIT
    conditional = (together + pseudo_orders * share[target]) / (alone[source] + pseudo_orders)
    specific = np.power(share, -config.discovery, where=share > 0, out=np.zeros_like(share))
    return np.asarray(conditional * specific[target], np.float32)
