import numpy as np
import pytest

from nba.learn.alike.neighbours import Neighbours, Voice, fuse
from nba.ranges import distinct, starts
from nba.vocabulary import SOURCES, Source


def neighbours(*pairs, support=0):
    first, second = np.array(pairs, np.int64).reshape(-1, 2).T
    told = np.full(len(first), support)
    return Neighbours(first, second, np.ones(len(first)), told, told + 1)


def voice(source, *pairs, weight=1.0, support=0):
    return Voice(source, neighbours(*pairs, support=support), np.full(4, weight))


def fused(*voices):
    found, source = fuse(voices, 4)
    return [
        (int(one), int(other), SOURCES[code], int(support))
        for one, other, code, support in zip(
            found.first, found.second, source, found.support, strict=True
        )
    ], found.score.tolist()


def test_what_two_voices_name_stands_before_what_one_names():
    views = voice(Source.VIEWS, (0, 1), (0, 2), support=5)
    content = voice(Source.CONTENT, (0, 3), (0, 2))
    order, score = fused(views, content)
    assert order == [
        (0, 2, Source.VIEWS, 5),
        (0, 1, Source.VIEWS, 5),
        (0, 3, Source.CONTENT, 0),
    ]
    assert score == pytest.approx([2 / 61, 1 / 60, 1 / 60])


def test_the_loudest_voice_gives_the_evidence():
    views = voice(Source.VIEWS, (0, 1), weight=0.4, support=5)
    content = voice(Source.CONTENT, (0, 1), weight=0.5)
    assert fused(views, content)[0] == [(0, 1, Source.CONTENT, 0)]


def test_a_voice_may_be_silent_about_one_design_and_loud_about_another():
    content = Voice(Source.CONTENT, neighbours((0, 1), (2, 1)), np.array([0.0, 1.0, 1.0, 1.0]))
    assert fused(content)[0] == [(2, 1, Source.CONTENT, 0)]


def test_voices_without_pairs_fuse_to_none():
    assert fused(voice(Source.VIEWS), voice(Source.CONTENT)) == ([], [])


def test_ranks_count_from_the_best_of_each_design():
    pairs = neighbours((0, 3), (0, 1), (2, 0))
    assert pairs.ranks().tolist() == [0, 1, 0]
    assert pairs.best(1).second.tolist() == [3, 0]


def test_runs_of_equal_values_are_found():
    assert starts(np.array([4, 4, 1, 1, 1, 4])).tolist() == [0, 2, 5]
    assert starts(np.empty(0)).tolist() == []
    assert distinct(np.array([3, 1, 3, 2])).tolist() == [1, 2, 3]
