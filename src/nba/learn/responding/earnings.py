"""What customers brought within any span of time, and their past before any instant."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from nba.artifacts.rhythm import Rhythm
from nba.data.history import Baskets
from nba.domain import Ids, Instants
from nba.ranges import crossed, starts

_BITS = 32


@dataclass(frozen=True, slots=True, eq=False)
class Earnings:
    """Kept orders by customer and instant.

    Attributes:
        customer_ids: what customer codes name.
        at: datetime64[us] per order.
        times: datetime64[us], ascending: the same instants.
        key: int64 per order, ascending: customer, then the place of the instant in `times`.
        start: int64 per customer + 1: orders of customer c are start[c]:start[c + 1].
        total: int64 per order + 1, minor units: the profit of all orders before.
        day: int64 per order + 1: how many days with an order begin before, over all customers.
        product_ids: what product codes name.
        cell: int64 per order + 1: products of order o are at cell[o]:cell[o + 1].
        product: int32 per cell.
        profit: int64 per cell, minor units.
    """

    customer_ids: Ids
    at: Instants
    times: Instants
    key: NDArray[np.int64]
    start: NDArray[np.int64]
    total: NDArray[np.int64]
    day: NDArray[np.int64]
    product_ids: Ids
    cell: NDArray[np.int64]
    product: NDArray[np.int32]
    profit: NDArray[np.int64]

    @classmethod
    def of(cls, placed: Baskets, profit: NDArray[np.int64]) -> Self:
        """Index kept orders.

        Args:
            placed: the orders.
            profit: int64 per cell of `placed.product`, minor units.
        """
        named = int(np.searchsorted(placed.customer, len(placed.customer_ids)))
        customer, at = placed.customer[:named].astype(np.int64), placed.at[:named]
        times = np.sort(at)
        cells = np.append(0, np.cumsum(profit))
        days = at.astype("datetime64[D]")
        is_new = np.zeros(named, np.int64)
        is_new[starts(customer)] = 1
        is_new[1:] |= days[1:] != days[:-1]
        return cls(
            placed.customer_ids,
            at,
            times,
            customer << _BITS | np.searchsorted(times, at),
            np.searchsorted(customer, np.arange(len(placed.customer_ids) + 1)).astype(np.int64),
            cells[placed.start[: named + 1]],
            np.append(0, np.cumsum(is_new)),
            placed.product_ids,
            placed.start[: named + 1],
            placed.product,
            profit,
        )

    def __len__(self) -> int:
        """Count the orders."""
        return len(self.at)

    @property
    def mean(self) -> float:
        """Profit of the mean order, minor units; at least 1."""
        return max(float(self.total[-1]) / max(len(self), 1), 1.0)

    def between(
        self, customer: NDArray[np.integer], after: Instants, until: Instants
    ) -> NDArray[np.float64]:
        """Sum the profit of orders after one instant and up to another, in mean orders.

        Args:
            customer: int per row, a customer code, or their number for one without an order.
            after: datetime64[us] per row: itself excluded.
            until: datetime64[us] per row: itself included.
        """
        earned = self.total[self._place(customer, until)] - self.total[self._place(customer, after)]
        return earned / self.mean

    def of_products(
        self,
        customer: NDArray[np.integer],
        after: Instants,
        until: Instants,
        row: NDArray[np.int64],
        product: NDArray[np.int64],
    ) -> NDArray[np.float64]:
        """Sum likewise, but only the profit of some products, by `row` of the others and `product`.

        Args:
            customer: int per row, as of `between`.
            after: datetime64[us] per row: itself excluded.
            until: datetime64[us] per row: itself included.
            row: int64, ascending.
            product: int64, product codes.
        """
        begin, end = self._place(customer, after), self._place(customer, until)
        owner, cell = crossed(self.cell[begin], self.cell[end])
        wanted = np.append(np.sort(row << _BITS | product), np.iinfo(np.int64).max)
        bought = owner << _BITS | self.product[cell]
        found = wanted[np.searchsorted(wanted, bought)] == bought
        earned = np.bincount(owner[found], self.profit[cell[found]], len(customer))
        return earned / self.mean

    def count(
        self, customer: NDArray[np.integer], after: Instants, until: Instants
    ) -> NDArray[np.int64]:
        """Count these orders."""
        return self._place(customer, until) - self._place(customer, after)

    def standing(
        self, rhythm: Rhythm, customer: NDArray[np.integer], at: Instants
    ) -> tuple[NDArray[np.int8], NDArray[np.float64]]:
        """Give the codes in `rhythm.STATES` of customers, and P(alive), at an instant each.

        Of who had not bought anything the state is unknown, and nothing says that they left.
        The models are those of all orders; of the customers only what they had bought by then
        counts, that instant included.
        """
        end = self._place(customer, at)
        begin = self.start[customer]
        bought = end > begin
        begin, last = begin[bought], end[bought] - 1
        # The first order of a customer begins a day.
        days = self.day[last + 1] - self.day[begin]
        past = replace(
            rhythm,
            days=days.astype(np.int32),
            first_day=self.at[begin].astype("datetime64[D]"),
            last_day=self.at[last].astype("datetime64[D]"),
            repeat_profit=np.zeros(len(begin), np.int64),
        )
        state, alive = np.zeros(len(customer), np.int8), np.ones(len(customer))
        state[bought] = past.state(np.arange(len(begin)), at[bought])
        alive[bought] = past.p_alive(np.arange(len(begin)), at[bought])
        return state, alive

    def _place(self, customer: NDArray[np.integer], at: Instants) -> NDArray[np.int64]:
        """Give how many orders come before a customer's first one after an instant."""
        seen = np.searchsorted(self.times, at, "right")
        place = np.searchsorted(self.key, customer.astype(np.int64) << _BITS | seen)
        return np.asarray(place, np.int64)
