"""Which kinds of product come to be needed after which, and when: lags learned from orders."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from nba.domain import Texts

NEED_KINDS: Final = ("accessory", "spare_part", "refill")
"""Code order of `Needs.kind`."""


@dataclass(frozen=True, slots=True, eq=False)
class Needs:
    """Directed pairs of product types (categories), sorted by main, then accessory.

    Attributes:
        types: the distinct category paths, sorted, which the codes below name; the empty one is
            the type of products without a category, and in no pair.
        product_type: int32 per product: its type.
        main, accessory: int32 per pair: type codes; who buys the first comes to need the second.
        kind: int8 per pair, a code of `NEED_KINDS`.
        owners: int64 per pair: arrivals of the main type with proven customers who have an id,
            observed for a day without the accessory type in the same order or one between order
            and arrival. An arrival is followed until the customer's next order of the main type.
            Without a lag: proven customers with an order of the main type.
        buyers: int64 per pair: those of them followed by an order of the accessory type, in the
            lag buckets below. Without a lag: those with an order that holds both types.
        expected: float32 per pair: how many would have been, had the main type no part in it.
        lag_days: int32 per pair: median days from arrival to need, censoring accounted for; 0 =
            bought with the main product, no lag was learned.
        lag_low, lag_high: int32 per pair: quartiles of the same.
        offer_day: int32 per pair: the day after the arrival from which on to offer it.
        window_days: int32 per pair: days after the order of the main product within which a
            customer's order of the accessory counts for the two products.
        bucket_days: int32[buckets + 1]: bounds in days of the lag buckets below.
        events: int32[pairs, buckets]: buyers by lag; 0 in pairs without one.
        at_risk: int32[pairs, buckets]: owners still without it, and observed through the bucket.
    """

    types: Texts
    product_type: NDArray[np.int32]
    main: NDArray[np.int32]
    accessory: NDArray[np.int32]
    kind: NDArray[np.int8]
    owners: NDArray[np.int64]
    buyers: NDArray[np.int64]
    expected: NDArray[np.float32]
    lag_days: NDArray[np.int32]
    lag_low: NDArray[np.int32]
    lag_high: NDArray[np.int32]
    offer_day: NDArray[np.int32]
    window_days: NDArray[np.int32]
    bucket_days: NDArray[np.int32]
    events: NDArray[np.int32]
    at_risk: NDArray[np.int32]

    @classmethod
    def empty(cls, product_count: int) -> Self:
        """Nothing learned."""
        none = np.empty(0, np.int32)
        wide = np.empty(0, np.int64)
        return cls(
            Texts.of([""]),
            np.zeros(product_count, np.int32),
            none,
            none,
            none.astype(np.int8),
            wide,
            wide,
            none.astype(np.float32),
            none,
            none,
            none,
            none,
            none,
            np.zeros(1, np.int32),
            np.empty((0, 0), np.int32),
            np.empty((0, 0), np.int32),
        )

    def __len__(self) -> int:
        """Count the pairs of types."""
        return len(self.main)

    def find(self, main_product: int, accessory_product: int) -> int | None:
        """Give the pair that two products' types form, if it was learned."""
        main, accessory = (int(self.product_type[one]) for one in (main_product, accessory_product))
        low = int(np.searchsorted(self.main, main))
        high = int(np.searchsorted(self.main, main, "right"))
        place = low + int(np.searchsorted(self.accessory[low:high], accessory))
        return place if place < high and int(self.accessory[place]) == accessory else None
