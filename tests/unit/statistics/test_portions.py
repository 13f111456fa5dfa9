"""Baskets by portions: each customer once and whole, and everything counted as of all at once."""

from __future__ import annotations

import numpy as np
import pytest

from nba.learn.neighbourhood import cosine
from nba.statistics.interactions import InteractionMatrix, counted_cells
from nba.statistics.portions import portions, tally
from tests.shops import history, random_orders

SIZES = (1, 2, 7, 30, 10_000)


@pytest.fixture(scope="module")
def baskets():
    return history(random_orders(3, customers=25, products=18, orders=160)).baskets()


@pytest.mark.parametrize("at_once", SIZES)
def test_portions_are_all_baskets_in_their_order(baskets, at_once):
    parts = list(portions(baskets, at_once=at_once))
    for name in ("customer", "at", "delivered_at", "proven", "product"):
        joined = np.concatenate([getattr(some, name) for _, some in parts])
        assert joined.tobytes() == getattr(baskets, name).tobytes(), name
    assert np.concatenate([some.size for _, some in parts]).tolist() == baskets.size.tolist()
    for cells, some in parts:
        assert baskets.product[cells].tolist() == some.product.tolist()
        assert some.start[0] == 0


@pytest.mark.parametrize("at_once", SIZES)
def test_a_customer_is_in_one_portion_and_only_a_customer_makes_it_larger(baskets, at_once):
    parts = [some for _, some in portions(baskets, at_once=at_once)]
    held = [set(some.customer.tolist()) for some in parts]
    assert sum(map(len, held)) == len(set(baskets.customer.tolist()))
    largest = np.bincount(baskets.customer, baskets.size).max()
    assert all(len(some.product) < at_once + largest for some in parts)
    assert len(parts) > 1 or at_once > 30


def test_guests_are_left_out_of_the_named(baskets):
    named = np.concatenate([some.customer for _, some in portions(baskets, named=True, at_once=9)])
    known = baskets.customer < len(baskets.customer_ids)
    assert named.tolist() == baskets.customer[known].tolist()
    assert not known.all()


def test_no_baskets_are_no_portion():
    nothing = history([]).baskets()
    assert not list(portions(nothing))
    assert not list(counted_cells(nothing))


@pytest.mark.parametrize("at_once", SIZES)
def test_the_matrix_is_the_same_whatever_is_sorted_at_once(baskets, at_once):
    matrix = InteractionMatrix.of(baskets, decay_days=(10, 90), at_once=at_once)
    expected = _counted_pair_by_pair(baskets)
    owner = np.repeat(np.arange(len(baskets.customer_ids)), np.diff(matrix.start))
    cells = zip(owner.tolist(), matrix.product.tolist(), strict=True)
    found = zip(matrix.orders.tolist(), matrix.first_at, matrix.last_at, strict=True)
    assert dict(zip(cells, found, strict=True)) == expected
    whole = InteractionMatrix.of(baskets, decay_days=(10, 90))
    assert matrix.decayed.tobytes() == whole.decayed.tobytes()


def test_a_matrix_in_files_is_the_one_in_the_memory(baskets):
    asked = {"decay_days": (10, 90), "at_once": 20}
    matrix, mapped = (InteractionMatrix.of(baskets, **asked, held=held) for held in (10_000, 0))
    for name in ("start", "product", "orders", "first_at", "last_at", "decayed"):
        one, other = getattr(matrix, name), getattr(mapped, name)
        assert (one.dtype, one.shape, one.tobytes()) == (other.dtype, other.shape, other.tobytes())
    nothing = InteractionMatrix.of(history([]).baskets(), decay_days=(10, 90), held=-1)
    assert nothing.decayed.shape == (0, 2)
    assert cosine(mapped).score.tobytes() == cosine(matrix).score.tobytes()


@pytest.mark.parametrize("at_once", SIZES)
def test_codes_are_tallied_in_parts_as_at_once(baskets, at_once):
    width = len(baskets.product_ids) + 2
    found = tally(baskets.product, width, at_once=at_once)
    assert found.tolist() == np.bincount(baskets.product, minlength=width).tolist()


def _counted_pair_by_pair(baskets):
    cells: dict[tuple[int, int], tuple[int, np.datetime64, np.datetime64]] = {}
    for basket, customer in enumerate(baskets.customer.tolist()):
        if customer < len(baskets.customer_ids):
            at = baskets.at[basket]
            for product in baskets.product[slice(*baskets.start[basket : basket + 2])].tolist():
                count, first, last = cells.get((customer, product), (0, at, at))
                cells[customer, product] = count + 1, min(first, at), max(last, at)
    return dict(sorted(cells.items()))
