"""Latent factors of a collaborative model."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Factors:
    """The predicted preference of customer c for product p is customers[c] · products[p].

    Attributes:
        customers: float32[customers, factors].
        products: float32[products, factors]; a product nobody bought is all zeros.
    """

    customers: NDArray[np.float32]
    products: NDArray[np.float32]
