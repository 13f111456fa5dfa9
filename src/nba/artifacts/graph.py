"""A graph of one relation: for each product its neighbours, best first."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class ProductGraph:
    """Neighbours as a ragged array.

    Attributes:
        indptr: int64[products + 1]: neighbours of product p are at indptr[p]:indptr[p + 1].
        neighbours: int32, product codes, best score first, ties by code (that is, by id).
        score: float32; comparable within one product's list.
        support: int32: orders with both products.
        customers: int32: distinct customers with such an order.
    """

    indptr: NDArray[np.int64]
    neighbours: NDArray[np.int32]
    score: NDArray[np.float32]
    support: NDArray[np.int32]
    customers: NDArray[np.int32]

    def span(self, product: int) -> slice:
        """Where a product's neighbours stand."""
        return slice(int(self.indptr[product]), int(self.indptr[product + 1]))
