"""What the arms of an experiment brought, with intervals that hold at every look."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce
from operator import add
from typing import Final

from nba.errors import DataError
from nba.measure.experiments.definition import HELD_OUT, Experiment, Metric
from nba.measure.experiments.intervals import p_value, reach
from nba.measure.experiments.sums import Sums

BROKEN_SPLIT: Final = 0.001
"""Chance below which the numbers of customers cannot be what the shares drew."""
LEAST_CUSTOMERS: Final = 100
"""Customers of each of two groups below which a mean is not taken for normal."""
_ROUNDING: Final = 1e-12
"""Share of a variance that rounding may leave of none."""
ALL_ARMS: Final = "all"
"""All arms together, as compared with the holdout."""


@dataclass(frozen=True, slots=True)
class SampleRatio:
    """Whether the groups have the sizes that their shares say.

    Attributes:
        customers: group → how many there are.
        expected: group → how many its share says.
        p_value: of a chi-square test (Pearson 1900); 1 without customers.
    """

    customers: dict[str, int]
    expected: dict[str, float]
    p_value: float

    @property
    def is_broken(self) -> bool:
        """Whether something other than the draw decided who is in which group."""
        return self.p_value < BROKEN_SPLIT


@dataclass(frozen=True, slots=True)
class Comparison:
    """A group beside another, in the unit of the metric.

    Attributes:
        arm, other: what is compared with what.
        customers, other_customers: how many each has.
        mean, other_mean: of the metric a customer, as it is.
        difference: how much more the arm has, adjusted for what customers did before.
        low, high: bounds of it, at all looks together.
        p_value: of this look, always valid.
        variance_share: variance after the adjustment as a share of that without, 0..1.
    """

    arm: str
    other: str
    customers: int
    other_customers: int
    mean: float
    other_mean: float
    difference: float
    low: float
    high: float
    p_value: float
    variance_share: float

    @property
    def lift(self) -> float | None:
        """The difference as a share of the other's mean; None where that is 0."""
        return self.difference / self.other_mean if self.other_mean else None


@dataclass(frozen=True, slots=True)
class Reading:
    """What can be said of an experiment at a look.

    Attributes:
        sample_ratio: of all groups.
        comparisons: metric → each arm with the control, then all arms with the holdout; those
            with too few customers are absent, and all of them where the split is broken.
    """

    sample_ratio: SampleRatio
    comparisons: dict[Metric, tuple[Comparison, ...]]


def sample_ratio(experiment: Experiment, customers: Mapping[str, int]) -> SampleRatio:
    """Hold the sizes of groups against their shares.

    Raises:
        DataError: a group is absent, or one is there that the experiment does not have.
    """
    shares = experiment.shares
    if set(customers) != set(shares):
        raise DataError(
            f"there are the groups {', '.join(sorted(customers))}; the experiment {experiment.id} "
            f"has {', '.join(sorted(shares))}"
        )
    from scipy.special import chdtrc

    total = sum(customers.values())
    counted = {name: customers[name] for name in shares}
    expected = {name: total * share for name, share in shares.items()}
    if not total:
        return SampleRatio(counted, expected, 1.0)
    distance = sum((counted[name] - one) ** 2 / one for name, one in expected.items())
    return SampleRatio(counted, expected, float(chdtrc(len(shares) - 1, distance)))


def read(experiment: Experiment, sums: Mapping[Metric, Mapping[str, Sums]]) -> Reading:
    """Read an experiment out.

    Args:
        experiment: what was fixed before.
        sums: metric → group → sums; the metric that decides and those beside it.

    Raises:
        DataError: a metric or a group is absent, or metrics count different customers.
    """
    baselines = experiment.baselines
    if absent := [one for one in baselines if one not in sums]:
        raise DataError(f"{absent[0]} was not counted; give the sums of {', '.join(baselines)}")
    ratios = [
        sample_ratio(experiment, {name: one.customers for name, one in sums[metric].items()})
        for metric in baselines
    ]
    ratio = ratios[0]
    if any(one.customers != ratio.customers for one in ratios):
        raise DataError("the metrics count different customers; count all of one moment")
    if ratio.is_broken:
        return Reading(ratio, {})
    return Reading(
        ratio,
        {metric: _compared(experiment, sums[metric], one) for metric, one in baselines.items()},
    )


def compare(
    arm: str, one: Sums, other_arm: str, other: Sums, *, mixing: float, alpha: float
) -> Comparison | None:
    """Compare two groups, adjusted for what their customers did before (CUPED).

    Y' = Y - theta (X - mean X), theta = cov(X, Y) / var(X) within the groups taken together
    (Deng, Xu, Kohavi and Walker 2013): the variance falls by the square of the correlation, and as
    X was there before the draw, the difference stays what it is. Without X it is that of means.

    Args:
        arm: names the group.
        one: its sums.
        other_arm: names what it is compared with.
        other: the sums of that.
        mixing: as for `intervals.reach`.
        alpha: of this comparison.

    Returns:
        None where a group has fewer than 100 customers, or all of both did the same.
    """
    if min(one.customers, other.customers) < LEAST_CUSTOMERS:
        return None
    spreads = [_spread(group) for group in (one, other)]
    before = sum(spread.before for spread in spreads)
    theta = sum(spread.products for spread in spreads) / before if before else 0.0
    plain, variance = (
        sum(
            (spread.metric - 2 * slope * spread.products + slope * slope * spread.before)
            / (group.customers * (group.customers - 1))
            for spread, group in zip(spreads, (one, other), strict=True)
        )
        for slope in (0.0, theta)
    )
    # A metric that follows from what was before to the letter leaves only what rounding left.
    if variance <= _ROUNDING * plain:
        return None
    mean, other_mean = one.total / one.customers, other.total / other.customers
    difference = mean - other_mean
    difference -= theta * (one.before / one.customers - other.before / other.customers)
    half = reach(variance, mixing, alpha)
    return Comparison(
        arm,
        other_arm,
        one.customers,
        other.customers,
        mean,
        other_mean,
        difference,
        difference - half,
        difference + half,
        p_value(difference, variance, mixing),
        variance / plain,
    )


def _compared(
    experiment: Experiment, groups: Mapping[str, Sums], baseline: float
) -> tuple[Comparison, ...]:
    control, *others = (one.id for one in experiment.arm)
    mixing = (experiment.minimum_effect * baseline) ** 2
    found = [
        compare(
            name,
            groups[name],
            control,
            groups[control],
            mixing=mixing,
            alpha=experiment.alpha_each,
        )
        for name in others
    ]
    if experiment.holdout:
        arms = reduce(add, (groups[one.id] for one in experiment.arm))
        held = groups[HELD_OUT]
        found.append(compare(ALL_ARMS, arms, HELD_OUT, held, mixing=mixing, alpha=experiment.alpha))
    return tuple(one for one in found if one is not None)


@dataclass(frozen=True, slots=True)
class _Spread:
    """Sums of squares and products about the means."""

    metric: float
    before: float
    products: float


def _spread(group: Sums) -> _Spread:
    # In integers up to the division: nothing is lost where means are great and spreads small.
    count = group.customers
    return _Spread(
        (count * group.squares - group.total**2) / count,
        (count * group.before_squares - group.before**2) / count,
        (count * group.products - group.total * group.before) / count,
    )
