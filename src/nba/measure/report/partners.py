"""What is around one product: what shares its orders, what it takes besides, what replaces it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np

from nba.artifacts.graph import ProductGraph
from nba.artifacts.snapshot import Snapshot
from nba.measure.report.lift import shrunk_lift
from nba.vocabulary import SOURCES, Relation, Source

NODES: Final = 30
"""Products at most, the one in the middle included."""
LEAST: Final = 6
"""Partners that the product in the middle has, if nobody named another."""
ENOUGH: Final = 10
"""Orders with both from which on a pair is said to meet more often than by chance.

That is twice `lift.PRIOR_ORDERS`, so that what was seen counts for more than what was believed.
"""
TIES: Final = 20
"""Pairs at most among those around it."""
_ACCESSORIES: Final = 5
_REPLACED: Final = (
    (Relation.SUCCESSORS, 2, "its successor"),
    (Relation.PARTS, 2, "a spare part or refill of it"),
    (Relation.SIMILAR, 2, "can stand in for it"),
)
"""What replaces a product, or a part of it: the graph, how many at most, and in words."""
_OWN: Final = (Source.PAIR, Source.CUSTOMERS)
"""Evidence of the two products themselves."""


class Kind(StrEnum):
    """What a product is to the one in the middle."""

    TOGETHER = "bought together"
    ACCESSORY = "accessory"
    REPLACEMENT = "replacement"


@dataclass(frozen=True, slots=True)
class Tie:
    """Two products that belong together.

    Attributes:
        first, second: product codes.
        kind: how.
        lift: how many times as often as by chance they share an order, as `lift.DEFINITION` says;
            None where it was not their own orders that tied them.
        says: the evidence in words.
        orders: of a partner, with both, where their own orders tied them; else 0.
    """

    first: int
    second: int
    kind: Kind
    lift: float | None
    says: str
    orders: int = 0


@dataclass(frozen=True, slots=True)
class Around:
    """A product and what is around it.

    Attributes:
        centre: product code.
        spokes: to each product around it, those bought together first, the greatest lift first.
        between: among those around it, the greatest lift first.
        partner_count: products of its bought-together list, drawn or not.
        partners_shown: those of them that are around it, as partners or else.
    """

    centre: int
    spokes: tuple[Tie, ...]
    between: tuple[Tie, ...]
    partner_count: int
    partners_shown: int


def busiest(snapshot: Snapshot) -> int | None:
    """Give the best seller with `LEAST` partners of its own, else whichever has most of them.

    Ties by id; None where no product has a partner.
    """
    graph = snapshot.graphs[Relation.BOUGHT_TOGETHER]
    own = np.isin(graph.source, [SOURCES.index(one) for one in _OWN])
    partners = np.bincount(graph.first()[own], minlength=len(snapshot.products))
    if not partners.any():
        return None
    enough = partners >= LEAST
    if not enough.any():
        return int(partners.argmax())
    return int(np.where(enough, snapshot.products.orders, -1).argmax())


def around(snapshot: Snapshot, centre: int) -> Around:
    """Take what is around a product from the graphs of a snapshot, the best of each list first.

    What is an accessory as well as a partner is drawn as an accessory; a replacement that shares
    orders with the product, as a partner.
    """
    others = {one.second: one for one in _accessories(snapshot, centre)}
    graph = snapshot.graphs[Relation.BOUGHT_TOGETHER]
    partners = _partners(snapshot, graph, centre)
    mates = {one.second: one for one in partners}
    for tie in _replacements(snapshot, centre):
        if (mate := mates.get(tie.second)) is None or mate.lift is None:
            others.setdefault(tie.second, tie)
    room = NODES - 1 - len(others)
    kept = [one for one in partners if one.second not in others][:room]
    kept.sort(key=lambda one: -(one.lift or 0.0))
    besides = [
        # How often an accessory shares an order is told where it is known.
        Tie(one.first, one.second, one.kind, mate.lift, f"{one.says}; {mate.says}")
        if (mate := mates.get(one.second)) is not None and mate.lift is not None
        else one
        for one in others.values()
    ]
    besides.sort(key=lambda one: list(Kind).index(one.kind))
    spokes = (*kept, *besides)
    shown = {one.second for one in spokes}
    between = _between(snapshot, graph, shown)
    return Around(centre, spokes, between, len(partners), len(shown & mates.keys()))


def _partners(snapshot: Snapshot, graph: ProductGraph, product: int) -> list[Tie]:
    """List the partners of a product, best first."""
    span, orders = graph.span(product), snapshot.products.orders
    together = graph.support[span]
    mate = graph.neighbours[span]
    lifts = shrunk_lift(together, orders[product], orders[mate], _order_count(snapshot))
    return [
        Tie(
            product,
            other,
            Kind.TOGETHER,
            lift if SOURCES[source] is Source.PAIR else None,
            _evidence(SOURCES[source], support, lift),
            support if SOURCES[source] is Source.PAIR else 0,
        )
        for other, source, support, lift in zip(
            mate.tolist(), graph.source[span].tolist(), together.tolist(), lifts.tolist(),
            strict=True,
        )
    ]  # fmt: skip


def _between(snapshot: Snapshot, graph: ProductGraph, shown: Iterable[int]) -> tuple[Tie, ...]:
    """Find the pairs among some products that share orders most beyond chance."""
    among = set(shown)
    found: dict[tuple[int, int], Tie] = {}
    for product in sorted(among):
        for tie in _partners(snapshot, graph, product):
            pair = (min(product, tie.second), max(product, tie.second))
            if tie.second in among and tie.lift is not None and tie.lift > 1:
                found.setdefault(pair, Tie(*pair, tie.kind, tie.lift, tie.says))
    best = sorted(found.values(), key=lambda one: (-(one.lift or 0.0), one.first, one.second))
    return tuple(best[:TIES])


def _accessories(snapshot: Snapshot, product: int) -> list[Tie]:
    graph = snapshot.graphs[Relation.ACCESSORIES]
    span = graph.span(product)
    return [
        Tie(
            product,
            other,
            Kind.ACCESSORY,
            None,
            f"{_customers(support)} bought it with or after the other"
            if support
            else "the shop or what its kind needs names it",
        )
        for other, support in zip(
            graph.neighbours[span].tolist(), graph.support[span].tolist(), strict=True
        )
    ][:_ACCESSORIES]


def _replacements(snapshot: Snapshot, product: int) -> list[Tie]:
    return [
        Tie(product, other, Kind.REPLACEMENT, None, says)
        for relation, most, says in _REPLACED
        for graph in (snapshot.graphs[relation],)
        for other in graph.neighbours[graph.span(product)][:most].tolist()
    ]


def _evidence(source: Source, support: int, lift: float) -> str:
    orders = "1 order" if support == 1 else f"{support:,} orders"
    match source:
        case Source.PAIR:
            return f"{orders} with both{_often(lift) if support >= ENOUGH else ''}"
        case Source.CUSTOMERS:
            return f"{_customers(support)} bought both, seldom in one order"
        case Source.GROUP:
            return f"{orders} with variants of both"
        case Source.CATEGORY_PAIR:
            return f"{orders} with products of both categories"
        case _:
            return "the catalogue tells so, not orders"


def _often(lift: float) -> str:
    return f", {lift:.1f} times as often as by chance, counted cautiously"


def _customers(count: int) -> str:
    return "1 customer" if count == 1 else f"{count:,} customers"


def _order_count(snapshot: Snapshot) -> int:
    return max(int(snapshot.manifest.counts.get("kept_orders", 0)), 1)
