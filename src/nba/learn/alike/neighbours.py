"""Pairs of designs that one kind of evidence calls alike, and how several kinds become one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from nba.ranges import ranks, starts
from nba.vocabulary import SOURCES, Source

_RANK_OFFSET: Final = 60.0
"""What is added to a rank before its reciprocal is taken: the greater, the flatter."""


class Neighbours(NamedTuple):
    """Directed pairs of designs, no pair twice, sorted by the first, best first, ties by code.

    Attributes:
        first, second: int64 per pair: designs.
        score: float64 per pair, at least 0: greater is better.
        support, customers: int64 per pair: how much evidence there is, from how many people.
    """

    first: NDArray[np.int64]
    second: NDArray[np.int64]
    score: NDArray[np.float64]
    support: NDArray[np.int64]
    customers: NDArray[np.int64]

    def where(self, kept: NDArray[np.bool_] | NDArray[np.int64]) -> Self:
        """Keep some pairs: those marked, or those at places, in that order."""
        return type(self)(
            self.first[kept],
            self.second[kept],
            self.score[kept],
            self.support[kept],
            self.customers[kept],
        )

    def sorted(self) -> Self:
        """Put pairs into order, ties as they stand."""
        return self.where(by_score(self.first, self.score))

    def ranks(self) -> NDArray[np.int64]:
        """Number the pairs of each first design, from 0."""
        return ranks(self.first)

    def best(self, top_k: int) -> Self:
        """Keep the best pairs of each first design."""
        return self.where(self.ranks() < top_k)


class Voice(NamedTuple):
    """What one kind of evidence says.

    Attributes:
        source: the evidence.
        neighbours: the pairs it calls alike.
        weight: float64 per design: how loud it is, beside the others, in the list of that one.
    """

    source: Source
    neighbours: Neighbours
    weight: NDArray[np.float64]


def fuse(voices: Sequence[Voice], width: int) -> tuple[Neighbours, NDArray[np.int8]]:
    """Add up what the voices say: reciprocal rank fusion (Cormack, Clarke and Buettcher 2009).

    score = sum over voices of weight / (60 + rank), ranks from 0.

    Args:
        voices: of equally loud ones the earlier counts as the louder; one of weight 0 is silent.
        width: how many designs there are.

    Returns:
        The pairs that any voice names, with the evidence of the loudest voice of each, and its
        source, a code of `SOURCES`.
    """
    pairs = [one.neighbours for one in voices]
    terms = [
        one.weight[one.neighbours.first] / (_RANK_OFFSET + one.neighbours.ranks()) for one in voices
    ]
    sources = [
        np.full(len(one.neighbours.first), SOURCES.index(one.source), np.int8) for one in voices
    ]
    key = np.concatenate([one.first * width + one.second for one in pairs])
    order = np.argsort(key, kind="stable")
    key, term = key[order], np.concatenate(terms)[order]
    begins = starts(key)
    length = np.diff(np.append(begins, len(key)))
    # A pair's rows stand in the order of the voices; the first of the loudest is its evidence.
    loudest = np.flatnonzero(term == np.repeat(np.maximum.reduceat(term, begins), length))
    loudest = loudest[starts(key[loudest])]
    first, second = np.divmod(key[loudest], max(width, 1))
    score = np.add.reduceat(term, begins)
    ranked = by_score(first, score)
    ranked = ranked[score[ranked] > 0]
    row = order[loudest[ranked]]
    support = np.concatenate([one.support for one in pairs])[row]
    customers = np.concatenate([one.customers for one in pairs])[row]
    fused = Neighbours(first[ranked], second[ranked], score[ranked], support, customers)
    return fused, np.concatenate(sources)[row]


def joined(parts: Iterable[Neighbours]) -> Neighbours:
    """Put the pairs of several parts, of which there is one at least, behind one another."""
    return Neighbours(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def by_score(first: NDArray[np.int64], score: NDArray[np.float64]) -> NDArray[np.int64]:
    """Give the order of pairs by their first design, then score downwards, then as they stand."""
    # Bits of floats that are not negative ascend as the floats do, and one integer sorts faster
    # than two numbers.
    falling = np.uint64(0xFFFFFFFF) - score.astype(np.float32).view(np.uint32)
    return np.argsort((first.astype(np.uint64) << np.uint64(32)) | falling, kind="stable")
