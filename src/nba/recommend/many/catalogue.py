"""What the catalogue itself gives reason to show: what is on sale nearby, and what is new."""

from __future__ import annotations

from typing import Final

import numpy as np

from nba.ranges import crossed, distinct, starts
from nba.recommend.many.lists import Codes, Floats, Found, choose, lengths, places_of
from nba.recommend.many.offer import Askers, Marks, Offer, judge
from nba.recommend.many.related import Answer
from nba.vocabulary import SOURCES, Source

_CONTENT: Final = SOURCES.index(Source.CONTENT)


def on_sale(offer: Offer, askers: Askers, marks: Marks, rows: Codes, n: int) -> Answer:
    """Give the most ordered products on sale in the categories of what a row is about.

    None that the customer bought. The confidence is 0: it says nothing of the customer.
    """
    ground, kinds = offer.ground, int(offer.ground.kind.max(initial=0)) + 1
    row, code = askers.about.of(rows)
    number = distinct(row * kinds + ground.kind[code])
    number = number[number % kinds > 0]
    start, bargain = offer.bargains
    which, place = crossed(start[number % kinds], start[number % kinds + 1])
    row, code = (number // kinds)[which], bargain[place]
    shown, fell = judge(offer, "", row, code, marks, marks.is_variant)
    row, code = row[shown], code[shown]
    by_code = np.lexsort((code, row))
    row, code = row[by_code], code[by_code]
    orders = ground.snapshot.products.orders[code].astype(np.float64)
    kept = choose(row, ground.twin[code], orders, n)
    return Found.of(row[kept], code[kept], orders[kept], _CONTENT), fell


def new(offer: Offer, askers: Askers, marks: Marks, rows: Codes, n: int) -> Answer:
    """Give what was published lately, by the share of the customer's products in its category.

    Of equal shares the more ordered product goes first, then by id. The confidence is that share.
    """
    ground, code = offer.ground, offer.newest
    row, code = np.repeat(rows, len(code)), np.tile(code, len(rows))
    shown, fell = judge(offer, "", row, code, marks, marks.is_variant)
    row, code = row[shown], code[shown]
    share = _share_of_kind(offer, askers, row, code)
    kept = choose(row, ground.twin[code], share, n)
    return Found.of(row[kept], code[kept], share[kept], _CONTENT, confidence=share[kept]), fell


def _share_of_kind(offer: Offer, askers: Askers, row: Codes, code: Codes) -> Floats:
    """Give the share of the products that a row's customer bought in each product's category."""
    ground, bought, span = offer.ground, askers.purchases.bought, offer.ground.span
    if not len(row) or not len(bought):
        return np.zeros(len(row))
    person, kinds = askers.person[row], int(ground.kind.max(initial=0)) + 1
    ends = np.searchsorted(bought, [person.min() * span, (person.max() + 1) * span])
    own = bought[ends[0] : ends[1]]
    every = np.bincount(own // span - person.min(), minlength=int(np.ptp(person)) + 1)
    number = np.sort(own // span * kinds + ground.kind[own % span])
    first = starts(number)
    count = np.append(lengths(first, len(number)), 0)
    place, is_there = places_of(number[first], person * kinds + ground.kind[code])
    is_there &= ground.kind[code] > 0
    bought_of_kind = np.where(is_there, count[place], 0)
    return np.asarray(bought_of_kind / np.maximum(every[person - person.min()], 1), np.float64)
