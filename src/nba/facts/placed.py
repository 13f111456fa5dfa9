"""The orders of the customers folded, in the order of the facts, with what happened to them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from nba.domain import Instants
from nba.facts.cells import nevers
from nba.facts.known import Known
from nba.ranges import ranges
from nba.statuses import CANCELLED, STATUS_CODE


@dataclass(frozen=True, slots=True, eq=False)
class Placed:
    """Orders that customers had placed, tests aside, by customer, instant, id.

    Attributes:
        known: what the rows say at the instant.
        start: int64 per customer + 1: the customer's orders.
        order: int64 per order, a code of the rows' `order_ids`.
        owner: int32 per order: the customer.
        ordered_at: datetime64[us] per order.
        place: int32 per code of the rows' `order_ids`: which of these orders it is; -1 for none.
        line: int64 per line of the orders, also of those that came back: its place in the rows.
        line_order: int64 per line: which of these orders it belongs to.
    """

    known: Known
    start: NDArray[np.int64]
    order: NDArray[np.int64]
    owner: NDArray[np.int32]
    ordered_at: Instants
    place: NDArray[np.int32]
    line: NDArray[np.int64]
    line_order: NDArray[np.int64]

    @classmethod
    def of(cls, known: Known, customer: NDArray[np.int32], count: int) -> Self:
        """Find the orders of `count` customers.

        Args:
            known: what the rows say.
            customer: int32 per order of its rows: which of the customers placed it; -1 for others.
            count: how many customers there are.
        """
        rows = known.rows
        # Tests are nobody's purchases, and nobody's news either.
        (order,) = (known.order & ~rows.is_test & (customer >= 0)).nonzero()
        order = order[np.lexsort((rows.ordered_at[order], customer[order]))]
        owner = customer[order]
        place = np.full(len(customer), -1, np.int32)
        place[order] = np.arange(len(order), dtype=np.int32)
        first, last = _lines(rows.line_order, order, len(customer))
        return cls(
            known,
            owner.searchsorted(np.arange(count + 1)).astype(np.int64),
            order,
            owner,
            rows.ordered_at[order],
            place,
            ranges(first, last),
            np.arange(len(order)).repeat(last - first),
        )

    def is_bought(self) -> NDArray[np.bool_]:
        """Tell, per order, whether it was not cancelled."""
        return np.asarray(self.known.status[self.order] != CANCELLED, np.bool_)

    def owned(self, order: NDArray[np.integer], customer: NDArray[np.integer]) -> NDArray[np.int32]:
        """Give which of these orders codes of the rows' `order_ids` mean; -1 for none.

        Args:
            order: a code each, or -1.
            customer: whose order alone counts.
        """
        if not len(self.order):
            return np.full(len(order), -1, np.int32)
        place = np.where(order < 0, -1, self.place[order])
        return np.where((place >= 0) & (self.owner[place] == customer), place, -1).astype(np.int32)

    def first_of_status(self, name: str, as_of: np.datetime64) -> Instants:
        """Give the first instant at which each order had a status; NaT where it never had."""
        rows, past, status = self.known.rows, self.known.past, STATUS_CODE[name]
        first = nevers(len(self.order))
        own = rows.status[self.order] == status
        if np.count_nonzero(own):
            set_at = rows.status_instant()[self.order]
            first = np.where(own & (set_at < as_of), set_at, first)
        told = past.of_status(status)
        if len(told):
            first = np.fmin(first, told.first(len(self.place))[self.order])
        return first

    def returned_at(self) -> Instants:
        """Give the first instant at which anything of each order came back.

        Pieces that came back without a status that says so did as soon as that was known.
        """
        rows = self.known.rows
        at = self.known.returned_at[self.order]
        came_back = self.known.quantity[self.line] < rows.quantity[self.line]
        if np.count_nonzero(came_back):
            counted = np.zeros(len(self.order), np.bool_)
            counted[self.line_order[came_back]] = True
            at = np.where(counted & np.isnat(at), rows.status_instant()[self.order], at)
        return at


def _lines(
    line_order: NDArray[np.int32], order: NDArray[np.int64], count: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Give where the lines of some of `count` orders begin and end."""
    if len(order) < count // 8:
        return (
            line_order.searchsorted(order, "left"),
            line_order.searchsorted(order, "right"),
        )
    # Looked for in order, all of them are found sooner than many in disorder.
    start = line_order.searchsorted(np.arange(count + 1))
    return start[order], start[order + 1]
