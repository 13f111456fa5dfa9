"""What one customer may like, remembered: the one list that is made customer by customer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nba.artifacts.snapshot import Snapshot
from nba.recommend.chances import Chances
from nba.recommend.many.lists import Codes, Floats

REMEMBERED: Final = 4096
"""Customers that are remembered."""


@dataclass(frozen=True, slots=True, eq=False)
class Liking:
    """What a customer may like.

    Attributes:
        code: int64, product codes, ascending.
        score: float64, by which to rank them.
        chance: float64, 0..1, to buy each within a week.
        is_own: bool: the customer bought it before.
    """

    code: Codes
    score: Floats
    chance: Floats
    is_own: NDArray[np.bool_]


class Likings:
    """What customers of a snapshot may like."""

    def __init__(self, snapshot: Snapshot) -> None:
        """Remember nobody yet."""
        self._snapshot = snapshot
        self._known: dict[tuple[int, np.datetime64], Liking] = {}

    def of(self, customer: int, at: np.datetime64) -> Liking:
        """Give what a customer may like; nothing of one of whom no purchase is known."""
        customers = self._snapshot.customers
        if customer < 0 or customers.order_count[customer] == 0:
            no = np.empty(0)
            return Liking(no.astype(np.int64), no, no, no > 0)
        key = customer, at
        if key not in self._known:
            if len(self._known) >= REMEMBERED:
                self._known.clear()
            self._known[key] = self._told(customer, at)
        return self._known[key]

    def _told(self, customer: int, at: np.datetime64) -> Liking:
        chances, customers = Chances.of(self._snapshot), self._snapshot.customers
        chance = chances.either(customer, at, chances.liking(customer))
        score = chances.varied(chance)
        code = np.flatnonzero(score)
        own = np.zeros(len(score), np.bool_)
        own[customers.product[customers.span(customer)]] = True
        return Liking(code, score[code], chance[code], own[code])
