"""Where a snapshot keeps what facts speak of: codes of customers and products in both."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nba.artifacts.snapshot import Snapshot
from nba.domain import Ids, Texts
from nba.facts.fold import Facts
from nba.facts.shelf import Shelf

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
        to_pay: float64 per product of the snapshot, minor units: its price as the shelf says, else
            as the snapshot does; NaN where neither knows it.
    """

    customer: NDArray[np.int64]
    described: NDArray[np.int64]
    product: NDArray[np.int64]
    shelf: NDArray[np.int64]
    shelved: NDArray[np.int64]
    to_pay: NDArray[np.float64]


class Coder:
    """Looks facts up in one snapshot; of the products it remembers whose it looked up last.

    Decisions one by one share the ids of their products and their shelf.
    """

    def __init__(self, snapshot: Snapshot) -> None:
        """Remember nothing yet."""
        self._snapshot = snapshot
        self._ours: tuple[Ids, Shelf, tuple[NDArray[np.int64], NDArray[np.int64]]] | None = None
        self._shelved: tuple[Shelf, NDArray[np.int64], NDArray[np.float64]] | None = None
        self._to_pay = snapshot.products.to_pay()

    def code(self, facts: Facts) -> Coding:
        """Look everything up once."""
        customers, segments = self._snapshot.customers.ids, self._snapshot.segments.ids
        return Coding(
            codes(customers, facts.customer_ids),
            codes(segments, facts.customer_ids),
            *self._products(facts.product_ids, facts.shelf),
            *self._shelf(facts.shelf),
        )

    def _products(self, ids: Ids, shelf: Shelf) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        known = self._snapshot.products.ids
        # One reference is read and written as a whole, whatever other threads do.
        ours = self._ours
        if ours is None or ours[0] is not ids or ours[1] is not shelf:
            found = codes(known, ids), codes(shelf.product_ids, ids)
            self._ours = ours = ids, shelf, found
        return ours[2]

    def _shelf(self, shelf: Shelf) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        known = self._shelved
        if known is None or known[0] is not shelf:
            code = codes(self._snapshot.products.ids, shelf.product_ids)
            self._shelved = known = shelf, code, _to_pay(self._to_pay, shelf, code)
        return known[1:]


def _to_pay(
    before: NDArray[np.float64], shelf: Shelf, code: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Let the prices of a shelf go before others."""
    told = np.flatnonzero((code >= 0) & (shelf.has_sale_price | shelf.has_price))
    if not len(told):
        return before
    price = before.copy()
    price[code[told]] = np.where(shelf.has_sale_price, shelf.sale_price, shelf.price)[told]
    return price


def codes(ids: Ids, wanted: tuple[str, ...] | Texts) -> NDArray[np.int64]:
    """Give the codes of some identifiers, int64; `ABSENT` where there is none."""
    if len(wanted) < _MANY:
        found = (ids.find(one) for one in wanted)
        return np.array([ABSENT if code is None else code for code in found], np.int64)
    # Groups of customers come in order, so of very many ids those between theirs are enough.
    low, high = bisect_left(ids, min(wanted)), bisect_right(ids, max(wanted))
    between = ids.take(np.arange(low, high))
    known = {identifier: code for code, identifier in enumerate(between, low)}
    return np.fromiter((known.get(one, ABSENT) for one in wanted), np.int64, len(wanted))
