"""Edges of the relation graphs as answers read them, and the merging of several products' lists."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile
from typing import Final

import numpy as np

from nba.artifacts.graph import ProductGraph
from nba.artifacts.snapshot import Snapshot
from nba.recommend.slates import Candidates, Explained
from nba.vocabulary import SOURCES, Relation, Source

COUNTED: Final = frozenset(
    (
        Source.PAIR,
        Source.CUSTOMERS,
        Source.GROUP,
        Source.CATEGORY_PAIR,
        Source.VIEWS,
        Source.PREDECESSOR,
    )
)
"""The evidence that rests on what customers did, so that few of them may have to be hidden."""


@dataclass(frozen=True, slots=True)
class Edge:
    """One neighbour of one product.

    Attributes:
        relation: whose graph it is from.
        source, target: product codes.
        score: comparable among the neighbours of one source.
        origin: the evidence it rests on.
        support, customers: as in `ProductGraph`.
    """

    relation: Relation
    source: int
    target: int
    score: float
    origin: Source
    support: int = 0
    customers: int = 0

    @classmethod
    def of(cls, graph: ProductGraph, relation: Relation, source: int) -> list[Edge]:
        """Read the edges from a product, best first."""
        span = graph.span(source)
        # Columns at once: reading cells one by one takes ten times as long.
        columns = (
            graph.neighbours[span].tolist(),
            graph.score[span].tolist(),
            graph.source[span].tolist(),
            graph.support[span].tolist(),
            graph.customers[span].tolist(),
        )
        return [
            cls(relation, source, target, score, SOURCES[origin], support, customers)
            for target, score, origin, support, customers in zip(*columns, strict=True)
        ]


def neighbours(
    snapshot: Snapshot,
    relation: Relation,
    source: int,
    *,
    linked: Collection[int] = (),
    min_customers: int = 1,
) -> list[Edge]:
    """List a product's neighbours, with what the shop links to it among them.

    Args:
        snapshot: whose graphs.
        relation: which graph.
        source: the product.
        linked: products that the shop links to it by hand. Nothing was counted for them, so they
            stand behind those that head the list for the sake of orders of both products.
        min_customers: hides edges that rest on what fewer distinct customers did.
    """
    every = Edge.of(snapshot.graphs[relation], relation, source)
    edges = [one for one in every if one.customers >= min_customers or one.origin not in COUNTED]
    if not linked:
        return edges
    proven = list(takewhile(lambda one: one.origin in (Source.PAIR, Source.CUSTOMERS), edges))
    missing = set(linked) - {source, *(one.target for one in proven)}
    if not missing:
        return edges
    score = _between(edges, len(proven))
    links = [Edge(relation, source, one, score, Source.RULE) for one in sorted(missing)]
    return [one for one in edges if one.target not in missing] + links


def _between(edges: Sequence[Edge], place: int) -> float:
    """Give a score for what comes in before the edge at `place`."""
    below = edges[place].score if place < len(edges) else 0.0
    above = edges[place - 1].score if place else 2 * below or 2.0
    return (above + below) / 2


def relative(edges: Sequence[Edge]) -> list[Edge]:
    """Measure a list's scores by its greatest, so that lists of other products compare."""
    greatest = max((edge.score for edge in edges), default=1.0) or 1.0
    return [replace(edge, score=edge.score / greatest) for edge in edges]


def merge(lists: Sequence[Sequence[Edge]], explain: Callable[[Edge], Explained]) -> Candidates:
    """Merge the neighbours of a basket's products.

    A product's score is the mean over the basket, and the edge that speaks loudest explains it.

    Args:
        lists: the neighbours of each product of the basket.
        explain: gives source and reason of an edge.
    """
    total: dict[int, float] = {}
    loudest: dict[int, Edge] = {}
    for edges in lists:
        for edge in edges:
            total[edge.target] = total.get(edge.target, 0.0) + edge.score
            if edge.target not in loudest or edge.score > loudest[edge.target].score:
                loudest[edge.target] = edge
    codes = np.array(sorted(total), np.int64)
    mean = np.array([total[code] for code in codes.tolist()], np.float64) / max(len(lists), 1)
    return Candidates(codes, mean, lambda code: explain(loudest[code]))
