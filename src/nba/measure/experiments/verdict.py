"""What to do about an experiment: scale it up, adjust it, stop it, or wait; and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from nba.measure.experiments.definition import LEAST_DAYS, Experiment, instant
from nba.measure.experiments.reading import Comparison, Reading
from nba.measure.experiments.size import required_size


@dataclass(frozen=True, slots=True)
class Verdict:
    """What to do.

    Attributes:
        word: scale, adjust, stop, or wait for more customers.
        arm: the arm that it is about; None where it is about all of them.
        reason: a sentence.
    """

    word: Literal["scale", "adjust", "stop", "wait"]
    arm: str | None
    reason: str


def judge(experiment: Experiment, reading: Reading, *, as_of: np.datetime64) -> Verdict:
    """Say what to do about an experiment; of the metric that decides, and for its reason.

    A broken split, or harm by every arm, stops it at once. After two weeks an arm that is surely
    better is scaled; one that is surely better, but surely not by what is worth having, needs to
    be adjusted; and where no arm can be worth having any more, it stops. When the last customer's
    window is over and none of this is so, it is to be adjusted: what was tried is too little, or
    tried on too few. As the intervals hold at every look, so does the first verdict.

    Args:
        experiment: what was fixed before.
        reading: of the same experiment.
        as_of: the instant of the reading, datetime64[us], UTC.
    """
    ratio = reading.sample_ratio
    if ratio.is_broken:
        told = ", ".join(
            f"{name} has {count} customers where {ratio.expected[name]:.0f} were due"
            for name, count in ratio.customers.items()
        )
        return Verdict(
            "stop",
            None,
            f"the split is broken (p = {ratio.p_value:.2g}): {told}; mend it, start anew",
        )
    compared = [
        one for one in reading.comparisons[experiment.metric] if one.other == experiment.control
    ]
    is_complete = len(compared) == len(experiment.arm) - 1
    if is_complete and all(one.high < 0 for one in compared):
        least = max(compared, key=lambda one: one.difference)
        return Verdict("stop", None, f"it does harm: {_told(least)}")
    if as_of < instant(experiment.starts_at) + np.timedelta64(LEAST_DAYS, "D"):
        return Verdict("wait", None, f"it is judged after {LEAST_DAYS} days")
    better = [one for one in compared if one.low > 0]
    if better:
        best = max(better, key=lambda one: one.difference)
        if best.high >= experiment.effect:
            return Verdict("scale", best.arm, f"it is better: {_told(best)}")
        return Verdict(
            "adjust", best.arm, f"it is better, but by less than is worth having: {_told(best)}"
        )
    if is_complete and all(one.high < experiment.effect for one in compared):
        best = max(compared, key=lambda one: one.high)
        return Verdict(
            "stop", None, f"{experiment.minimum_effect:.0%} more is out of reach: {_told(best)}"
        )
    return _undecided(experiment, reading, compared, as_of)


def _undecided(
    experiment: Experiment, reading: Reading, compared: list[Comparison], as_of: np.datetime64
) -> Verdict:
    counted = sum(reading.sample_ratio.customers.values())
    needed = required_size(experiment).total
    told = f"{counted} of the {needed} customers that it takes are counted"
    if as_of < experiment.last_window:
        return Verdict("wait", None, told)
    if not compared:
        return Verdict("adjust", None, f"it has ended and nothing can be said: {told}")
    best = max(compared, key=lambda one: one.difference)
    return Verdict("adjust", best.arm, f"it has ended undecided: {_told(best)}; {told}")


def _told(one: Comparison) -> str:
    lift = "" if one.lift is None else f", {one.lift:+.1%}"
    return (
        f"{one.arm} has {one.mean:.4g} a customer, {one.other} {one.other_mean:.4g}; the "
        f"difference is {one.difference:+.3g} ({one.low:+.3g} to {one.high:+.3g}){lift}"
    )
