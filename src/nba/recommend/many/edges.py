"""The edges of a relation as lists of many read them: those that anybody may see, best first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from nba.artifacts.graph import ProductGraph
from nba.ranges import distinct
from nba.recommend.edges import COUNTED, Edge
from nba.recommend.many.lists import Codes, held
from nba.recommend.many.ruling import Pairs
from nba.vocabulary import SOURCES, Relation, Source

_COUNTED: Final = np.array([one in COUNTED for one in SOURCES])
_PROVEN: Final = np.array([one in (Source.PAIR, Source.CUSTOMERS) for one in SOURCES])
_RULE: Final = SOURCES.index(Source.RULE)


@dataclass(frozen=True, slots=True, eq=False)
class Edges:
    """Neighbours of products, ragged, best first, ties by code.

    Attributes:
        start: int64[products + 1]: neighbours of product p are at start[p]:start[p + 1].
        code: the neighbour.
        score: comparable within one product's list.
        origin: int8, a code of `vocabulary.SOURCES`.
        support, customers: as in `ProductGraph`.
    """

    start: Codes
    code: NDArray[np.integer]
    score: NDArray[np.floating]
    origin: NDArray[np.int8]
    support: NDArray[np.int32]
    customers: NDArray[np.int32]

    @classmethod
    def visible(cls, graph: ProductGraph) -> Self:
        """Leave out counted evidence that nobody stands behind, and put the best first."""
        edges = cls(
            graph.indptr,
            graph.neighbours,
            graph.score,
            graph.source,
            graph.support,
            graph.customers,
        )
        shown = (graph.customers > 0) | ~_COUNTED[graph.source]
        first = graph.first()
        falls = graph.score[1:] < graph.score[:-1]
        falls |= (graph.score[1:] == graph.score[:-1]) & (edges.code[1:] > edges.code[:-1])
        if shown.all() and (falls | (first[1:] != first[:-1])).all():
            return edges
        return edges.take(np.flatnonzero(shown))

    def __len__(self) -> int:
        """Count the edges."""
        return len(self.code)

    def first(self) -> Codes:
        """Give the source product of every edge."""
        return np.repeat(np.arange(len(self.start) - 1), np.diff(self.start))

    def take(self, places: Codes, rung: Codes | int = 0) -> Self:
        """Keep some edges, the best first; those of a lower `rung` stand before all others."""
        columns = [getattr(self, name)[places] for name in _COLUMNS]
        return self._sorted(self.first()[places], columns, rung)

    def linked(self, links: Pairs) -> Self:
        """Put links among the edges, behind those that orders of both products speak for.

        A link stands half-way between the edges that head a list for the sake of orders of both
        products and what follows them, and takes the place of any other edge.
        """
        if not len(links):
            return self
        width = len(self.start) - 1
        first = self.first()
        keys = first * width + self.code
        head = _head(self)
        is_proven = np.arange(len(self)) < head[first]
        every = np.arange(width if len(links.everywhere) else 0)
        everywhere = (every[:, None] * width + links.everywhere[None, :]).ravel()
        wanted = distinct(np.concatenate([links.source * width + links.target, everywhere]))
        is_new = ~held(np.sort(keys[is_proven]), wanted) & (wanted // width != wanted % width)
        wanted = wanted[is_new]
        source, target = wanted // width, wanted % width
        stays = np.flatnonzero(~held(wanted, keys))
        none = np.zeros(len(wanted), np.int32)
        rule = np.full(len(wanted), _RULE, np.int8)
        score = _between(self, head)[source]
        columns = [
            np.concatenate([getattr(self, name)[stays], more])
            for name, more in zip(_COLUMNS, (target, score, rule, none, none), strict=True)
        ]
        return self._sorted(np.concatenate([first[stays], source]), columns)

    def without(self, bans: Pairs) -> Self:
        """Take out of each product's list what is banned from it."""
        if not len(bans.source):
            return self
        width = len(self.start) - 1
        banned = held(bans.source * width + bans.target, self.first() * width + self.code)
        return self.take(np.flatnonzero(~banned))

    def edge(self, relation: Relation, source: int, place: int) -> Edge:
        """Read one edge, as reasons are told from it."""
        return Edge(
            relation,
            source,
            int(self.code[place]),
            float(self.score[place]),
            SOURCES[self.origin[place]],
            int(self.support[place]),
            int(self.customers[place]),
        )

    def _sorted(self, first: Codes, columns: list[NDArray[Any]], rung: Codes | int = 0) -> Self:
        code, score = columns[:2]
        rungs = np.broadcast_to(np.asarray(rung), len(first))
        order = np.lexsort((code, -score, rungs, first))
        length = np.bincount(first, minlength=len(self.start) - 1)
        return type(self)(np.append(0, np.cumsum(length)), *(column[order] for column in columns))


_COLUMNS: Final = ("code", "score", "origin", "support", "customers")


def _head(edges: Edges) -> Codes:
    """Give, per product, the place behind the proven edges that head its list."""
    weaker = np.append(np.flatnonzero(~_PROVEN[edges.origin]), len(edges))
    first = weaker[np.searchsorted(weaker, edges.start[:-1])]
    return np.asarray(np.minimum(first, edges.start[1:]), np.int64)


def _between(edges: Edges, place: Codes) -> NDArray[np.float64]:
    """Give, per product, a score for what comes in before an edge of its list."""
    score = np.append(edges.score.astype(np.float64), 0.0)
    below = np.where(place < edges.start[1:], score[place], 0.0)
    doubled = np.where(below > 0, 2 * below, 2.0)
    above = np.where(place > edges.start[:-1], score[place - 1], doubled)
    return np.asarray((above + below) / 2, np.float64)
