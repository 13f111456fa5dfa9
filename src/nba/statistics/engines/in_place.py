"""The engine that counts from a shop's own tables, where they are: only sums travel."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from nba.config import CollaborativeConfig, CoPurchaseConfig
from nba.data.history import Baskets
from nba.data.purchases import Purchases
from nba.errors import DataError
from nba.schema import ORDER_LINES, ORDER_STATUSES, ORDER_VERSIONS, ORDERS
from nba.statistics.customers import CustomerSummary
from nba.statistics.engines.connections.connection import Connection
from nba.statistics.engines.expressions.customers import customer_summary
from nba.statistics.engines.expressions.pairs import pair_counts
from nba.statistics.engines.orders.kept import KeptCells, kept_cells
from nba.statistics.engines.protocol import Level
from nba.statistics.engines.warehouse import CountedPairs, Warehouse
from nba.statistics.interactions import InteractionMatrix
from nba.statistics.lags import Followed, LagCounts
from nba.statistics.pairs import PairSettings

if TYPE_CHECKING:
    import ibis.expr.types as ir

_TABLES: Final = (ORDERS.name, ORDER_LINES.name, ORDER_STATUSES.name, ORDER_VERSIONS.name)


@dataclass(frozen=True, slots=True, eq=False)
class InPlace:
    """Counts pairs of products and customers from the orders themselves; hands over all else.

    What coarser levels and lags are counted from is the smaller for being coarse, and depends on
    the catalogue: that is uploaded.

    Attributes:
        warehouse: where the orders are.
        kept: what of them counts.
        spell_days: for how long a spell lasts there.
    """

    warehouse: Warehouse
    kept: KeptCells
    spell_days: int

    @property
    def counted(self) -> dict[str, str]:
        """As `Engine` says."""
        return self.warehouse.counted

    def pairs(self, level: Level, baskets: Baskets, settings: PairSettings) -> CountedPairs:
        """Count pairs of products where their orders are, all others from what is uploaded.

        Raises:
            DataError: the tables hold other orders by now.
        """
        spells = settings.spell_days if settings.spell_weight else 0
        if level != "products" or spells not in (0, self.spell_days):
            return self.warehouse.pairs(level, baskets, settings)
        with self.warehouse.asking("pair_counts"):
            counts = pair_counts(self.kept.cells, settings, self.kept.product_ids)
        self._refuse_others(counts.products.order_count, len(baskets), "kept orders")
        return CountedPairs(counts.over(baskets.product_ids))

    def lag_counts(
        self,
        followed: Followed,
        *,
        min_shared: int,
        mains: NDArray[np.bool_],
        shared: NDArray[np.int32],
    ) -> LagCounts:
        """Count lags from what is uploaded."""
        return self.warehouse.lag_counts(
            followed, min_shared=min_shared, mains=mains, shared=shared
        )

    def customer_summary(
        self,
        baskets: Baskets,
        purchases: Purchases,
        cost: NDArray[np.int64],
        costed: NDArray[np.bool_],
        default_margin: float,
    ) -> CustomerSummary:
        """Sum up customers where their orders are.

        Raises:
            DataError: the tables hold other orders by now.
        """
        ids = baskets.customer_ids
        known = baskets.product_ids.codes_of(self.kept.product_ids)
        with self.warehouse.asking("customer_summary") as connection:
            summary = customer_summary(
                connection,
                self.kept.cells,
                ids,
                self.kept.as_of,
                cost[known],
                costed[known],
                default_margin,
            )
        named = np.unique(baskets.customer[baskets.customer < len(ids)])
        self._refuse_others(len(summary), len(named), "customers who bought something")
        return replace(summary, as_of=baskets.as_of)

    def product_factors(
        self, matrix: InteractionMatrix, config: CollaborativeConfig, *, seed: int
    ) -> NDArray[np.float32]:
        """Fit them, where the engine is Spark."""
        return self.warehouse.product_factors(matrix, config, seed=seed)

    def _refuse_others(self, found: int, expected: int, what: str) -> None:
        if found != expected:
            raise DataError(
                f"{found} {what} were counted by {self.warehouse.connection.name} and {expected} "
                "were read: the shop changed meanwhile; train again, with an --as-of that lies "
                "behind what is being posted"
            )


@contextmanager
def in_place(
    connection: Connection, shop: Path | None, config: CoPurchaseConfig, as_of: np.datetime64
) -> Iterator[InPlace]:
    """Give the engine that counts a shop's tables where they are.

    Args:
        connection: to an engine that can read them.
        shop: the folder that holds them as Parquet; None where they are the engine's own.
        config: how customers are proven, and how long spells last.
        as_of: the instant at which the history was cut.

    Raises:
        DataError: a table cannot be counted exactly; see `kept_cells`.
        ConfigError, StateError: as `Connection.asked` says.
    """
    days = config.spell_days if config.spell_weight else 0
    with connection.asked():
        tables = _own(connection) if shop is None else _files(connection, shop)
        kept = kept_cells(tables, as_of, proving_days=config.proving_days, spell_days=days)
    try:
        yield InPlace(Warehouse(connection), kept, days)
    finally:
        with connection.asked():
            kept.close()


def _own(connection: Connection) -> dict[str, ir.Table]:
    with _looking():
        held = set(connection.backend.list_tables())
        return {name: connection.backend.table(name) for name in _TABLES if name in held}


def _files(connection: Connection, shop: Path) -> dict[str, ir.Table]:
    paths = ((name, shop / f"{name}.parquet") for name in _TABLES)
    with _looking():
        return {
            name: connection.backend.read_parquet(str(path))
            for name, path in paths
            if path.is_file()
        }


@contextmanager
def _looking() -> Iterator[None]:
    with warnings.catch_warnings():
        # Ibis 12 asks DuckDB 2 for the columns of a table in a way that is going away.
        warnings.simplefilter("ignore", DeprecationWarning)
        yield
