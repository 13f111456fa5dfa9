"""A collaborative model of latent factors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Factors:
    """Factors of products; those of a customer are folded in from what they bought.

    The customer's x minimises sum over all products of (x · y_p)^2 + regularization |x|^2, but for
    what was bought of c_p (1 - x · y_p)^2 with c_p = confidence ln(1 + orders): the last half step
    of alternating least squares (Hu, Koren, Volinsky 2008). So who is new needs no new training.

    Attributes:
        products: float32[products, factors]: y; a product nobody bought is all zeros.
        gram: float64[factors, factors]: sum over products of y y^T, plus regularization.
        confidence: float64[1].
    """

    products: NDArray[np.float32]
    gram: NDArray[np.float64]
    confidence: NDArray[np.float64]

    def liking(
        self, product: NDArray[np.integer], orders: NDArray[np.integer], weight: NDArray[np.float32]
    ) -> NDArray[np.float64]:
        """Share out a customer's interest over all products.

        Args:
            product: codes of what the customer bought or looked at, each once.
            orders: how often.
            weight: not used: these factors know no time.

        Returns:
            float64 per product code, their sum 1, or 0 where nothing is known.
        """
        bought = self.products[product].astype(np.float64)
        trust = self.confidence[0] * np.log1p(orders)
        known = self.gram + (bought * (trust - 1)[:, None]).T @ bought
        # One product of matrix and vector a customer, whatever the batch.
        taste = np.linalg.solve(known, bought.T @ trust).astype(np.float32)
        return shared_out(np.asarray(self.products @ taste, np.float64))


def shared_out(score: NDArray[np.float64]) -> NDArray[np.float64]:
    """Divide scores by their sum; what is not above 0 counts as 0."""
    positive = np.maximum(score, 0.0)
    total = float(positive.sum())
    return positive / total if total > 0 else positive
