"""Whoever counts, behind one face: the kernels, and each engine of SQL."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

import numpy as np

from nba.data.history import Baskets
from nba.data.purchases import Purchases
from nba.statistics.customers import CustomerSummary
from nba.statistics.engines import local
from nba.statistics.engines.connections.connection import Connection
from nba.statistics.engines.expressions.cells import Orders
from nba.statistics.engines.expressions.customers import customer_summary
from nba.statistics.engines.expressions.gaps import gap_stats
from nba.statistics.engines.expressions.pairs import pair_counts
from nba.statistics.engines.this_machine import ThisMachine
from nba.statistics.engines.warehouse import Warehouse
from nba.statistics.gaps import GapStats
from nba.statistics.lags import Followed, LagCounts, shared_customers
from nba.statistics.pairs import PairCounts, PairSettings
from tests.engines import reached

Asked = dict[str, Any]
"""What is asked of lags: min_shared, mains and shared."""


class Counter(Protocol):
    def pairs(self, baskets: Baskets, asked: PairSettings) -> PairCounts: ...

    def gaps(self, baskets: Baskets) -> GapStats: ...

    def customers(
        self,
        baskets: Baskets,
        purchases: Purchases,
        cost: np.ndarray,
        costed: np.ndarray,
        margin: float,
    ) -> CustomerSummary: ...

    def lags(self, followed: Followed, asked: Asked) -> LagCounts: ...


class Local:
    def pairs(self, baskets, asked):
        return local.pair_counts(baskets, asked, threads=2)

    def gaps(self, baskets):
        return GapStats.of(baskets)

    def customers(self, baskets, purchases, cost, costed, margin):
        return CustomerSummary.of(baskets, purchases, cost, costed, margin)

    def lags(self, followed, asked):
        return ThisMachine().lag_counts(followed, **asked)


class Elsewhere:
    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def pairs(self, baskets, asked):
        orders = Orders.of(baskets, spell_days=asked.spell_days)
        with self.connection.uploaded(orders.batches()) as cells:
            return pair_counts(cells, asked, baskets.product_ids)

    def gaps(self, baskets):
        with self.connection.uploaded(Orders.of(baskets).batches()) as cells:
            return gap_stats(cells, baskets.product_ids, baskets.as_of)

    def customers(self, baskets, purchases, cost, costed, margin):
        with self.connection.uploaded(Orders.of(baskets, purchases).batches()) as cells:
            about = baskets.customer_ids, baskets.as_of
            return customer_summary(self.connection, cells, *about, cost, costed, margin)

    def lags(self, followed, asked):
        return Warehouse(self.connection).lag_counts(followed, **asked)


def of_all(followed: Followed) -> Asked:
    """Ask for the lags of every pair of types that anybody bought both of."""
    shared = shared_customers(followed)
    return {"min_shared": 1, "mains": np.ones(len(followed.types), np.bool_), "shared": shared}


@contextmanager
def counter(engine: str) -> Iterator[Counter]:
    """Give the kernels for `local`, else whoever `tests.engines.reached` reaches."""
    if engine == "local":
        yield Local()
    else:
        with reached(engine) as connection:
            yield Elsewhere(connection)
