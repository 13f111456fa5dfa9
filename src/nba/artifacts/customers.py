"""What serving knows of customers without asking the store."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nba.domain import Ids, Instants


@dataclass(frozen=True, slots=True, eq=False)
class Customers:
    """Customers with an id and what they bought, sorted by id.

    Attributes:
        ids: the customer ids.
        start: int64[customers + 1]: purchases of customer c are at start[c]:start[c + 1].
        product: int32 per purchase, a product code, ascending.
        orders: int32 per purchase: orders of the customer with the product.
        decayed: float32 per purchase: those orders, each halved by every half-life of age.
        last_at: datetime64[us] per purchase.
        order_count: int32 per customer: kept orders.
    """

    ids: Ids
    start: NDArray[np.int64]
    product: NDArray[np.int32]
    orders: NDArray[np.int32]
    decayed: NDArray[np.float32]
    last_at: Instants
    order_count: NDArray[np.int32]

    def __len__(self) -> int:
        """Count the customers."""
        return len(self.ids)

    def span(self, customer: int) -> slice:
        """Where a customer's purchases stand."""
        return slice(int(self.start[customer]), int(self.start[customer + 1]))
