"""Neighbours of products, against dense matrices multiplied by hand."""

from __future__ import annotations

import numpy as np
import pytest

from nba.learn.neighbourhood import cosine, linear, random_walk, together
from nba.statistics.engines import local
from nba.statistics.engines.this_machine import ThisMachine
from nba.statistics.interactions import InteractionMatrix
from nba.statistics.pairs import PairSettings
from tests.shops import history, random_orders

WALK = {"alpha": 0.9, "beta": 0.25}
LEARNERS = {
    "rp3beta": lambda matrix, threads=1: random_walk(matrix, **WALK, threads=threads),
    "item-item": lambda matrix, threads=1: cosine(matrix, threads=threads),
    "ease": lambda matrix, threads=1: linear(matrix, ridge=5.0),
}


def matrix_of(orders):
    return InteractionMatrix.of(history(orders).baskets(), decay_days=(90,))


@pytest.fixture(scope="module")
def small():
    return matrix_of(random_orders(7, customers=25, products=18, orders=80))


@pytest.fixture(scope="module")
def wide():
    """More than a hundred products that share buyers."""
    return matrix_of(random_orders(8, customers=60, products=180, orders=1500))


def bought(matrix):
    """1 where a customer bought a product: float64[customers, products]."""
    cells = np.zeros((len(matrix.customer_ids), len(matrix.product_ids)))
    cells[np.repeat(np.arange(len(cells)), np.diff(matrix.start)), matrix.product] = 1
    return cells


def dense(neighbourhood):
    width = len(neighbourhood.start) - 1
    scores = np.zeros((width, width))
    source = np.repeat(np.arange(width), np.diff(neighbourhood.start))
    scores[source, neighbourhood.neighbour] = neighbourhood.score
    return scores


def walked(cells):
    products, held = cells.sum(axis=0), cells.sum(axis=1)
    by_customer = cells * (np.maximum(held, 1) ** -WALK["alpha"])[:, None]
    shared = cells.T @ by_customer
    return products[:, None] ** -WALK["alpha"] * shared * products[None, :] ** -WALK["beta"]


def compared(cells):
    products = cells.sum(axis=0)
    return cells.T @ cells / np.sqrt(products[:, None] * products[None, :])


def regressed(cells):
    inverse = np.linalg.inv(cells.T @ cells + 5.0 * np.eye(cells.shape[1]))
    return np.maximum(-inverse / np.diag(inverse)[None, :], 0)


BY_HAND = {"rp3beta": walked, "item-item": compared, "ease": regressed}


@pytest.mark.parametrize("name", LEARNERS)
def test_scores_are_those_of_dense_matrices(name, small):
    expected = BY_HAND[name](bought(small))
    np.fill_diagonal(expected, 0)
    np.testing.assert_allclose(dense(LEARNERS[name](small)), expected, rtol=2e-5, atol=1e-6)


@pytest.mark.parametrize("name", LEARNERS)
def test_the_hundred_best_are_kept_and_none_is_its_own_neighbour(name, wide):
    found, expected = LEARNERS[name](wide), BY_HAND[name](bought(wide))
    np.fill_diagonal(expected, 0)
    assert np.diff(found.start).max() == 100 or name == "ease"
    assert np.diff(found.start).max() <= 100
    scores = dense(found)
    assert not np.diag(scores).any()
    for product, kept in enumerate(scores):
        best = np.sort(expected[product])[::-1][: np.count_nonzero(kept)]
        np.testing.assert_allclose(np.sort(kept[kept > 0])[::-1], best, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("name", ["rp3beta", "item-item"])
def test_any_number_of_threads_gives_the_same_bytes(name, wide):
    one, three = LEARNERS[name](wide, 1), LEARNERS[name](wide, 3)
    for field in ("start", "neighbour", "score"):
        assert getattr(one, field).tobytes() == getattr(three, field).tobytes()


@pytest.mark.parametrize("name", LEARNERS)
def test_neighbours_stand_by_code_with_scores_above_zero(name, small):
    found = LEARNERS[name](small)
    assert found.score.dtype == np.float32
    assert (found.score > 0).all()
    for begin, end in zip(found.start[:-1], found.start[1:], strict=True):
        assert (np.diff(found.neighbour[begin:end]) > 0).all()


@pytest.mark.parametrize("name", LEARNERS)
@pytest.mark.parametrize(
    "orders",
    [
        [("o1", "ann", 0, ["tea"])],
        [("o1", "ann", 0, ["tea", "cup"])],
        [("o1", "ann", 0, ["tea"]), ("o2", "bob", 0, ["cup"]), ("o3", None, 1, ["pot"])],
    ],
)
def test_a_tiny_shop_has_the_neighbours_it_has(name, orders):
    found = LEARNERS[name](matrix_of(orders))
    together = {(0, 1), (1, 0)} if len(orders[0][3]) == 2 else set()
    assert {tuple(pair) for pair in np.argwhere(dense(found)).tolist()} == together
    assert np.isfinite(found.score).all()


def test_a_product_nobody_bought_has_no_neighbours_and_is_nobodys():
    orders = [("o1", "ann", 0, ["tea", "cup"]), ("o2", None, 1, ["pot", "tea"])]
    pot = 1  # sold to a guest alone
    for learner in LEARNERS.values():
        scores = dense(learner(matrix_of(orders)))
        assert not scores[pot].any()
        assert not scores[:, pot].any()


def test_sums_of_pairs_alone_tell_which_products_are_ordered_together():
    baskets = history(random_orders(8, customers=60, products=180, orders=1500)).baskets()
    asked = PairSettings(customer_cap=2, spell_weight=0.25, spell_days=30)
    counts = local.pair_counts(baskets, asked)
    weight = counts.products.product_weight
    expected = np.zeros((len(weight), len(weight)))
    expected[counts.first, counts.second] = counts.weight
    expected += expected.T
    with np.errstate(invalid="ignore"):
        expected = np.nan_to_num(expected / np.sqrt(weight[:, None] * weight[None, :]))

    found = together(ThisMachine().pairs("products", baskets, asked))

    assert np.diff(found.start).max() == 100 < (expected > 0).sum(axis=1).max()
    for product, kept in enumerate(dense(found)):
        best = np.sort(expected[product])[::-1][: np.count_nonzero(kept)]
        np.testing.assert_allclose(np.sort(kept[kept > 0])[::-1], best, rtol=1e-6)
        np.testing.assert_allclose(kept[kept > 0], expected[product][kept > 0], rtol=1e-6)
