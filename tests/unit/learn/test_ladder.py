"""The ladder: lists fill from the best evidence down."""

from __future__ import annotations

import numpy as np
import pytest

from nba.learn.evidence.ladder import Ladder, Rung
from nba.vocabulary import SOURCES, Source

OWN = np.arange(9, dtype=np.int32)
"""Nine designs of one product each."""


def rung(source: Source, edges: list[tuple[int, int, float]]) -> Rung:
    first, second, score = (np.array(column) for column in zip(*edges, strict=True))
    ones = np.ones(len(edges), np.int32)
    return Rung(
        first.astype(np.int32),
        second.astype(np.int32),
        score.astype(np.float64),
        np.full(len(edges), SOURCES.index(source), np.int8),
        ones,
        ones,
    )


def listed(ladder: Ladder, product: int) -> list[tuple[int, str]]:
    graph = ladder.graph()
    span = graph.span(product)
    return [
        (int(second), SOURCES[source])
        for second, source in zip(graph.neighbours[span], graph.source[span], strict=True)
    ]


def test_a_lower_rung_stands_below_whatever_it_scores():
    ladder = Ladder(OWN)
    ladder.add(rung(Source.PAIR, [(0, 1, 0.2), (0, 2, 0.1), (3, 1, 0.9)]), 5)
    ladder.add(rung(Source.GROUP, [(0, 4, 0.8), (0, 5, 0.4), (6, 5, 0.4)]), 5)
    graph = ladder.graph()
    assert listed(ladder, 0) == [(1, "pair"), (2, "pair"), (4, "group"), (5, "group")]
    of_zero = graph.score[graph.span(0)]
    assert (np.diff(of_zero) <= 0).all()
    assert of_zero[:2].tolist() == pytest.approx([0.2, 0.1])
    assert of_zero[3] / of_zero[2] == pytest.approx(0.5)
    # Where nothing stands above, a score is what it was.
    assert graph.score[graph.span(6)].tolist() == pytest.approx([0.4])


def test_lower_rungs_fill_up_and_no_further():
    ladder = Ladder(OWN)
    ladder.add(rung(Source.PAIR, [(0, one, 1 / one) for one in range(1, 9)] + [(1, 2, 1.0)]), 4)
    assert [one for one, _ in listed(ladder, 0)] == [1, 2, 3, 4]
    assert ladder.short(3).tolist() == [1, 2, 3, 4, 5, 6, 7, 8]
    assert ladder.short(1).tolist() == [2, 3, 4, 5, 6, 7, 8]
    ladder.add(rung(Source.GROUP, [(0, 8, 1.0)] + [(1, one, one / 9) for one in (3, 4, 5, 6)]), 3)
    assert [one for one, _ in listed(ladder, 0)] == [1, 2, 3, 4]
    assert [one for one, _ in listed(ladder, 1)] == [2, 6, 5]


def test_one_product_of_a_design_is_enough_below_the_first_rung():
    design = np.array([0, 1, 1, 1, 4, 4], np.int32)
    ladder = Ladder(design)
    ladder.add(rung(Source.PAIR, [(0, 1, 0.9), (0, 2, 0.8)]), 5)
    ladder.add(rung(Source.GROUP, [(0, 3, 0.7), (0, 4, 0.5), (0, 5, 0.6)]), 5)
    assert listed(ladder, 0) == [(1, "pair"), (2, "pair"), (5, "group")]


def test_equal_scores_go_by_product():
    ladder = Ladder(OWN)
    ladder.add(rung(Source.PAIR, [(0, one, 0.5) for one in (7, 3, 5, 1)]), 3)
    assert [one for one, _ in listed(ladder, 0)] == [1, 3, 5]


def test_what_ties_once_it_is_stored_goes_by_product_on_every_rung():
    ladder = Ladder(OWN)
    # The two differ by less than a stored score can tell.
    ladder.add(rung(Source.PAIR, [(0, 5, 0.5 + 1e-12), (0, 3, 0.5)]), 3)
    ladder.add(rung(Source.GROUP, [(0, 8, 0.7 + 1e-12), (0, 7, 0.7), (0, 2, 0.3)]), 9)
    assert [one for one, _ in listed(ladder, 0)] == [3, 5, 7, 8, 2]
    score = ladder.graph().score
    assert score[1] > score[2]
