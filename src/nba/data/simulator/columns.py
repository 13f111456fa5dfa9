"""Rows as columns of equal length: what every mechanism hands to the next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """The base of records whose fields are arrays of one length."""

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        """Put the rows of several under each other; at least one must be given."""
        return cls(
            *(np.concatenate([getattr(part, one.name) for part in parts]) for one in fields(cls))
        )

    def take(self, rows: NDArray[Any]) -> Self:
        """Choose rows by number or by a mask."""
        return type(self)(*(getattr(self, one.name)[rows] for one in fields(self)))

    def __len__(self) -> int:
        """Count the rows."""
        return len(getattr(self, fields(self)[0].name))


@dataclass(frozen=True, slots=True, eq=False)
class Wants(Columns):
    """What customers come to buy, one row a future order line.

    Attributes:
        customer: int32, a code of `Customers`. day: int32, a day of the shop.
        product: int32, a code of the catalogue. quantity: int32.
        cause: int8, a code of `CAUSES`.
        main: int32, the product it is for; -1 where there is none.
    """

    customer: NDArray[np.int32]
    day: NDArray[np.int32]
    product: NDArray[np.int32]
    quantity: NDArray[np.int32]
    cause: NDArray[np.int8]
    main: NDArray[np.int32]


@dataclass(frozen=True, slots=True, eq=False)
class Needs(Columns):
    """What customers need whether or not they buy it, one row a need.

    Attributes:
        customer: int32. type: int32, a code of `assortment.TYPES`.
        kind: int8, a code of `CAUSES`.
        main: int32, the product it is for; -1 where there is none.
        opens_at, due_at, closes_at: int64 microseconds, in this order.
    """

    customer: NDArray[np.int32]
    type: NDArray[np.int32]
    kind: NDArray[np.int8]
    main: NDArray[np.int32]
    opens_at: NDArray[np.int64]
    due_at: NDArray[np.int64]
    closes_at: NDArray[np.int64]


CAUSES: Final = (
    "accessory",
    "spare_part",
    "refill",
    "replacement",
    "wish",
    "cart",
    "waitlist",
    "message",
    "together",
    "decoy",
    "own",
)
"""Why a line is bought; the first seven are kinds of needs. Where one order has a product for
several reasons, the first of them is told."""

CAUSE_CODE: Final = {name: code for code, name in enumerate(CAUSES)}
