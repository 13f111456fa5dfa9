"""What a shop's gaps say of its refills: fitted on a sample of cells, then located by all."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from nba.artifacts.repurchase import EVIDENCE
from nba.config import RepurchaseConfig
from nba.learn.repurchase.amounts import learn_exponent
from nba.learn.repurchase.curves import hazards
from nba.learn.repurchase.gaps import Gaps
from nba.learn.repurchase.levels import Levels
from nba.learn.repurchase.mixture import Expected, Mixture, passed_unseen
from nba.learn.repurchase.sums import Floats, Sums, add_up

_STEPS: Final = 30
"""Steps of expectation and maximisation, after which locations move by less than 1 %."""
_BLOCK: Final = 500_000
"""Gaps looked at at once, which bounds the memory."""
_MOST_WITHIN: Final = 0.98
"""Share of the variance of intervals that is within cells, at most."""


@dataclass(frozen=True, slots=True, eq=False)
class Observed:
    """Gaps and what is known of them beforehand.

    Attributes:
        gaps: one row a purchase.
        type: int32 per gap: of the product.
        amount: float64 per gap: logarithm of the amount bought, relative to what is usual.
    """

    gaps: Gaps
    type: NDArray[np.int32]
    amount: Floats

    def part(self, rows: slice | NDArray[np.bool_]) -> Self:
        """Choose some gaps."""
        return type(self)(self.gaps.part(rows), self.type[rows], self.amount[rows])

    def sampled(self, limit: int) -> NDArray[np.bool_]:
        """Choose about `limit` gaps, all those of every n-th cell."""
        stride = max(-(-len(self.gaps) // limit), 1)
        return np.asarray(self.gaps.cell % stride == 0, np.bool_)

    def blocks(self) -> Iterator[tuple[slice, Self]]:
        """Give the gaps in turn."""
        for low in range(0, len(self.gaps), _BLOCK):
            rows = slice(low, low + _BLOCK)
            yield rows, self.part(rows)


@dataclass(frozen=True, slots=True, eq=False)
class Refills:
    """Where refills lie, and what gaps are around it.

    Attributes:
        mixture: what gaps are.
        location: float64 per product: of the logarithm of one interval in days.
        exponent: power of the amount to which intervals are proportional.
        own: gaps that the location of a product weighs, beside those of one of its customers:
            variance of intervals within cells over that between them.
    """

    mixture: Mixture
    location: Floats
    exponent: float
    own: float

    @classmethod
    def of(cls, observed: Observed, levels: Levels, config: RepurchaseConfig) -> Self:
        """Learn from all cells of the shop; those of the sample tell the mixture."""
        some = observed.part(observed.sampled(config.sample))
        gaps = some.gaps
        mixture = Mixture.at_first(gaps, levels.type_count, passed_unseen(config.passed_share))
        refills = cls(mixture, levels.locate(_counted(gaps, levels), 1.0), 0.0, 1.0)
        for step in range(2 * _STEPS):
            offset, expected = refills.expect(some)
            if step == _STEPS:
                regular, interval = expected.intervals(offset)
                exponent = learn_exponent(gaps, some.amount, regular, interval, levels)
                refills = replace(refills, exponent=exponent)
            mixture = mixture.improved(gaps, some.type, expected, centred=True)
            sums = _sums(gaps, expected, refills.location - levels.cycle)
            location = levels.locate(sums, mixture.spread)
            refills = replace(refills, mixture=mixture, location=location)
        offset, expected = refills.expect(some)
        intervals = expected.intervals(offset - refills.exponent * some.amount)
        within = min(_within_cells(gaps.cell, *intervals) / mixture.spread**2, _MOST_WITHIN)
        sums = Sums.none(len(refills.location))
        for _, block in observed.blocks():
            _, expected = refills.expect(block)
            sums = sums + _sums(block.gaps, expected, refills.location - levels.cycle)
        location = levels.locate(sums, mixture.spread)
        return replace(refills, location=location, own=within / (1 - within))

    def expect(self, observed: Observed) -> tuple[Floats, Expected]:
        """Say what gaps are, by their products and amounts.

        Returns:
            float64 per gap, the logarithm of the interval to be expected; and what gaps are.
        """
        gaps = observed.gaps
        offset = self.location[gaps.product] + self.exponent * observed.amount
        return offset, self.mixture.expect(gaps, observed.type, gaps.log_days - offset)

    def fitted(self, observed: Observed, logs: Floats, limit: int) -> tuple[Mixture, Floats]:
        """Fit the mixture anew around what is expected of each gap by those before it.

        Args:
            observed: all gaps.
            logs: float64 per gap: the logarithm of the interval to be expected.
            limit: gaps to fit on, at most.

        Returns:
            The mixture, and float64[classes, `GRID`], cumulative hazards of residuals.
        """
        rows = observed.sampled(limit)
        some = observed.part(rows)
        residual, mixture = some.gaps.log_days - logs[rows], self.mixture
        for _ in range(_STEPS):
            expected = mixture.expect(some.gaps, some.type, residual)
            mixture = mixture.improved(some.gaps, some.type, expected, centred=False)
        expected = mixture.expect(some.gaps, some.type, residual)
        return mixture, hazards(mixture, some.gaps.evidence, expected)

    def with_own(self, observed: Observed, begins: NDArray[np.int64]) -> tuple[Floats, Floats]:
        """Expect each gap from the product and the gaps before it of the same cell.

        With n regular gaps whose logarithms exceed what the product's location says by d in the
        mean, it is that location plus n d / (n + `own`).

        Args:
            observed: all gaps.
            begins: where cells begin.

        Returns:
            float64 per gap, the logarithm of the interval to be expected; and float64[products,
            classes], purchases that are expected to be refilled.
        """
        regular, excess, offsets = np.zeros((3, len(observed.gaps)))
        members = np.zeros(len(self.location) * len(EVIDENCE))
        for rows, block in observed.blocks():
            offset, expected = self.expect(block)
            regular[rows], interval = expected.intervals(offset)
            excess[rows], offsets[rows] = regular[rows] * (interval - offset), offset
            place = block.gaps.product.astype(np.int64) * len(EVIDENCE) + block.gaps.evidence
            members += add_up(place, expected.members, len(members))
        total, weight = (_before(values, begins) for values in (excess, regular))
        return offsets + total / (weight + self.own), members.reshape(-1, len(EVIDENCE))


def _counted(gaps: Gaps, levels: Levels) -> Sums:
    """Take every gap that ended for a refill."""
    count, product = len(levels.type), gaps.product[gaps.ended]
    multiple = gaps.log_days[gaps.ended] - levels.cycle[product]
    ended = np.bincount(product, minlength=count).astype(np.float64)
    total = add_up(product, multiple, count)
    return Sums(ended, total, ended, total)


def _sums(gaps: Gaps, expected: Expected, location: Floats) -> Sums:
    """Sum the intervals of each product, in multiples of its cycle, as `location` is."""
    product, count = gaps.product, len(location)
    regular, interval = expected.intervals(location[product])
    waiting = expected.waiting.sum(axis=0)
    tail = (expected.waiting * expected.tail).sum(axis=0) + waiting * location[product]
    ended = add_up(product, regular, count)
    total = add_up(product, regular * interval, count)
    return Sums(
        ended,
        total,
        ended + add_up(product, waiting, count),
        total + add_up(product, tail, count),
    )


def _within_cells(cell: NDArray[np.int32], regular: Floats, interval: Floats) -> float:
    """Estimate the variance of the intervals of one cell."""
    weight = np.bincount(cell, regular)
    mean = np.bincount(cell, regular * interval) / np.maximum(weight, 1e-12)
    freedom = weight - np.bincount(cell, regular**2) / np.maximum(weight, 1e-12)
    beyond = (regular * (interval - mean[cell]) ** 2).sum()
    return float(max(beyond, 1e-3) / max(freedom.sum(), 1e-3))


def _before(values: Floats, begins: NDArray[np.int64]) -> Floats:
    """Sum what stands before each place in its run."""
    total = np.cumsum(values) - values
    return total - np.repeat(total[begins], np.diff(np.append(begins, len(values))))
