"""How many customers an experiment takes, worked out before it starts."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

from nba.measure.experiments.definition import HELD_OUT, Experiment
from nba.measure.experiments.intervals import reach


@dataclass(frozen=True, slots=True)
class Size:
    """Customers that an experiment takes.

    Attributes:
        customers: group → how many, with which the minimum effect is found with the power asked
            for, by a read-out that may be looked at every day.
        looked_at_once: all of them together, where the read-out were looked at once, at the end:
            what looking every day costs is the difference.
    """

    customers: dict[str, int]
    looked_at_once: int

    @property
    def total(self) -> int:
        """Customers of all groups."""
        return sum(self.customers.values())


def required_size(experiment: Experiment, *, correlation: float = 0.0) -> Size:
    """Work out how many customers an experiment takes.

    With d the minimum effect, z the normal quantile of the power, and V the variance of the
    difference at the end, the effect is found there where d >= reach(V) + z sqrt(V), reach being
    half the always-valid interval; looks before the end only add to it. V is found by bisection,
    and V = s_c^2 / n_c + s_t^2 / n_t gives the customers of each arm by its share: s^2 = p (1 - p)
    of a conversion with p that of the arm, the square of the deviation otherwise. Looked at once,
    V = (d / (z_{1 - alpha/2} + z))^2, the usual formula (Fleiss, Levin and Paik 2003, 4.14; for
    means Lachin 1981). Several arms share alpha, and the smallest one sets the size.

    Args:
        experiment: with baseline, deviation, minimum effect, alpha, power and arms.
        correlation: of the metric with that of the same customers before the experiment, -1..1;
            with it the variance is 1 - correlation^2 of what it would be.
    """
    effect, power = experiment.effect, NormalDist().inv_cdf(experiment.power)
    low, high = 0.0, effect * effect
    for _ in range(200):
        middle = (low + high) / 2
        needed = reach(middle, effect * effect, experiment.alpha_each) + power * math.sqrt(middle)
        low, high = (middle, high) if needed <= effect else (low, middle)
    once = (effect / (NormalDist().inv_cdf(1 - experiment.alpha_each / 2) + power)) ** 2
    of_one = _variance_of_one(experiment) * (1 - correlation * correlation)
    shares = experiment.shares
    in_arms = 1 - shares.get(HELD_OUT, 0.0)
    total = of_one / low
    return Size(
        {name: math.ceil(total * share / in_arms) for name, share in shares.items()},
        sum(math.ceil(of_one / once * share / in_arms) for share in shares.values()),
    )


def _variance_of_one(experiment: Experiment) -> float:
    """Give the variance of the difference times the customers in all arms, the greatest."""
    before, after = experiment.baseline, experiment.baseline + experiment.effect
    if experiment.deviation is None:
        control, treated = before * (1 - before), after * (1 - after)
    else:
        control = treated = experiment.deviation**2
    first, *others = (one.weight for one in experiment.arm)
    return (control / first + treated / min(others)) * (first + sum(others))
