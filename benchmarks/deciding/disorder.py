"""What goes wrong in a shop, and what its customers have in mind, drawn day by day."""

from __future__ import annotations

from collections import defaultdict
from random import Random

import numpy as np

from nba.data.simulator.journal import Journal
from nba.data.simulator.world import World

HOUR = np.timedelta64(3_600_000_000, "us")
DAY = 24 * HOUR
RECENT = 20 * DAY
RATES = {
    "cancelled": 0.001,
    "returned": 0.002,
    "delayed": 0.002,
    "complaint": 0.0001,
    "view_item": 0.02,
    "add_to_cart": 0.01,
    "add_to_wishlist": 0.01,
    "back_in_stock_subscribe": 0.005,
}
"""Chance a customer and day."""
ORDER_STATUSES = ("cancelled", "returned", "delayed")
TAKEN_BACK = {"add_to_cart": "remove_from_cart", "add_to_wishlist": "remove_from_wishlist"}


class Disorder:
    """Strikes a journal with rows of the day before."""

    def __init__(self, journal: Journal, world: World, seed: int) -> None:
        """Draw with a seed."""
        self._journal = journal
        self._random = Random(f"disorder {seed}")
        self._customers = sorted(world.customers)
        self._products = sorted(one.product_id for one in world.own_products)
        self._intended: dict[str, list[tuple[str, str]]] = defaultdict(list)
        self._count = 0

    def strike(self, at: np.datetime64) -> None:
        """Let things happen in the day before an instant."""
        for kind, rate in RATES.items():
            for _ in range(self._drawn(rate * len(self._customers))):
                customer = self._random.choice(self._customers)
                when = at - np.timedelta64(self._random.randrange(1, 86_400_000_000), "us")
                if kind in ORDER_STATUSES:
                    self._of_order(customer, kind, when)
                elif kind == "complaint":
                    self._note(customer, kind, when)
                else:
                    self._intend(customer, kind, when)

    def _drawn(self, mean: float) -> int:
        whole = int(mean)
        return whole + (self._random.random() < mean - whole)

    def _of_order(self, customer: str, status: str, when: np.datetime64) -> None:
        recent = [
            one
            for one in self._journal.orders_of(customer, when)
            if one["ordered_at"] > when - RECENT
        ]
        if recent:
            self._journal.proceed(self._random.choice(recent)["order_id"], status, when)

    def _intend(self, customer: str, kind: str, when: np.datetime64) -> None:
        for _ in range(3 if kind == "view_item" else 1):
            product = self._random.choice(self._products)
            self._note(customer, kind, when, product)
            when += np.timedelta64(1, "s")
            if kind in TAKEN_BACK:
                self._intended[customer].append((TAKEN_BACK[kind], product))
        if self._intended[customer] and self._random.random() < 0.2:
            taken, product = self._intended[customer].pop(0)
            self._note(customer, taken, when, product)

    def _note(
        self, customer: str, kind: str, when: np.datetime64, product: str | None = None
    ) -> None:
        self._count += 1
        row = {"event_id": f"x{self._count:07}", "type": kind, "at": when, "customer_id": customer}
        rest = {"session_id": None, "product_id": product, "order_id": None, "value": None}
        self._journal.note("events", row | rest)
