"""The engine that training uses by default: the compiled kernels of `engines.local`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nba.config import CollaborativeConfig
from nba.data.history import Baskets
from nba.data.purchases import Purchases
from nba.errors import ConfigError
from nba.statistics.customers import CustomerSummary
from nba.statistics.engines import local
from nba.statistics.engines.protocol import Level
from nba.statistics.interactions import InteractionMatrix
from nba.statistics.lags import Followed, LagCounts, lag_counts
from nba.statistics.pairs import PairSettings, ProductCounts
from nba.statistics.top import TopPairs

NAME: Final = "local"
NO_SPARK: Final = (
    "the model spark-als of the recipe is fitted by Spark; train with --engine spark, or take als"
)


@dataclass(frozen=True, slots=True, eq=False)
class RankedWhileCounted:
    """Pairs that are never written: each is scored as it is counted, and kept or forgotten.

    Attributes:
        baskets, settings: what to count.
        products: what the products did alone.
        threads: processors to use; the result is the same for any number.
    """

    baskets: Baskets
    settings: PairSettings
    products: ProductCounts
    threads: int

    def top(
        self,
        gain: NDArray[np.float64],
        floor: NDArray[np.float64],
        *,
        top_k: int,
        min_orders: int,
        wanted: NDArray[np.bool_] | None = None,
    ) -> TopPairs:
        """Count and rank, as `local.top_pairs` does."""
        return local.top_pairs(
            self.baskets,
            self.settings,
            gain,
            floor,
            top_k=top_k,
            min_orders=min_orders,
            wanted=wanted,
            threads=self.threads,
        )


@dataclass(frozen=True, slots=True, eq=False)
class ThisMachine:
    """Counts in this process.

    Attributes:
        threads: processors to use; the result is the same for any number.
        counted: as `Engine` says.
    """

    threads: int = 1
    counted: dict[str, str] = field(default_factory=dict)

    def pairs(self, level: Level, baskets: Baskets, settings: PairSettings) -> RankedWhileCounted:
        """Count what products did alone; pairs are counted when they are ranked."""
        self.counted["pair_counts"] = NAME
        return RankedWhileCounted(baskets, settings, local.product_counts(baskets), self.threads)

    def lag_counts(
        self,
        followed: Followed,
        *,
        min_shared: int,
        mains: NDArray[np.bool_],
        shared: NDArray[np.int32],
    ) -> LagCounts:
        """Count lags, as `lags.lag_counts` does."""
        self.counted["lag_counts"] = NAME
        return lag_counts(followed, min_shared=min_shared, mains=mains, shared=shared)

    def customer_summary(
        self,
        baskets: Baskets,
        purchases: Purchases,
        cost: NDArray[np.int64],
        costed: NDArray[np.bool_],
        default_margin: float,
    ) -> CustomerSummary:
        """Sum up customers, as `CustomerSummary.of` does."""
        self.counted["customer_summary"] = NAME
        return CustomerSummary.of(baskets, purchases, cost, costed, default_margin)

    def product_factors(
        self, matrix: InteractionMatrix, config: CollaborativeConfig, *, seed: int
    ) -> NDArray[np.float32]:
        """Refuse: here the model `als` factorises.

        Raises:
            ConfigError: always.
        """
        raise ConfigError(NO_SPARK)
