"""Purchases: how many pieces each cell of the baskets is, and what was paid for them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from nba.data.folding import KeptOrders, cells_of, narrowest
from nba.facts.known import Known
from nba.facts.spools import Column
from nba.ranges import starts


@dataclass(frozen=True, slots=True, eq=False)
class Purchases:
    """What baskets leave out, one row a cell of `Baskets.product` and in its order.

    Attributes:
        quantity: pieces that stayed with the customer.
        revenue: minor units: what was paid for them, less the discount of the line and the
            line's share of that of the order; never negative, and over an order exactly its lines
            less its discount.

    Each is int32, or int64 where one of its values needs it.
    """

    quantity: NDArray[np.integer]
    revenue: NDArray[np.integer]

    @classmethod
    def of(cls, told: Iterable[Known], *, in_files: bool) -> Self:
        """Sum the kept lines over the cells of the baskets.

        Args:
            told: what is known of all orders, some at a time, in order of their ids.
            in_files: keep what is not sorted yet in temporary files.
        """
        orders = KeptOrders(in_files=in_files)
        quantity, revenue = orders.column("int64"), orders.column("int64")
        for known in told:
            line = np.flatnonzero(known.kept_line)
            cells = cells_of(known, line)
            by = np.argsort(cells)
            cells, line = cells[by], line[by]
            first = starts(cells)
            orders.add(known, cells[first])
            for column, values in ((quantity, known.quantity), (revenue, _paid(known))):
                amount = values[line]
                column.add(np.add.reduceat(amount, first) if len(first) else amount)
        orders.sort()
        return cls(*(_spread(orders, column) for column in (quantity, revenue)))

    def profit(
        self,
        product: NDArray[np.int32],
        cost: NDArray[np.int64],
        costed: NDArray[np.bool_],
        default_margin: float,
    ) -> NDArray[np.int64]:
        """Give the profit of each cell, int64, minor units; it may be negative.

        Args:
            product: int32 per cell, a product code.
            cost: int64 per product code, minor units: what a piece costs the shop.
            costed: bool per product code: the shop said a cost. The profit of such a product is
                revenue - cost x quantity, of all others revenue x `default_margin`, rounded a cell.
            default_margin: share of the revenue.
        """
        assumed = np.rint(self.revenue * default_margin).astype(np.int64)
        known = self.revenue - cost[product] * self.quantity
        return np.asarray(np.where(costed[product], known, assumed), np.int64)


def _spread(orders: KeptOrders, amount: Column) -> NDArray[np.integer]:
    told = amount.whole()
    return orders.spread(told, narrowest(told))


def _paid(known: Known) -> NDArray[np.int64]:
    """Take each order's discount off its lines, in proportion, to the last minor unit."""
    rows, kept = known.rows, known.kept_line
    revenue = np.where(kept, known.revenue, 0)
    order = rows.line_order
    total = np.bincount(order, revenue, len(rows.customer))
    discount = np.minimum(np.maximum(rows.discount, 0), total.astype(np.int64))
    # Shares of the running sum, so that they add up to the whole discount.
    before = np.cumsum(revenue) - revenue
    opens = np.searchsorted(order, np.arange(len(rows.customer), dtype=np.int32))
    begins = before[np.minimum(opens, max(len(before) - 1, 0))][order] if len(before) else before
    share = discount[order] / np.maximum(total[order], 1.0)
    until = np.floor((before - begins + revenue) * share + 0.5)
    since = np.floor((before - begins) * share + 0.5)
    return np.asarray(revenue - (until - since).astype(np.int64), np.int64)
