"""What to buy again: candidates and the closed forms that rank them, from chance to rates.

Candidates of a customer are the products bought before. A product bought twice on a day counts
once. Times are in days; a purchase of the last day before the cut is one day old. Formulas are
those of Bhagat et al., "Buy It Again" (KDD 2018), with shrinkage of ours where a name says so.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from cuts import Cut
from numpy.typing import NDArray

from nba.domain import DAY
from nba.learn.assortment import Assortment

PRIOR_CUSTOMERS = 10
PRIOR_GAPS = 10
PRIOR_DAYS = 200
SHAPE = 0.5
WINDOW = 7

Scores = NDArray[np.float64]
"""float64 per pair of customer and candidate."""


@dataclass(frozen=True, eq=False)
class Pairs:
    """Customers asked and their candidates, by customer and product.

    Attributes:
        row: int64 per pair, a place in the cut's `customer`.
        product: int64 per pair.
        bought: bool per pair: bought again in the days asked about.
        count: float64 per pair: days with a purchase.
        first, last: float64 per pair: days since the first and the last of them.
        pair, age: per purchase: its pair, and how many days ago; the older ones first.
        kind: int64 per product: its type.
        popularity: float64 per product: pairs that hold it.
    """

    row: NDArray[np.int64]
    product: NDArray[np.int64]
    bought: NDArray[np.bool_]
    count: Scores
    first: Scores
    last: Scores
    pair: NDArray[np.int64]
    age: Scores
    kind: NDArray[np.int64]
    popularity: Scores

    @classmethod
    def of(cls, cut: Cut) -> Pairs:
        """List the candidates of everybody asked."""
        placed, width = cut.placed, cut.width
        place = np.full(cut.rows, -1)
        place[cut.customer] = np.arange(len(cut.customer))
        # A day begins at midnight; what was bought earlier sorts first.
        age = np.ceil((cut.history.as_of - placed.at) / DAY).astype(np.int64)
        oldest = int(age.max())
        row = np.repeat(place[placed.customer], placed.size)
        cells = (row * width + placed.product) * (oldest + 1) + np.repeat(oldest - age, placed.size)
        cells = np.sort(cells[row >= 0])
        cells = cells[np.append(True, np.diff(cells) > 0)]
        of_pair, since = np.divmod(cells, oldest + 1)
        start = np.flatnonzero(np.append(True, np.diff(of_pair) > 0))
        ages = (oldest - since).astype(np.float64)
        ends = np.append(start[1:], len(cells))
        keys = of_pair[start]
        truth = cut.truth.row * width + cut.truth.product
        met = truth[np.minimum(np.searchsorted(truth, keys), len(truth) - 1)] == keys
        kind = Assortment.of(cut.catalog.category, cut.catalog.product_group_id).category + 1
        return cls(
            keys // width,
            keys % width,
            met,
            (ends - start).astype(np.float64),
            ages[start],
            ages[ends - 1],
            np.repeat(np.arange(len(keys)), ends - start),
            ages,
            kind.astype(np.int64),
            np.bincount(keys % width, minlength=width).astype(np.float64),
        )

    def by_product(self, weight: Scores | None = None) -> Scores:
        """Sum over the pairs of each product."""
        return np.bincount(self.product, weight, len(self.kind)).astype(np.float64)

    def by_kind(self, figure: Scores) -> Scores:
        """Sum over the products of each product's type."""
        return np.bincount(self.kind, figure)[self.kind]

    def gaps(self) -> tuple[NDArray[np.int64], Scores]:
        """Give the product of each gap between two purchases, and the logarithm of its days."""
        same = np.diff(self.pair) == 0
        return self.product[self.pair[1:][same]], np.log(-np.diff(self.age)[same])


def chance(pairs: Pairs) -> Scores:
    """Draw."""
    return np.random.default_rng(1).random(len(pairs.row))


def recency(pairs: Pairs) -> Scores:
    """Rank what was bought last first."""
    return -pairs.last


def frequency(pairs: Pairs) -> Scores:
    """Count days with a purchase."""
    return pairs.count


def decayed(pairs: Pairs, tau: float) -> Scores:
    """Sum exp(-days / tau) over days with a purchase."""
    return np.bincount(pairs.pair, np.exp(-pairs.age / tau), len(pairs.row))


def rcp(pairs: Pairs) -> Scores:
    """RCP: of the product's customers, the share that bought it again."""
    again = pairs.by_product((pairs.count >= 2).astype(np.float64))
    return _share(again, pairs.popularity)[pairs.product]


def rcp_shrunk(pairs: Pairs) -> Scores:
    """RCP with ten customers more, who are as those of the product's type."""
    again = pairs.by_product((pairs.count >= 2).astype(np.float64))
    of_kind = _share(pairs.by_kind(again), pairs.by_kind(pairs.popularity))
    shrunk = (again + PRIOR_CUSTOMERS * of_kind) / (pairs.popularity + PRIOR_CUSTOMERS)
    return shrunk[pairs.product]


def atd(pairs: Pairs) -> Scores:
    """RCP times the lognormal density of the product's gaps, at the middle of the days asked.

    A product with fewer than three gaps has the density of all products.
    """
    product, gap = pairs.gaps()
    count, mean, variance = _moments(product, gap, len(pairs.kind))
    few = count < 3
    mean = np.where(few, gap.mean(), mean)
    variance = np.where(few, gap.var(), variance)
    return rcp(pairs) * _lognormal(pairs, mean, variance)


def atd_shrunk(pairs: Pairs) -> Scores:
    """ATD with ten gaps more, which are as those of the product's type."""
    product, gap = pairs.gaps()
    width = len(pairs.kind)
    count, mean, variance = _moments(product, gap, width)
    kinds = int(pairs.kind.max()) + 1
    _, mean_kind, variance_kind = _moments(pairs.kind[product], gap, kinds)
    told = np.bincount(pairs.kind[product], minlength=kinds) >= 3
    mean_kind = np.where(told, mean_kind, gap.mean())[pairs.kind]
    variance_kind = np.where(told, variance_kind, gap.var())[pairs.kind]
    every = count + PRIOR_GAPS
    mean = (count * mean + PRIOR_GAPS * mean_kind) / every
    variance = (count * variance + PRIOR_GAPS * variance_kind) / every
    return rcp_shrunk(pairs) * _lognormal(pairs, mean, variance)


def poisson_gamma(pairs: Pairs) -> Scores:
    """PG: probability of a purchase, repeats Poisson, their rate Gamma around the product's.

    P = 1 - (B / (B + W))^A with A = k - 1 + a, B = T + a / rate, k days with a purchase, T days
    since the first, W days asked about, a = 0.5.
    """
    return _at_least_one(pairs, pairs.first)


def modified_poisson_gamma(pairs: Pairs) -> Scores:
    """MPG: PG whose exposure is least where the next purchase is due.

    While less than twice the mean gap has passed, T is the days from first to last purchase and
    twice what the days since differ from the mean gap.
    """
    spent = pairs.first - pairs.last
    mean_gap = spent / np.maximum(pairs.count - 1, 1)
    due = (pairs.count >= 2) & (pairs.last < 2 * mean_gap)
    return _at_least_one(
        pairs, np.where(due, spent + 2 * np.abs(mean_gap - pairs.last), pairs.first)
    )


def product_rates(pairs: Pairs) -> Scores:
    """Repeats a day of each product, shrunk to its type's, and that to all: float64 per product."""
    events, days = pairs.by_product(pairs.count - 1), pairs.by_product(pairs.first)
    every = events.sum() / days.sum()
    of_kind = (pairs.by_kind(events) + PRIOR_DAYS * every) / (pairs.by_kind(days) + PRIOR_DAYS)
    return (events + PRIOR_DAYS * of_kind) / (days + PRIOR_DAYS)


def _at_least_one(pairs: Pairs, exposure: Scores) -> Scores:
    shape = pairs.count - 1 + SHAPE
    days = exposure + SHAPE / product_rates(pairs)[pairs.product]
    return -np.expm1(shape * np.log(days / (days + WINDOW)))


def _share(some: Scores, of: Scores) -> Scores:
    return np.divide(some, of, out=np.zeros(len(of)), where=of > 0)


def _moments(group: NDArray[np.int64], value: Scores, groups: int) -> tuple[Scores, Scores, Scores]:
    count = np.bincount(group, minlength=groups).astype(np.float64)
    mean = _share(np.bincount(group, value, groups), count)
    apart = (value - mean[group]) ** 2
    return count, mean, _share(np.bincount(group, apart, groups), count)


def _lognormal(pairs: Pairs, mean: Scores, variance: Scores) -> Scores:
    day = pairs.last + WINDOW / 2
    mean, variance = mean[pairs.product], np.maximum(variance[pairs.product], 0.01)
    apart = (np.log(day) - mean) ** 2 / (2 * variance)
    return np.exp(-apart) / (day * np.sqrt(2 * np.pi * variance))
