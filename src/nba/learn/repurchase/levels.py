"""Where gaps of each product lie: drawn to those of its type, and these to those of all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from nba.data.catalog import Catalog
from nba.learn.assortment import Assortment
from nba.learn.repurchase.sums import Floats, Sums, add_up

_LEAST = 1e-3
"""Variance below which levels count as equal."""


@dataclass(frozen=True, slots=True, eq=False)
class Levels:
    """Products in the groups that tell of one another.

    A product whose cycle the shop states is in the group of those alone, and its gaps count as
    multiples of the cycle; another is in the group of its type.

    Attributes:
        type: int32 per product: the code of its category; the last code where it has none.
        type_count: codes there are.
        group: int32 per product: its type, or `type_count` with a stated cycle.
        cycle: float64 per product: the logarithm of the stated cycle in days, else 0.
    """

    type: NDArray[np.int32]
    type_count: int
    group: NDArray[np.int32]
    cycle: Floats

    @classmethod
    def of(cls, listing: Catalog, types: Assortment) -> Self:
        """Group the products of a catalogue."""
        count = len(types.categories) + 1
        type_ = np.where(types.category >= 0, types.category, count - 1).astype(np.int32)
        stated = listing.replacement_cycle_days > 0
        cycle = np.log(np.maximum(listing.replacement_cycle_days, 1))
        group = np.where(stated, count, type_).astype(np.int32)
        return cls(type_, count, group, np.where(stated, cycle, 0.0))

    def locate(self, sums: Sums, spread: float) -> Floats:
        """Give the location of the logarithm of each product's gaps.

        With variances tau_p within and tau_t between groups, by the method of moments (Searle,
        Casella and McCulloch, Variance Components, 1992), and n regular gaps of mean m:
        group = (n m + w all) / (n + w), w = spread^2 / tau_t; product likewise with its group.

        Args:
            sums: of the gaps, per product.
            spread: standard deviation of the logarithm of a product's gaps.

        Returns:
            float64 per product.
        """
        count = self.type_count + 1
        mean = sums.ended_total / np.maximum(sums.ended, 1e-9)
        within = spread**2
        weight = add_up(self.group, sums.ended, count)
        center = add_up(self.group, sums.ended_total, count) / np.maximum(weight, 1e-9)
        tau_product = _between(sums.ended, mean, self.group, center, within)
        is_type = np.arange(count) < self.type_count
        one = np.zeros(count, np.int64)
        overall = np.array([weight[is_type] @ center[is_type] / max(weight[is_type].sum(), 1e-9)])
        tau_type = _between(weight * is_type, center, one, overall, within)
        # What is above the types; above stated cycles are the cycles themselves.
        above = np.where(is_type, overall[0], 0.0)
        group = add_up(self.group, sums.total, count) + within / tau_type * above
        group /= add_up(self.group, sums.weight, count) + within / tau_type
        firmness = within / tau_product
        product = sums.total + firmness * group[self.group]
        return np.asarray(product / (sums.weight + firmness) + self.cycle)


def _between(
    weight: Floats, mean: Floats, group: NDArray[np.integer], center: Floats, within: float
) -> float:
    """Estimate the variance of means beyond that of their gaps, by moments."""
    told = weight > 0.5
    groups = add_up(group[told], weight[told], len(center))
    beyond = (weight * (mean - center[group]) ** 2)[told].sum()
    beyond -= within * (np.count_nonzero(told) - np.count_nonzero(groups))
    squares = add_up(group[told], weight[told] ** 2, len(center))
    scale = (groups - squares / np.maximum(groups, 1e-9)).sum()
    return max(float(beyond / max(scale, 1e-9)), _LEAST)
