"""Counts beyond what a packed sum holds, and more lines than 32 bits can number."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from nba.errors import DataError
from nba.statistics.engines import local
from nba.statistics.evidence import Evidence
from nba.statistics.pairs import PairSettings, basket_weights
from tests.shops import history

ORDERS = 70_000
"""More than 16 bits count; together they weigh more than 31 bits hold."""


@pytest.fixture(scope="module")
def busy():
    """Two products bought together 70,000 times, one of them once more with a third."""
    few = history([("o1", "ann", 0, ["cup", "tea"]), ("o2", "ann", 0, ["tea", "lid"])]).baskets()
    cells = np.concatenate([np.tile(np.array([0, 2], np.int32), ORDERS), np.array([1, 2])])
    return replace(
        few,
        customer=np.arange(ORDERS + 1, dtype=np.int32),
        at=np.repeat(few.at[:1], ORDERS + 1),
        proven=np.ones(ORDERS + 1, np.bool_),
        start=np.arange(0, 2 * ORDERS + 3, 2),
        product=cells.astype(np.int32),
    )


@pytest.mark.parametrize("threads", [1, 2])
def test_a_pair_of_more_orders_than_a_packed_sum_holds_is_counted_in_parts(busy, threads):
    counts = local.pair_counts(busy, PairSettings(), threads=threads)
    weight = ORDERS * int(basket_weights()[2])
    assert weight > 2**31
    assert counts.orders.tolist() == [ORDERS, 1]
    assert counts.customers.tolist() == [ORDERS, 1]
    assert counts.weight.tolist() == [weight, basket_weights()[2]]


def test_and_ranks_by_all_of_them(busy):
    ones, nothing = np.ones(3), np.zeros(3)
    top = local.top_pairs(busy, PairSettings(), ones, nothing, top_k=1, min_orders=1)
    assert top.partner.tolist() == [2, 2, 0]
    assert top.orders.tolist() == [ORDERS, 1, ORDERS]
    assert top.score[0] == ORDERS * int(basket_weights()[2]) / 65536


def test_more_lines_than_32_bits_number_are_refused(busy):
    class Endless(np.ndarray):
        def __len__(self) -> int:
            return 2**31 - 5

    def endless(baskets, settings):
        evidence = Evidence.of(baskets, settings)
        return replace(evidence, product=evidence.product.view(Endless))

    with pytest.raises(DataError, match="count the customers in parts"):
        local._visits(endless(busy, PairSettings()), np.arange(3, dtype=np.int32), 1)
