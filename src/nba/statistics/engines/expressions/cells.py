"""The table that SQL engines count from, made of arrays: one row a product of a kept order.

An order that holds no product, as coarsening leaves some, is one row of the product -1, so that
it still counts as an order of its customer.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from nba.data.history import Baskets
from nba.data.purchases import Purchases
from nba.statistics.evidence import spells_of
from nba.statistics.lags import Followed

if TYPE_CHECKING:
    import pyarrow as pa

NO_PRODUCT: Final = -1
"""The product of an order that holds none."""
CELLS_AT_ONCE: Final = 1 << 18
"""Rows of a batch, about: 20 MB."""

_COLUMNS: Final = (
    "basket",
    "customer",
    "named",
    "proven",
    "ordered_at",
    "delivered_at",
    "spell",
    "product",
    "quantity",
    "revenue",
)


@dataclass(frozen=True, slots=True, eq=False)
class Orders:
    """Orders in arrays, as the table of cells repeats them for each of their products.

    Attributes:
        customer: int64 per order.
        named, proven: bool per order.
        ordered_at, delivered_at: int64 per order, microseconds since 1970.
        delivered: bool per order: `delivered_at` is known.
        spell: int64 per order: the first order of its spell, or -1.
        start: int64 per order + 1.
        product: int32 per cell.
        purchases: quantity and revenue per cell; nothing, if None.
    """

    customer: NDArray[np.int64]
    named: NDArray[np.bool_]
    proven: NDArray[np.bool_]
    ordered_at: NDArray[np.int64]
    delivered_at: NDArray[np.int64]
    delivered: NDArray[np.bool_]
    spell: NDArray[np.int64]
    start: NDArray[np.int64]
    product: NDArray[np.int32]
    purchases: Purchases | None

    @classmethod
    def of(
        cls, baskets: Baskets, purchases: Purchases | None = None, *, spell_days: int = 0
    ) -> Self:
        """See baskets so.

        Args:
            baskets: the kept purchases.
            purchases: their pieces and money, cell by cell.
            spell_days: days from the first to the last order of a spell, at most; 0 = no spells.
        """
        ordered_at = baskets.at.astype("datetime64[us]").view(np.int64)
        return cls(
            baskets.customer.astype(np.int64),
            baskets.customer < len(baskets.customer_ids),
            baskets.proven,
            ordered_at,
            baskets.delivered_at.astype("datetime64[us]").view(np.int64),
            ~np.isnat(baskets.delivered_at),
            spells_of(baskets, spell_days),
            baskets.start,
            baskets.product,
            purchases,
        )

    @classmethod
    def followed(cls, followed: Followed) -> Self:
        """See the orders of customers who can be followed so; each told when it arrived."""
        count = len(followed.ordered)
        customers = np.diff(followed.customer_start)
        every = np.ones(count, np.bool_)
        return cls(
            np.repeat(np.arange(len(customers)), customers),
            every,
            every,
            followed.ordered,
            followed.arrived,
            every,
            np.full(count, -1),
            followed.start,
            followed.bought,
            None,
        )

    def batches(self) -> pa.RecordBatchReader:
        """Give the table of cells as a stream, by order and product; only a batch is held."""
        import pyarrow as pa

        flags = ("named", "proven")
        schema = pa.schema(
            [(name, pa.bool_() if name in flags else pa.int64()) for name in _COLUMNS]
        )
        batches = (
            pa.RecordBatch.from_arrays([cells[name] for name in _COLUMNS], schema=schema)
            for cells in self._cells()
        )
        return pa.RecordBatchReader.from_batches(schema, batches)

    def _cells(self) -> Iterator[dict[str, Any]]:
        import pyarrow as pa

        marks = np.arange(0, self.start[-1] + CELLS_AT_ONCE, CELLS_AT_ONCE)
        cuts = np.unique(np.append(np.searchsorted(self.start[:-1], marks), len(self.customer)))
        for begin, end in pairwise(cuts.tolist()):
            some, held = slice(begin, end), slice(self.start[begin], self.start[end])
            size = np.diff(self.start[begin : end + 1])
            rows = np.maximum(size, 1)
            filled = np.repeat(size > 0, rows)
            basket = np.repeat(np.arange(begin, end), rows)
            yield {
                "basket": basket,
                "product": _spread(self.product[held], filled, NO_PRODUCT),
                "quantity": self._paid("quantity", held, filled),
                "revenue": self._paid("revenue", held, filled),
                "delivered_at": pa.array(self.delivered_at[basket], mask=~self.delivered[basket]),
                "spell": pa.array(self.spell[basket], mask=self.spell[basket] < 0),
                **{
                    name: np.repeat(getattr(self, name)[some], rows)
                    for name in ("customer", "named", "proven", "ordered_at")
                },
            }

    def _paid(self, name: str, held: slice, filled: NDArray[np.bool_]) -> NDArray[np.int64]:
        if self.purchases is None:
            return np.zeros(len(filled), np.int64)
        return _spread(getattr(self.purchases, name)[held], filled, 0)


def _spread(
    values: NDArray[np.integer], filled: NDArray[np.bool_], empty: int
) -> NDArray[np.int64]:
    spread = np.full(len(filled), empty, np.int64)
    spread[filled] = values
    return spread


def table_of(**columns: NDArray[Any]) -> pa.RecordBatchReader:
    """Give columns as engines take them: whole numbers as int64, beside booleans."""
    import pyarrow as pa

    exact = {
        name: column if column.dtype == np.bool_ else column.astype(np.int64)
        for name, column in columns.items()
    }
    table = pa.table(exact)
    return pa.RecordBatchReader.from_batches(table.schema, table.to_batches())
