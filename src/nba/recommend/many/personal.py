"""What many customers buy again, are due to refill or may like, and what is popular."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from nba.artifacts.habits import chance
from nba.domain import DAY
from nba.ranges import listed
from nba.recommend.many.lists import Codes, Floats, Found, choose
from nba.recommend.many.offer import Askers, Marks, Offer, judge
from nba.recommend.many.related import Answer, for_all, scaled
from nba.vocabulary import SOURCES, Source

DUE_DAYS: Final = 14
"""Refills whose need is expected within so many days are due."""
_BEHIND: Final = 2.0**40
"""What sets the products of a second round behind those of the first."""

_OWN, _LIKED, _POPULAR = (
    SOURCES.index(one) for one in (Source.OWN_ORDERS, Source.COLLABORATIVE, Source.POPULAR)
)


def again(offer: Offer, askers: Askers, marks: Marks, rows: Codes, n: int) -> Answer:
    """Give what customers bought before, by the chance to buy it within a week.

    Of a row about products, these alone, unless they were bought again since; else what was not
    bought since the snapshot was made. The confidence is that chance.
    """
    bought = _Bought.of(offer, askers, rows)
    is_about = askers.is_about[bought.row]
    left = np.flatnonzero(~is_about | marks.is_about(bought.row, bought.code))
    row, code = bought.row[left], bought.code[left]
    since, lately = marks.was_bought_since(row, code), marks.was_bought_lately(row, code)
    left = left[~np.where(is_about[left], since, lately)]
    return _best(offer, marks, bought.take(left), n)


def due(offer: Offer, askers: Askers, marks: Marks, rows: Codes, n: int) -> Answer:
    """Give refills that are due, by the chance to buy each within a week.

    What the row is about is due as somebody found it to be, and stands first; of the rest what was
    not bought since the snapshot was made and whose need is expected within `DUE_DAYS`. Durable
    products are no refills. The confidence is that chance.
    """
    snapshot = offer.ground.snapshot
    bought = _Bought.of(offer, askers, rows)
    row, code = bought.row, bought.code
    instant = max(offer.at, snapshot.customers.as_of[0])
    clock = snapshot.repurchase.due(bought.cell, instant)
    near = clock.known & (clock.due_at <= instant + DUE_DAYS * DAY)
    is_about = marks.is_about(row, code)
    asked = (is_about | near) & ~marks.was_bought_lately(row, code)
    asked &= ~snapshot.products.is_durable[code]
    return _best(offer, marks, bought.take(np.flatnonzero(asked)), n, lead=is_about[asked])


def popular(offer: Offer, askers: Askers, marks: Marks, rows: Codes, n: int) -> Answer:
    """Give the most ordered products; none that the row is about, no owned durable.

    The confidence is 0: it says nothing of the customer.
    """
    products = offer.ground.snapshot.products
    orders = products.popular_orders.astype(np.float64)
    return for_all(offer, marks, rows, n, products.popular, orders, _POPULAR)


def picks(offer: Offer, askers: Askers, marks: Marks, rows: Codes, n: int) -> Answer:
    """Give what customers buy again and what is new to them, popular last, one row at a time.

    The confidence is the chance to buy each within a week; 0 of what is popular. Customers of whom
    no purchase is known get the popular list.
    """
    ground = offer.ground
    told = [ground.likings.of(one, offer.at) for one in askers.customer[rows].tolist()]
    row = np.repeat(rows, [len(one.code) for one in told])
    best = ground.snapshot.products.popular.astype(np.int64)
    orders = np.tile(ground.snapshot.products.popular_orders.astype(np.float64), len(rows))
    nothing = np.zeros(len(orders))
    row = np.concatenate([row, np.repeat(rows, len(best))])
    code = np.concatenate([*(one.code for one in told), np.tile(best, len(rows))])
    score = np.concatenate([*(one.score for one in told), orders])
    sure = np.concatenate([*(one.chance for one in told), nothing])
    own = np.concatenate([*(one.is_own for one in told), nothing > 0])
    is_later = np.arange(len(row)) >= len(row) - len(orders)
    shown, fell = judge(offer, "", row, code, marks, marks.is_known)
    kept = np.flatnonzero(shown)
    kept = kept[np.argsort(row[kept], kind="stable")]
    rank = score[kept] - np.where(is_later[kept], _BEHIND, 0.0)
    kept = kept[choose(row[kept], ground.twin[code[kept]], rank, n)]
    return Found.of(
        row[kept],
        code[kept],
        scaled(row[kept], is_later[kept], score[kept]),
        np.where(is_later[kept], _POPULAR, np.where(own[kept], _OWN, _LIKED)),
        confidence=sure[kept],
    ), fell


@dataclass(frozen=True, slots=True, eq=False)
class _Bought:
    """What the customers of some rows bought, or part of it.

    Chances take long, so they are told of what is left at last.

    Attributes:
        offer: what may be offered.
        asking: int64: the rows whose customer is known.
        chosen: int64 each: that customer's code.
        row, code, cell: int64 per purchase: the row, the product, the place in the snapshot.
        place: int64 per purchase: which it is of all that the customers bought, ascending.
    """

    offer: Offer
    asking: Codes
    chosen: Codes
    row: Codes
    code: Codes
    cell: Codes
    place: Codes

    @classmethod
    def of(cls, offer: Offer, askers: Askers, rows: Codes) -> Self:
        """List all that the customers of some rows bought."""
        customers = offer.ground.snapshot.customers
        asking = rows[askers.customer[rows] >= 0]
        chosen = askers.customer[asking]
        which, cell = listed(customers.start, chosen)
        code = customers.product[cell].astype(np.int64)
        return cls(offer, asking, chosen, asking[which], code, cell, np.arange(len(cell)))

    def take(self, places: Codes) -> Self:
        """Keep some purchases, in ascending order."""
        columns = (one[places] for one in (self.row, self.code, self.cell, self.place))
        return type(self)(self.offer, self.asking, self.chosen, *columns)

    def chances(self) -> Floats:
        """Tell the chance of each to be bought within a week."""
        snapshot = self.offer.ground.snapshot
        customers, habits = snapshot.customers, snapshot.habits
        instant = max(self.offer.at, customers.as_of[0])
        shoppers = habits.shoppers(customers, self.chosen, instant)
        _, terms = habits.repeat_terms(customers, self.chosen, shoppers, instant, self.place)
        return chance(terms, habits.repeat)


def _best(
    offer: Offer, marks: Marks, bought: _Bought, n: int, lead: NDArray[np.bool_] | None = None
) -> Answer:
    """Choose among what customers bought; what is durable they have."""
    ground = offer.ground
    row, code = bought.row, bought.code
    shown, fell = judge(offer, "", row, code, marks, marks.is_owned, must_fit=False)
    kept = np.flatnonzero(shown & ~ground.snapshot.products.is_durable[code])
    bought = bought.take(kept)
    row, code, score = bought.row, bought.code, bought.chances()
    best = choose(row, ground.twin[code], score if lead is None else score + lead[kept], n)
    row, code, score = row[best], code[best], score[best]
    return Found.of(row, code, score, _OWN, confidence=score), fell
