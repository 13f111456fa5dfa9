"""What another policy would have earned, from a log in which chance had a say."""

from __future__ import annotations

from dataclasses import dataclass, field
from statistics import NormalDist
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nba.errors import DataError

Floats = NDArray[np.float64]

MOST_WEIGHT: Final = 100.0
"""Weights are cut here, so that one decision of a tiny propensity cannot decide."""
LEAST_EFFECTIVE: Final = 100.0
MOST_SHARE: Final = 0.05
"""Bounds of an estimate that may be relied on: decisions it is worth, and the share of one."""


@dataclass(frozen=True, slots=True, eq=False)
class Estimate:
    """The value of a policy a decision, and how sure it is.

    Attributes:
        value: mean reward a decision.
        error: its standard error, over clusters where there are any.
        count: decisions of the log.
        effective: (sum w)^2 / sum w^2: how many decisions of the policy's own it is worth.
        greatest: the greatest weight as a share of all.
        influence: float64 per decision: what it adds to the estimate beyond the mean; the sums
            over clusters give the error, and differences of two estimates that of their difference.
        cluster: int64 per decision: decisions of one cluster are not independent.
    """

    value: float
    error: float
    count: int
    effective: float
    greatest: float
    influence: Floats = field(repr=False)
    cluster: NDArray[np.int64] = field(repr=False)

    @property
    def is_reliable(self) -> bool:
        """Whether enough decisions carry it, and none of them too much of it."""
        return self.effective >= LEAST_EFFECTIVE and self.greatest <= MOST_SHARE

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """Give the bounds of the normal interval."""
        reach = NormalDist().inv_cdf((1 + level) / 2) * self.error
        return self.value - reach, self.value + reach

    def over(self, other: Estimate) -> tuple[float, float]:
        """Give how much more this is worth than another estimate of the same log, and the error.

        Raises:
            DataError: the estimates are of logs of different length.
        """
        if self.count != other.count:
            raise DataError(
                f"one estimate is of {self.count} decisions, the other of {other.count}; "
                "compare policies on the same log"
            )
        difference = self.influence - other.influence
        return self.value - other.value, _error(difference, self.cluster)


def inverse_propensity(
    reward: Floats,
    probability: Floats,
    propensity: Floats,
    *,
    most_weight: float = MOST_WEIGHT,
    cluster: NDArray[np.integer] | None = None,
) -> Estimate:
    """Estimate by IPS, mean(w r), w = probability / propensity (Horvitz and Thompson 1952).

    Unbiased where no weight is cut and every action the policy may take had a propensity.

    Args:
        reward: float64 per decision.
        probability: float64 per decision, 0..1: with which the policy would have done what was
            done.
        propensity: float64 per decision, in (0, 1]: with which it was done.
        most_weight: where weights are cut.
        cluster: int per decision, such as the customer; by default each is its own.

    Raises:
        DataError: there is no decision, lengths differ, or a probability lies out of its range.
    """
    weight = _weights(reward, probability, propensity, most_weight)
    gain = weight * reward
    value = float(gain.mean())
    return _estimate(value, gain - value, weight, cluster)


def self_normalised(
    reward: Floats,
    probability: Floats,
    propensity: Floats,
    *,
    most_weight: float = MOST_WEIGHT,
    cluster: NDArray[np.integer] | None = None,
) -> Estimate:
    """Estimate by SNIPS, sum(w r) / sum(w) (Swaminathan and Joachims 2015).

    It does not depend on where rewards have their zero, and its bias vanishes with 1 / decisions.
    Arguments and errors are those of `inverse_propensity`; besides, a policy that would never have
    done what was done cannot be told (DataError).
    """
    weight = _weights(reward, probability, propensity, most_weight)
    total = float(weight.sum())
    if total <= 0:
        raise DataError(
            "the policy would have done nothing of what was done, so the log says nothing of it; "
            "log decisions of a policy that explores"
        )
    value = float((weight * reward).sum()) / total
    return _estimate(value, weight * (reward - value) * (len(reward) / total), weight, cluster)


def doubly_robust(
    reward: Floats,
    probability: Floats,
    propensity: Floats,
    expected_done: Floats,
    expected_policy: Floats,
    *,
    most_weight: float = MOST_WEIGHT,
    cluster: NDArray[np.integer] | None = None,
) -> Estimate:
    """Estimate by DR, mean[sum_a pi(a) q(a) + w (r - q(done))] (Dudik, Langford and Li 2011).

    Right where either the propensities or the expected rewards are.

    Args:
        reward: float64 per decision; `probability`, `propensity`, `most_weight`, `cluster` as for
            `inverse_propensity`.
        probability: float64 per decision.
        propensity: float64 per decision.
        expected_done: float64 per decision: what a model, learned on other decisions, expects of
            what was done.
        expected_policy: float64 per decision: what it expects of the policy, the mean over its
            actions.
        most_weight: where weights are cut.
        cluster: int per decision.

    Raises:
        DataError: as `inverse_propensity`.
    """
    weight = _weights(reward, probability, propensity, most_weight)
    gain = expected_policy + weight * (reward - expected_done)
    value = float(gain.mean())
    return _estimate(value, gain - value, weight, cluster)


def _weights(reward: Floats, probability: Floats, propensity: Floats, most_weight: float) -> Floats:
    if not len(reward) or not len(reward) == len(probability) == len(propensity):
        raise DataError(
            f"there are {len(reward)} rewards, {len(probability)} probabilities and "
            f"{len(propensity)} propensities; give one of each a decision, and at least one"
        )
    if not ((propensity > 0) & (propensity <= 1)).all():
        raise DataError(
            f"propensities are {float(np.min(propensity))} to {float(np.max(propensity))}; each "
            "must be above 0 and at most 1, or nothing can be learned from its decision"
        )
    if not ((probability >= 0) & (probability <= 1)).all():
        raise DataError("a probability of the policy lies outside 0 to 1")
    return np.minimum(probability / propensity, most_weight)


def _estimate(
    value: float, influence: Floats, weight: Floats, cluster: NDArray[np.integer] | None
) -> Estimate:
    count, total = len(influence), float(weight.sum())
    own = np.arange(count) if cluster is None else np.asarray(cluster, np.int64)
    squares = float((weight * weight).sum())
    return Estimate(
        value,
        _error(influence, own),
        count,
        total * total / squares if squares > 0 else 0.0,
        float(weight.max()) / total if total > 0 else 1.0,
        influence,
        own,
    )


def _error(influence: Floats, cluster: NDArray[np.int64]) -> float:
    """Give the standard error of a mean whose terms are independent between clusters."""
    _, place = np.unique(cluster, return_inverse=True)
    sums = np.bincount(place, influence)
    correction = len(sums) / max(len(sums) - 1, 1)
    return float(np.sqrt((sums * sums).sum() * correction)) / len(influence)
