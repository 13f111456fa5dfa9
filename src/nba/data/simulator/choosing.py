"""Which product of a type a customer takes: by popularity, among those on sale at the instant."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nba.data.simulator.assortment import TYPES
from nba.data.simulator.calendar import order_instant
from nba.data.simulator.catalogue import Catalogue
from nba.data.simulator.chance import Codes, Wheel
from nba.data.simulator.customers import Customers
from nba.data.simulator.states import States

TRIES: Final = 8
"""Draws before a customer gives up on a type."""
SALE_PULL: Final = 0.4
"""A customer passes over a product without a sale price with this chance x price sensitivity."""
MORE_CONSUMABLES: Final = {"b2c": 0.35, "b2b": 2.5}
MORE_THINGS: Final = {"b2c": 0.02, "b2b": 0.8}
"""Mean pieces beyond the first."""

_IS_CONSUMABLE: Final = np.array([one.nature == "consumable" for one in TYPES])


@dataclass(frozen=True, slots=True, eq=False)
class Chooser:
    """The shelves of the shop as customers find them."""

    seed: int
    catalogue: Catalogue
    states: States
    customers: Customers

    def of_type(
        self, rng: np.random.Generator, type_code: Codes, customer: Codes, day: Codes
    ) -> NDArray[np.int32]:
        """Choose a product of each type on a day; -1 where nothing suited could be ordered."""
        return self._choose(rng, self.catalogue.by_type, type_code, customer, day)

    def fitting(
        self, rng: np.random.Generator, group: Codes, customer: Codes, day: Codes
    ) -> NDArray[np.int32]:
        """Choose a product of each group of `Catalogue.by_fit`; -1 where none could be ordered."""
        return self._choose(rng, self.catalogue.by_fit, group, customer, day)

    def orderable(self, product: Codes, customer: Codes, day: Codes) -> NDArray[np.bool_]:
        """Tell whether a product can be ordered when the customer orders on that day."""
        at = order_instant(self.seed, customer, day, self.customers.is_company[customer])
        return self.states.orderable(product, at)

    def pieces(
        self, rng: np.random.Generator, product: NDArray[np.int32], customer: Codes
    ) -> NDArray[np.int32]:
        """Draw how many pieces of each product a customer takes, at least 1."""
        is_company = self.customers.is_company[customer]
        is_consumable = _IS_CONSUMABLE[self.catalogue.type[product]]
        mean = np.where(
            is_consumable,
            np.where(is_company, MORE_CONSUMABLES["b2b"], MORE_CONSUMABLES["b2c"]),
            np.where(is_company, MORE_THINGS["b2b"], MORE_THINGS["b2c"]),
        )
        return (1 + rng.poisson(mean)).astype(np.int32)

    def _choose(
        self,
        rng: np.random.Generator,
        wheel: Wheel,
        group: Codes,
        customer: Codes,
        day: Codes,
    ) -> NDArray[np.int32]:
        at = order_instant(self.seed, customer, day, self.customers.is_company[customer])
        passes_over = SALE_PULL * self.customers.price_sensitivity[customer]
        chosen = np.full(len(group), -1, np.int32)
        open_rows = np.flatnonzero(wheel.has(group))
        for _ in range(TRIES):
            product = wheel.draw(group[open_rows], rng.random(len(open_rows)))
            row = self.states.find(product, at[open_rows])
            suits = self.states.open(row, product) & (
                (self.states.sale_price[row] >= 0)
                | (rng.random(len(open_rows)) >= passes_over[open_rows])
            )
            chosen[open_rows[suits]] = product[suits]
            open_rows = open_rows[~suits]
        return chosen
