"""Chains of successors, followed to a product that can be ordered."""

from __future__ import annotations

from collections.abc import Callable, Mapping
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

    A product's generation is that of the longest way to it: what succeeds a successor comes after
    it, however else it is reached. An edge that closes a loop is not followed, nor one with a score
    below 0, which leads back in time, to what came out earlier.

    Args:
        graph: edges from a product to its direct successors, best first.
        product: the one to replace.
        can_be_ordered: tells of a product code whether it can.

    Returns:
        Those that can be ordered, the newest generation first, of one generation the best edge.
    """
    before: dict[int, tuple[int, int]] = {}
    generation = {product: 0}
    order = _in_time(graph, product)
    later = {one: place for place, one in enumerate(order)}
    for one in order:
        for place, newer in _successors(graph, one):
            if later[newer] > later[one] and generation[one] >= generation.get(newer, 0):
                generation[newer] = generation[one] + 1
                before[newer] = one, place
    found = [one for one in order[1:] if can_be_ordered(one)]
    found.sort(key=lambda one: (-generation[one], -graph.score[before[one][1]], one))
    return [_way(before, one) for one in found]


def _successors(graph: ProductGraph, product: int) -> list[tuple[int, int]]:
    """Give the edges to what came out later: their places, and where they lead."""
    span = graph.span(product)
    places = range(span.start, span.stop)
    return [(place, int(graph.neighbours[place])) for place in places if graph.score[place] >= 0]


def _in_time(graph: ProductGraph, product: int) -> list[int]:
    """Order what succeeds a product: each before what succeeds it, as far as loops allow."""
    seen = {product}
    newest_first: list[int] = []
    open_ = [(product, iter(_successors(graph, product)))]
    while open_:
        one, edges = open_[-1]
        newer = next((newer for _, newer in edges if newer not in seen), None)
        if newer is None:
            newest_first.append(one)
            open_.pop()
        else:
            seen.add(newer)
            open_.append((newer, iter(_successors(graph, newer))))
    return newest_first[::-1]


def _way(before: Mapping[int, tuple[int, int]], product: int) -> Succession:
    chain: list[int] = []
    places: list[int] = []
    while product in before:
        chain.append(product)
        product, place = before[product]
        places.append(place)
    return Succession(tuple(chain[::-1]), tuple(places[::-1]))
