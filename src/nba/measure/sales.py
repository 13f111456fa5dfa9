"""Kept orders with their money: what every figure about customers and sales is counted from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from nba.data.catalog import Catalog
from nba.data.history import OrderHistory
from nba.domain import MICROSECOND, Ids, Instants
from nba.ranges import changes

DEFAULT_MARGIN: Final = 0.3
"""Share of the revenue that is profit where nobody said what a product costs the shop."""


@dataclass(frozen=True, slots=True, eq=False)
class Sales:
    """Orders with a kept purchase, sorted by customer and instant, guests last.

    Attributes:
        customer: int32 per order; codes from `customer_count` on are guests.
        customer_ids: what the codes of customers with an id name.
        at: datetime64[us] per order.
        revenue: int64 per order, minor units.
        profit: int64 per order, minor units; see `Purchases.profit`.
        as_of: the instant up to which they are known.
    """

    customer: NDArray[np.int32]
    customer_ids: Ids
    at: Instants
    revenue: NDArray[np.int64]
    profit: NDArray[np.int64]
    as_of: np.datetime64

    @classmethod
    def of(
        cls,
        history: OrderHistory,
        catalog: Catalog | None = None,
        *,
        default_margin: float = DEFAULT_MARGIN,
    ) -> Self:
        """Take the kept purchases of a history.

        Args:
            history: the orders.
            catalog: says what a piece costs the shop; without it nobody does.
            default_margin: share of the revenue that is profit where nobody said a cost.
        """
        baskets, purchases = history.baskets(), history.purchases()
        cost = np.zeros(len(baskets.product_ids), np.int64)
        costed = np.zeros(len(cost), np.bool_)
        if catalog is not None:
            code = catalog.product_ids.codes()
            listed = np.array([code.get(one, -1) for one in baskets.product_ids], np.int64)
            known = listed >= 0
            cost[known] = catalog.cost[listed[known]]
            costed[known] = catalog.costed[listed[known]]
        profit = purchases.profit(baskets.product, cost, costed, default_margin)
        return cls(
            baskets.customer,
            baskets.customer_ids,
            baskets.at,
            _by_order(purchases.revenue, baskets.start),
            _by_order(profit, baskets.start),
            baskets.as_of,
        )

    @property
    def customer_count(self) -> int:
        """Customers with an id."""
        return len(self.customer_ids)

    @property
    def named(self) -> NDArray[np.bool_]:
        """Tell, per order, whether its customer has an id."""
        return np.asarray(self.customer < self.customer_count, np.bool_)

    def is_first(self) -> NDArray[np.bool_]:
        """Tell, per order, whether it is the first of its customer."""
        return changes(self.customer)

    def is_repeat(self) -> NDArray[np.bool_]:
        """Tell, per order, whether its customer had bought on an earlier day."""
        day, opens = self.at.astype("datetime64[D]"), self.is_first()
        first = day[opens][np.cumsum(opens) - 1]
        return np.asarray(day > first, np.bool_)

    def within(self, since: np.datetime64, until: np.datetime64) -> NDArray[np.bool_]:
        """Tell, per order, whether it lies in a period."""
        return np.asarray((self.at >= since) & (self.at < until), np.bool_)

    def bought(self, orders: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Tell, per customer with an id, whether one of some orders is theirs."""
        bought = np.zeros(self.customer_count, np.bool_)
        bought[self.customer[orders & self.named]] = True
        return bought

    def months(self) -> NDArray[np.datetime64]:
        """Give the months from that of the first order to the last one known, datetime64[M]."""
        if not len(self.at):
            return np.empty(0, "datetime64[M]")
        # The month that holds the last instant known.
        last = (self.as_of - MICROSECOND).astype("datetime64[M]")
        return np.arange(self.at.min().astype("datetime64[M]"), last + 1)


def ratio(part: float, whole: float) -> float | None:
    """Give a share, or None where there is nothing to have a share of."""
    return part / whole if whole else None


def _by_order(money: NDArray[np.integer], start: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.diff(np.append(0, np.cumsum(money))[start])
