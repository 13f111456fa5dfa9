"""Pair counts: how often two products share an order, as integers that add."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from nba.config import BASKET_SIZE_CAP
from nba.domain import Ids
from nba.errors import ConfigError
from nba.statistics.archives import read_archive, write_archive

WEIGHT_UNIT: Final = 65536
"""The weight of a basket that counts as one order."""


@dataclass(frozen=True, slots=True)
class PairSettings:
    """What counts as evidence that two products belong together.

    Attributes:
        customer_cap: baskets of one customer that add to a pair's weight: the first in time,
            orders before spells.
        spell_weight: weight of a spell beside one order, to 10,000; 0 = no spells.
        spell_days: days from the first to the last order of a spell, at most; 0 = no spells.

    Raises:
        ConfigError: a number is out of range.
    """

    customer_cap: int = 20
    spell_weight: float = 0.0
    spell_days: int = 0

    def __post_init__(self) -> None:
        """Check the ranges, within which counting cannot overflow."""
        if self.customer_cap < 1 or self.spell_days < 0 or not 0 <= self.spell_weight <= 10_000:
            raise ConfigError(
                f"{self} is no way to count pairs; expected a cap of 1 or more, a weight of a "
                "spell from 0 to 10,000 and 0 or more days"
            )


def basket_weights() -> NDArray[np.int64]:
    """Tabulate the weight of a basket by its size: round(65536 / log2(1 + min(size, 200))).

    Returns:
        int64[201]; a basket of one product weighs 65536, the empty one 0.
    """
    size = np.arange(1, BASKET_SIZE_CAP + 1)
    return np.append(0, np.rint(WEIGHT_UNIT / np.log2(1 + size))).astype(np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class ProductCounts:
    """Sums over customers of what single products did.

    Attributes:
        product_ids: the ids of the product codes.
        product_orders: int64 per product: kept orders with it.
        product_weight: int64 per product: those of proven customers, each damped by the products
            it holds, in 1/65536 of an order of one product.
        product_customers: int64 per product: distinct proven customers with such an order.
        order_count: all kept orders.
        total_weight: weight of the orders of proven customers.
        customer_count: proven customers; a guest order is a customer.
    """

    product_ids: Ids
    product_orders: NDArray[np.int64]
    product_weight: NDArray[np.int64]
    product_customers: NDArray[np.int64]
    order_count: int
    total_weight: int
    customer_count: int

    def __len__(self) -> int:
        """Count the products."""
        return len(self.product_ids)

    def __add__(self, other: ProductCounts) -> ProductCounts:
        """Add the counts of other customers; products of either side are known afterwards."""
        return self._combined(other, 1)

    def __sub__(self, other: ProductCounts) -> ProductCounts:
        """Take away counts that had been added; the products stay, at zero if need be."""
        return self._combined(other, -1)

    def __eq__(self, other: object) -> bool:
        """Compare every integer and id."""
        return _equal(self, other) if isinstance(other, ProductCounts) else NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def _combined(self, other: ProductCounts, sign: int) -> ProductCounts:
        ids = self.product_ids.union(other.product_ids)
        values: dict[str, Any] = {}
        for name in _PRODUCT:
            total = np.zeros(len(ids), np.int64)
            total[ids.codes_of(self.product_ids)] += getattr(self, name)
            total[ids.codes_of(other.product_ids)] += sign * getattr(other, name)
            values[name] = total
        totals = {name: getattr(self, name) + sign * getattr(other, name) for name in _TOTALS}
        return ProductCounts(product_ids=ids, **values, **totals)


@dataclass(frozen=True, slots=True, eq=False)
class PairCounts:
    """Sums over customers of what pairs of products did together.

    Attributes:
        products: what the products did alone, and their ids.
        first, second: int32 per pair, product codes, first < second, sorted.
        orders: int64 per pair: kept orders with both.
        weight: int64 per pair: baskets of proven customers with both, orders and spells alike,
            each damped by its size and capped a customer, in 1/65536 of an order.
        customers: int64 per pair: distinct proven customers with such a basket.
    """

    products: ProductCounts
    first: NDArray[np.int32]
    second: NDArray[np.int32]
    orders: NDArray[np.int64]
    weight: NDArray[np.int64]
    customers: NDArray[np.int64]

    def __len__(self) -> int:
        """Count the pairs seen at least once."""
        return len(self.first)

    def __add__(self, other: PairCounts) -> PairCounts:
        """Add the counts of other customers; products of either side are known afterwards."""
        return self._combined(other, 1)

    def __sub__(self, other: PairCounts) -> PairCounts:
        """Take away counts that had been added; pairs that reach zero vanish."""
        return self._combined(other, -1)

    def __eq__(self, other: object) -> bool:
        """Compare every integer and id."""
        return _equal(self, other) if isinstance(other, PairCounts) else NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def over(self, ids: Ids) -> PairCounts:
        """Name the products by their codes in other ids, which must hold all of these.

        Raises:
            DataError: a product is not among `ids`.
        """
        # Codes of sorted ids ascend with one another, so the pairs stay sorted.
        code = ids.codes_of(self.products.product_ids)
        alone: dict[str, Any] = {name: np.zeros(len(ids), np.int64) for name in _PRODUCT}
        for name, values in alone.items():
            values[code] = getattr(self.products, name)
        return replace(
            self,
            products=replace(self.products, product_ids=ids, **alone),
            first=code[self.first],
            second=code[self.second],
        )

    def save(self, path: str | Path) -> None:
        """Write the counts as one compressed archive of arrays, to exactly this path."""
        arrays = {name: getattr(self, name) for name in _PAIR}
        arrays |= {name: np.asarray(getattr(self.products, name)) for name in (*_PRODUCT, *_TOTALS)}
        write_archive(path, self.products.product_ids, arrays)

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read counts written by `save`.

        Raises:
            DataError: the file is no such archive.
        """
        names = (*_PAIR, *_PRODUCT, *_TOTALS)
        ids, arrays = read_archive(path, names, "pair counts")
        values: dict[str, Any] = {name: arrays[name] for name in _PRODUCT}
        values |= {name: int(arrays[name]) for name in _TOTALS}
        return cls(ProductCounts(ids, **values), **{name: arrays[name] for name in _PAIR})

    def _combined(self, other: PairCounts, sign: int) -> PairCounts:
        products = self.products + other.products if sign > 0 else self.products - other.products
        ids, width = products.product_ids, max(len(products), 1)
        mine, theirs = (ids.codes_of(one.products.product_ids) for one in (self, other))
        keys = np.concatenate(
            [
                mine[self.first].astype(np.int64) * width + mine[self.second],
                theirs[other.first].astype(np.int64) * width + theirs[other.second],
            ]
        )
        pairs, place = np.unique(keys, return_inverse=True)
        sums = [
            _summed(
                place,
                np.concatenate([getattr(self, name), sign * getattr(other, name)]),
                len(pairs),
            )
            for name in _SUMS
        ]
        # A pair of customers of whom none is proven has orders alone, one of spells has none.
        alive = np.logical_or.reduce([one > 0 for one in sums])
        first, second = np.divmod(pairs[alive], width)
        return PairCounts(
            products, first.astype(np.int32), second.astype(np.int32), *(one[alive] for one in sums)
        )


# The fields of one kind, in the order of their class.
_SUMS: Final = ("orders", "weight", "customers")
_PAIR: Final = ("first", "second", *_SUMS)
_PRODUCT: Final = ("product_orders", "product_weight", "product_customers")
_TOTALS: Final = ("order_count", "total_weight", "customer_count")


def _summed(place: NDArray[np.int64], values: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    # bincount sums in float64, which is exact only below 2**53; add.at stays in integers.
    total = np.zeros(size, np.int64)
    np.add.at(total, place, values)
    return total


def _equal(one: Any, other: Any) -> bool:  # noqa: ANN401 - two counts of one class
    return all(
        np.array_equal(mine, theirs) if isinstance(mine, np.ndarray) else mine == theirs
        for field in fields(one)
        for mine, theirs in [(getattr(one, field.name), getattr(other, field.name))]
    )
