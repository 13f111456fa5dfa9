"""What an estimate from a log is worth: its error, and whether the log can carry it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from statistics import NormalDist
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nba.errors import DataError

Floats = NDArray[np.float64]

NORMAL_95: Final = 1.959963984540054
"""Standard errors on either side within which 95 % of a normal distribution lie."""
LEAST_EFFECTIVE: Final = 100.0
MOST_SHARE: Final = 0.05
"""Bounds of an estimate that may be relied on: decisions it is worth, and the share of one."""
MOST_MISSING: Final = 0.01
"""How much of a policy may lie outside of what the log could have done."""
_ERRORS: Final = 3.0
"""Standard errors by which weights must miss their mean of 1 before that is no more chance."""


@dataclass(frozen=True, slots=True, eq=False)
class Estimate:
    """The value of a policy a decision, and how sure it is.

    Attributes:
        value: mean reward a decision.
        error: its standard error, over clusters where there are any.
        count: decisions of the log.
        effective: (sum w)^2 / sum w^2: how many decisions of the policy's own it is worth.
        greatest: the greatest weight as a share of all.
        support: the mean weight: 1, but for chance, where the log could have done all that the
            policy would, propensities are right, and no weight was cut.
        support_error: its standard error.
        missing: 0..1, the probability that the policy gives to what the log never does, a decision,
            as far as that was told (`unsupported`).
        influence: float64 per decision: what it adds to the estimate beyond the mean; the sums
            over clusters give the error, and differences of two estimates that of their difference.
        cluster: int64 per decision: decisions of one cluster are not independent.
    """

    value: float
    error: float
    count: int
    effective: float
    greatest: float
    support: float
    support_error: float
    missing: float
    influence: Floats = field(repr=False)
    cluster: NDArray[np.int64] = field(repr=False)

    @classmethod
    def of(
        cls,
        value: float,
        influence: Floats,
        weight: Floats,
        whole: Floats,
        cluster: NDArray[np.integer] | None,
        missing: float,
    ) -> Estimate:
        """Put together; `weight` is what rewards count by, `whole` what support is seen in."""
        check_probability(np.array(missing))
        own, total = clusters(cluster, len(influence)), float(weight.sum())
        squares = float((weight * weight).sum())
        support = float(whole.mean())
        return cls(
            value,
            error_of_mean(influence, own),
            len(influence),
            total * total / squares if squares > 0 else 0.0,
            float(weight.max()) / total if total > 0 else 1.0,
            support,
            error_of_mean(whole - support, own),
            missing,
            influence,
            own,
        )

    @property
    def refusals(self) -> Sequence[str]:
        """Say why the log cannot carry the estimate: one sentence each, none where it can."""
        return tuple(self._refusals())

    def _refusals(self) -> Iterator[str]:
        if self.effective < LEAST_EFFECTIVE:
            yield (
                f"the log is worth {self.effective:.1f} decisions of the policy, and at least "
                f"{LEAST_EFFECTIVE:g} are needed; log more, or ask about a policy nearer to the "
                "log's"
            )
        if self.greatest > MOST_SHARE:
            yield (
                f"one decision carries {self.greatest:.1%} of all weight, and at most "
                f"{MOST_SHARE:.0%} is allowed; log more, or raise the least propensity"
            )
        reach = _ERRORS * self.support_error + MOST_MISSING
        if self.missing > MOST_MISSING:
            yield (
                f"the policy gives {self.missing:.1%} of its probability to what the log never "
                f"does, and at most {MOST_MISSING:.0%} is allowed; let the log explore it first"
            )
        elif self.support < 1 - reach:
            yield (
                f"weights average {self.support:.3f} where 1 is expected: the policy does what "
                "the log hardly ever does, or weights were cut; let the log explore it first"
            )
        elif self.support > 1 + reach:
            yield (
                f"weights average {self.support:.3f} where 1 is expected: propensities are not "
                "those by which was chosen; log the probability of what was done"
            )

    @property
    def is_reliable(self) -> bool:
        """Whether the log can carry it: nothing is refused."""
        return not self.refusals

    def checked(self) -> Estimate:
        """Give the estimate, if the log can carry it.

        Raises:
            DataError: it cannot; `problems` are the `refusals`.
        """
        if self.refusals:
            raise DataError(*self.refusals)
        return self

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """Give the bounds of the normal interval.

        It knows nothing of what the model of `direct_method` gets wrong.

        Args:
            level: in (0, 1), how often it is to hold the value.

        Raises:
            DataError: the level lies outside.
        """
        if not 0 < level < 1:
            raise DataError(f"the level is {level}; give one between 0 and 1, such as 0.95")
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
        return self.value - other.value, error_of_mean(difference, self.cluster)


def unsupported(policy: Floats, propensities: Floats) -> float:
    """Give the mean probability that a policy gives to what the log never does.

    Args:
        policy: float64 (decisions, actions): with which probability the policy does each.
        propensities: float64 (decisions, actions): with which the log did; 0 where it could not.

    Returns:
        0..1, for the argument of the same name of an estimator.

    Raises:
        DataError: the shapes differ, or a probability lies outside 0 to 1.
    """
    check_tables(policy, propensities)
    return float(np.where(propensities > 0, 0.0, policy).sum(axis=1).mean())


def check_tables(policy: Floats, propensities: Floats) -> None:
    """Refuse tables of probabilities, (decisions, actions), that do not fit each other.

    Raises:
        DataError: the shapes differ, or a probability lies outside 0 to 1.
    """
    if policy.shape != propensities.shape or policy.ndim != 2 or not policy.size:
        raise DataError(
            f"the policy is of shape {policy.shape}, the propensities of {propensities.shape}; "
            "give one of each a decision and action, and at least one"
        )
    for column in (policy, propensities):
        check_probability(column)


def check_codes(name: str, codes: NDArray[np.integer], count: int, known: int) -> None:
    """Refuse codes, one a decision, of which some are not known.

    Raises:
        DataError: there are more or fewer codes than decisions, or one is not in 0 to `known` - 1.
    """
    if len(codes) != count:
        raise DataError(f"there are {len(codes)} {name} codes for {count} decisions; give one each")
    if count and not ((codes >= 0) & (codes < known)).all():
        raise DataError(
            f"{name} codes go from {codes.min()} to {codes.max()}; give 0 to {known - 1}, or say "
            "that there are more"
        )


def check_probability(probability: Floats) -> None:
    """Refuse what is no probability.

    Raises:
        DataError: one lies outside 0 to 1.
    """
    if not ((probability >= 0) & (probability <= 1)).all():
        raise DataError("a probability lies outside 0 to 1; divide each by their sum")


def clusters(cluster: NDArray[np.integer] | None, count: int) -> NDArray[np.int64]:
    """Give the cluster of each decision, by default its own.

    Raises:
        DataError: there are more or fewer clusters than decisions.
    """
    if cluster is None:
        return np.arange(count)
    if len(cluster) != count:
        raise DataError(f"there are {len(cluster)} clusters for {count} decisions; give one each")
    return np.asarray(cluster, np.int64)


def error_of_mean(influence: Floats, cluster: NDArray[np.int64]) -> float:
    """Give the standard error of a mean whose terms are independent between clusters."""
    _, place = np.unique(cluster, return_inverse=True)
    sums = np.bincount(place, influence)
    correction = len(sums) / max(len(sums) - 1, 1)
    return float(np.sqrt((sums * sums).sum() * correction)) / len(influence)
