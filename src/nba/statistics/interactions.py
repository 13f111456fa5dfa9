"""The interaction matrix: who bought what how often, from when until when, and how lately."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nba.data.history import Baskets
from nba.domain import Ids, Instants
from nba.ranges import starts


@dataclass(frozen=True, slots=True, eq=False)
class InteractionMatrix:
    """Identified customers x products, one cell a pair that met, sorted by customer, product.

    Attributes:
        customer_ids, product_ids: ids of rows and columns.
        start: int64[customers + 1]: cells of customer c are start[c]:start[c + 1].
        product: int32 per cell.
        orders: int32 per cell: orders of the customer with the product.
        first_at, last_at: datetime64[us] per cell: the earliest and the latest of them.
        decayed: float32[cells, decays]: sum over those orders of exp(-age / decay), in days, one
            column a decay.
    """

    customer_ids: Ids
    product_ids: Ids
    start: NDArray[np.int64]
    product: NDArray[np.int32]
    orders: NDArray[np.int32]
    first_at: Instants
    last_at: Instants
    decayed: NDArray[np.float32]

    @classmethod
    def of(cls, baskets: Baskets, *, decay_days: Sequence[float]) -> InteractionMatrix:
        """Count the baskets of identified customers.

        Args:
            baskets: kept purchases; guests are left out, nobody asks for them.
            decay_days: the ages at which an order counts 1 / e, measured from `baskets.as_of`.
        """
        size = baskets.size
        known = np.repeat(baskets.customer < len(baskets.customer_ids), size)
        basket = np.repeat(np.arange(len(baskets)), size)[known]
        product = baskets.product[known]
        width = max(len(baskets.product_ids), 1)
        key = baskets.customer[basket].astype(np.int64) * width + product
        # Stable, and baskets ascend in time: the last of a run is the latest purchase.
        order = np.argsort(key, kind="stable")
        key, basket = key[order], basket[order]
        first = starts(key)
        count = np.diff(np.append(first, len(key)))
        age_days = (baskets.as_of - baskets.at) / np.timedelta64(1, "D")
        decayed = np.zeros((len(first), len(decay_days)), np.float32)
        if len(key):
            for column, days in enumerate(decay_days):
                weight = np.exp(-age_days / days)[basket]
                decayed[:, column] = np.add.reduceat(weight, first)
        owner, bought = np.divmod(key[first], width)
        start = np.searchsorted(owner, np.arange(len(baskets.customer_ids) + 1))
        return cls(
            baskets.customer_ids,
            baskets.product_ids,
            start.astype(np.int64),
            bought.astype(np.int32),
            count.astype(np.int32),
            baskets.at[basket[first]],
            baskets.at[basket[first + count - 1]],
            decayed,
        )
