"""Figures of ranked lists, one a question, and their intervals by customer.

A question gives one product of an order; relevant are the others (for cross-type questions those
of other types). Every product that has training orders is a candidate; the ten first of the list
count, filled up by the most ordered products where it is shorter.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import chain
from typing import Final

import numpy as np
from cuts import Asked
from numpy.typing import NDArray

SHOWN: Final = 10
DRAWS: Final = 1_000
FIGURES: Final = ("HR@10", "MRR@10", "NDCG@10", "PSR")
_DISCOUNT: Final = 1 / np.log2(2 + np.arange(SHOWN))


@dataclass(frozen=True, eq=False)
class Questions:
    """What is asked of every method.

    Attributes:
        seed: int32 per question: the product given.
        order: int64 per question.
        customer: int32 per question.
        kind: int32 per product, where lists may only hold other kinds than the seed's; else None.
        relevant: int64, ascending: order * products + product, of all orders.
        relevant_count: int64 per question.
        popular: int32: products, most ordered first.
        rarity: float64 per product: orders^-0.5, over the mean sum of it in the relevant
            products, so that the mean found is popularity-stratified recall (Steck 2011); 0 for a
            product without orders.
    """

    seed: NDArray[np.int32]
    order: NDArray[np.int64]
    customer: NDArray[np.int32]
    kind: NDArray[np.int32] | None
    relevant: NDArray[np.int64]
    relevant_count: NDArray[np.int64]
    popular: NDArray[np.int32]
    rarity: NDArray[np.float64]

    @classmethod
    def of(
        cls, asked: Asked, orders: NDArray[np.integer], kind: NDArray[np.int32] | None = None
    ) -> Questions:
        """Ask for the rest of every order; with `kind`, for what is of another kind than the seed.

        Args:
            asked: the orders.
            orders: training orders of each product.
            kind: the kind of each product.
        """
        width, size = len(orders), np.diff(asked.start)
        order = np.repeat(np.arange(len(size)), size)
        rarity = np.divide(1, np.sqrt(orders), out=np.zeros(width), where=orders > 0)
        if kind is None:
            count = size[order] - 1
            relevant = np.bincount(order, rarity[asked.product])[order] - rarity[asked.product]
        else:
            of_kind = order * (int(kind.max()) + 2) + kind[asked.product] + 1
            _, place, same = np.unique(of_kind, return_inverse=True, return_counts=True)
            count = size[order] - same[place]
            relevant = np.bincount(order, rarity[asked.product])[order]
            relevant -= np.bincount(place, rarity[asked.product])[place]
        has = count > 0
        return cls(
            asked.product[has],
            order[has],
            asked.customer[order[has]],
            kind,
            np.sort(order * width + asked.product),
            count[has],
            np.lexsort((np.arange(width), -orders)).astype(np.int32),
            rarity / (relevant[has].mean() or 1.0),
        )

    def given(self, seeds: NDArray[np.bool_]) -> Questions:
        """Ask only where the given product is one of some (bool per product)."""
        some = seeds[self.seed]
        return replace(
            self,
            seed=self.seed[some],
            order=self.order[some],
            customer=self.customer[some],
            relevant_count=self.relevant_count[some],
        )

    def shown(self, lists: NDArray[np.int32]) -> NDArray[np.int32]:
        """Cut lists (int32[products, any], -1 behind the last) to what each question shows."""
        seeds, place = np.unique(self.seed, return_inverse=True)
        shown = np.empty((len(seeds), SHOWN), np.int32)
        popular = self.popular.tolist()
        for row, seed in enumerate(seeds.tolist()):
            taken: dict[int, None] = {}
            for product in chain(lists[seed].tolist(), popular):
                allowed = product >= 0 and product != seed
                if allowed and (self.kind is None or self.kind[product] != self.kind[seed]):
                    taken[product] = None
                    if len(taken) == SHOWN:
                        break
            shown[row] = list(taken)
        return shown[place]

    def grade(self, lists: NDArray[np.int32]) -> Grades:
        """Grade lists, one a product."""
        shown = self.shown(lists)
        keys = self.order[:, None] * len(self.rarity) + shown
        place = np.minimum(np.searchsorted(self.relevant, keys), len(self.relevant) - 1)
        hit = self.relevant[place] == keys
        best = np.cumsum(_DISCOUNT)[np.minimum(self.relevant_count, SHOWN) - 1]
        found = hit.any(axis=1)
        weighed = (hit * self.rarity[shown]).sum(axis=1)
        figures = np.stack(
            [found, found / (1 + hit.argmax(axis=1)), hit @ _DISCOUNT / best, weighed], axis=1
        )
        return Grades(figures, len(np.unique(shown)) / len(self.rarity))

    def intervals(self, figures: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...]:
        """Give mean, 2.5 % and 97.5 % quantile of columns, customers drawn with replacement.

        One order asks many questions and one customer has many orders: only customers are
        independent.
        """
        _, customer = np.unique(self.customer, return_inverse=True)
        count = np.bincount(customer)
        sums = np.stack([np.bincount(customer, column) for column in figures.T], axis=1)
        random = np.random.default_rng(1)
        drawn = random.multinomial(len(count), np.full(len(count), 1 / len(count)), size=DRAWS)
        means = (drawn @ sums) / (drawn @ count)[:, None]
        return figures.mean(axis=0), *np.quantile(means, (0.025, 0.975), axis=0)


@dataclass(frozen=True, eq=False)
class Grades:
    """Figures float64[questions, FIGURES]; coverage is products shown over those there are."""

    figures: NDArray[np.float64]
    coverage: float
