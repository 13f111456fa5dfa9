"""The products as they stood at an instant: in stock or not, on sale or not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from nba.domain import Ids, Instants


@dataclass(frozen=True, slots=True, eq=False)
class Shelf:
    """Products of which a state is known, sorted by id; of others the snapshot's card holds.

    Attributes:
        product_ids: the ids.
        availability: int8, a code of `vocabulary.AVAILABILITIES`.
        in_stock_since: datetime64[us]: since when it can be ordered; NaT where it cannot, or could
            from the first known state on.
        price, sale_price: int64, minor units.
        has_price, has_sale_price: bool; a sale price holds now.
        sale_until: datetime64[us]: when the sale ends; NaT where nobody said, or there is none.
        dropped_at: datetime64[us]: when the price to pay last fell, and has not risen since.
        stock: int64, pieces.
        has_stock: bool.
    """

    product_ids: Ids
    availability: NDArray[np.int8]
    in_stock_since: Instants
    price: NDArray[np.int64]
    has_price: NDArray[np.bool_]
    sale_price: NDArray[np.int64]
    has_sale_price: NDArray[np.bool_]
    sale_until: Instants
    dropped_at: Instants
    stock: NDArray[np.int64]
    has_stock: NDArray[np.bool_]

    @classmethod
    def none(cls) -> Self:
        """Know the state of no product."""
        at, amount, no = np.empty(0, "datetime64[us]"), np.empty(0, np.int64), np.empty(0, np.bool_)
        return cls(
            Ids.of([]), np.empty(0, np.int8), at, amount, no, amount, no, at, at, amount, no
        )
