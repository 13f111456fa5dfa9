"""Where a snapshot keeps what facts speak of: codes of customers and products in both."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nba.artifacts.snapshot import Snapshot
from nba.domain import Ids, Texts
from nba.facts.fold import Facts
from nba.facts.lookups import ABSENT, Lookup
from nba.facts.shelf import CAN_BE_ORDERED, Shelf


@dataclass(frozen=True, slots=True, eq=False)
class Coding:
    """Codes by the rows of facts; `ABSENT` where the snapshot, or the shelf, has none.

    Attributes:
        customer: int64 per customer of the facts: the code in `Snapshot.customers`.
        described: int64 per customer: the code in `Snapshot.segments`.
        product: int64 per code of the facts' `product_ids`: the code in `Snapshot.products`.
        shelf: int64 per code of the facts' `product_ids`: the place on the facts' shelf.
        can_be_ordered: bool per code of the facts' `product_ids`: as the shelf says, else as the
            snapshot does; what neither knows cannot.
        shelved: int64 per product of the shelf: the code in `Snapshot.products`.
        is_offered: bool per product of the snapshot: it can be ordered, likewise.
        to_pay: float64 per product of the snapshot, minor units: its price as the shelf says, else
            as the snapshot does; NaN where neither knows it.
    """

    customer: NDArray[np.int64]
    described: NDArray[np.int64]
    product: NDArray[np.int64]
    shelf: NDArray[np.int64]
    can_be_ordered: NDArray[np.bool_]
    shelved: NDArray[np.int64]
    is_offered: NDArray[np.bool_]
    to_pay: NDArray[np.float64]


_Sold = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_]]
_Shelved = tuple[NDArray[np.int64], NDArray[np.bool_], NDArray[np.float64]]


class Coder:
    """Looks facts up in one snapshot; of the products it remembers whose it looked up last.

    Decisions one by one share the ids of their products and their shelf.
    """

    def __init__(self, snapshot: Snapshot) -> None:
        """Remember nothing yet."""
        products = snapshot.products
        self._customers = Lookup(snapshot.customers.ids)
        self._described = Lookup(snapshot.segments.ids)
        self._products = Lookup(products.ids)
        self._availability = products.availability
        self._is_offered = products.can_be_ordered(np.arange(len(products)))
        self._to_pay = products.to_pay()
        self._ours: tuple[Ids, Shelf, _Sold] | None = None
        self._shelved: tuple[Shelf, _Shelved] | None = None

    def code(self, facts: Facts) -> Coding:
        """Look everything up once."""
        ids = Texts.of(facts.customer_ids)
        return Coding(
            _codes(self._customers, ids),
            _codes(self._described, ids),
            *self._sold(facts.product_ids, facts.shelf),
            *self._on_shelf(facts.shelf),
        )

    def _sold(self, ids: Ids, shelf: Shelf) -> _Sold:
        # One reference is read and written as a whole, whatever other threads do.
        ours = self._ours
        if ours is None or ours[0] is not ids or ours[1] is not shelf:
            code, place = _codes(self._products, ids), _codes(Lookup(shelf.product_ids), ids)
            found = code, place, self._orderable(code, place, shelf)
            self._ours = ours = ids, shelf, found
        return ours[2]

    def _orderable(
        self, code: NDArray[np.int64], place: NDArray[np.int64], shelf: Shelf
    ) -> NDArray[np.bool_]:
        """Tell which of the facts' products can be ordered."""
        state = np.full(len(code), ABSENT)
        known, shelved = np.flatnonzero(code >= 0), np.flatnonzero(place >= 0)
        state[known] = self._availability[code[known]]
        state[shelved] = shelf.availability[place[shelved]]
        return np.asarray((state >= 0) & CAN_BE_ORDERED[state], np.bool_)

    def _on_shelf(self, shelf: Shelf) -> _Shelved:
        known = self._shelved
        if known is None or known[0] is not shelf:
            code = _codes(self._products, shelf.product_ids)
            told = np.flatnonzero(code >= 0)
            is_offered = self._is_offered.copy()
            is_offered[code[told]] = CAN_BE_ORDERED[shelf.availability[told]]
            found = code, is_offered, _to_pay(self._to_pay, shelf, code)
            self._shelved = known = shelf, found
        return known[1]


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


def _codes(known: Lookup, wanted: Texts) -> NDArray[np.int64]:
    return known.codes(wanted).astype(np.int64)
