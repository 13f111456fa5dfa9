"""The chance that a customer buys each product within a week, for answers and backtests alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from nba.artifacts.customers import LIKING_DECAY, Customers
from nba.artifacts.habits import Habits, chance
from nba.artifacts.parts import Collaborative
from nba.artifacts.products import Products
from nba.artifacts.snapshot import Snapshot
from nba.ranges import ranks

_LIKED: Final = 2_000
"""Products that a customer likes best and that are looked at, beside the popular ones; what they
like less is as good as not liked."""
_ASIDE: Final = 1.0
"""What a product looked at in this session counts, beside an order of today."""


@dataclass(frozen=True, slots=True, eq=False)
class Chances:
    """What the chances of customers are told from.

    Attributes:
        products, customers, habits, collaborative: parts of a snapshot.
        variety: how much each further product of a category yields to other categories.
    """

    products: Products
    customers: Customers
    habits: Habits
    collaborative: Collaborative | None
    variety: float

    @classmethod
    def of(cls, snapshot: Snapshot) -> Self:
        """Take them from a snapshot."""
        return cls(
            snapshot.products,
            snapshot.customers,
            snapshot.habits,
            snapshot.collaborative,
            snapshot.manifest.config.picks.variety,
        )

    def again(
        self, customer: int, at: np.datetime64
    ) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
        """Give what a customer bought, and the chance of each to be bought within a week.

        Args:
            customer: a code of `customers`.
            at: the instant; before the last orders known, theirs holds.

        Returns:
            int32 product codes, ascending; float64, 0..1.
        """
        customers, habits = self.customers, self.habits
        chosen = np.array([customer])
        instant = max(at, customers.as_of[0])
        shoppers = habits.shoppers(customers, chosen, instant)
        cell, terms = habits.repeat_terms(customers, chosen, shoppers, instant)
        return customers.product[cell], chance(terms, habits.repeat)

    def liking(self, customer: int | None, session: Sequence[int] = ()) -> NDArray[np.float64]:
        """Share out a customer's interest over all products, by the collaborative model.

        Args:
            customer: a code of `customers`, or None for a visitor nobody knows.
            session: codes of products that the visitor looks at now.

        Returns:
            float64 per product code, their sum 1, or 0 where nothing is known.
        """
        width = len(self.products)
        if self.collaborative is None:
            return np.zeros(width)
        orders, weight = np.zeros(width, np.int64), np.zeros(width, np.float32)
        if customer is not None:
            span = self.customers.span(customer)
            bought = self.customers.product[span]
            orders[bought] = self.customers.orders[span]
            weight[bought] = self.customers.decayed[span, LIKING_DECAY]
        looked = np.array(sorted(set(session)), np.int64)
        orders[looked] += 1
        weight[looked] += _ASIDE
        product = np.flatnonzero(orders)
        return self.collaborative.liking(product, orders[product], weight[product])

    def anew(
        self,
        customer: int | None,
        at: np.datetime64,
        liked: NDArray[np.float64],
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Give what is liked best or popular, and the chance of each to be bought within a week.

        What the customer bought before is among it; its chance means nothing.

        Args:
            customer: a code of `customers`, or None for a visitor nobody knows.
            at: as for `again`.
            liked: what `liking` gives.

        Returns:
            int64 product codes, ascending; float64, 0..1.
        """
        customers, habits = self.customers, self.habits
        is_candidate = liked > 0
        if is_candidate.sum() > _LIKED:
            is_candidate = liked >= np.partition(liked, -_LIKED)[-_LIKED]
        is_candidate[self.products.popular] = True
        product = np.flatnonzero(is_candidate & (self.products.orders > 0))
        shoppers = habits.anybody()
        if customer is not None:
            instant = max(at, customers.as_of[0])
            shoppers = habits.shoppers(customers, np.array([customer]), instant)
        terms = habits.discovery_terms(product, liked[product], shoppers)
        return product, chance(terms, habits.discovery)

    def picks(
        self,
        customer: int | None,
        at: np.datetime64,
        liked: NDArray[np.float64],
    ) -> NDArray[np.float64]:
        """Score every product for a customer: `varied` of `either`."""
        return self.varied(self.either(customer, at, liked))

    def either(
        self,
        customer: int | None,
        at: np.datetime64,
        liked: NDArray[np.float64],
    ) -> NDArray[np.float64]:
        """Give the chance of each product to be bought within a week, again or for the first time.

        Both are chances within the same week, so that who buys the same things over and over gets
        those, and who tries something new each time gets what is new.

        Args:
            customer: a code of `customers`, or None for a visitor nobody knows.
            at: as for `again`.
            liked: what `liking` gives.

        Returns:
            float64 per product code, 0 for those that are no candidates.
        """
        either = np.zeros(len(self.products))
        product, new = self.anew(customer, at, liked)
        either[product] = new
        if customer is not None:
            bought, repeated = self.again(customer, at)
            either[bought] = repeated
        return either

    def varied(self, score: NDArray[np.float64]) -> NDArray[np.float64]:
        """Let products yield to those of other categories.

        The second product of a category, by score, counts 1 - `variety` times, the third that
        squared, and so on.

        Args:
            score: float64 per product code, 0 for those that are no candidates.

        Returns:
            The same, lowered.
        """
        candidate = np.flatnonzero(score)
        kind = self.habits.type[candidate]
        order = np.lexsort((candidate, -score[candidate], kind))
        lowered = score.copy()
        lowered[candidate[order]] *= (1 - self.variety) ** ranks(kind[order])
        return lowered
