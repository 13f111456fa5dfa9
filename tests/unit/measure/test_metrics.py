"""Metrics against figures worked out by hand."""

from __future__ import annotations

from math import log2

import numpy as np
import pytest

from nba.measure.metrics import bootstrap, coverage, ndcg, recall

LIST = ["a", "b", "c", "d", "e"]


@pytest.mark.parametrize(
    ("truth", "n", "expected"),
    [
        ({"a"}, 5, 1),
        ({"e"}, 4, 0),
        ({"a", "x"}, 5, 1 / 2),
        ({"b", "d", "x", "y"}, 5, 2 / 4),
        ({"b", "d", "x", "y"}, 3, 1 / 4),
        ({"a", "b", "c"}, 1, 1 / 3),
        ({"x"}, 5, 0),
    ],
)
def test_recall_is_the_share_of_the_truth_found(truth, n, expected):
    assert recall(LIST, truth, n) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("truth", "n", "expected"),
    [
        ({"a"}, 5, 1),
        ({"b"}, 5, 1 / log2(3)),
        ({"a", "b"}, 2, 1),
        ({"a", "b", "c"}, 1, 1),  # the ideal list of one holds one hit
        ({"b", "d"}, 5, (1 / log2(3) + 1 / log2(5)) / (1 + 1 / log2(3))),
        ({"a", "x"}, 5, 1 / (1 + 1 / log2(3))),
        ({"x"}, 5, 0),
        ({"e"}, 4, 0),
    ],
)
def test_ndcg_discounts_hits_by_rank_against_the_ideal_list(truth, n, expected):
    assert ndcg(LIST, truth, n) == pytest.approx(expected)


def test_a_short_list_is_judged_as_it_is():
    assert recall(["a"], {"a", "b"}, 10) == 1 / 2
    assert ndcg(["a"], {"a", "b"}, 10) == pytest.approx(1 / (1 + 1 / log2(3)))
    assert recall([], {"a"}, 10) == ndcg([], {"a"}, 10) == 0


def test_coverage_is_the_share_of_the_catalogue_some_list_shows():
    assert coverage([["a", "b"], ["b", "c"], []], 6) == 3 / 6
    assert coverage([], 6) == 0
    assert coverage([["a"]], 0) == 0


def test_an_interval_contains_its_mean_and_narrows_with_more_customers():
    random = np.random.default_rng(1)
    few, many = random.random(50), random.random(5000)
    for values in (few, many):
        found = bootstrap(values, seed=3)
        assert found.mean == pytest.approx(values.mean())
        assert found.low < found.mean < found.high
        # A mean of uniforms spreads 1 / sqrt(12 n); 95 % lie within 1.96 of that on each side.
        width = 2 * 1.96 * values.std() / np.sqrt(len(values))
        assert found.high - found.low == pytest.approx(width, rel=0.15)


def test_an_interval_of_equal_values_is_a_point():
    found = bootstrap(np.full(9, 0.25), seed=3)
    assert (found.mean, found.low, found.high) == (0.25, 0.25, 0.25)


def test_the_same_seed_draws_the_same_customers():
    values = np.random.default_rng(1).random(40)
    assert bootstrap(values, seed=3) == bootstrap(values, seed=3)
    assert bootstrap(values, seed=3) != bootstrap(values, seed=4)
    doubled = bootstrap(2 * values, seed=3)
    assert doubled.low == pytest.approx(2 * bootstrap(values, seed=3).low)
