"""What orders prove: the baskets that pairs are counted in, each with its weight."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from nba.config import BASKET_SIZE_CAP
from nba.data.history import Baskets
from nba.domain import DAY, MICROSECOND
from nba.statistics.pairs import PairSettings, basket_weights


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """Orders and spells, sorted by customer; of one customer the orders in time, then the spells.

    A spell is what a customer bought in two or more orders that lie at most `spell_days` behind
    the first of them, taken as one more basket. Spells of more than 200 products say nothing and
    are left out, and so are those of customers who are not proven.

    Attributes:
        customer: int32 per basket, ascending.
        start: int64 per basket + 1.
        product: int32, distinct within a basket; ascending within an order.
        is_order: bool per basket; False for a spell.
        weight: int64 per basket, in 1/65536 of an order of one product; 0 for the orders of a
            customer who is not proven.
    """

    customer: NDArray[np.int32]
    start: NDArray[np.int64]
    product: NDArray[np.int32]
    is_order: NDArray[np.bool_]
    weight: NDArray[np.int64]

    @classmethod
    def of(cls, baskets: Baskets, settings: PairSettings) -> Self:
        """Weigh the baskets by `basket_weights`, and add the spells where settings ask for them."""
        weight = basket_weights()[np.minimum(baskets.size, BASKET_SIZE_CAP)] * baskets.proven
        orders = np.ones(len(baskets), np.bool_)
        if not (settings.spell_days and settings.spell_weight):
            return cls(baskets.customer, baskets.start, baskets.product, orders, weight)
        return cls._with_spells(baskets, weight, settings)

    @classmethod
    def _with_spells(
        cls, baskets: Baskets, order_weight: NDArray[np.int64], settings: PairSettings
    ) -> Self:
        from nba.statistics import basket_kernels

        source = np.empty(2 * len(baskets), np.int32)
        start = np.zeros(2 * len(baskets) + 1, np.int64)
        product = np.empty(2 * len(baskets.product), np.int32)
        count = basket_kernels.add_spells(
            baskets.customer,
            spells_of(baskets, settings.spell_days),
            baskets.start,
            baskets.product,
            BASKET_SIZE_CAP,
            np.full(len(baskets.product_ids), -1, np.int32),
            source,
            start,
            product,
        )
        source, start = source[:count], start[: count + 1]
        is_order = source >= 0
        spell = np.where(is_order, 0, np.diff(start))
        weight = spell_weights(settings)[spell]
        basket = np.where(is_order, source, -1 - source)
        weight[is_order] = order_weight[basket[is_order]]
        return cls(baskets.customer[basket], start, product[: start[-1]].copy(), is_order, weight)

    def holding(self, wanted: NDArray[np.bool_]) -> Self:
        """Keep the baskets that hold a wanted product.

        Args:
            wanted: bool per product.
        """
        before = np.append(0, np.cumsum(wanted[self.product]))
        kept = before[self.start[1:]] > before[self.start[:-1]]
        size = np.diff(self.start)
        return type(self)(
            self.customer[kept],
            np.append(0, np.cumsum(size[kept])),
            self.product[np.repeat(kept, size)],
            self.is_order[kept],
            self.weight[kept],
        )

    def __len__(self) -> int:
        """Count the baskets."""
        return len(self.customer)


def spells_of(baskets: Baskets, days: int) -> NDArray[np.int64]:
    """Number spells by their first basket, int64 per basket; -1: in none.

    Args:
        baskets: the kept purchases.
        days: from the first to the last order of a spell, at most; 0 = no spells.
    """
    from nba.statistics import basket_kernels

    spell = np.full(len(baskets), -1)
    if not days:
        return spell
    basket_kernels.number_spells(
        baskets.customer,
        baskets.at.astype("datetime64[us]").view(np.int64),
        baskets.proven,
        int(days * DAY / MICROSECOND),
        spell,
    )
    return spell


def spell_weights(settings: PairSettings) -> NDArray[np.int64]:
    """Tabulate the weight of a spell by its size: that of an order, times `spell_weight`.

    Returns:
        int64[201], rounded.
    """
    weights = np.rint(settings.spell_weight * basket_weights())
    return np.asarray(weights, np.int64)
