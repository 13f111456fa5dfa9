"""What a customer likes, by the neighbours of what they bought."""

from __future__ import annotations

import numpy as np
import pytest

from nba.artifacts.neighbourhood import Neighbourhood

# 0 → 1 (2), 0 → 2 (1), 1 → 2 (4), 3 stands alone.
GRAPH = Neighbourhood(
    np.array([0, 2, 3, 3, 3]),
    np.array([1, 2, 2], np.int32),
    np.array([2, 1, 4], np.float32),
)


def liking(products, weight=None, orders=None):
    product = np.array(products, np.int64)
    return GRAPH.liking(
        product,
        np.ones(len(product), np.int64) if orders is None else np.array(orders),
        np.array([1.0] * len(product) if weight is None else weight, np.float32),
    )


def test_the_neighbours_of_what_was_bought_share_the_interest():
    np.testing.assert_allclose(liking([0]), [0, 2 / 3, 1 / 3, 0])
    np.testing.assert_allclose(liking([0, 1]), [0, 2 / 7, 5 / 7, 0])


def test_each_purchase_counts_by_its_weight():
    np.testing.assert_allclose(liking([0, 1], [1.0, 0.5]), [0, 2 / 5, 3 / 5, 0])


def test_how_often_it_was_bought_says_nothing():
    np.testing.assert_array_equal(liking([0, 1], orders=[9, 1]), liking([0, 1]))


@pytest.mark.parametrize("products", [[], [3], [2, 3]])
def test_without_neighbours_nothing_is_liked(products):
    np.testing.assert_array_equal(liking(products), np.zeros(4))


def test_a_weight_that_all_share_makes_no_difference():
    np.testing.assert_allclose(liking([0, 1], [0.001, 0.001]), liking([0, 1]), rtol=1e-6)
