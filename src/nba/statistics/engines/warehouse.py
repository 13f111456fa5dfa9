"""The engine that counts where SQL runs: DuckDB, PostgreSQL or Spark."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from nba.config import CollaborativeConfig
from nba.data.history import Baskets
from nba.data.purchases import Purchases
from nba.statistics.customers import CustomerSummary
from nba.statistics.engines.connections.connection import Connection
from nba.statistics.engines.expressions.cells import Orders
from nba.statistics.engines.expressions.customers import customer_summary
from nba.statistics.engines.expressions.lags import lag_counts
from nba.statistics.engines.expressions.pairs import pair_counts
from nba.statistics.engines.protocol import Level
from nba.statistics.interactions import InteractionMatrix
from nba.statistics.lags import Followed, LagCounts
from nba.statistics.pairs import PairCounts, PairSettings, ProductCounts
from nba.statistics.ranking import top_of
from nba.statistics.top import TopPairs


@dataclass(frozen=True, slots=True, eq=False)
class CountedPairs:
    """Pairs that came back, to be ranked here as often as anybody asks.

    Attributes:
        counts: all of them; some 32 bytes a pair.
    """

    counts: PairCounts

    @property
    def products(self) -> ProductCounts:
        """What the products did alone."""
        return self.counts.products

    def top(
        self,
        gain: NDArray[np.float64],
        floor: NDArray[np.float64],
        *,
        top_k: int,
        min_orders: int,
        wanted: NDArray[np.bool_] | None = None,
    ) -> TopPairs:
        """Rank, as `ranking.top_of` does."""
        return top_of(self.counts, gain, floor, top_k=top_k, min_orders=min_orders, wanted=wanted)


@dataclass(frozen=True, slots=True, eq=False)
class Warehouse:
    """Hands the orders to an engine, and takes the sums back.

    A connection answers one question at a time, whichever thread of training asks.

    Attributes:
        connection: to the engine; whoever opened it closes it.
        counted: as `Engine` says.
    """

    connection: Connection
    counted: dict[str, str] = field(default_factory=dict)
    _busy: Lock = field(default_factory=Lock)

    @contextmanager
    def asking(self, statistic: str) -> Iterator[Connection]:
        """Have the connection to oneself; it is named as what counted the statistic.

        Raises:
            ConfigError, StateError: as `Connection.asked` says.
        """
        with self._busy, self.connection.asked():
            self.counted[statistic] = self.connection.name
            yield self.connection

    def pairs(self, level: Level, baskets: Baskets, settings: PairSettings) -> CountedPairs:
        """Count pairs once; they are ranked here."""
        orders = Orders.of(baskets, spell_days=settings.spell_days)
        with (
            self.asking("pair_counts") as connection,
            connection.uploaded(orders.batches()) as cells,
        ):
            return CountedPairs(pair_counts(cells, settings, baskets.product_ids))

    def lag_counts(
        self,
        followed: Followed,
        *,
        min_shared: int,
        mains: NDArray[np.bool_],
        shared: NDArray[np.int32],
    ) -> LagCounts:
        """Count lags, as `lags.lag_counts` does."""
        types = followed.types
        with (
            self.asking("lag_counts") as connection,
            connection.uploaded(Orders.followed(followed).batches()) as cells,
        ):
            return lag_counts(
                connection,
                cells,
                np.arange(len(types), dtype=np.int32),
                types,
                followed.as_of,
                # Each order says when it arrived.
                delivery_days=0,
                min_shared=min_shared,
                mains=mains,
                shared=shared,
            )

    def customer_summary(
        self,
        baskets: Baskets,
        purchases: Purchases,
        cost: NDArray[np.int64],
        costed: NDArray[np.bool_],
        default_margin: float,
    ) -> CustomerSummary:
        """Sum up customers, as `CustomerSummary.of` does."""
        with (
            self.asking("customer_summary") as connection,
            connection.uploaded(Orders.of(baskets, purchases).batches()) as cells,
        ):
            return customer_summary(
                connection,
                cells,
                baskets.customer_ids,
                baskets.as_of,
                cost,
                costed,
                default_margin,
            )

    def product_factors(
        self, matrix: InteractionMatrix, config: CollaborativeConfig, *, seed: int
    ) -> NDArray[np.float32]:
        """Fit them, where the engine is Spark.

        Raises:
            ConfigError: it is not.
        """
        with self._busy, self.connection.asked():
            return self.connection.product_factors(matrix, config, seed=seed)
