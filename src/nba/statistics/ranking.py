"""Ranking pairs that have been counted: the best partners of every product."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nba.statistics.pairs import WEIGHT_UNIT, PairCounts
from nba.statistics.top import TopPairs


def top_of(
    counts: PairCounts,
    gain: NDArray[np.float64],
    floor: NDArray[np.float64],
    *,
    top_k: int,
    min_orders: int,
    wanted: NDArray[np.bool_] | None = None,
) -> TopPairs:
    """Rank the partners of every product by gain[j] * weight_ij / 65536 + floor[j].

    What `engines.local.top_pairs` finds while it counts, to the last bit; memory is some 50 bytes a
    pair that may rank.

    Args:
        counts: the pairs.
        gain: float64 per product, of the partner j; not negative.
        floor: float64 per product, of the partner j.
        top_k: partners kept a product.
        min_orders: orders or customers with both from which on a pair may rank; one without weight
            never does.
        wanted: bool per product: whose partners; everybody's, if None.
    """
    enough = (counts.orders >= min_orders) | (counts.customers >= min_orders)
    pair = np.flatnonzero(enough & (counts.weight > 0))
    product = np.concatenate([counts.first[pair], counts.second[pair]])
    partner = np.concatenate([counts.second[pair], counts.first[pair]])
    pair = np.concatenate([pair, pair])
    if wanted is not None:
        asked = wanted[product]
        product, partner, pair = product[asked], partner[asked], pair[asked]
    score = gain[partner] / WEIGHT_UNIT * counts.weight[pair] + floor[partner]
    order = np.lexsort((partner, -score, product))
    bounds = np.arange(len(counts.products) + 1)
    start = np.searchsorted(product[order], bounds)
    rank = np.arange(len(order)) - start[product[order]]
    order = order[rank < top_k]
    pair = pair[order]
    return TopPairs(
        np.searchsorted(product[order], bounds),
        partner[order],
        counts.orders[pair].astype(np.int32),
        counts.weight[pair],
        counts.customers[pair].astype(np.int32),
        score[order],
    )
