"""Rows of one message as the snapshot's lists see them: who asks, and about which products."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from nba.decide.coding import Coding
from nba.facts.fold import Facts
from nba.facts.lookups import ABSENT
from nba.ranges import crossed, listed, starts
from nba.recommend.many.ground import Ground
from nba.recommend.many.lists import Codes, Ragged, bounds
from nba.recommend.many.purchases import Purchases
from nba.vocabulary import INTENT_KINDS

_GATHERED = np.array([one in ("view", "cart") for one in INTENT_KINDS])
"""Intents of which a message is about all that the customer has open."""


@dataclass(frozen=True, slots=True, eq=False)
class Known:
    """What holds for all rows of one call.

    Attributes:
        facts: of the customers.
        coding: between facts and snapshot.
        is_open: bool per intent of the facts: whether it still counts.
        purchases: of the customers who may ask.
    """

    facts: Facts
    coding: Coding
    is_open: NDArray[np.bool_]
    purchases: Purchases

    @classmethod
    def of(
        cls,
        ground: Ground,
        facts: Facts,
        coding: Coding,
        is_open: NDArray[np.bool_] | None,
        asks: NDArray[np.bool_] | None,
    ) -> Known:
        """Look once at what the customers bought, those who may ask or all."""
        if is_open is None:
            is_open = np.ones(len(facts.intents.kind), np.bool_)
        persons = np.arange(len(facts.customer_ids))
        if asks is not None:
            persons = np.flatnonzero(asks)
        row, order = listed(facts.order_start, persons)
        which, line = listed(facts.line_start, order)
        late = facts.ordered_at[order] >= ground.snapshot.customers.as_of[0]
        code = coding.product[facts.product[line]]
        bought = Purchases.of(ground, persons[row[which]], code, order[which], late[which])
        return cls(facts, coding, is_open, bought)


class Asking:
    """Rows of one message, numbered from 0, each list made when it is first asked for."""

    def __init__(
        self,
        known: Known,
        customer: Codes,
        order: Codes,
        intent: Codes,
        product: Codes,
        *,
        wants_review: bool = False,
    ) -> None:
        """Ask for customers, by their place in the facts, about an order, an intent or a product.

        What there is none of is `ABSENT`. An intent is what the row is about, else the product,
        else the order; who wants a review asks of what the customer has yet to review.
        """
        self.person = customer
        self._wants_review = wants_review
        self.order = order
        self.purchases = known.purchases
        self._known = known
        self._intent = intent
        self._product = product
        self._rows = np.arange(len(customer))

    @cached_property
    def customer(self) -> Codes:
        """The customer's code in the snapshot; `ABSENT` where it knows none."""
        return self._known.coding.customer[self.person]

    @cached_property
    def is_about(self) -> NDArray[np.bool_]:
        """Whether a row is about an order, an intent or a product, known or not."""
        return (self.order >= 0) | (self._intent >= 0) | (self._product >= 0)

    @cached_property
    def asks_of_orders(self) -> bool:
        """Whether all rows are about what their customers bought."""
        return bool(((self._intent < 0) & (self._product < 0)).all())

    @cached_property
    def about(self) -> Ragged:
        """What a row is about, each product once, ascending."""
        if self.asks_of_orders:
            return self.ordered
        is_anchored = (self._intent >= 0) | (self._product >= 0)
        row, code = self._lines(np.flatnonzero(~is_anchored & (self.order >= 0)))
        anchored, mind = self.anchor.of(self._rows)
        return self._distinct(np.append(row, anchored), np.append(code, mind))

    @cached_property
    def anchor(self) -> Ragged:
        """What the customer has in mind, the latest first; else the product that is named."""
        intents = self._known.facts.intents
        named = np.flatnonzero(self._intent >= 0)
        place = self._intent[named]
        gathers = _GATHERED[intents.kind[place]]
        span = intents.start[self.person[named]], intents.start[self.person[named] + 1]
        which, other = crossed(
            np.where(gathers, span[0], place), np.where(gathers, span[1], place + 1)
        )
        same = (intents.kind[other] == intents.kind[place[which]]) & self._known.is_open[other]
        same |= other == place[which]
        row, other = named[which[same]], other[same]
        latest = np.lexsort((intents.product[other], -intents.last_at[other].view("i8"), row))
        row, code = row[latest], intents.product[other[latest]]
        alone = np.flatnonzero((self._intent < 0) & (self._product >= 0))
        if len(alone):
            row, code = np.append(row, alone), np.append(code, self._product[alone])
            by_row = np.argsort(row, kind="stable")
            row, code = row[by_row], code[by_row]
        return self._ragged(row, self._coded(code))

    @cached_property
    def ordered(self) -> Ragged:
        """The kept products of the order."""
        return self._distinct(*self._lines(np.flatnonzero(self.order >= 0)))

    def _lines(self, rows: Codes) -> tuple[Codes, Codes]:
        """Give the kept products of the orders of some rows."""
        facts, order = self._known.facts, self.order[rows]
        which, line = crossed(facts.line_start[order], facts.line_start[order + 1])
        if self._wants_review:
            asked = ~facts.is_reviewed[line]
            which, line = which[asked], line[asked]
        return rows[which], self._coded(facts.product[line])

    def _coded(self, product: NDArray[np.integer]) -> Codes:
        codes: Codes = self._known.coding.product[product]
        return codes

    def _distinct(self, row: Codes, code: Codes) -> Ragged:
        width = int(code.max(initial=0)) + 1
        known = code >= 0
        number = np.sort(row[known] * width + code[known])
        number = number[starts(number)]
        return self._ragged(number // width, number % width)

    def _ragged(self, row: Codes, code: Codes) -> Ragged:
        known = code != ABSENT
        if not known.all():
            row, code = row[known], code[known]
        return Ragged(bounds(np.bincount(row, minlength=len(self._rows))), code)
