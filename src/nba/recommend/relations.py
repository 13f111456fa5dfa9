"""Candidates of each relation between products, in the rounds in which a slate takes them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Final

import numpy as np

from nba.artifacts.needs import NEED_KINDS
from nba.artifacts.snapshot import Snapshot
from nba.recommend import reasons
from nba.recommend.curation import EVERY_PRODUCT, Curation
from nba.recommend.edges import Edge, merge, neighbours, relative
from nba.recommend.eligibility import price_to_pay
from nba.recommend.questions import Question
from nba.recommend.slates import Candidates, Explained
from nba.recommend.succession import Succession, follow
from nba.vocabulary import Relation


class ReplacementKind(StrEnum):
    """What may take a product's place, or that of a part of it."""

    SUCCESSOR = "successor"
    SUBSTITUTE = "substitute"
    SPARE_PART = "spare_part"
    REFILL = "refill"


REPLACING: Final = (ReplacementKind.SUCCESSOR, ReplacementKind.SUBSTITUTE)
"""What takes a product's place where nobody says otherwise."""


def rounds_of(snapshot: Snapshot, question: Question) -> list[Candidates]:
    """Give what a list of `vocabulary.CURATED_LISTS` takes its products from, best round first."""
    match question.type:
        case "upsell":
            return [upsells(snapshot, question)]
        case "replacements":
            return [replacements(snapshot, question, kind) for kind in REPLACING]
        case kind:
            return [related(snapshot, question, Relation(kind))]


def led(snapshot: Snapshot, question: Question, found: Sequence[Candidates]) -> list[Candidates]:
    """Let what the shop pinned lead what was found."""
    return [pins(snapshot, question, found), *found]


def pins(snapshot: Snapshot, question: Question, others: Sequence[Candidates]) -> Candidates:
    """Give what the shop pinned, by id, no lower than the best of the other candidates.

    Where nobody knows the products asked about, there is no list to pin it to.
    """
    pinned = question.curation.pinned if question.known else {}
    codes = np.fromiter(pinned, np.int64, len(pinned))
    best = max((float(one.score.max()) for one in others if len(one.codes)), default=1.0)

    def explain(code: int) -> Explained:
        source = pinned[code]
        return reasons.pinned(snapshot.products, None if source == EVERY_PRODUCT else source)

    return Candidates(codes, np.full(len(codes), best), explain)


def related(snapshot: Snapshot, question: Question, relation: Relation) -> Candidates:
    """Give what a relation says of the products asked about: the mean of their scores."""
    lists = _lists(snapshot, relation, question)
    return merge(lists, lambda edge: reasons.explain(snapshot, edge))


def complements(
    snapshot: Snapshot, question: Question, relations: Sequence[Relation]
) -> Candidates:
    """Give what several relations say of the products asked about.

    Scores of different graphs do not compare: each list is measured by its greatest score, and a
    product's score is the mean over the lists.
    """
    lists = [
        relative(edges) for relation in relations for edges in _lists(snapshot, relation, question)
    ]
    return merge(lists, lambda edge: reasons.explain(snapshot, edge))


def upsells(snapshot: Snapshot, question: Question) -> Candidates:
    """Give what serves the same need and costs more, at most `upsell_band` times as much.

    Prices are those to pay now, in one currency; a product without a price has no upsell and is
    none.
    """
    products, band = snapshot.products, snapshot.manifest.config.replacements.upsell_band

    def is_dearer(edge: Edge) -> bool:
        pair = np.array([edge.source, edge.target])
        price_from, price = price_to_pay(products, pair).tolist()
        return (
            bool(products.has_price[pair].all())
            and products.currency[edge.source] == products.currency[edge.target]
            and price_from < price <= price_from * band
        )

    lists = [
        list(filter(is_dearer, edges)) for edges in _lists(snapshot, Relation.SIMILAR, question)
    ]
    return merge(lists, lambda edge: reasons.upsell(snapshot, edge))


def replacements(snapshot: Snapshot, question: Question, kind: ReplacementKind) -> Candidates:
    """Give what replaces a product, or wears out or runs out in it."""
    if kind is ReplacementKind.SUCCESSOR:
        return _successors(snapshot, question)
    if kind is ReplacementKind.SUBSTITUTE:
        lists = _lists(snapshot, Relation.SIMILAR, question)
        return merge(lists, lambda edge: reasons.substitute(snapshot, edge))

    def is_wanted(edge: Edge) -> bool:
        pair = snapshot.needs.find(edge.source, edge.target)
        return pair is not None and NEED_KINDS[snapshot.needs.kind[pair]] == kind

    lists = [
        list(filter(is_wanted, neighbours(snapshot, Relation.PARTS, source)))
        for source in question.known
    ]
    return merge(lists, lambda edge: reasons.explain(snapshot, edge))


def _successors(snapshot: Snapshot, question: Question) -> Candidates:
    graph = snapshot.graphs[Relation.SUCCESSORS]
    ways: dict[int, tuple[int, Succession]] = {}
    can_be_ordered = _can_be_ordered(snapshot, question.curation)
    for source in question.known:
        for way in follow(graph, source, can_be_ordered):
            ways.setdefault(way.chain[-1], (source, way))
    codes = np.fromiter(ways, np.int64, len(ways))

    def explain(code: int) -> Explained:
        return reasons.successor(snapshot, *ways[code])

    return Candidates(codes, 1 / np.arange(1, len(ways) + 1), explain)


def _can_be_ordered(snapshot: Snapshot, curation: Curation) -> Callable[[int], bool]:
    products, banned = snapshot.products, set(curation.banned.tolist())
    return lambda code: bool(products.can_be_ordered(code)) and code not in banned


def _lists(snapshot: Snapshot, relation: Relation, question: Question) -> list[list[Edge]]:
    """List the neighbours of each product asked about."""
    return [
        neighbours(
            snapshot,
            relation,
            source,
            linked=question.curation.linked.get(source, ()),
            min_customers=question.min_customers,
        )
        for source in question.known
    ]
