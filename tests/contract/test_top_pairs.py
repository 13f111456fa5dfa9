"""Ranking while counting against ranking afterwards: every way to the best partners is one."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nba.domain import Ids
from nba.statistics.engines import local
from nba.statistics.pairs import WEIGHT_UNIT, PairCounts, PairSettings
from nba.statistics.top import TopPairs
from tests.shops import history, random_orders

PRODUCTS = [f"p{number:04}" for number in range(40)]
ASKED = st.builds(
    PairSettings,
    customer_cap=st.integers(1, 4),
    spell_weight=st.sampled_from([0.0, 0.5]),
    spell_days=st.sampled_from([0, 3, 90]),
)


def shop(seed: int, customers: int = 12, products: int = 25, orders: int = 150):
    """Baskets over a few products more than were sold; a third of the customers is not proven."""
    drawn = random_orders(seed, customers=customers, products=products, orders=orders)
    baskets = history(drawn).baskets().over(Ids.of(PRODUCTS))
    return replace(baskets, proven=baskets.customer % 3 > 0)


def cut(
    counts: PairCounts, score: np.ndarray, offered: np.ndarray, top_k: int
) -> tuple[np.ndarray, ...]:
    """Rank both directions of the offered pairs: what scores[0] gives `first`, [1] `second`."""
    pair = np.tile(np.arange(len(counts)), 2)
    source = np.concatenate([counts.first, counts.second])
    target = np.concatenate([counts.second, counts.first])
    order = np.lexsort((target, -score, source))
    order = order[np.tile(offered, 2)[order]]
    begin = np.searchsorted(source[order], source[order])
    order = order[np.arange(len(order)) - begin < top_k]
    pair = pair[order]
    return (
        source[order],
        target[order],
        counts.orders[pair],
        counts.weight[pair],
        counts.customers[pair],
        score[order],
    )


def described(top: TopPairs) -> list[list[float]]:
    columns = (top.first(), top.partner, top.orders, top.weight, top.customers, top.score)
    return [column.tolist() for column in columns]


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 10**6),
    ASKED,
    st.integers(1, 30),
    st.integers(1, 3),
    st.sampled_from([1, 2]),
    st.booleans(),
)
def test_the_fused_path_keeps_what_counting_scoring_and_cutting_keeps(
    seed, asked, top_k, min_orders, threads, flat
):
    baskets = shop(seed)
    drawn = np.random.default_rng(seed)
    # Where gains and floors are few values, scores tie.
    gain = np.ones(len(PRODUCTS)) if flat else drawn.random(len(PRODUCTS)) + 0.5
    floor = drawn.integers(0, 3, len(PRODUCTS)) / 2
    counts = local.pair_counts(baskets, asked)
    target = np.concatenate([counts.second, counts.first])
    score = gain[target] * np.tile(counts.weight, 2) / WEIGHT_UNIT + floor[target]
    offered = (counts.weight > 0) & (np.maximum(counts.orders, counts.customers) >= min_orders)

    top = local.top_pairs(
        baskets, asked, gain, floor, top_k=top_k, min_orders=min_orders, threads=threads
    )

    wanted = cut(counts, score, offered, top_k)
    assert described(top) == [column.tolist() for column in wanted]
