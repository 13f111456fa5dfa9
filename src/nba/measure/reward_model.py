"""What an action is expected to earn in a context, for each decision learned on other decisions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nba.errors import DataError
from nba.measure.estimate import Floats, check_codes, clusters

FOLDS: Final = 5
STRENGTH: Final = 20.0
"""Decisions that stand behind the mean to which that of a cell is held."""

Codes = NDArray[np.integer]


@dataclass(frozen=True, slots=True, eq=False)
class RewardModel:
    """Expected rewards by context and action, none learned on the decision it is asked for.

    Attributes:
        expected: float64 (folds, contexts, actions): learned on all decisions but those of a fold.
        fold: int64 per decision.
        context: int64 per decision.
    """

    expected: Floats
    fold: NDArray[np.int64]
    context: NDArray[np.int64]

    def of(self, action: Codes) -> Floats:
        """Give what is expected of one action a decision, float64.

        Args:
            action: int per decision, such as what was done.

        Raises:
            DataError: there are more or fewer actions than decisions, or a code is unknown.
        """
        check_codes("action", action, len(self.fold), self.expected.shape[2])
        return self.expected[self.fold, self.context, action]

    def under(self, policy: Floats) -> Floats:
        """Give what is expected of a policy, float64 per decision: the mean over its actions.

        Args:
            policy: float64 (decisions, actions): with which probability it does each.

        Raises:
            DataError: the policy has another shape.
        """
        wanted = len(self.fold), self.expected.shape[2]
        if policy.shape != wanted:
            raise DataError(
                f"the policy is of shape {policy.shape} and the model asks for {wanted}; give a "
                "probability a decision and action"
            )
        found: Floats = np.einsum("na,na->n", self.expected[self.fold, self.context], policy)
        return found


def cross_fitted(
    reward: Floats,
    action: Codes,
    context: Codes,
    *,
    actions: int,
    contexts: int,
    cluster: Codes | None = None,
    folds: int = FOLDS,
    strength: float = STRENGTH,
    seed: int = 0,
) -> RewardModel:
    """Learn expected rewards by cross-fitting (Chernozhukov and others 2018), in K folds.

    Of the decisions outside of a fold, q(context, action) = (sum r + k m_a) / (n + k), the mean of
    a cell held to that of its action by strength k, and m_a likewise to the mean of all.

    Args:
        reward: float64 per decision.
        action: int per decision, 0 <= code < actions: what was done.
        context: int per decision, 0 <= code < contexts: a cell of what was known before.
        actions: how many there are.
        contexts: how many there are.
        cluster: int per decision, such as the customer: one cluster is in one fold. By default
            each decision is its own.
        folds: K, at least 2.
        strength: k, in decisions, above 0.
        seed: of the folds.

    Returns:
        The model. With clusters it does not depend on the order of decisions.

    Raises:
        DataError: lengths differ, a code is unknown, a reward is no finite number, there are fewer
            clusters than folds, or `folds` or `strength` is too small.
    """
    count = len(reward)
    check_codes("action", action, count, actions)
    check_codes("context", context, count, contexts)
    if not np.isfinite(reward).all():
        raise DataError("a reward is no finite number; leave decisions without a reward out")
    if folds < 2 or not strength > 0:
        raise DataError(
            f"there are {folds} folds and a strength of {strength}; give at least 2 folds and a "
            "strength above 0"
        )
    known, place = np.unique(clusters(cluster, count), return_inverse=True)
    if len(known) < folds:
        raise DataError(
            f"there are {len(known)} clusters of decisions for {folds} folds; log more, or ask for "
            "fewer folds"
        )
    fold = (np.random.default_rng(seed).permutation(len(known)) % folds)[place]
    shape = folds, contexts, actions
    cell = np.ravel_multi_index((fold, context, action), shape)
    size = folds * contexts * actions
    counts = np.bincount(cell, minlength=size).reshape(shape)
    sums = np.bincount(cell, reward, size).reshape(shape)
    others, earned = counts.sum(axis=0) - counts, sums.sum(axis=0) - sums
    of_all = earned.sum(axis=(1, 2), keepdims=True) / others.sum(axis=(1, 2), keepdims=True)
    by_action = earned.sum(axis=1, keepdims=True) + strength * of_all
    by_action /= others.sum(axis=1, keepdims=True) + strength
    expected = (earned + strength * by_action) / (others + strength)
    return RewardModel(expected, fold, np.asarray(context, np.int64))
