"""The interaction matrix of the six-order shop."""

from __future__ import annotations

from math import e

import numpy as np
import pytest

from nba.statistics.interactions import InteractionMatrix
from tests.shops import SIX_ORDERS, day, history


@pytest.fixture
def matrix():
    return InteractionMatrix.of(history(SIX_ORDERS).baskets(), decay_days=(10, 20))


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


def test_the_first_and_the_last_purchase_are_remembered(matrix):
    first = {pair: matrix.first_at[place] for pair, place in cells(matrix).items()}
    assert first["ann", "filter"] == day(0)
    assert first["cat", "tea"] == day(20)
    last = {pair: matrix.last_at[place] for pair, place in cells(matrix).items()}
    assert last["ann", "filter"] == day(10)
    assert last["bob", "kettle"] == day(30)
    assert last["cat", "tea"] == day(20)


def test_purchases_count_less_with_every_day_of_age(matrix):
    decayed = {pair: matrix.decayed[place].tolist() for pair, place in cells(matrix).items()}
    # The history ends a microsecond after day 30.
    assert decayed["ann", "filter"] == pytest.approx([e**-3 + e**-2, e**-1.5 + e**-1], rel=1e-6)
    assert decayed["bob", "tea"] == pytest.approx([e**-1.9 + 1, e**-0.95 + 1], rel=1e-6)
    assert decayed["cat", "tea"] == pytest.approx([e**-1, e**-0.5], rel=1e-6)


def test_customers_who_kept_nothing_have_an_empty_row():
    orders = [("o1", "ann", 0, []), ("o2", "bob", 1, ["tea"]), ("o3", "cat", 2, [])]
    matrix = InteractionMatrix.of(history(orders).baskets(), decay_days=(10, 20))
    assert matrix.start.tolist() == [0, 0, 1, 1]


def test_nothing_bought_is_an_empty_matrix():
    matrix = InteractionMatrix.of(history([]).baskets(), decay_days=(10, 20))
    assert matrix.start.tolist() == [0]
    assert len(matrix.product) == len(matrix.decayed) == len(matrix.last_at) == 0
    assert np.issubdtype(matrix.last_at.dtype, np.datetime64)
