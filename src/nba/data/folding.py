"""The fold of orders into baskets: some orders at a time, then sorted by customer and instant."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nba.domain import Instants
from nba.facts.known import Known
from nba.facts.parts import PART_LINES
from nba.facts.spools import Column, let_go
from nba.ranges import lengths, offsets, ranges, starts
from nba.statuses import PLACED, STATUS_CODE

_PAID: Final = STATUS_CODE["paid"]
"""The first status, in flow order, of an order that somebody pays for."""
_NOT_YET: Final = np.iinfo(np.int64).max


def cells_of(known: Known, line: NDArray[np.int64]) -> NDArray[np.int64]:
    """Give, per line, a number that sorts it by order and product: order x products + product."""
    rows = known.rows
    return rows.line_order[line].astype(np.int64) * _width(known) + rows.line_product[line]


def products_of(known: Known, cells: NDArray[np.int64]) -> NDArray[np.int32]:
    """Give the product of each of some `cells_of`."""
    return (cells % _width(known)).astype(np.int32)


class KeptOrders:
    """The orders with a kept line, added part by part in order of their ids, and then sorted.

    Attributes:
        customer: int32 per order, ascending; guests are numbered over all parts.
        at: datetime64[us] per order, ascending within a customer.
        start: int64 per order + 1: where its cells begin.
    """

    customer: NDArray[np.int32]
    at: Instants
    start: NDArray[np.int64]

    def __init__(self, *, in_files: bool) -> None:
        """Begin with no order; `in_files` keeps what is not sorted yet in temporary files."""
        self._in_files = in_files
        self._customer, self._at = self.column("int32"), self.column("datetime64[us]")
        self._size_told = self.column("int32")
        self._counts: list[int] = []
        self._guests = 0

    def column(self, dtype: str) -> Column:
        """Begin a column of what is to be said of the orders or cells added."""
        return Column(dtype, in_file=self._in_files)

    def add(self, known: Known, cells: NDArray[np.int64]) -> NDArray[np.int64]:
        """Add the orders of a part.

        Args:
            known: the part.
            cells: int64: its distinct `cells_of` kept lines, ascending.

        Returns:
            The numbers, in the part, of the orders added.
        """
        rows = known.rows
        order = cells // _width(known)
        begins = starts(order)
        added = order[begins]
        customer = rows.customer[added]
        if self._guests:
            customer = customer + (customer >= len(rows.customer_ids)) * np.int32(self._guests)
        self._guests += rows.guest_count
        self._customer.add(customer)
        self._at.add(rows.ordered_at[added])
        self._size_told.add(lengths(begins, len(order)))
        self._counts.append(len(added))
        return added

    def sort(self) -> NDArray[np.int64]:
        """Sort the orders by customer, instant and order id.

        Returns:
            The number of each, as it was added.
        """
        customer, at = self._customer.whole(), self._at.whole()
        self._size = self._size_told.whole()
        by = np.lexsort((at, customer))
        self.customer, self.at = customer[by], at[by]
        self.start = offsets(self._size[by])
        self._begin = np.empty(len(by), np.int64)
        self._begin[by] = self.start[:-1]
        return by

    def spread(self, told: NDArray[Any], dtype: np.dtype[Any]) -> NDArray[Any]:
        """Put what was said of the cells, in the order they were added, where they belong.

        Args:
            told: one value a cell.
            dtype: of the result.
        """
        spread = np.empty(self.start[-1], dtype)
        first = cell = 0
        for count in self._counts:
            size, begin = (one[first : first + count] for one in (self._size, self._begin))
            cells = int(size.sum())
            spread[ranges(begin, begin + size)] = told[cell : cell + cells]
            first, cell = first + count, cell + cells
            let_go(told)
        return spread


class Proofs:
    """Since when each customer has an order that counts as a proof, added part by part."""

    def __init__(self) -> None:
        """Begin with nobody."""
        self._first = np.empty(0, np.int64)
        self._guests: list[NDArray[np.int64]] = []
        self._oldest = _NOT_YET

    def add(self, known: Known) -> None:
        """Look at the kept orders of a part, paid for or with no status told."""
        rows = known.rows
        if not self._guests:
            self._first = np.full(len(rows.customer_ids), _NOT_YET)
        at = rows.ordered_at.view(np.int64)
        self._oldest = int(at[known.kept].min(initial=self._oldest))
        paid = (known.status >= _PAID) | ~np.isnat(known.delivered_at)
        # As every order begins, so do all those of a shop that tells no status.
        untold = (known.status == PLACED) & (known.status_at == rows.ordered_at)
        first = np.where(known.kept & (paid | untold), at, _NOT_YET)
        is_guest = rows.customer >= len(self._first)
        np.minimum.at(self._first, rows.customer[~is_guest], first[~is_guest])
        self._guests.append(first[is_guest])

    def until(self, until: np.datetime64, waiting: np.timedelta64) -> NDArray[np.bool_]:
        """Tell, per customer code, whether an order has stood for so long, or a quarter of all."""
        first = np.concatenate([self._first, *self._guests])
        if self._oldest == _NOT_YET:
            return np.zeros(len(first), np.bool_)
        span = until - np.datetime64(self._oldest, "us")
        stood: np.datetime64 = until - min(waiting, span // 4)
        return first <= stood.astype(np.int64)


def narrowest(values: NDArray[np.int64]) -> np.dtype[Any]:
    """Give int32 where it holds all of some integers, else int64."""
    limits = np.iinfo(np.int32)
    for first in range(0, len(values), PART_LINES):
        part = values[first : first + PART_LINES]
        if part.min() < limits.min or part.max() > limits.max:
            return np.dtype(np.int64)
        let_go(values)
    return np.dtype(np.int32)


def _width(known: Known) -> int:
    return max(len(known.rows.product_ids), 1)
