"""The interaction matrix of the six-order shop."""

from __future__ import annotations

import numpy as np
import pytest

from nba.statistics.interactions import InteractionMatrix
from tests.shops import SIX_ORDERS, day, history


@pytest.fixture
def matrix():
    return InteractionMatrix.of(history(SIX_ORDERS).baskets(), half_life_days=10)


def cells(matrix) -> dict[tuple[str, str], int]:
    return {
        (matrix.customer_ids[who], matrix.product_ids[int(matrix.product[place])]): place
        for who in range(len(matrix.customer_ids))
        for place in range(matrix.start[who], matrix.start[who + 1])
    }


def test_every_customer_meets_what_they_bought_and_guests_nothing(matrix):
    orders = {pair: int(matrix.orders[place]) for pair, place in cells(matrix).items()}
    assert orders == {
        ("ann", "filter"): 2,
        ("ann", "kettle"): 2,
        ("ann", "tea"): 1,
        ("bob", "cup"): 1,
        ("bob", "filter"): 1,
        ("bob", "kettle"): 2,
        ("bob", "tea"): 2,
        ("cat", "tea"): 1,
    }


def test_the_last_purchase_is_remembered(matrix):
    last = {pair: matrix.last_at[place] for pair, place in cells(matrix).items()}
    assert last["ann", "filter"] == day(10)
    assert last["bob", "kettle"] == day(30)
    assert last["cat", "tea"] == day(20)


def test_purchases_count_half_with_every_half_life(matrix):
    decayed = {pair: matrix.decayed[place] for pair, place in cells(matrix).items()}
    # The history ends a microsecond after day 30.
    assert decayed["ann", "filter"] == pytest.approx(2**-3 + 2**-2, rel=1e-9)
    assert decayed["bob", "tea"] == pytest.approx(2**-1.9 + 1, rel=1e-9)
    assert decayed["cat", "tea"] == pytest.approx(2**-1, rel=1e-9)


def test_customers_who_kept_nothing_have_an_empty_row():
    orders = [("o1", "ann", 0, []), ("o2", "bob", 1, ["tea"]), ("o3", "cat", 2, [])]
    matrix = InteractionMatrix.of(history(orders).baskets(), half_life_days=10)
    assert matrix.start.tolist() == [0, 0, 1, 1]


def test_nothing_bought_is_an_empty_matrix():
    matrix = InteractionMatrix.of(history([]).baskets(), half_life_days=10)
    assert matrix.start.tolist() == [0]
    assert len(matrix.product) == len(matrix.decayed) == len(matrix.last_at) == 0
    assert np.issubdtype(matrix.last_at.dtype, np.datetime64)
