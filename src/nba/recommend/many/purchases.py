"""What many persons bought, ready to be asked about: which products, when last, what they own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from nba.ranges import starts
from nba.recommend.many.ground import Ground
from nba.recommend.many.lists import Codes, held, places_of


@dataclass(frozen=True, slots=True, eq=False)
class Purchases:
    """Products of the snapshot that persons bought; a number stands for a person and a product.

    Attributes:
        span: numbers a person takes up.
        bought: int64, ascending: person * span + product.
        last: int64 each: the latest of the person's orders with the product.
        is_late: bool each: the snapshot does not know that order.
        owned: int64, ascending: person * span + twin, of durable products.
    """

    span: int
    bought: Codes
    last: Codes
    is_late: NDArray[np.bool_]
    owned: Codes

    @classmethod
    def of(
        cls,
        ground: Ground,
        person: Codes,
        code: Codes,
        order: Codes,
        is_late: NDArray[np.bool_],
    ) -> Self:
        """Sort the lines of orders.

        Args:
            ground: the snapshot.
            person: per line, ascending.
            code: per line, a code of the snapshot, negative for what it does not know.
            order: per line, ascending in time within a person.
            is_late: per line.
        """
        known = np.flatnonzero(code >= 0)
        number = person[known] * ground.span + code[known]
        by_number = np.argsort(number, kind="stable")
        number, line = number[by_number], known[by_number]
        ends = np.append(starts(number)[1:], len(number))[: len(number)] - 1
        number, line = number[ends], line[ends]
        durable = line[ground.snapshot.products.is_durable[code[line]]]
        owned = person[durable] * ground.span + ground.twin[code[durable]]
        return cls(ground.span, number, order[line], is_late[line], np.sort(owned))

    def has(self, person: Codes, code: NDArray[np.integer]) -> NDArray[np.bool_]:
        """Tell whether each person ever bought each product."""
        return held(self.bought, person * self.span + code)

    def has_since(
        self, person: Codes, code: NDArray[np.integer], order: Codes
    ) -> NDArray[np.bool_]:
        """Tell whether each person bought each product after an order; after none, never."""
        number = person * self.span + code
        place, is_there = places_of(self.bought, number)
        if not len(self.bought):
            return is_there
        return is_there & (order >= 0) & (self.last[place] > order)

    def has_lately(self, person: Codes, code: NDArray[np.integer]) -> NDArray[np.bool_]:
        """Tell whether each person bought each product since the snapshot was made."""
        place, is_there = places_of(self.bought, person * self.span + code)
        return is_there & self.is_late[place] if len(self.bought) else is_there

    def owns(self, person: Codes, twin: Codes) -> NDArray[np.bool_]:
        """Tell whether each person has each durable product, or a variant of it."""
        return held(self.owned, person * self.span + twin)
