"""What replaces the products that many rows are about."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from nba.recommend.many.lists import Codes, Found, choose
from nba.recommend.many.offer import Askers, Marks, Offer, judge
from nba.recommend.many.related import Answer
from nba.recommend.succession import Succession, follow
from nba.vocabulary import SOURCES, Relation, Source

_WORD: Final = "replacements"
_VERSION, _LINK = (SOURCES.index(one) for one in (Source.VERSION, Source.CATALOGUE_LINK))


def replacements(offer: Offer, askers: Askers, marks: Marks, rows: Codes, n: int) -> Answer:
    """Give the newest successor of each product of a row, unless the customer has it.

    The confidence is 0: that a product has a successor does not say that it is wanted.
    """
    row, source = askers.about.of(rows)
    start = offer.ground.snapshot.graphs[Relation.SUCCESSORS].indptr
    has = start[source + 1] > start[source]
    has &= ~marks.was_bought_since(row, source)
    row, source = row[has], source[has]
    ways = [newest(offer, one) for one in source.tolist()]
    is_found = np.array([one is not None for one in ways], np.bool_)
    # A product without one to order has successors nevertheless.
    fell = row[~is_found]
    row, source = row[is_found], source[is_found]
    found = [one for one in ways if one is not None]
    code = np.array([one.chain[-1] for one in found], np.int64)
    origin = np.array([_VERSION if _is_learned(offer, one) else _LINK for one in found], np.int8)
    fine, _ = judge(offer, _WORD, row, code, marks, marks.was_bought)
    kept = np.flatnonzero(fine)
    kept = kept[choose(row[kept], offer.ground.twin[code[kept]], np.zeros(len(kept)), n)]
    score = np.ones(len(kept))
    return Found.of(row[kept], code[kept], score, origin[kept], about=source[kept]), fell


def newest(offer: Offer, product: int) -> Succession | None:
    """Give the way to the newest product that replaces one and can be ordered."""
    if product not in offer.successions:
        graph = offer.ground.snapshot.graphs[Relation.SUCCESSORS]
        ways = follow(graph, product, _can_be_ordered(offer, product))
        offer.successions[product] = ways[0] if ways else None
    return offer.successions[product]


def _is_learned(offer: Offer, way: Succession) -> bool:
    graph = offer.ground.snapshot.graphs[Relation.SUCCESSORS]
    return bool((graph.source[list(way.places)] == _VERSION).any())


def _can_be_ordered(offer: Offer, product: int) -> Callable[[int], bool]:
    banned: set[int] = set()
    if offer.has_rules:
        bans = offer.ruling.bans(_WORD)
        own = bans.about(np.array([product]))[1]
        banned = {*bans.everywhere.tolist(), *own.tolist()}
    return lambda code: bool(offer.can_be_ordered[code]) and code not in banned
