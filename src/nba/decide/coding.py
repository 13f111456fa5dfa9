"""Where a snapshot keeps what facts speak of: codes of customers and products in both."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from nba.artifacts.snapshot import Snapshot
from nba.domain import Ids, Texts
from nba.facts.fold import Facts

ABSENT: Final = -1
"""The code of what the other side does not know."""
_MANY: Final = 1024
"""From so many look-ups on, reading all ids once is quicker than searching for each."""


@dataclass(frozen=True, slots=True, eq=False)
class Coding:
    """Codes by the rows of facts; `ABSENT` where the snapshot, or the shelf, has none.

    Attributes:
        customer: int64 per customer of the facts: the code in `Snapshot.customers`.
        described: int64 per customer: the code in `Snapshot.segments`.
        product: int64 per code of the facts' `product_ids`: the code in `Snapshot.products`.
        shelf: int64 per code of the facts' `product_ids`: the place on the facts' shelf.
        shelved: int64 per product of the shelf: the code in `Snapshot.products`.
    """

    customer: NDArray[np.int64]
    described: NDArray[np.int64]
    product: NDArray[np.int64]
    shelf: NDArray[np.int64]
    shelved: NDArray[np.int64]

    @classmethod
    def of(cls, snapshot: Snapshot, facts: Facts) -> Self:
        """Look everything up once."""
        people, products = facts.customer_ids, facts.product_ids
        return cls(
            codes(snapshot.customers.ids, people),
            codes(snapshot.segments.ids, people),
            codes(snapshot.products.ids, products),
            codes(facts.shelf.product_ids, products),
            codes(snapshot.products.ids, facts.shelf.product_ids),
        )


def codes(ids: Ids, wanted: tuple[str, ...] | Texts) -> NDArray[np.int64]:
    """Give the codes of some identifiers, int64; `ABSENT` where there is none."""
    if len(wanted) < _MANY:
        found = (ids.find(one) for one in wanted)
        return np.array([ABSENT if code is None else code for code in found], np.int64)
    known = {identifier: code for code, identifier in enumerate(ids)}
    return np.fromiter((known.get(one, ABSENT) for one in wanted), np.int64, len(wanted))
