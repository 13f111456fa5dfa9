"""Pair counts: how often two products share an order, as integers that add."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final, Self
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from nba.config import BASKET_SIZE_CAP
from nba.domain import Ids
from nba.errors import DataError

WEIGHT_UNIT: Final = 65536
"""The weight of a basket that counts as one order."""


def basket_weights() -> NDArray[np.int64]:
    """Tabulate the weight of a basket by its size: round(65536 / log2(1 + min(size, 200))).

    Returns:
        int64[201]; a basket of one product weighs 65536, the empty one 0.
    """
    size = np.arange(1, BASKET_SIZE_CAP + 1)
    return np.append(0, np.rint(WEIGHT_UNIT / np.log2(1 + size))).astype(np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class PairCounts:
    """Sums over customers of what pairs of products did together.

    Attributes:
        product_ids: the ids of the product codes.
        first, second: int32 per pair, first < second, sorted.
        orders: int64 per pair: orders with both.
        weight: int64 per pair: damped orders with both, in 1/65536 of an order.
        customers: int64 per pair: distinct customers with an order that has both.
        product_orders, product_weight, product_customers: int64 per product: the marginals.
        order_count, total_weight, customer_count: the totals; a guest order is a customer.
    """

    product_ids: Ids
    first: NDArray[np.int32]
    second: NDArray[np.int32]
    orders: NDArray[np.int64]
    weight: NDArray[np.int64]
    customers: NDArray[np.int64]
    product_orders: NDArray[np.int64]
    product_weight: NDArray[np.int64]
    product_customers: NDArray[np.int64]
    order_count: int
    total_weight: int
    customer_count: int

    def __len__(self) -> int:
        """Count the pairs seen at least once."""
        return len(self.first)

    def __add__(self, other: PairCounts) -> PairCounts:
        """Add the counts of other customers; products of either side are known afterwards."""
        return self._combined(other, 1)

    def __sub__(self, other: PairCounts) -> PairCounts:
        """Take away counts that had been added; pairs and products that reach zero vanish."""
        return self._combined(other, -1)

    def __eq__(self, other: object) -> bool:
        """Compare every integer and id."""
        if not isinstance(other, PairCounts):
            return NotImplemented
        return all(
            np.array_equal(getattr(self, field.name), getattr(other, field.name))
            if field.name != "product_ids"
            else self.product_ids == other.product_ids
            for field in fields(PairCounts)
        )

    __hash__ = None  # type: ignore[assignment]

    def save(self, path: str | Path) -> None:
        """Write the counts as one compressed archive of arrays, to exactly this path."""
        arrays: dict[str, Any] = {name: getattr(self, name) for name in (*_PAIR, *_PRODUCT)}
        arrays["ids_data"], arrays["ids_offsets"] = self.product_ids.data, self.product_ids.offsets
        arrays["totals"] = np.array([getattr(self, name) for name in _TOTALS], np.int64)
        # A path without .npz would get it appended; an open file is taken as it is.
        with Path(path).open("wb") as file:
            np.savez_compressed(file, allow_pickle=False, **arrays)

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read counts written by `save`.

        Raises:
            DataError: the file is no such archive.
        """
        try:
            with Path(path).open("rb") as file, np.load(file, allow_pickle=False) as archive:
                values: dict[str, Any] = {name: archive[name] for name in (*_PAIR, *_PRODUCT)}
                values["product_ids"] = Ids(archive["ids_data"], archive["ids_offsets"])
                totals = archive["totals"].tolist()
            return cls(**values, **dict(zip(_TOTALS, totals, strict=True)))
        except _UNREADABLE as error:
            raise DataError(
                f"{path} holds no pair counts ({error}); count them again from the orders"
            ) from None

    def _combined(self, other: PairCounts, sign: int) -> PairCounts:
        ids = self.product_ids.union(other.product_ids)
        mine, theirs = ids.codes_of(self.product_ids), ids.codes_of(other.product_ids)
        width = len(ids)
        keys = np.concatenate(
            [
                mine[self.first].astype(np.int64) * width + mine[self.second],
                theirs[other.first].astype(np.int64) * width + theirs[other.second],
            ]
        )
        pairs, place = np.unique(keys, return_inverse=True)
        values: dict[str, Any] = {}
        for name in ("orders", "weight", "customers"):
            both = np.concatenate([getattr(self, name), sign * getattr(other, name)])
            values[name] = _summed(place, both, len(pairs))
        for name in _PRODUCT:
            total = np.zeros(width, np.int64)
            total[mine] += getattr(self, name)
            total[theirs] += sign * getattr(other, name)
            values[name] = total
        alive, used = values["orders"] > 0, values["product_orders"] > 0
        values = {
            name: column[used if name in _PRODUCT else alive] for name, column in values.items()
        }
        code = np.cumsum(used) - 1
        first, second = np.divmod(pairs[alive], max(width, 1))
        totals = {name: getattr(self, name) + sign * getattr(other, name) for name in _TOTALS}
        return PairCounts(
            product_ids=ids.take(np.flatnonzero(used)),
            first=code[first].astype(np.int32),
            second=code[second].astype(np.int32),
            **values,
            **totals,
        )


# The fields of one kind, in the order of the class.
_PAIR: Final = ("first", "second", "orders", "weight", "customers")
_PRODUCT: Final = ("product_orders", "product_weight", "product_customers")
_TOTALS: Final = ("order_count", "total_weight", "customer_count")

# What numpy, zipfile and zlib raise for a file that is cut short, damaged or something else; a
# plain array instead of an archive is no context manager, which is an AttributeError or TypeError.
_UNREADABLE: Final = (
    OSError,
    ValueError,
    KeyError,
    EOFError,
    AttributeError,
    TypeError,
    BadZipFile,
    zlib.error,
)


def _summed(place: NDArray[np.int64], values: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    # bincount sums in float64, which is exact only below 2**53; add.at stays in integers.
    total = np.zeros(size, np.int64)
    np.add.at(total, place, values)
    return total
