"""The evidence ladder: lists filled by the best evidence first, each edge naming its own."""

from __future__ import annotations

from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from nba.artifacts.graph import ProductGraph
from nba.ranges import ranks, starts


class Rung(NamedTuple):
    """Directed edges that rest on one kind of evidence, no pair twice.

    Attributes:
        first, second: int32 per edge: product codes.
        score: float64 per edge: greater is better, among the edges of one first product.
        source: int8 per edge: a code of `vocabulary.SOURCES`.
        support, customers: int32 per edge: as in `ProductGraph`.
    """

    first: NDArray[np.int32]
    second: NDArray[np.int32]
    score: NDArray[np.float64]
    source: NDArray[np.int8]
    support: NDArray[np.int32]
    customers: NDArray[np.int32]

    def where(self, kept: NDArray[np.bool_] | NDArray[np.int64]) -> Self:
        """Keep some edges, or put them in another order."""
        return type(self)(
            self.first[kept],
            self.second[kept],
            self.score[kept],
            self.source[kept],
            self.support[kept],
            self.customers[kept],
        )


class Ladder:
    """Lists that grow rung by rung; what stands on a lower rung never outscores a higher one."""

    def __init__(self, design: NDArray[np.int32]) -> None:
        """Begin with empty lists.

        Args:
            design: int32 per product: of the variants of one design a lower rung adds none to a
                list that has one.
        """
        self._design = design
        self._rungs: list[Rung] = []
        self._length = np.zeros(len(design), np.int64)
        self._lowest = np.full(len(design), np.inf, np.float32)

    def short(self, length: int) -> NDArray[np.int32]:
        """Give the products whose lists are shorter than this."""
        return np.flatnonzero(self._length < length).astype(np.int32)

    def add(self, rung: Rung, length: int) -> None:
        """Set a rung below the others: its best edges, until lists are of this length."""
        rung = _ranked(rung)
        if self._rungs:
            rung = rung.where(self._new_designs(rung))
        rung = rung.where(ranks(rung.first) < (length - self._length)[rung.first])
        best = np.zeros(len(self._design))
        begins = starts(rung.first)
        best[rung.first[begins]] = rung.score[begins]
        # A score is comparable within its rung; below another one it is scaled to begin there.
        allowed = np.nextafter(self._lowest, np.float32(0)).astype(np.float64)
        scale = np.divide(allowed, best, out=np.ones_like(best), where=best > allowed)
        if (scale < 1).any():
            rung = _ranked(rung._replace(score=rung.score * scale[rung.first]))
        # Of each product the last edge, which is the lowest, is what stays.
        self._lowest[rung.first] = rung.score
        self._length += np.bincount(rung.first, minlength=len(self._design))
        self._rungs.append(rung)

    def graph(self) -> ProductGraph:
        """Give all lists as one graph."""
        rungs = self._rungs
        edges = Rung(
            np.concatenate([one.first for one in rungs]),
            np.concatenate([one.second for one in rungs]),
            np.concatenate([one.score for one in rungs]),
            np.concatenate([one.source for one in rungs]),
            np.concatenate([one.support for one in rungs]),
            np.concatenate([one.customers for one in rungs]),
        )
        # Stable: of one product the rungs stay in order, and in each the edges.
        edges = edges.where(np.argsort(edges.first, kind="stable"))
        return ProductGraph(
            np.append(0, np.cumsum(self._length)),
            edges.second,
            edges.score.astype(np.float32),
            edges.source,
            edges.support,
            edges.customers,
            np.zeros(len(edges.first), np.int32),
        )

    def _new_designs(self, rung: Rung) -> NDArray[np.bool_]:
        """Tell which edges lead to a design that the list of their product has not yet."""
        width = len(self._design)
        asked = np.zeros(width, np.bool_)
        asked[rung.first] = True
        sought = [one.where(asked[one.first]) for one in self._rungs] + [rung]
        keys = np.concatenate(
            [one.first.astype(np.int64) * width + self._design[one.second] for one in sought]
        )
        # Stable: of equal keys what is listed stands before what is offered.
        order = np.argsort(keys, kind="stable")
        new = np.zeros(len(keys), np.bool_)
        new[order] = np.diff(keys[order], prepend=-1) != 0
        return new[len(keys) - len(rung.first) :]


def _ranked(rung: Rung) -> Rung:
    """Put the edges of each product best first, by the score as it will be stored, ties by code."""
    score = rung.score.astype(np.float32)
    order = np.lexsort((rung.second, -score, rung.first))
    return rung._replace(score=score.astype(np.float64)).where(order)
