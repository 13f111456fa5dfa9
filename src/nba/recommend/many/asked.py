"""Products that a row names itself: what was ordered, and what the customer has in mind."""

from __future__ import annotations

from typing import Final

import numpy as np

from nba.recommend.many.lists import Codes, Found, choose
from nba.recommend.many.offer import Askers, Marks, Offer, allowed, judge
from nba.recommend.many.related import Answer
from nba.vocabulary import SOURCES, Source

_OWN: Final = SOURCES.index(Source.OWN_ORDERS)
_INTENT: Final = SOURCES.index(Source.INTENT)


def ordered(offer: Offer, askers: Askers, marks: Marks, rows: Codes, n: int) -> Answer:
    """Give the kept products of the order, by id, whether or not they can still be ordered.

    The confidence is 1: the customer has them.
    """
    row, code = askers.ordered.of(rows)
    shown = allowed(offer, "", row, code, marks, must_fit=False)
    return _named(offer, row[shown], code[shown], n, _OWN), row[:0]


def anchor(offer: Offer, askers: Askers, marks: Marks, rows: Codes, n: int) -> Answer:
    """Give what the customer has in mind and can order, the latest first; no owned durable.

    The confidence is 1: the customer showed it.
    """
    row, code = askers.anchor.of(rows)
    shown, fell = judge(offer, "", row, code, marks, marks.is_owned, must_fit=False)
    return _named(offer, row[shown], code[shown], n, _INTENT), fell


def _named(offer: Offer, row: Codes, code: Codes, n: int, origin: int) -> Found:
    kept = choose(row, offer.ground.twin[code], np.zeros(len(row)), n)
    return Found.of(row[kept], code[kept], np.ones(len(kept)), origin, confidence=1.0)
