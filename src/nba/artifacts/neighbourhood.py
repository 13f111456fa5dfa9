"""A collaborative model of neighbours: who bought this also buys that, whenever."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nba.artifacts.factors import shared_out
from nba.ranges import listed


@dataclass(frozen=True, slots=True, eq=False)
class Neighbourhood:
    """For each product the products that its buyers buy.

    Attributes:
        start: int64[products + 1]: neighbours of product p are at start[p]:start[p + 1].
        neighbour: int32, product codes.
        score: float32, above 0, comparable between all products.
    """

    start: NDArray[np.int64]
    neighbour: NDArray[np.int32]
    score: NDArray[np.float32]

    def liking(
        self, product: NDArray[np.integer], orders: NDArray[np.integer], weight: NDArray[np.float32]
    ) -> NDArray[np.float64]:
        """Share out a customer's interest over all products.

        Args:
            product: codes of what the customer bought or looked at, each once.
            orders: not used: what is bought daily says no more of new products.
            weight: how much each counts.

        Returns:
            float64 per product code, their sum 1, or 0 where nothing is known.
        """
        source, place = listed(self.start, product)
        score = self.score[place].astype(np.float64) * weight[source]
        total = np.bincount(self.neighbour[place], score, len(self.start) - 1)
        return shared_out(total.astype(np.float64, copy=False))
