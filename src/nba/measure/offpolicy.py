"""What another policy would have earned, from a log in which chance had a say.

Every estimate says by itself whether the log can carry it: `Estimate.refusals` gives the reasons
why not, and `Estimate.checked` raises them. What was estimated can be looked at all the same.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nba.errors import DataError
from nba.measure.estimate import (
    Estimate,
    Floats,
    check_codes,
    check_probability,
    check_tables,
    clusters,
    error_of_mean,
)

MOST_WEIGHT: Final = 100.0
"""Weights are cut here, so that one decision of a tiny propensity cannot decide."""
_THRESHOLDS: Final = 20


def inverse_propensity(
    reward: Floats,
    probability: Floats,
    propensity: Floats,
    *,
    most_weight: float = MOST_WEIGHT,
    cluster: NDArray[np.integer] | None = None,
    unsupported: float = 0.0,
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
        unsupported: 0..1: what the policy gives to actions that the log never does.

    Raises:
        DataError: there is no decision, lengths differ, a probability or the greatest weight lies
            out of its range, or a reward is no finite number.
    """
    weight = np.minimum(_weights(probability, propensity, reward), _positive(most_weight))
    gain = weight * reward
    value = float(gain.mean())
    return Estimate.of(value, gain - value, weight, weight, cluster, unsupported)


def self_normalised(
    reward: Floats,
    probability: Floats,
    propensity: Floats,
    *,
    most_weight: float = MOST_WEIGHT,
    cluster: NDArray[np.integer] | None = None,
    unsupported: float = 0.0,
) -> Estimate:
    """Estimate by SNIPS, sum(w r) / sum(w) (Swaminathan and Joachims 2015).

    It does not depend on where rewards have their zero, and its bias vanishes with 1 / decisions.
    Arguments and errors are those of `inverse_propensity`; besides, a policy that would never have
    done what was done cannot be told (DataError).
    """
    weight = np.minimum(_weights(probability, propensity, reward), _positive(most_weight))
    total = float(weight.sum())
    if total <= 0:
        raise DataError(
            "the policy would have done nothing of what was done, so the log says nothing of it; "
            "log decisions of a policy that explores"
        )
    value = float((weight * reward).sum()) / total
    influence = weight * (reward - value) * (len(reward) / total)
    return Estimate.of(value, influence, weight, weight, cluster, unsupported)


def direct_method(
    probability: Floats,
    propensity: Floats,
    expected_policy: Floats,
    *,
    cluster: NDArray[np.integer] | None = None,
    unsupported: float = 0.0,
) -> Estimate:
    """Estimate by DM, mean[sum_a pi(a) q(a)]: what a model expects, without correction.

    As wrong as the model, which neither its error nor its interval knows. The weights are not part
    of the value; they only tell whether the log has anything to say about the policy.

    Args:
        probability: float64 per decision; as `propensity`, `cluster` and `unsupported` for
            `inverse_propensity`.
        propensity: float64 per decision.
        expected_policy: float64 per decision: what the model expects of the policy, the mean over
            its actions (`RewardModel.under`).
        cluster: int per decision.
        unsupported: 0..1.

    Raises:
        DataError: as `inverse_propensity`.
    """
    weight = np.minimum(_weights(probability, propensity, expected_policy), MOST_WEIGHT)
    value = float(expected_policy.mean())
    return Estimate.of(value, expected_policy - value, weight, weight, cluster, unsupported)


def doubly_robust(
    reward: Floats,
    probability: Floats,
    propensity: Floats,
    expected_done: Floats,
    expected_policy: Floats,
    *,
    most_weight: float = MOST_WEIGHT,
    cluster: NDArray[np.integer] | None = None,
    unsupported: float = 0.0,
) -> Estimate:
    """Estimate by DR, mean[sum_a pi(a) q(a) + w (r - q(done))] (Dudik, Langford and Li 2011).

    Right where either the propensities or the expected rewards are.

    Args:
        reward: float64 per decision; `probability`, `propensity`, `most_weight`, `cluster` and
            `unsupported` as for `inverse_propensity`.
        probability: float64 per decision.
        propensity: float64 per decision.
        expected_done: float64 per decision: what a model, learned on other decisions, expects of
            what was done (`RewardModel.of`).
        expected_policy: float64 per decision: what it expects of the policy, the mean over its
            actions (`RewardModel.under`).
        most_weight: where weights are cut.
        cluster: int per decision.
        unsupported: 0..1.

    Raises:
        DataError: as `inverse_propensity`.
    """
    columns = reward, expected_done, expected_policy
    weight = np.minimum(_weights(probability, propensity, *columns), _positive(most_weight))
    gain = expected_policy + weight * (reward - expected_done)
    value = float(gain.mean())
    return Estimate.of(value, gain - value, weight, weight, cluster, unsupported)


def switch_doubly_robust(
    reward: Floats,
    probability: Floats,
    propensity: Floats,
    expected_done: Floats,
    expected_policy: Floats,
    *,
    threshold: float,
    cluster: NDArray[np.integer] | None = None,
    unsupported: float = 0.0,
) -> Estimate:
    """Estimate by Switch-DR, DR without correction where w > tau (Wang, Agarwal and Dudik 2017).

    mean[sum_a pi(a) q(a) + w 1(w <= tau) (r - q(done))]: where weights are great, the model is
    believed. `effective` and `greatest` are of the weights that are left, `support` of all.

    Args:
        reward: float64 per decision; as all others for `doubly_robust`.
        probability: float64 per decision.
        propensity: float64 per decision.
        expected_done: float64 per decision.
        expected_policy: float64 per decision.
        threshold: tau, above 0, such as `switch_threshold` chooses; infinite for DR with no weight
            cut.
        cluster: int per decision.
        unsupported: 0..1.

    Raises:
        DataError: as `inverse_propensity`.
    """
    weight = _weights(probability, propensity, reward, expected_done, expected_policy)
    kept = np.where(weight <= _positive(threshold), weight, 0.0)
    gain = expected_policy + kept * (reward - expected_done)
    value = float(gain.mean())
    return Estimate.of(value, gain - value, kept, weight, cluster, unsupported)


def switch_threshold(
    reward: Floats,
    action: NDArray[np.integer],
    policy: Floats,
    propensities: Floats,
    expected_done: Floats,
    expected_policy: Floats,
    *,
    cluster: NDArray[np.integer] | None = None,
) -> float:
    """Choose tau of Switch-DR: least error^2 + bias^2 (Wang, Agarwal and Dudik 2017, section 4.2).

    Without correction the model is wrong by at most the range of rewards, so that the bias is at
    most range * mean(sum_a pi(a) 1(w(a) > tau)). The bound is a wide one: corrections are dropped
    only where so few of them are to be expected that one which happened to be logged would decide.
    Candidates are twenty quantiles of the weights above 0, of which the greatest leaves all
    corrections in; of equals the greatest is chosen.

    Args:
        reward: float64 per decision.
        action: int per decision, 0 <= code < actions: what was done.
        policy: float64 (decisions, actions): with which probability the policy does each.
        propensities: float64 (decisions, actions): with which the log did; 0 where it could not.
        expected_done: float64 per decision, as for `doubly_robust`.
        expected_policy: float64 per decision.
        cluster: int per decision.

    Returns:
        tau; infinite where the policy would have done nothing of what was done.

    Raises:
        DataError: as `inverse_propensity`, or a table is of another shape or a code is unknown.
    """
    count = len(reward)
    check_tables(policy, propensities)
    check_codes("action", action, len(policy), policy.shape[1])
    every = np.arange(len(policy))
    columns = reward, expected_done, expected_policy
    weight = _weights(policy[every, action], propensities[every, action], *columns)
    every_weight = np.full(policy.shape, np.inf)
    np.divide(policy, propensities, out=every_weight, where=propensities > 0)

    def believed(threshold: float) -> float:
        return float(np.where(every_weight > threshold, policy, 0.0).sum(axis=1).mean())

    return _least_risk(weight, *columns, clusters(cluster, count), believed)


def logged_threshold(
    reward: Floats,
    probability: Floats,
    propensity: Floats,
    expected_done: Floats,
    expected_policy: Floats,
    *,
    cluster: NDArray[np.integer] | None = None,
) -> float:
    """Choose tau of Switch-DR as `switch_threshold`, where only what was done has a propensity.

    The mean probability that the policy gives to what has a weight above tau is told by the log
    itself: it is the mean of w 1(w > tau).

    Args:
        reward: float64 per decision; as all others for `switch_doubly_robust`.
        probability: float64 per decision.
        propensity: float64 per decision.
        expected_done: float64 per decision.
        expected_policy: float64 per decision.
        cluster: int per decision.

    Returns:
        tau; infinite where the policy would have done nothing of what was done.

    Raises:
        DataError: as `inverse_propensity`.
    """
    columns = reward, expected_done, expected_policy
    weight = _weights(probability, propensity, *columns)

    def believed(threshold: float) -> float:
        return float(np.where(weight > threshold, weight, 0.0).mean())

    return _least_risk(weight, *columns, clusters(cluster, len(reward)), believed)


def _least_risk(
    weight: Floats,
    reward: Floats,
    expected_done: Floats,
    expected_policy: Floats,
    cluster: NDArray[np.int64],
    believed: Callable[[float], float],
) -> float:
    """Choose tau among quantiles of the weights.

    Args:
        weight: float64 per decision; as the next three and `cluster`.
        reward: float64.
        expected_done: float64.
        expected_policy: float64.
        cluster: int64.
        believed: gives how much of the policy's probability has a weight above a tau.
    """
    positive = weight[weight > 0]
    chosen, least = float("inf"), float("inf")
    if not len(positive):
        return chosen
    reach = float(max(reward.max(), expected_done.max()) - min(reward.min(), expected_done.min()))
    shares = np.linspace(1 / _THRESHOLDS, 1, _THRESHOLDS)
    for threshold in np.unique(np.quantile(positive, shares, method="higher"))[::-1].tolist():
        kept = np.where(weight <= threshold, weight, 0.0)
        gain = expected_policy + kept * (reward - expected_done)
        error = error_of_mean(gain - gain.mean(), cluster)
        risk = error**2 + (reach * believed(threshold)) ** 2
        if risk < least:
            chosen, least = threshold, risk
    return chosen


def _weights(probability: Floats, propensity: Floats, *columns: Floats) -> Floats:
    """Give w = probability / propensity, once all columns have been looked at."""
    count = len(propensity)
    if not count or any(len(one) != count for one in (probability, *columns)):
        told = " and ".join(str(len(one)) for one in columns)
        raise DataError(
            f"there are {told} rewards, {len(probability)} probabilities and {count} propensities; "
            "give one of each a decision, and at least one"
        )
    if not all(np.isfinite(one).all() for one in columns):
        raise DataError("a reward is no finite number; leave decisions without a reward out")
    if not ((propensity > 0) & (propensity <= 1)).all():
        raise DataError(
            f"propensities are {float(np.min(propensity))} to {float(np.max(propensity))}; each "
            "must be above 0 and at most 1, or nothing can be learned from its decision"
        )
    check_probability(probability)
    return probability / propensity


def _positive(most: float) -> float:
    if not most > 0:
        raise DataError(f"the greatest weight is {most}; give one above 0")
    return most
