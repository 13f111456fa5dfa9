"""The interaction matrix: who bought what how often, from when until when, and how lately."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nba.data.history import Baskets
from nba.domain import Ids, Instants
from nba.facts.spools import Column
from nba.ranges import lengths, offsets, starts
from nba.statistics.portions import AT_ONCE, portions

HELD: Final = 4_000_000
"""Cells of baskets, beyond which those of the matrix stand in files."""
_KEY_BITS: Final = 62
"""Bits of a key that is sorted."""


@dataclass(frozen=True, slots=True, eq=False)
class InteractionMatrix:
    """Identified customers x products, one cell a pair that met, sorted by customer, product.

    Attributes:
        customer_ids, product_ids: ids of rows and columns.
        start: int64[customers + 1]: cells of customer c are start[c]:start[c + 1].
        product: int32 per cell.
        orders: int32 per cell: orders of the customer with the product.
        first_at, last_at: datetime64[us] per cell: the earliest and the latest of them.
        decayed: float32[cells, decays]: sum over those orders of exp(-age / decay), in days, one
            column a decay.
    """

    customer_ids: Ids
    product_ids: Ids
    start: NDArray[np.int64]
    product: NDArray[np.int32]
    orders: NDArray[np.int32]
    first_at: Instants
    last_at: Instants
    decayed: NDArray[np.float32]

    @classmethod
    def of(
        cls,
        baskets: Baskets,
        *,
        decay_days: Sequence[float],
        at_once: int = AT_ONCE,
        held: int = HELD,
    ) -> InteractionMatrix:
        """Count the baskets of identified customers.

        Args:
            baskets: kept purchases; guests are left out, nobody asks for them.
            decay_days: the ages at which an order counts 1 / e, measured from `baskets.as_of`.
            at_once: cells of the baskets that are sorted at a time.
            held: of more cells of the baskets, those of the matrix are put into temporary files
                and mapped.

        Raises:
            DataError: the folder of temporary files has no room.
        """
        found = np.zeros(len(baskets.customer_ids), np.int64)
        in_file = len(baskets.product) > held
        kinds = ("int32", "int32", "datetime64[us]", "datetime64[us]", "float32")
        columns = [Column(kind, in_file=in_file) for kind in kinds]
        for cells in counted_cells(baskets, decay_days=decay_days, at_once=at_once):
            owner = starts(cells.customer)
            found[cells.customer[owner]] = lengths(owner, len(cells.customer))
            for column, values in zip(columns, cells[1:], strict=True):
                column.add(values.reshape(-1))
        product, orders, first_at, last_at, decayed = (column.whole() for column in columns)
        return cls(
            baskets.customer_ids,
            baskets.product_ids,
            offsets(found),
            product,
            orders,
            first_at,
            last_at,
            decayed.reshape(len(product), len(decay_days)),
        )


class Cells(NamedTuple):
    """Some cells of the matrix, those of whole customers; the fields are those of the matrix.

    `customer` is the code of the customer, int32 per cell.
    """

    customer: NDArray[np.int32]
    product: NDArray[np.int32]
    orders: NDArray[np.int32]
    first_at: Instants
    last_at: Instants
    decayed: NDArray[np.float32]


def counted_cells(
    baskets: Baskets, *, decay_days: Sequence[float] = (), at_once: int = AT_ONCE
) -> Iterator[Cells]:
    """Count the cells of the matrix in their order, a portion of the customers at a time.

    Args:
        baskets: as for `InteractionMatrix.of`.
        decay_days: the same.
        at_once: cells of the baskets that are sorted at a time; fewer where keys ask for it.
    """
    width = max(len(baskets.product_ids), 1)
    # A key has room for a customer and a basket of the portion, and for the product.
    at_once = min(at_once, 1 << ((_KEY_BITS - width.bit_length()) // 2))
    for _, some in portions(baskets, named=True, at_once=at_once):
        if len(some.product):
            yield _counted(some, width, decay_days)


def _counted(some: Baskets, width: int, decay_days: Sequence[float]) -> Cells:
    shift = len(some).bit_length()
    owner = some.customer.astype(np.int64) - some.customer[0]
    key = np.repeat((owner * width << shift) + np.arange(len(some)), some.size)
    key += some.product.astype(np.int64) << shift
    # Keys are distinct, and baskets ascend in time: the last of a run is the latest purchase.
    key.sort()
    basket = key & ((1 << shift) - 1)
    key >>= shift
    first = starts(key)
    count = lengths(first, len(key))
    age_days = (some.as_of - some.at) / np.timedelta64(1, "D")
    decayed = np.empty((len(first), len(decay_days)), np.float32)
    for column, days in enumerate(decay_days):
        decayed[:, column] = np.add.reduceat(np.exp(-age_days / days)[basket], first)
    owner, product = np.divmod(key[first], width)
    return Cells(
        owner.astype(np.int32) + some.customer[0],
        product.astype(np.int32),
        count.astype(np.int32),
        some.at[basket[first]],
        some.at[basket[first + count - 1]],
        decayed,
    )
