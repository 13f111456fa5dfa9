"""Lists for many askers: choosing, rounding, and links among the edges."""

from __future__ import annotations

import numpy as np
import pytest

from nba.domain import rounded, significant
from nba.recommend.edges import neighbours
from nba.recommend.many.edges import Edges
from nba.recommend.many.ground import Ground
from nba.recommend.many.lists import Found, Ragged, choose, firsts
from nba.recommend.many.offer import Offer
from nba.recommend.many.related import scaled
from nba.vocabulary import SOURCES, Relation, Source
from tests.shops import day
from tests.snapshots import Link, snapshot

GRAPH = [
    Link("a", "b", 0.9),
    Link("a", "c", 0.8),
    Link("a", "d", 0.3, Source.CATEGORY_PAIR),
    Link("a", "e", 0.2, Source.CONTENT, customers=0),
    Link("b", "a", 0.1, Source.CATEGORY_PAIR),
    Link("z", "b", 0.9, customers=0),
]
PRODUCTS = ("a", "b", "c", "d", "e", "f", "z")


def test_the_best_of_each_row_are_chosen_and_of_twins_the_better():
    row = np.array([0, 0, 0, 0, 3, 3, 7])
    twin = np.array([5, 6, 5, 8, 1, 1, 1])
    score = np.array([1.0, 2.0, 3.0, 2.0, 1.0, 1.0, 0.0])
    assert choose(row, twin, score, 2).tolist() == [2, 1, 4, 6]
    assert choose(row, twin, score, 9).tolist() == [2, 1, 3, 4, 6]
    assert choose(row[:4], twin[:4], score[:4], 2).tolist() == [2, 1]
    assert choose(row[:0], twin[:0], score[:0], 2).tolist() == []


def test_rows_alone_are_chosen_for_as_they_are_among_others():
    random = np.random.default_rng(2)
    row = np.sort(random.integers(20, size=500))
    twin, score = random.integers(12, size=500), random.integers(6, size=500) / 7
    every = choose(row, twin, score, 4)
    for one in range(20):
        own = np.flatnonzero(row == one)
        alone = own[choose(row[own], twin[own], score[own], 4)]
        assert every[row[every] == one].tolist() == alone.tolist()


def test_the_first_of_equal_scores_is_the_greatest():
    assert firsts(np.array([1, 1, 1, 4]), np.array([2.0, 3.0, 3.0, 0.0])).tolist() == [1, 3]


def test_many_numbers_are_rounded_to_the_bits_of_one():
    random = np.random.default_rng(4)
    spread = random.normal(size=20_000) * 10.0 ** random.integers(-30, 30, size=20_000)
    halves = np.array([2.0**-13, 1.000000005, 0.1234567885, 999999999.5, 1e22, 1e-300, 0.0, 1000.0])
    narrow = random.random(2_000).astype(np.float32).astype(np.float64)
    values = np.concatenate([spread, halves, narrow])
    expected = np.array([significant(float(one)) for one in values])
    assert rounded(values).tobytes() == (expected + 0.0).tobytes()
    assert rounded(values[:8]).tobytes() == expected[:8].tobytes()


def test_a_second_round_never_rises_above_the_first():
    row = np.array([0, 0, 0, 1, 1, 2])
    later = np.array([False, True, True, False, True, True])
    score = np.array([2.0, 8.0, 4.0, 5.0, 1.0, 9.0])
    assert scaled(row, later, score).tolist() == [2.0, 2.0, 1.0, 5.0, 1.0, 9.0]


def test_lists_of_some_rows_are_read_from_all():
    lists = Ragged(np.array([0, 2, 2, 3, 5]), np.array([4, 7, 1, 9, 8]))
    row, code = lists.of(np.array([0, 3]))
    assert (row.tolist(), code.tolist()) == ([0, 0, 3, 3], [4, 7, 9, 8])
    row, code = lists.of(np.arange(4))
    assert (row.tolist(), code.tolist()) == ([0, 0, 2, 3, 3], [4, 7, 1, 9, 8])


def test_what_was_found_for_different_rows_is_joined_by_row():
    first, second = (
        Found.of(np.array(row), np.array(row) * 2, np.ones(len(row)), 0) for row in ([0, 3], [1, 1])
    )
    assert Found.joined([first, second]).code.tolist() == [0, 2, 2, 6]
    assert Found.joined([]).row.tolist() == []


RULES = [
    {"kind": "link", "source": "a", "target": "e"},
    {"kind": "link", "source": "a", "target": "c"},
    {"kind": "link", "target": "d"},
    {"kind": "link", "source": "b", "target": "f", "relation": "accessories"},
    {"kind": "link", "source": "z", "target": "f", "valid_until": 20},
]


@pytest.mark.parametrize("at", [10, 30])
@pytest.mark.parametrize("rules", [[], RULES])
def test_links_stand_where_single_answers_put_them(rules, at):
    trained = snapshot(PRODUCTS, {Relation.BOUGHT_TOGETHER: GRAPH}, rules=rules)
    offer = Offer(Ground(trained), day(at))
    edges = offer.edges(Relation.BOUGHT_TOGETHER)
    for source in range(len(PRODUCTS)):
        linked = {"d"} if rules else set()
        if rules and PRODUCTS[source] == "a":
            linked |= {"e", "c"}
        if rules and PRODUCTS[source] == "z" and at < 20:
            linked |= {"f"}
        codes = [PRODUCTS.index(one) for one in linked]
        expected = {
            (one.target, one.score, one.origin)
            for one in neighbours(trained, Relation.BOUGHT_TOGETHER, source, linked=codes)
        }
        span = range(int(edges.start[source]), int(edges.start[source + 1]))
        found = [
            (int(edges.code[place]), float(edges.score[place]), SOURCES[edges.origin[place]])
            for place in span
        ]
        assert set(found) == expected
        assert [score for _, score, _ in found] == sorted((one[1] for one in found), reverse=True)


def test_what_nobody_stands_behind_is_not_seen():
    trained = snapshot(PRODUCTS, {Relation.BOUGHT_TOGETHER: GRAPH})
    edges = Edges.visible(trained.graphs[Relation.BOUGHT_TOGETHER])
    assert len(edges) == len(GRAPH) - 1
    assert edges.start[-1] == edges.start[-2]
