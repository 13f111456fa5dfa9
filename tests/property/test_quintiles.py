"""Scores from 1 to 5 follow from the values alone: from no order of the rows, and from no unit."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from nba.learn.segmenting.rfm import SEGMENTS, quintiles, segments_at

VALUES = st.lists(st.integers(-1000, 1000), min_size=1, max_size=60)
SCORES = st.integers(1, 5)


@given(VALUES)
def test_scores_are_those_of_a_count_one_by_one(values):
    counted = [1 + 5 * sum(other < one for other in values) // len(values) for one in values]
    assert quintiles(np.array(values)).tolist() == counted


@given(VALUES, st.randoms(use_true_random=False))
def test_scores_do_not_depend_on_the_order_of_the_rows(values, random):
    order = list(range(len(values)))
    random.shuffle(order)
    mixed = quintiles(np.array(values)[order])
    assert mixed.tolist() == quintiles(np.array(values))[order].tolist()


@given(VALUES)
def test_scores_lie_between_1_and_5_rise_with_the_value_and_know_no_unit(values):
    scores = quintiles(np.array(values))
    assert 1 <= scores.min() <= scores.max() <= 5
    assert (np.diff(scores[np.argsort(values)]) >= 0).all()
    assert quintiles(np.array(values) * 7 + 3).tolist() == scores.tolist()


@given(SCORES, SCORES, SCORES)
def test_every_triple_of_scores_is_in_a_segment_and_money_weighs_like_frequency(r, f, m):
    one, other = (
        segments_at(*(np.array([score], np.int8) for score in scores))
        for scores in ((r, f, m), (r, m, f))
    )
    assert 0 <= one[0] < len(SEGMENTS)
    assert one[0] == other[0]
