"""What unsubscribes buy: two ways of sending, thinned more and less, compared at equal profit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nba.data.simulator.study import Estimate, Study

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Frontier:
    """Two families of arms of one study.

    Attributes:
        study: with all of them among its arms.
        ours, theirs: names of arms, from much to little sent.
    """

    study: Study
    ours: Sequence[str]
    theirs: Sequence[str]

    def saved(self, arm: str) -> Estimate:
        """Estimate the share of an arm's unsubscribes that our arms save at its profit.

        Of two ways of sending any mixture can be had, customer by customer, also with sending
        nothing: the least number of unsubscribes at a profit lies on the lower hull of our arms and
        nothing. Means over shops, jackknifed; nothing is known where our arms never earn so much.
        """
        profit = {one: self.study.added(one) for one in (*self.ours, arm)}
        left = {one: self.study.per_customers(one, "unsubscribes") for one in (*self.ours, arm)}

        def share(shops: NDArray[np.int64]) -> float | None:
            there = float(left[arm][shops].mean())
            points = [
                (float(profit[o][shops].mean()), float(left[o][shops].mean())) for o in self.ours
            ]
            here = least(points, float(profit[arm][shops].mean()))
            return None if here is None or not there else 1 - here / there

        return Estimate.jackknife(len(self.study.seeds), share)

    def best_of_theirs(self) -> str:
        """Name the arm of theirs that earns most."""
        return max(self.theirs, key=lambda one: float(self.study.added(one).mean()))

    def to_dict(self) -> dict[str, Any]:
        """Give the JSON form: the points of both, and what is saved at each of theirs."""
        return {
            "ours": [self._point(one) for one in self.ours],
            "theirs": [
                self._point(one) | {"saved": self.saved(one).to_dict()} for one in self.theirs
            ],
            "at_their_best": {
                "arm": self.best_of_theirs(),
                "saved": self.saved(self.best_of_theirs()).to_dict(),
            },
        }

    def _point(self, arm: str) -> dict[str, Any]:
        return {
            "arm": arm,
            "incremental_profit_per_1000": self.study.gain(arm).to_dict(),
            "unsubscribes_per_1000": Estimate.over(
                self.study.per_customers(arm, "unsubscribes")
            ).to_dict(),
        }


def least(points: Sequence[tuple[float, float]], profit: float) -> float | None:
    """Give the fewest unsubscribes at which a mixture of points and nothing earns a profit.

    Args:
        points: profit and unsubscribes of each way of sending; nothing is (0, 0).
        profit: to be earned at least.

    Returns:
        None where no point earns as much.
    """
    ways = [(0.0, 0.0), *points]
    able = [left for earned, left in ways if earned >= profit]
    for low, few in ways:
        for high, many in ways:
            if low < profit < high:
                able.append(few + (many - few) * (profit - low) / (high - low))
    return min(able, default=None)
