"""A shop of refills with known intervals, drawn quickly: every purchase is an order of its own."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nba.artifacts.repurchase import Repurchase
from nba.config import RepurchaseConfig
from nba.data.history import Baskets
from nba.data.purchases import Purchases
from nba.domain import DAY, Ids
from nba.learn.assortment import Assortment
from nba.learn.repurchase.learning import repurchase
from tests.shops import catalog

START = np.datetime64("2024-01-01", "us")


@dataclass(frozen=True)
class Shop:
    """Purchases as columns, by customer and day, and the listing of what is sold."""

    customer: NDArray[np.int64]
    product: NDArray[np.int64]
    day: NDArray[np.float64]
    quantity: NDArray[np.int64]
    listing: list[dict[str, object]]

    def known(self, days: float) -> Shop:
        before = self.day < days
        columns = (self.customer, self.product, self.day, self.quantity)
        return Shop(*(column[before] for column in columns), self.listing)

    def baskets(self, days: float) -> tuple[Baskets, Purchases]:
        order = np.lexsort((self.product, self.day, self.customer))
        customer, at = self.customer[order], START + (self.day[order] * DAY).astype("m8[us]")
        count, codes = len(customer), int(self.customer.max(initial=0)) + 1
        placed = Baskets(
            Ids.of(str(row["product_id"]) for row in self.listing),
            Ids.of(f"c{code:05}" for code in range(codes)),
            codes,
            customer.astype(np.int32),
            at,
            at,
            np.ones(count, np.bool_),
            np.arange(count + 1),
            self.product[order].astype(np.int32),
            START + np.timedelta64(round(days * 86_400), "s"),
        )
        return placed, Purchases(self.quantity[order], np.ones(count, np.int64))

    def learn(self, days: float, **settings: float) -> tuple[Repurchase, NDArray[np.int64]]:
        """Learn what is known at a day; give the clocks and customer * products + product."""
        listing = catalog(*self.listing)
        placed, purchases = self.known(days).baskets(days)
        types = Assortment.of(listing.category, listing.product_group_id)
        keys = placed.customer.astype(np.int64) * len(self.listing) + placed.product
        keys = np.array(sorted(set(keys.tolist())), np.int64)
        cells = (keys % len(self.listing)).astype(np.int32)
        config = RepurchaseConfig.model_validate({"passed_share": 0, **settings})
        durable = listing.is_consumable == 0
        return repurchase(placed, purchases, listing, types, cells, durable, config), keys

    def next_days(self, keys: NDArray[np.int64], days: float) -> NDArray[np.float64]:
        """Give the day of the next purchase of each cell from a day on; 0 where there is none."""
        later = self.day >= days
        first: dict[int, float] = {}
        width = len(self.listing)
        for key, day in zip(
            (self.customer * width + self.product)[later].tolist(),
            self.day[later].tolist(),
            strict=True,
        ):
            first[key] = min(first.get(key, np.inf), day)
        return np.array([first.get(key, 0.0) for key in keys.tolist()])


def draw_shop(
    intervals: list[float],
    *,
    seed: int = 1,
    buyers: int = 300,
    until: float = 500,
    follow: float = 1200,
    stays: float = 0.85,
    power: float = 0,
) -> Shop:
    """Draw buyers of one product of each type, who refill it in an interval of their own.

    Own medians are those of the type times exp(normal(0, 0.25)), gaps vary by exp(normal(0, 0.3)),
    each is the last with chance 1 - `stays`, and half of the buyers never refill. First purchases
    are spread over the time `until`, and are followed for as long as `follow`.

    Args:
        intervals: median days of each type.
        power: of the quantity, 1 to 4 at random, to which gaps are proportional.
    """
    random = np.random.default_rng(seed)
    rows = []
    for product, interval in enumerate(intervals):
        for customer in range(buyers):
            day, own = random.uniform(0, until), interval * np.exp(random.normal(0, 0.25))
            stays_on = random.random() < 0.5
            while day < follow:
                quantity = int(random.integers(1, 5))
                rows.append((customer, product, day, quantity))
                day += own * quantity**power * np.exp(random.normal(0, 0.3))
                if not stays_on or random.random() > stays:
                    break
    columns = np.array(rows)
    listing: list[dict[str, object]] = [
        {"product_id": f"p{number}", "category": f"T{number}"} for number in range(len(intervals))
    ]
    customer, product, quantity = (columns[:, one].astype(np.int64) for one in (0, 1, 3))
    return Shop(customer, product, columns[:, 2], quantity, listing)


def typical_days(clocks: Repurchase, keys: NDArray[np.int64], width: int) -> list[float]:
    """Give the median interval of new buyers of each product."""
    middle = np.interp(np.log(2), clocks.hazard[0], clocks.grid)
    fresh = clocks.evidence == 0
    return [
        float(np.exp(np.median(clocks.location[fresh & (keys % width == product)]) + middle))
        for product in range(width)
    ]
