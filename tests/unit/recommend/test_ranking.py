"""The one order of scores, and the words of reasons."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nba.recommend.ranking import BLOCK, best
from nba.recommend.wording import counted, leaf, listed, percent, shared_path, words

SCORES = st.lists(st.sampled_from([-np.inf, -1.0, 0.0, 0.5, 1.0, 2.0]), max_size=30)


@given(SCORES, st.integers(0, 35))
def test_the_best_are_those_of_a_plain_sort(scores, n):
    possible = [place for place, score in enumerate(scores) if score > -np.inf]
    expected = sorted(possible, key=lambda place: (-scores[place], place))[:n]
    assert best(np.array(scores, np.float64), n).tolist() == expected


@pytest.mark.parametrize(
    ("share", "text"),
    [(0.0099, "under 1 %"), (0.01, "1 %"), (0.345, "34 %"), (1 / 3, "33 %"), (1.0, "100 %")],
)
def test_a_share_is_a_whole_percent(share, text):
    assert percent(share) == text


def test_one_is_one_and_two_are_several():
    assert (counted(1, "order"), counted(2, "order")) == ("1 order", "2 orders")


@pytest.mark.parametrize("levels", [1, 2, 50, 10**9])
@pytest.mark.parametrize("n", [1, 3, 10])
@pytest.mark.parametrize("length", [BLOCK * n - 1 for n in (1, 11)] + [BLOCK * 11 + 7, 20_000])
def test_the_best_of_many_are_those_of_a_plain_sort(length, n, levels):
    random = np.random.default_rng(length + n + levels)
    for scores in (
        random.integers(levels, size=length).astype(np.float64),
        np.sort(random.integers(levels, size=length)).astype(np.float32),
        np.where(random.random(length) < 0.99, -np.inf, random.integers(levels, size=length)),
    ):
        possible = np.flatnonzero(scores > -np.inf)
        expected = possible[np.lexsort((possible, -scores[possible]))][:n]
        assert best(scores, n).tolist() == expected.tolist()


def test_parts_are_joined_as_people_do():
    assert [listed(parts) for parts in ([], ["a"], ["a", "b"], ["a", "b", "c"])] == [
        "", "a", "a and b", "a, b and c",
    ]  # fmt: skip


def test_a_path_ends_in_its_leaf_and_a_title_is_its_distinct_words():
    assert (leaf("A > B > C"), leaf("A"), leaf("")) == ("C", "A", "")
    assert words("Kettle, 1.7 l (KETTLE)") == {"kettle", "1", "7", "l"}


@pytest.mark.parametrize(
    ("first", "second", "shared"),
    [
        ("A > B", "A > B", "A > B"),
        ("A > B", "A > C > B", "A"),
        ("A", "B", ""),
        ("", "A", ""),
        ("A > B", "A", "A"),
        ("", "", ""),
    ],
)
def test_paths_share_the_levels_they_begin_with(first, second, shared):
    assert shared_path(first, second) == shared
