"""Ranking while counting against ranking afterwards: every way to the best partners is one."""

from __future__ import annotations

from dataclasses import replace
from math import log

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nba.domain import Ids
from nba.statistics.engines import local
from nba.statistics.pairs import WEIGHT_UNIT, PairCounts, PairSettings
from nba.statistics.ranking import top_of
from nba.statistics.top import TopPairs
from tests.shops import history, random_orders

PRODUCTS = [f"p{number:04}" for number in range(40)]
ASKED = st.builds(
    PairSettings,
    customer_cap=st.integers(1, 4),
    spell_weight=st.sampled_from([0.0, 0.5, 10_000.0]),
    spell_days=st.sampled_from([0, 3, 90]),
)


@pytest.fixture(autouse=True, scope="module")
def every_thread_works():
    """Let threads share even what is too little to be worth it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(local, "_WORTH_A_THREAD", 1)
        yield


def shop(seed: int, customers: int = 12, products: int = 25, orders: int = 150):
    """Baskets over a few products more than were sold; a third of the customers is not proven."""
    drawn = random_orders(seed, customers=customers, products=products, orders=orders)
    baskets = history(drawn).baskets().over(Ids.of(PRODUCTS))
    return replace(baskets, proven=baskets.customer % 3 > 0)


def cut(
    counts: PairCounts, score: np.ndarray, offered: np.ndarray, top_k: int
) -> list[list[float]]:
    """Rank the pairs both ways, by the scores of their first and then of their second product."""
    pair = np.tile(np.arange(len(counts)), 2)
    source = np.concatenate([counts.first, counts.second])
    target = np.concatenate([counts.second, counts.first])
    order = np.lexsort((target, -score, source))
    order = order[np.tile(offered, 2)[order]]
    begin = np.searchsorted(source[order], source[order])
    order = order[np.arange(len(order)) - begin < top_k]
    pair = pair[order]
    columns = (counts.orders[pair], counts.weight[pair], counts.customers[pair], score[order])
    return [column.tolist() for column in (source[order], target[order], *columns)]


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

    assert described(top) == cut(counts, score, offered, top_k)
    ranked = top_of(counts, gain, floor, top_k=top_k, min_orders=min_orders)
    assert described(ranked) == described(top)
    assert ranked.indptr.tolist() == top.indptr.tolist()


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), ASKED, st.integers(1, 9), st.integers(1, 2), st.sampled_from([1, 2]))
def test_products_that_are_asked_for_alone_get_the_partners_they_get_among_all(
    seed, asked, top_k, min_orders, threads
):
    baskets, random = shop(seed), np.random.default_rng(seed)
    gain, floor = random.random((2, len(PRODUCTS)))
    wanted = random.random(len(PRODUCTS)) < random.choice([0, 0.1, 0.9])
    every, some = (
        local.top_pairs(
            baskets,
            asked,
            gain,
            floor,
            top_k=top_k,
            min_orders=min_orders,
            wanted=whom,
            threads=threads,
        )
        for whom in (None, wanted)
    )
    counts = local.pair_counts(baskets, asked)
    ranked = top_of(counts, gain, floor, top_k=top_k, min_orders=min_orders, wanted=wanted)
    assert described(ranked) == described(some)
    kept = wanted[every.first()]
    assert described(some) == [np.asarray(one)[kept].tolist() for one in described(every)]


def llr(both: int, one: int, other: int, count: int) -> float:
    """Dunning's ratio as published: 2 sum of k ln k over cells, less margins, plus the whole."""
    cells = (both, one - both, other - both, count - one - other + both)
    margins = (one, count - one, other, count - other)
    return 2 * (
        sum(k * log(k) for k in cells if k)
        - sum(k * log(k) for k in margins if k)
        + count * log(count)
    )


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 30), st.integers(1, 3), st.sampled_from([1, 2]))
def test_the_likelihood_ratio_keeps_what_ranking_all_pairs_by_it_keeps(
    seed, top_k, min_orders, threads
):
    baskets = shop(seed)
    counts = local.pair_counts(baskets, PairSettings())
    alone, count = counts.products.product_orders, counts.products.order_count
    ones, others = alone[counts.first], alone[counts.second]
    cells = zip(counts.orders, ones, others, strict=True)
    # Rounded, so that ties are ties however the logarithms are added.
    score = np.array([round(llr(*map(int, cell), count), 9) for cell in cells])
    offered = (counts.orders * count > ones * others) & (counts.orders >= min_orders)

    top = local.top_llr(baskets, top_k=top_k, min_orders=min_orders, threads=threads)

    first, partner, orders, _, _, scores = cut(counts, np.tile(score, 2), offered, top_k)
    assert described(top)[:3] == [first, partner, orders]
    assert top.score.tolist() == pytest.approx(scores, abs=1e-8)


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("orders", [[], [("o1", "ann", 0, ["tea"])]])
def test_without_pairs_nobody_has_a_partner(orders, threads):
    baskets = history(orders).baskets()
    nothing = np.ones(len(baskets.product_ids))
    for top in (
        local.top_pairs(
            baskets, PairSettings(), nothing, nothing, top_k=5, min_orders=1, threads=threads
        ),
        local.top_llr(baskets, top_k=5, min_orders=1, threads=threads),
    ):
        assert len(top) == 0
        assert top.indptr.tolist() == [0] * (len(baskets.product_ids) + 1)
