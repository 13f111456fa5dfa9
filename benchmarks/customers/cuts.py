"""Real orders cut into what is known and what each customer buys next."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from nba.data.catalog import Catalog
from nba.data.history import Baskets, OrderHistory
from nba.domain import DAY

SHOWN = 20
"""Places of a list."""

Lists = NDArray[np.int32]
"""int32[customers asked, SHOWN]: codes of the cut's products, best first, -1 behind the last."""

Answer = Callable[[], Lists]
"""Ranks for all customers asked, once there is nothing more to learn."""


@dataclass(frozen=True, eq=False)
class Truth:
    """What customers bought next, one row a customer asked.

    Attributes:
        start: int64 per customer asked + 1.
        product: int32, codes of the cut's products, ascending within a row.
    """

    start: NDArray[np.int64]
    product: NDArray[np.int32]

    @classmethod
    def of(cls, row: NDArray[np.integer], product: NDArray[np.integer], rows: int) -> Truth:
        """Sort pairs, none of them twice."""
        order = np.lexsort((product, row))
        start = np.searchsorted(row[order], np.arange(rows + 1))
        return cls(start.astype(np.int64), product[order].astype(np.int32))

    def __len__(self) -> int:
        """Count the customers asked."""
        return len(self.start) - 1

    @property
    def size(self) -> NDArray[np.int64]:
        """Distinct products each customer bought."""
        return np.diff(self.start)

    @property
    def row(self) -> NDArray[np.int64]:
        """The customer of each product."""
        return np.repeat(np.arange(len(self)), self.size)


@dataclass(frozen=True, eq=False)
class Cut:
    """What a method may see, and whom it is asked about.

    Attributes:
        name: what the tables call it.
        history: what is known.
        catalog: the products, over the same codes as `placed`.
        placed: the known orders; its codes of products are those of `catalog`.
        customer: int32 per customer asked, a code of `placed.customer_ids`; one who never bought
            before has the code behind the last.
        truth: what they bought next.
        earlier: cuts of the same shop whose truth was known by then, for what needs fitting.
    """

    name: str
    history: OrderHistory
    catalog: Catalog
    placed: Baskets
    customer: NDArray[np.int32]
    truth: Truth
    earlier: tuple[Cut, ...] = ()

    @classmethod
    def of(
        cls,
        name: str,
        history: OrderHistory,
        catalog: Catalog,
        asked: list[str],
        bought: tuple[NDArray[np.integer], list[str]],
        earlier: tuple[Cut, ...] = (),
    ) -> Cut:
        """Bring a history and a catalogue to one space of product codes.

        Args:
            name: what the tables call it.
            history: what is known.
            catalog: every product that may be bought next.
            asked: ids of customers.
            bought: places in `asked`, and ids of the products bought next, none twice.
            earlier: cuts whose truth was known by then.
        """
        placed = history.baskets(proving_days=0)  # no other method knows proven customers
        ids = catalog.product_ids.union(placed.product_ids)
        known = {one: code for code, one in enumerate(placed.customer_ids)}
        customer = np.array([known.get(one, len(known)) for one in asked], np.int32)
        code = {one: number for number, one in enumerate(ids)}
        row, product = bought
        truth = Truth.of(np.asarray(row), np.array([code[one] for one in product]), len(asked))
        return cls(name, history, catalog.over(ids), placed.over(ids), customer, truth, earlier)

    @property
    def width(self) -> int:
        """Count the products."""
        return len(self.catalog)

    @property
    def rows(self) -> int:
        """Count the customers known, and one row more for those who are not."""
        return len(self.placed.customer_ids) + 1

    @cached_property
    def back(self) -> NDArray[np.int64]:
        """How many orders of its customer came after each order: 0 for the last."""
        customer = self.placed.customer
        end = np.searchsorted(customer, customer, side="right")
        return end - 1 - np.arange(len(customer))

    @cached_property
    def age(self) -> NDArray[np.float64]:
        """Days from each order to the cut."""
        return (self.history.as_of - self.placed.at) / DAY

    @cached_property
    def popularity(self) -> NDArray[np.float64]:
        """Known orders of each product."""
        return np.bincount(self.placed.product, minlength=self.width).astype(np.float64)

    def cells(self, weight: NDArray[np.float64]) -> csr_array:
        """Sum weights of orders, float64 one an order, by customer and product."""
        held = np.repeat(weight, self.placed.size)
        row = np.repeat(self.placed.customer, self.placed.size)
        matrix = csr_array((held, (row, self.placed.product)), shape=(self.rows, self.width))
        matrix.sum_duplicates()
        return matrix

    @cached_property
    def counts(self) -> csr_array:
        """Orders of each customer with each product."""
        return self.cells(np.ones(len(self.placed)))

    @cached_property
    def latest(self) -> csr_array:
        """How recently each customer bought each product: 1 / 2 in the last order, 1 / 3 before."""
        latest = csr_array(self.counts)
        latest.data = np.zeros(len(latest.data))
        row = np.repeat(self.placed.customer, self.placed.size)
        place = _places(latest, row, self.placed.product)
        np.maximum.at(latest.data, place, np.repeat(1 / (2 + self.back), self.placed.size))
        return latest

    def repeated(self) -> NDArray[np.bool_]:
        """Tell, per product of the truth, whether its customer had bought it before."""
        known = self.counts
        keys = np.repeat(np.arange(self.rows), np.diff(known.indptr)) * self.width + known.indices
        wanted = self.customer[self.truth.row].astype(np.int64) * self.width + self.truth.product
        place = np.minimum(np.searchsorted(keys, wanted), max(len(keys) - 1, 0))
        return keys[place] == wanted


def _places(
    matrix: csr_array, row: NDArray[np.integer], column: NDArray[np.integer]
) -> NDArray[np.int64]:
    width = matrix.shape[1]
    keys = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr)) * width + matrix.indices
    return np.searchsorted(keys, row.astype(np.int64) * width + column)
