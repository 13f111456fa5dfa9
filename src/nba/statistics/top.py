"""The best partners of every product, as counting leaves them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class TopPairs:
    """For each product its best partners, as a ragged array.

    Attributes:
        indptr: int64[products + 1]: partners of product p are at indptr[p]:indptr[p + 1].
        partner: int32, product codes, best score first, ties by code.
        orders: int32: orders with both.
        weight: int64: damped orders with both, in 1/65536 of an order.
        customers: int32: distinct customers who prove it.
        score: float64.
    """

    indptr: NDArray[np.int64]
    partner: NDArray[np.int32]
    orders: NDArray[np.int32]
    weight: NDArray[np.int64]
    customers: NDArray[np.int32]
    score: NDArray[np.float64]

    def __len__(self) -> int:
        """Count the pairs kept; one kept by both its products counts twice."""
        return len(self.partner)

    def first(self) -> NDArray[np.int32]:
        """Give the product whose partner each is, int32."""
        return np.repeat(np.arange(len(self.indptr) - 1, dtype=np.int32), np.diff(self.indptr))
