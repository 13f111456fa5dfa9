"""Sums over groups of gaps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def add_up(group: NDArray[np.integer], values: NDArray[np.floating], count: int) -> Floats:
    """Sum values by group, float64[count]."""
    return np.asarray(np.bincount(group, values, count), np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class Sums:
    """What is known of the gaps of each product, float64 per product.

    Attributes:
        ended, ended_total: regular gaps that ended, and the sum of their logarithms, in multiples
            of the stated cycle.
        weight, total: the same with what those still open are expected to become.
    """

    ended: Floats
    ended_total: Floats
    weight: Floats
    total: Floats

    @classmethod
    def none(cls, product_count: int) -> Self:
        """Nothing counted."""
        return cls(*np.zeros((4, product_count)))

    def __add__(self, other: Sums) -> Sums:
        """Add other gaps."""
        return Sums(
            self.ended + other.ended,
            self.ended_total + other.ended_total,
            self.weight + other.weight,
            self.total + other.total,
        )
