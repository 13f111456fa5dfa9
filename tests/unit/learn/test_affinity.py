"""The formulas of affinity, against values worked out by hand and against each other."""

from __future__ import annotations

from math import log, sqrt

import numpy as np
import pytest

from nba.learn import affinity

# Of 100 orders 20 have the kettle, 10 the filter, 8 both.
BOTH, KETTLE, FILTER, EVERY = 8, 20, 10, 100


def test_the_kettle_and_the_filter_by_hand():
    assert affinity.expected(KETTLE, FILTER, EVERY) == 2
    assert affinity.lift(BOTH, KETTLE, FILTER, EVERY) == 4
    assert affinity.pointwise_information(BOTH, KETTLE, FILTER, EVERY) == pytest.approx(log(4))
    assert affinity.normalised_information(BOTH, KETTLE, FILTER, EVERY) == pytest.approx(
        log(4) / log(100 / 8)
    )
    assert affinity.cosine(BOTH, KETTLE, FILTER) == pytest.approx(8 / sqrt(200))
    assert affinity.jaccard(BOTH, KETTLE, FILTER) == pytest.approx(8 / 22)


def test_the_cosine_leans_towards_the_probability_given_the_first():
    assert affinity.cosine(BOTH, KETTLE, FILTER, asymmetry=1.0) == pytest.approx(8 / 20)
    assert affinity.cosine(BOTH, KETTLE, FILTER, asymmetry=0.0) == pytest.approx(8 / 10)


def test_the_likelihood_ratio_by_hand():
    # Cells 8, 12, 2, 78 where 2, 18, 8, 72 are expected.
    by_hand = 2 * (8 * log(8 / 2) + 12 * log(12 / 18) + 2 * log(2 / 8) + 78 * log(78 / 72))
    assert affinity.log_likelihood_ratio(BOTH, KETTLE, FILTER, EVERY) == pytest.approx(by_hand)


def test_the_likelihood_ratio_is_negative_for_what_shuns_each_other_and_nothing_by_chance():
    ratio = affinity.log_likelihood_ratio([0, 2, 10], [20, 20, 20], [10, 10, 10], 100)
    assert ratio[0] < -4
    assert ratio[1] == pytest.approx(0, abs=1e-9)
    assert ratio[2] > 10.83


def test_heavy_buyers_are_expected_to_buy_anything():
    # Three buyers made one other purchase, one made ten; the other product is 5 % of all.
    found = affinity.expected_buyers([1, 10], [3, 1], [0.05])
    assert found == pytest.approx([3 * 0.05 + 1 - 0.95**10])


def test_expected_buyers_of_several_products_at_once_are_those_of_each():
    share = np.array([[0.01, 0.2], [0.0, 0.5]])
    found = affinity.expected_buyers([1, 3], [5, 2], share)
    assert found.shape == share.shape
    assert found == pytest.approx(5 * share + 2 * (1 - (1 - share) ** 3))
