"""Order lines as coded arrays: drawn in bulk for timing, or read from a shop folder.

The drawn ones have no planted truth, only the load of a large shop: 3,000,000 baskets of 200,000
customers, 50,000 products, about 31.5 million lines. Products follow a Zipf-Mandelbrot law
(s = 1, q = 5); 40 % of the lines come from the 40 favourites of their customer, 30 % from one of
two of 800 missions of 60 products each, the rest is popularity. Chunks are drawn from (seed,
chunk), so the same arguments give the same arrays.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nba.data.history import Baskets
from nba.data.shop import read_shop
from nba.domain import DAY, Ids

BASKETS: Final = 3_000_000
PRODUCTS: Final = 50_000
CUSTOMERS: Final = 200_000
FAVOURITES: Final = 40
MISSIONS: Final = 800
MISSION_PRODUCTS: Final = 60
FURTHER_DRAWS: Final = 10.0
"""Mean lines drawn a basket beside the first; some meet, and count once."""
CHUNK: Final = 50_000
YOUNG_SHARE: Final = 0.01
"""Customers whose first order is too young to prove anything."""


@dataclass(frozen=True, eq=False)
class Lines:
    """Coded baskets: what every method is given, already in memory.

    Attributes:
        customer: int32 per basket, ascending.
        proven: bool per basket.
        start: int64 per basket + 1.
        product: int32, ascending within a basket.
        product_count: codes there are.
    """

    customer: NDArray[np.int32]
    proven: NDArray[np.bool_]
    start: NDArray[np.int64]
    product: NDArray[np.int32]
    product_count: int

    def save(self, folder: Path) -> None:
        """Write the arrays."""
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("customer", "proven", "start", "product"):
            np.save(folder / f"{name}.npy", getattr(self, name))
        np.save(folder / "product_count.npy", self.product_count)

    @classmethod
    def load(cls, folder: Path) -> Lines:
        """Read the arrays."""
        names = ("customer", "proven", "start", "product")
        arrays = (np.load(folder / f"{name}.npy") for name in names)
        return cls(*arrays, int(np.load(folder / "product_count.npy")))

    @classmethod
    def of_shop(cls, folder: Path) -> Lines:
        """Read the kept orders of a shop."""
        baskets = read_shop(folder).history.baskets()
        return cls(
            baskets.customer,
            baskets.proven,
            baskets.start,
            baskets.product,
            len(baskets.product_ids),
        )

    @classmethod
    def draw(cls, seed: int = 1) -> Lines:
        """Draw the load of a large shop."""
        random = np.random.default_rng([seed, 0])
        law = np.cumsum(1 / (np.arange(1, PRODUCTS + 1) + 5.0))
        law /= law[-1]
        # Codes do not follow popularity, as they do not in a shop.
        code = random.permutation(PRODUCTS).astype(np.int32)
        missions = random.integers(0, PRODUCTS, (MISSIONS, MISSION_PRODUCTS))
        favourites = np.searchsorted(law, random.random((CUSTOMERS, FAVOURITES)))
        customer = np.sort(random.integers(0, CUSTOMERS, BASKETS)).astype(np.int32)
        young = random.random(CUSTOMERS) < YOUNG_SHARE
        sizes, products = [], []
        for begin in range(0, BASKETS, CHUNK):
            random = np.random.default_rng([seed, 1, begin])
            who = customer[begin : begin + CHUNK]
            drawn = 1 + random.negative_binomial(2, 2 / (2 + FURTHER_DRAWS), len(who))
            basket = np.repeat(np.arange(len(who)), drawn)
            product = np.searchsorted(law, random.random(len(basket)))
            kind = random.random(len(basket))
            liked = np.flatnonzero(kind < 0.4)
            choice = random.integers(0, FAVOURITES, len(liked))
            product[liked] = favourites[who[basket[liked]], choice]
            needed = np.flatnonzero(kind >= 0.7)
            two = random.integers(0, MISSIONS, (len(who), 2))
            mission = two[basket[needed], random.integers(0, 2, len(needed))]
            product[needed] = missions[mission, random.integers(0, MISSION_PRODUCTS, len(needed))]
            cells = np.unique(basket * PRODUCTS + code[product])
            sizes.append(np.bincount(cells // PRODUCTS, minlength=len(who)))
            products.append((cells % PRODUCTS).astype(np.int32))
        start = np.append(0, np.cumsum(np.concatenate(sizes))).astype(np.int64)
        return cls(customer, ~young[customer], start, np.concatenate(products), PRODUCTS)

    def baskets(self) -> Baskets:
        """See the lines as baskets of one day."""
        at = np.zeros(len(self.customer), "datetime64[us]")
        return Baskets(
            product_ids=Ids.of(f"p{code:08}" for code in range(self.product_count)),
            customer_ids=Ids.of([]),
            customer_count=int(self.customer.max()) + 1,
            customer=self.customer,
            at=at,
            delivered_at=at,
            proven=self.proven,
            start=self.start,
            product=self.product,
            as_of=at[0] + DAY,
        )

    def basket(self) -> NDArray[np.int32]:
        """Give the basket of each line, int32."""
        return np.repeat(np.arange(len(self.customer), dtype=np.int32), np.diff(self.start))

    def describe(self) -> str:
        """Say how large the load is."""
        size = np.diff(self.start)
        top = np.bincount(self.product).max() / len(size)
        return (
            f"{len(self.product):,} lines, {len(size):,} baskets, {self.product_count:,} products, "
            f"{len(np.unique(self.customer)):,} customers, {int((size**2).sum()):,} multiply-adds, "
            f"largest basket {size.max()}, top product in {top:.1%}"
        )
