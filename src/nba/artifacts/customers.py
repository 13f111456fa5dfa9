"""What serving knows of customers without asking the store."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nba.domain import Ids, Instants

DECAY_DAYS: Final = (14, 30, 60, 90, 180)
"""Ages in days at which an order counts 1 / e, one column of `Customers.decayed` each."""
LIKING_DECAY: Final = DECAY_DAYS.index(90)
"""The column of `Customers.decayed` by which what a customer bought says what they like."""
PACE_DAYS: Final = 28
"""Age in days at which an order counts 1 / e in `Customers.pace`."""


@dataclass(frozen=True, slots=True, eq=False)
class Customers:
    """Customers with an id and what they bought, sorted by id.

    Attributes:
        ids: the customer ids.
        as_of: datetime64[us][1]: the instant from which the ages below are counted.
        start: int64[customers + 1]: purchases of customer c are at start[c]:start[c + 1].
        product: int32 per purchase, a product code, ascending.
        orders: int32 per purchase: orders of the customer with the product.
        first_at, last_at: datetime64[us] per purchase: the earliest and the latest of them.
        decayed: float32[purchases, len(DECAY_DAYS)]: sum over them of exp(-age / decay).
        order_count: int32 per customer: kept orders.
        pace: float32 per customer: sum over these of exp(-age / PACE_DAYS).
    """

    ids: Ids
    as_of: Instants
    start: NDArray[np.int64]
    product: NDArray[np.int32]
    orders: NDArray[np.int32]
    first_at: Instants
    last_at: Instants
    decayed: NDArray[np.float32]
    order_count: NDArray[np.int32]
    pace: NDArray[np.float32]

    def __len__(self) -> int:
        """Count the customers."""
        return len(self.ids)

    def span(self, customer: int) -> slice:
        """Where a customer's purchases stand."""
        return slice(int(self.start[customer]), int(self.start[customer + 1]))
