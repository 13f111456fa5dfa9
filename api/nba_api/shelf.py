"""A snapshot as its products stand in the shop now, and until when it does."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from nba.artifacts.snapshot import Snapshot
from nba.decide.shelving import put_on_shelf
from nba.domain import Ids
from nba.facts.lookups import Lookup
from nba.facts.shelf import Shelf

FOREVER: Final = np.iinfo(np.int64).max


class Shelved:
    """Lays shelves over one snapshot; it remembers whose products it looked up last."""

    def __init__(self, snapshot: Snapshot) -> None:
        """Look nothing up yet."""
        self.snapshot = snapshot
        self._lookup = Lookup(snapshot.products.ids)
        self._coded: tuple[Ids, NDArray[np.int32]] | None = None

    def at(self, shelf: Shelf, at: np.datetime64) -> Snapshot:
        """Give the snapshot with its products as they stand on a shelf.

        Args:
            shelf: what the shop said; products of which the snapshot knows nothing are left out.
            at: the instant, which is that of the shelf.
        """
        # One reference is read and written as a whole, whatever other threads do.
        coded = self._coded
        if coded is None or coded[0] is not shelf.product_ids:
            coded = shelf.product_ids, self._lookup.codes(shelf.product_ids)
            self._coded = coded
        products = put_on_shelf(self.snapshot.products, shelf, coded[1], at)
        return self.snapshot.with_products(products)


def sales_hold_until(snapshot: Snapshot, at: np.datetime64) -> int:
    """Give when the next sale ends by itself: microseconds since 1970, `FOREVER` for none."""
    products = snapshot.products
    return _next(products.sale_until[products.has_sale_price], at)


def rules_hold_until(snapshot: Snapshot, at: np.datetime64) -> int:
    """Give when the next rule of the shop begins or ends to hold, likewise."""
    rules = snapshot.rules
    return min(_next(rules.valid_from, at), _next(rules.valid_until, at))


def microseconds(at: np.datetime64) -> int:
    """Give an instant as microseconds since 1970."""
    return int(at.astype("datetime64[us]").astype(np.int64))


def _next(instants: NDArray[np.datetime64], at: np.datetime64) -> int:
    later = instants[instants > at]
    return microseconds(later.min()) if len(later) else int(FOREVER)
