"""The interaction matrix: who bought what how often, and when last."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nba.data.history import Baskets
from nba.domain import Ids, Instants


@dataclass(frozen=True, slots=True, eq=False)
class InteractionMatrix:
    """Identified customers x products, one cell a pair that met, sorted by customer, product.

    Attributes:
        customer_ids, product_ids: ids of rows and columns.
        start: int64[customers + 1]: cells of customer c are start[c]:start[c + 1].
        product: int32 per cell.
        orders: int32 per cell: orders of the customer with the product.
        last_at: datetime64[us] per cell: the latest of them.
        decayed: float64 per cell: sum over those orders of 2^(-age / half-life).
    """

    customer_ids: Ids
    product_ids: Ids
    start: NDArray[np.int64]
    product: NDArray[np.int32]
    orders: NDArray[np.int32]
    last_at: Instants
    decayed: NDArray[np.float64]

    @classmethod
    def of(cls, baskets: Baskets, *, half_life_days: float) -> InteractionMatrix:
        """Count the baskets of identified customers.

        Args:
            baskets: kept purchases; guests are left out, nobody asks for them.
            half_life_days: the age at which an order counts half, measured from
                `baskets.as_of`.
        """
        size = baskets.size
        customer = np.repeat(baskets.customer, size)
        at = np.repeat(baskets.at, size)
        known = customer < len(baskets.customer_ids)
        customer, product, at = customer[known], baskets.product[known], at[known]
        width = max(len(baskets.product_ids), 1)
        key = customer.astype(np.int64) * width + product
        # Stable, and baskets ascend in time: the last of a run is the latest purchase.
        order = np.argsort(key, kind="stable")
        key, at = key[order], at[order]
        cells, first, count = np.unique(key, return_index=True, return_counts=True)
        age_days = (baskets.as_of - at) / np.timedelta64(1, "D")
        decay = np.exp2(-age_days / half_life_days)
        decayed = np.add.reduceat(decay, first) if len(cells) else np.empty(0)
        owner, bought = np.divmod(cells, width)
        start = np.searchsorted(owner, np.arange(len(baskets.customer_ids) + 1))
        return cls(
            baskets.customer_ids,
            baskets.product_ids,
            start.astype(np.int64),
            bought.astype(np.int32),
            count.astype(np.int32),
            at[first + count - 1] if len(cells) else at,
            decayed,
        )
