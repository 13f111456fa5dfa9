"""Chains of successors, followed to a product that can be ordered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from nba.artifacts.graph import ProductGraph


@dataclass(frozen=True, slots=True)
class Succession:
    """A product's way to one that replaces it.

    Attributes:
        chain: the products after the first, in order of time; the last can be ordered.
        places: the edges of the graph that lead from each to the next.
    """

    chain: tuple[int, ...]
    places: tuple[int, ...]


def follow(
    graph: ProductGraph, product: int, can_be_ordered: Callable[[int], bool]
) -> list[Succession]:
    """Follow successors, generation by generation, down to the newest.

    A product that was met before is not followed again, so that a loop ends. An edge with a
    score below 0 leads back in time, to what came out earlier: it is not followed.

    Args:
        graph: edges from a product to its direct successors, best first.
        product: the one to replace.
        can_be_ordered: tells of a product code whether it can.

    Returns:
        Those that can be ordered, the newest generation first, of one generation the best edge.
    """
    seen = {product}
    newest: list[Succession] = []
    generation = [(product, Succession((), ()))]
    while generation:
        following: list[tuple[int, Succession]] = []
        for one, way in generation:
            span = graph.span(one)
            for place in range(span.start, span.stop):
                newer = int(graph.neighbours[place])
                if newer not in seen and graph.score[place] >= 0:
                    seen.add(newer)
                    way_on = Succession((*way.chain, newer), (*way.places, place))
                    following.append((newer, way_on))
        found = [way for newer, way in following if can_be_ordered(newer)]
        newest = found + newest
        generation = following
    return newest
