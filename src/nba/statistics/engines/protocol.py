"""What training asks of whoever counts its sums: equal integers, wherever they are counted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from nba.config import CollaborativeConfig
from nba.data.history import Baskets
from nba.data.purchases import Purchases
from nba.statistics.customers import CustomerSummary
from nba.statistics.interactions import InteractionMatrix
from nba.statistics.lags import Followed, LagCounts
from nba.statistics.pairs import PairSettings, ProductCounts
from nba.statistics.top import TopPairs

Level = Literal["products", "designs", "categories"]
"""What stands for a product in the baskets: itself, all its variants, or its category."""


class Pairs(Protocol):
    """The pairs of one level, counted."""

    @property
    def products(self) -> ProductCounts:
        """What the products did alone."""

    def top(
        self,
        gain: NDArray[np.float64],
        floor: NDArray[np.float64],
        *,
        top_k: int,
        min_orders: int,
        wanted: NDArray[np.bool_] | None = None,
    ) -> TopPairs:
        """Rank the partners of every product by gain[j] * weight_ij / 65536 + floor[j].

        Args:
            gain: float64 per product, of the partner j; not negative.
            floor: float64 per product, of the partner j.
            top_k: partners kept a product.
            min_orders: orders or customers with both from which on a pair may rank; one without
                weight never does.
            wanted: bool per product: whose partners; everybody's, if None.
        """


class Engine(Protocol):
    """Where a training run counts its sums; it counts each of them when it is asked to.

    Whatever counts gives the integers that `engines.local` gives.
    """

    @property
    def counted(self) -> Mapping[str, str]:
        """The name of what counted, by statistic counted so far: for the manifest."""

    def pairs(self, level: Level, baskets: Baskets, settings: PairSettings) -> Pairs:
        """Count pairs.

        Args:
            level: what the products of the baskets are.
            baskets: the kept purchases.
            settings: what counts as evidence.
        """

    def lag_counts(
        self,
        followed: Followed,
        *,
        min_shared: int,
        mains: NDArray[np.bool_],
        shared: NDArray[np.int32],
    ) -> LagCounts:
        """Count lags while nothing is settled; the arguments are those of `lags.lag_counts`."""

    def customer_summary(
        self,
        baskets: Baskets,
        purchases: Purchases,
        cost: NDArray[np.int64],
        costed: NDArray[np.bool_],
        default_margin: float,
    ) -> CustomerSummary:
        """Sum up customers; the arguments are those of `CustomerSummary.of`."""

    def product_factors(
        self, matrix: InteractionMatrix, config: CollaborativeConfig, *, seed: int
    ) -> NDArray[np.float32]:
        """Fit latent factors, float32[products, factors], of the model `spark-als`.

        Args:
            matrix: with one cell or more.
            config: the model's settings.
            seed: of the start.

        Raises:
            ConfigError: this engine fits none.
        """
