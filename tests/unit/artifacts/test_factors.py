"""What a customer likes, by latent factors folded in from what they bought."""

from __future__ import annotations

import numpy as np
import pytest

from nba.artifacts.factors import Factors, shared_out
from nba.config import CollaborativeConfig
from nba.learn.collaborative import factorise
from nba.statistics.interactions import InteractionMatrix
from tests.shops import history, random_orders

CONFIG = CollaborativeConfig(factors=8, iterations=40)


@pytest.fixture(scope="module")
def matrix():
    orders = random_orders(4, customers=60, products=40, orders=500)
    return InteractionMatrix.of(history(orders).baskets(), decay_days=(90,))


@pytest.fixture(scope="module")
def factors(matrix):
    return factorise(matrix, CONFIG, seed=7)


def of_customer(matrix, customer):
    span = slice(matrix.start[customer], matrix.start[customer + 1])
    return matrix.product[span], matrix.orders[span], matrix.decayed[span, 0]


def test_folding_in_minimises_the_loss_over_all_products(matrix, factors):
    product, orders, weight = of_customer(matrix, 3)
    wide = factors.products.astype(np.float64)
    trust = np.ones(len(wide))
    trust[product] = CONFIG.alpha * np.log1p(orders)
    has = np.zeros(len(wide))
    has[product] = 1
    # The normal equations of sum c (has - x y)^2 + regularization |x|^2, all products written out.
    taste = np.linalg.solve(
        (wide * trust[:, None]).T @ wide + CONFIG.regularization * np.eye(CONFIG.factors),
        (wide * trust[:, None]).T @ has,
    )
    expected = np.maximum(wide @ taste, 0)
    found = factors.liking(product, orders, weight)
    np.testing.assert_allclose(found, expected / expected.sum(), rtol=1e-4, atol=1e-6)


def test_what_is_folded_in_is_what_training_finds_for_the_same_customer(matrix, factors):
    from implicit.cpu.als import AlternatingLeastSquares
    from scipy.sparse import csr_matrix

    cells = csr_matrix(
        (np.log1p(matrix.orders).astype(np.float32), matrix.product, matrix.start),
        shape=(len(matrix.customer_ids), len(matrix.product_ids)),
    )
    model = AlternatingLeastSquares(
        factors=CONFIG.factors,
        regularization=CONFIG.regularization,
        alpha=CONFIG.alpha,
        random_state=1,
        num_threads=1,
    )
    model.item_factors = factors.products
    for customer in range(0, len(matrix.customer_ids), 7):
        theirs = model.recalculate_user(customer, cells[[customer]])
        expected = shared_out((factors.products @ theirs).astype(np.float64))
        found = factors.liking(*of_customer(matrix, customer))
        np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-5)


def test_a_visitor_with_the_same_products_likes_the_same_whenever_they_were_bought(matrix, factors):
    product, orders, weight = of_customer(matrix, 5)
    known = factors.liking(product, orders, weight)
    visitor = factors.liking(product, orders, np.ones(len(product), np.float32))
    assert known.tobytes() == visitor.tobytes()


def test_shares_are_not_negative_and_sum_to_one(matrix, factors):
    found = factors.liking(*of_customer(matrix, 0))
    assert found.min() >= 0
    assert found.sum() == pytest.approx(1)


def test_who_bought_nothing_or_only_what_nobody_bought_likes_nothing():
    factors = Factors(
        np.array([[1, 0], [0, 1], [0, 0]], np.float32), np.eye(2) * 1.05, np.array([1.0])
    )
    nothing = np.empty(0, np.int64)
    assert not factors.liking(nothing, nothing, np.empty(0, np.float32)).any()
    assert not factors.liking(np.array([2]), np.ones(1, int), np.ones(1, np.float32)).any()


def test_any_number_of_threads_gives_the_same_bytes(matrix):
    one, two = (factorise(matrix, CONFIG, seed=7, threads=count) for count in (1, 2))
    assert one.products.tobytes() == two.products.tobytes()
    assert one.gram.tobytes() == two.gram.tobytes()


def test_negative_scores_count_as_none():
    np.testing.assert_allclose(shared_out(np.array([3.0, -5.0, 1.0])), [0.75, 0, 0.25])
    np.testing.assert_array_equal(shared_out(np.array([-1.0, 0.0])), [0, 0])
