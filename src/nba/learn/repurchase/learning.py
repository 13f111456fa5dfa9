"""The learner: from purchases to the clock of every customer and product."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nba.artifacts.repurchase import EVIDENCE, Repurchase
from nba.config import RepurchaseConfig
from nba.data.catalog import Catalog
from nba.data.history import Baskets
from nba.data.purchases import Purchases
from nba.learn.assortment import Assortment
from nba.learn.ranges import starts
from nba.learn.repurchase.amounts import learn_exponent, relative_amounts
from nba.learn.repurchase.curves import GRID, hazards
from nba.learn.repurchase.gaps import Gaps, evidence_of
from nba.learn.repurchase.levels import Levels, Sums
from nba.learn.repurchase.mixture import Expected, Mixture, drawn, passed_unseen
from nba.learn.repurchase.packs import pack_sizes
from nba.learn.repurchase.trips import Trips

Floats = NDArray[np.float64]

_STEPS: Final = 30
"""Steps of expectation and maximisation, after which locations move by less than 1 %."""
_BLOCK: Final = 500_000
"""Gaps looked at at once, which bounds the memory."""
_DURABLE: Final = 0
"""`is_consumable` of products that are replaced, not refilled."""


def repurchase(
    placed: Baskets,
    purchases: Purchases,
    listing: Catalog,
    types: Assortment,
    cells: NDArray[np.int32],
    config: RepurchaseConfig,
) -> Repurchase:
    """Learn when each customer is due to buy each product again.

    Args:
        placed: kept purchases until `placed.as_of`.
        purchases: how many pieces they are.
        listing: the catalogue, over the same product codes.
        types: the categories of its products.
        cells: int32: the product of each cell of the same baskets, by customer, then product, as
            `InteractionMatrix.product` has it; the order of the answer.
        config: the section of the recipe.
    """
    durable = listing.is_consumable == _DURABLE
    trips = Trips.of(placed, horizon_days=config.horizon_days)
    gaps = Gaps.of(placed, purchases, ~durable, trips)
    levels = Levels.of(listing, types)
    if not gaps.ended.any():
        return Repurchase.empty(len(cells))
    passed = passed_unseen(config.passed_share)
    learning = _Learning(gaps, levels, relative_amounts(gaps, pack_sizes(listing), levels))
    refills = learning.refills(config.sample, passed)
    return learning.artifact(refills, cells, durable, trips, config.sample)


@dataclass(frozen=True, slots=True, eq=False)
class Refills:
    """What a shop's gaps say of its refills.

    Attributes:
        mixture: what gaps are, around the locations of their products.
        location: float64 per product: of the logarithm of one interval in days.
        exponent: power of the amount to which intervals are proportional.
        own: weight, in gaps of one's own, of the product's location for its customers.
    """

    mixture: Mixture
    location: Floats
    exponent: float
    own: float


@dataclass(frozen=True, slots=True, eq=False)
class _Learning:
    gaps: Gaps
    levels: Levels
    amount: Floats

    def refills(self, limit: int, passed: Floats) -> Refills:
        """Fit the mixture on a sample of cells, then locate products by all of them."""
        some = self._part(slice(None)) if len(self.gaps) <= limit else self._sample(limit)
        types = self.levels.type[some.gaps.product]
        location = self.levels.locate(self._counted(some.gaps), 1.0)
        mixture = Mixture.at_first(some.gaps, self.levels.type_count, passed)
        exponent = 0.0
        for step in range(2 * _STEPS):
            offset = location[some.gaps.product] + exponent * some.amount
            expected = mixture.expect(some.gaps, types, some.gaps.log_days - offset)
            if step == _STEPS:
                regular, interval = _regular(expected, offset)
                exponent = learn_exponent(some.gaps, some.amount, regular, interval, self.levels)
            mixture = mixture.improved(some.gaps, types, expected, centred=True)
            sums = self._sums(some.gaps.product, expected, location)
            location = self.levels.locate(sums, float(mixture.spread[0]))
        within = _within_cells(some.gaps.cell, *_regular(expected, location[some.gaps.product]))
        total = float(mixture.spread[0]) ** 2
        within = min(within, 0.98 * total)
        refills = Refills(mixture, location, exponent, within / (total - within))
        return replace(refills, location=self._relocated(refills))

    def artifact(
        self,
        refills: Refills,
        cells: NDArray[np.int32],
        durable: NDArray[np.bool_],
        trips: Trips,
        limit: int,
    ) -> Repurchase:
        """Learn curves around what is expected of each gap, and set the clocks by the last ones."""
        expected_log, last_log, members = self._expected_logs(refills)
        mixture, hazard = self._curves(refills, expected_log, limit)
        begins = starts(self.gaps.cell)
        last = np.append(begins[1:], len(self.gaps)) - 1
        product, customer = self.gaps.product[last], self.gaps.customer[last]
        type_ = self.levels.type[product]
        evidence = evidence_of(last - begins)
        count = len(durable)
        seen = np.bincount(
            self.gaps.product.astype(np.int64) * len(EVIDENCE) + self.gaps.evidence,
            minlength=count * len(EVIDENCE),
        ).reshape(count, -1)
        share = drawn(members, seen, mixture.share[self.levels.type])
        told = np.zeros(self.levels.type_count, np.bool_)
        told[self.levels.type[self.gaps.product[self.gaps.ended]]] = True
        known = told[type_] | (self.levels.group[product] == self.levels.type_count)
        by_trip = mixture.chance[type_] * mixture.lift[evidence]
        chance = -np.expm1(-by_trip * trips.ahead[customer])
        place = np.flatnonzero(~durable[cells])
        clocks = Repurchase.empty(len(cells))
        clocks.known[place] = known
        clocks.last_day[place] = np.where(known, np.maximum(self.gaps.since[last], 0), 0)
        clocks.evidence[place] = np.where(known, evidence, 0)
        clocks.location[place] = np.where(known, last_log, 0.0)
        clocks.share[place] = np.where(known, share[product, evidence], 0.0)
        clocks.chance[place] = np.where(known, chance, 0.0)
        return replace(
            clocks,
            grid=GRID.astype(np.float32),
            hazard=hazard.astype(np.float32),
            passed=mixture.passed.astype(np.float32),
        )

    def _part(self, rows: slice | NDArray[np.bool_]) -> _Learning:
        return replace(self, gaps=self.gaps.part(rows), amount=self.amount[rows])

    def _sample(self, limit: int) -> _Learning:
        """Choose all gaps of every n-th cell."""
        return self._part(self.gaps.cell % -(-len(self.gaps) // limit) == 0)

    def _blocks(self) -> list[slice]:
        return [slice(low, low + _BLOCK) for low in range(0, len(self.gaps), _BLOCK)]

    def _counted(self, gaps: Gaps) -> Sums:
        """Take every gap that ended for a refill."""
        count = len(self.levels.type)
        product = gaps.product[gaps.ended]
        multiple = gaps.log_days[gaps.ended] - self.levels.cycle[product]
        ended = np.bincount(product, minlength=count).astype(np.float64)
        total = np.bincount(product, multiple, count)
        return Sums(ended, total, ended, total)

    def _sums(self, product: NDArray[np.int32], expected: Expected, location: Floats) -> Sums:
        count = len(location)
        multiple = (location - self.levels.cycle)[product]
        regular, interval = _regular(expected, multiple)
        waiting = expected.waiting.sum(axis=0)
        tail = (expected.waiting * expected.tail).sum(axis=0) + waiting * multiple
        ended = np.bincount(product, regular, count)
        total = np.bincount(product, regular * interval, count)
        return Sums(
            ended,
            total,
            ended + np.bincount(product, waiting, count),
            total + np.bincount(product, tail, count),
        )

    def _expected(self, refills: Refills, rows: slice) -> tuple[_Learning, Floats, Expected]:
        block = self._part(rows)
        offset = refills.location[block.gaps.product] + refills.exponent * block.amount
        types = self.levels.type[block.gaps.product]
        residual = block.gaps.log_days - offset
        return block, offset, refills.mixture.expect(block.gaps, types, residual)

    def _relocated(self, refills: Refills) -> Floats:
        sums = Sums.none(len(refills.location))
        for rows in self._blocks():
            block, _, expected = self._expected(refills, rows)
            sums = sums + self._sums(block.gaps.product, expected, refills.location)
        return self.levels.locate(sums, float(refills.mixture.spread[0]))

    def _expected_logs(self, refills: Refills) -> tuple[Floats, Floats, Floats]:
        """Expect the logarithm of each gap from the product and the cell's gaps before it.

        Returns:
            Per gap; per cell, of its last gap; and members[products, classes] among the purchases.
        """
        count = len(refills.location)
        regular, deviation = np.zeros((2, len(self.gaps)))
        members = np.zeros(count * len(EVIDENCE))
        for rows in self._blocks():
            block, offset, expected = self._expected(refills, rows)
            regular[rows], interval = _regular(expected, offset)
            deviation[rows] = regular[rows] * (interval - offset)
            key = block.gaps.product.astype(np.int64) * len(EVIDENCE) + block.gaps.evidence
            members += np.bincount(key, expected.members, len(members))
        begins = starts(self.gaps.cell)
        own, weight = (_before(values, begins) for values in (deviation, regular))
        logs = refills.location[self.gaps.product] + refills.exponent * self.amount
        logs += own / (weight + refills.own)
        last = np.append(begins[1:], len(self.gaps)) - 1
        return logs, logs[last], members.reshape(count, -1)

    def _curves(self, refills: Refills, logs: Floats, limit: int) -> tuple[Mixture, Floats]:
        some = replace(self, amount=logs)
        some = some._sample(limit) if len(self.gaps) > limit else some
        types = self.levels.type[some.gaps.product]
        mixture, residual = refills.mixture, some.gaps.log_days - some.amount
        for _ in range(_STEPS):
            expected = mixture.expect(some.gaps, types, residual)
            mixture = mixture.improved(some.gaps, types, expected, centred=False)
        return mixture, hazards(mixture, some.gaps.evidence, expected)


def _regular(expected: Expected, offset: Floats) -> tuple[Floats, Floats]:
    """Give the probability that each gap ended with a refill, and the logarithm of one interval."""
    regular = expected.ended.sum(axis=0)
    value = (expected.ended * expected.value).sum(axis=0) / np.maximum(regular, 1e-12)
    return regular, value + offset


def _within_cells(cell: NDArray[np.int32], regular: Floats, interval: Floats) -> float:
    """Estimate the variance of the intervals of one cell."""
    count = int(cell.max()) + 1
    weight = np.bincount(cell, regular, count)
    mean = np.bincount(cell, regular * interval, count) / np.maximum(weight, 1e-12)
    freedom = weight - np.bincount(cell, regular**2, count) / np.maximum(weight, 1e-12)
    beyond = (regular * (interval - mean[cell]) ** 2).sum()
    return float(max(beyond, 1e-3) / max(freedom.sum(), 1e-3))


def _before(values: Floats, begins: NDArray[np.int64]) -> Floats:
    """Sum what stands before each place in its run."""
    total = np.cumsum(values) - values
    return total - np.repeat(total[begins], np.diff(np.append(begins, len(values))))
