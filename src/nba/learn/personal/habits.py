"""What the shop's customers taught: the rates of products, and the two chances."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from nba.artifacts.customers import DECAY_DAYS, PACE_DAYS, Customers
from nba.artifacts.habits import DISCOVERY_TERMS, REPEAT_TERMS, WEEK_DAYS, Habits
from nba.data.history import Baskets
from nba.domain import DAY, Instants
from nba.learn.assortment import Assortment
from nba.statistics.interactions import InteractionMatrix, counted_cells
from nba.statistics.portions import AT_ONCE, portions

_BUYERS = 10.0
"""Pseudo-buyers with which the share of returning ones is shrunk."""
_DAYS = 200.0
"""Pseudo-days of exposure with which the rate is shrunk."""
_RECENT_DAYS = 14.0
_LINES = 5.0
"""Pseudo-lines spread as all lines are, beside the recent ones."""
_UNSOLD = 0.1
"""Pseudo-lines of every product, so that what was never sold has a share."""
_NEVER = 1e-6
"""Rate where nobody ever bought anything twice."""

REPEAT_PRIOR = np.array([0.0, *(float(one == "formula") for one in REPEAT_TERMS)])
"""Without rows to learn from, the chance to buy again is that of the formula."""
DISCOVERY_PRIOR = np.array(
    [
        np.log(WEEK_DAYS / PACE_DAYS),
        *(
            {"liking": 0.5, "recent": 0.5, "novelty": 1.0, "size": 1.0, "pace": 1.0}.get(one, 0.0)
            for one in DISCOVERY_TERMS
        ),
    ]
)
"""Without rows to learn from: the new products expected in a week, shared out by the geometric
mean of liking and popularity."""


def customers_of(baskets: Baskets, matrix: InteractionMatrix) -> Customers:
    """Put together what serving knows of customers."""
    count = len(baskets.customer_ids)
    order_count, pace = np.zeros(count, np.int32), np.zeros(count, np.float32)
    for _, some in portions(baskets, named=True):
        first = int(some.customer[0])
        customer = some.customer - first
        age = (baskets.as_of - some.at) / DAY
        held = slice(first, int(some.customer[-1]) + 1)
        order_count[held] = np.bincount(customer)
        pace[held] = np.bincount(customer, np.exp(-age / PACE_DAYS))
    return Customers(
        baskets.customer_ids,
        np.array([baskets.as_of], "datetime64[us]"),
        matrix.start,
        matrix.product,
        matrix.orders,
        matrix.first_at,
        matrix.last_at,
        matrix.decayed,
        order_count,
        pace,
    )


def customers_at(baskets: Baskets) -> Customers:
    """Count what customers bought up to the end of the baskets."""
    return customers_of(baskets, InteractionMatrix.of(baskets, decay_days=DECAY_DAYS))


@dataclass(slots=True, eq=False)
class _Sums:
    """What rates are made of, float64 per product.

    Attributes:
        buyers: customers with an id who bought it.
        returned: those with two orders or more of it.
        again: orders of a customer after the first.
        exposure: days since the customer's first order.
        sold: order lines, those of guests too.
        late: the same, each counted exp(-age / 14 days).
        orders: orders of customers with an id, of anything.
    """

    buyers: NDArray[np.float64]
    returned: NDArray[np.float64]
    again: NDArray[np.float64]
    exposure: NDArray[np.float64]
    sold: NDArray[np.float64]
    late: NDArray[np.float64]
    orders: int = 0

    @classmethod
    def none(cls, product_count: int) -> Self:
        return cls(*np.zeros((6, product_count)))

    def add_baskets(self, some: Baskets) -> None:
        age = (some.as_of - some.at) / DAY
        self.sold += np.bincount(some.product, minlength=len(self.sold))
        # One after the other: so the sum is the same whatever is added at once.
        np.add.at(self.late, some.product, np.repeat(np.exp(-age / _RECENT_DAYS), some.size))
        self.orders += int(np.searchsorted(some.customer, len(some.customer_ids)))

    def add_cells(
        self,
        product: NDArray[np.int32],
        orders: NDArray[np.int32],
        first_at: Instants,
        as_of: np.datetime64,
    ) -> None:
        width, again = len(self.buyers), orders - 1
        self.buyers += np.bincount(product, minlength=width)
        self.returned += np.bincount(product, again > 0, width)
        self.again += np.bincount(product, again, width)
        np.add.at(self.exposure, product, (as_of - first_at) / DAY)

    def habits(self, types: Assortment) -> Habits:
        """Give the rates, as `untaught` says."""
        type_ = np.where(types.category >= 0, types.category, len(types.categories))
        type_, kinds = type_.astype(np.int32), len(types.categories) + 1

        def shrunk(
            events: NDArray[np.float64], base: NDArray[np.float64], pseudo: float
        ) -> NDArray[np.float32]:
            of_shop = events.sum() / max(base.sum(), 1.0)
            of_type = np.bincount(type_, events, kinds) + pseudo * of_shop
            of_type /= np.bincount(type_, base, kinds) + pseudo
            rate = (events + pseudo * of_type[type_]) / (base + pseudo)
            return np.asarray(np.maximum(rate, _NEVER), np.float32)

        again = int(self.again.sum())
        lines = max(again + int(self.buyers.sum()), 1)
        sold = self.sold + _UNSOLD
        share = sold / sold.sum()
        return Habits(
            type_,
            shrunk(self.returned, self.buyers, _BUYERS),
            shrunk(self.again, self.exposure, _DAYS),
            ((self.late + _LINES * share) / (self.late.sum() + _LINES)).astype(np.float32),
            share.astype(np.float32),
            np.array([(again + 0.1) / (lines + 1.0)]),
            np.array([lines / max(self.orders, 1)]),
            REPEAT_PRIOR.copy(),
            DISCOVERY_PRIOR.copy(),
        )


def untaught(
    baskets: Baskets, customers: Customers, types: Assortment, *, at_once: int = AT_ONCE
) -> Habits:
    """Count the rates of products, and leave the two chances to the formulas they start from.

    returning = (r + 10 R) / (b + 10), with r of b buyers with two orders or more and R the same
    of its type, shrunk in the same way to the shop's; rate = (n + 200 N) / (e + 200), with n
    repurchases in e days since first purchases, N alike.

    Args:
        baskets: the kept purchases.
        customers: what those with an id bought of them.
        types: categories of the products.
        at_once: cells that are looked at at a time.
    """
    sums = _Sums.none(len(baskets.product_ids))
    for _, some in portions(baskets, at_once=at_once):
        sums.add_baskets(some)
    for begin in range(0, len(customers.product), at_once):
        cells = slice(begin, begin + at_once)
        purchases = customers.product[cells], customers.orders[cells], customers.first_at[cells]
        sums.add_cells(*purchases, customers.as_of[0])
    return sums.habits(types)


def untaught_until(
    baskets: Baskets, as_of: np.datetime64, types: Assortment, *, at_once: int = AT_ONCE
) -> tuple[Habits, int]:
    """Give what `untaught` gives of the baskets before an instant, and how many cells they have.

    Neither those baskets nor their cells are ever in the memory together.
    """
    sums = _Sums.none(len(baskets.product_ids))
    for _, every in portions(baskets, at_once=at_once):
        some = every.until(as_of)
        sums.add_baskets(some)
        for cells in counted_cells(some):
            sums.add_cells(cells.product, cells.orders, cells.first_at, as_of)
    return sums.habits(types), int(sums.buyers.sum())
