"""Figures of ranked lists, one a customer, and their intervals by customer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from cuts import SHOWN, Cut, Lists
from numpy.typing import NDArray

DRAWS = 1_000
CUTOFFS = (10, 20)
_DISCOUNT = 1 / np.log2(2 + np.arange(SHOWN))

Columns = dict[str, NDArray[np.float64]]
"""Figures by name, float64 per customer asked; NaN where there is nothing to find."""


@dataclass(frozen=True, eq=False)
class Grades:
    """Figures of one method.

    Attributes:
        figures: R is recall over the whole truth, r over min(k, truth); P precision over k; N is
            NDCG with the ideal of min(k, truth), n with the ideal of the whole truth, as the
            Reality Check divides; PHR says whether anything was found; repeat and explore are R
            of the products that the customer had bought before, and had not.
        coverage: products on first ten places over those there are.
    """

    figures: Columns
    coverage: float


def grade(cut: Cut, lists: Lists) -> Grades:
    """Grade one list a customer asked."""
    truth, width = cut.truth, cut.width
    keys = truth.row * width + truth.product
    repeated = cut.repeated()
    asked = np.arange(len(truth))[:, None] * width + lists
    place = np.minimum(np.searchsorted(keys, asked), len(keys) - 1)
    hit = (keys[place] == asked) & (lists >= 0)
    again = hit & repeated[place]
    size = truth.size.astype(np.float64)
    repeats = np.bincount(truth.row, repeated, len(truth))
    ideal = np.cumsum(1 / np.log2(2 + np.arange(max(int(size.max()), SHOWN))))
    figures: Columns = {}
    for cutoff in CUTOFFS:
        found = hit[:, :cutoff].sum(axis=1)
        found_again = again[:, :cutoff].sum(axis=1)
        gain = hit[:, :cutoff] @ _DISCOUNT[:cutoff]
        least = np.minimum(size, cutoff)
        figures |= {
            f"R@{cutoff}": _over(found, size),
            f"r@{cutoff}": _over(found, least),
            f"P@{cutoff}": _over(found, np.where(size > 0, cutoff, 0)),
            f"N@{cutoff}": _over(gain, _ideal(ideal, least)),
            f"n@{cutoff}": _over(gain, _ideal(ideal, size)),
            f"PHR@{cutoff}": _over(found > 0, size > 0),
            f"repeat R@{cutoff}": _over(found_again, repeats),
            f"explore R@{cutoff}": _over(found - found_again, size - repeats),
        }
    shown = lists[:, : CUTOFFS[0]]
    return Grades(figures, len(np.unique(shown[shown >= 0])) / width)


def _ideal(ideal: NDArray[np.float64], size: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(size > 0, ideal[np.maximum(size.astype(np.int64), 1) - 1], 0.0)


def _over(some: NDArray[np.generic], of: NDArray[np.generic]) -> NDArray[np.float64]:
    part, whole = np.asarray(some, np.float64), np.asarray(of, np.float64)
    return np.divide(part, whole, out=np.full(len(part), np.nan), where=whole > 0)


@dataclass(frozen=True)
class Spread:
    """A mean and its 95 % interval."""

    mean: float
    low: float
    high: float

    def __str__(self) -> str:
        """Write it as a cell of a table."""
        return f"{self.mean:+.4f} ({self.low:+.4f} to {self.high:+.4f})"


class Resamples:
    """Customers drawn with replacement, the same draws for every method and figure."""

    def __init__(self, customer: NDArray[np.integer]) -> None:
        """Draw.

        Args:
            customer: whom each row belongs to; all rows of one are drawn together.
        """
        _, self._customer = np.unique(customer, return_inverse=True)
        count = int(self._customer.max()) + 1
        random = np.random.default_rng(1)
        self._drawn = np.stack(
            [np.bincount(random.integers(count, size=count), minlength=count) for _ in range(DRAWS)]
        )

    def means(self, figure: NDArray[np.float64]) -> NDArray[np.float64]:
        """Give the mean of each resample, rows without the figure left out."""
        told = ~np.isnan(figure)
        customers = self._drawn.shape[1]
        total = np.bincount(self._customer[told], figure[told], customers)
        count = np.bincount(self._customer[told], minlength=customers)
        return (self._drawn @ total) / (self._drawn @ count)

    def spread(self, figure: NDArray[np.float64]) -> Spread:
        """Give the mean of a figure."""
        return _spread(float(np.nanmean(figure)), self.means(figure))

    def above(self, one: NDArray[np.float64], other: NDArray[np.float64]) -> tuple[Spread, Spread]:
        """Give by how much one is above another, absolutely and as a share of the other."""
        first, second = self.means(one), self.means(other)
        mean, base = float(np.nanmean(one)), float(np.nanmean(other))
        return (
            _spread(mean - base, first - second),
            _spread(mean / base - 1, first / second - 1),
        )


def _spread(mean: float, means: NDArray[np.float64]) -> Spread:
    low, high = np.quantile(means, (0.025, 0.975))
    return Spread(mean, float(low), float(high))


def joined(parts: list[Grades]) -> Columns:
    """Put the customers of several cuts below one another."""
    return {
        name: np.concatenate([part.figures[name] for part in parts]) for name in parts[0].figures
    }


def compare(
    title: str,
    graded: Mapping[str, Columns],
    resamples: Resamples,
    against: str,
    figures: tuple[str, ...],
) -> None:
    """Print by how much one method is above each other, in pairs."""
    if against not in graded:
        return
    print(f"\n{title}: {against} above, 95 % by customer\n")
    print("| method | " + " | ".join(f"{one} | relative" for one in figures) + " |")
    print("|---|" + "---|---|" * len(figures))
    for name, columns in graded.items():
        if name != against:
            cells = [
                f"{absolute} | {100 * share.mean:+.1f} % ({100 * share.low:+.1f} to "
                f"{100 * share.high:+.1f})"
                for one in figures
                for absolute, share in (resamples.above(graded[against][one], columns[one]),)
            ]
            print(f"| {name} | {' | '.join(cells)} |")
