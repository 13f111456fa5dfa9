"""The verdict of an experiment: its word and its reason."""

from __future__ import annotations

import numpy as np
import pytest

from nba.measure.experiments.reading import read
from nba.measure.experiments.verdict import judge
from tests.unit.measure.trials import THREE, answered, trial

EARLY, MIDST, LAST = (
    np.datetime64(one, "us") for one in ("2026-01-15", "2026-01-20", "2026-02-09")
)


def verdict(as_of, control, tried, **fields):
    experiment = trial(**fields)
    counted = {"control": answered(*control), "tried": answered(*tried)}
    return judge(experiment, read(experiment, {"conversion": counted}), as_of=as_of)


CASES = {
    "better": (MIDST, (20_000, 1000), (20_000, 1300), "scale", "it is better: tried has 0.065"),
    "better too early": (EARLY, (20_000, 1000), (20_000, 1300), "wait", "after 14 days"),
    "harm is told early": (EARLY, (20_000, 1300), (20_000, 1000), "stop", "it does harm"),
    "broken": (EARLY, (20_000, 1000), (22_000, 1300), "stop", "the split is broken"),
    "better by little": (
        MIDST,
        (4_000_000, 200_000),
        (4_000_000, 206_000),
        "adjust",
        "by less than is worth having",
    ),
    "nothing": (MIDST, (400_000, 20_000), (400_000, 20_100), "stop", "10% more is out of reach"),
    "open": (MIDST, (20_000, 1000), (20_000, 1080), "wait", "40000 of the 121048 customers"),
    "ended open": (LAST, (20_000, 1000), (20_000, 1080), "adjust", "it has ended undecided"),
    "few": (MIDST, (50, 3), (50, 4), "wait", "100 of the 121048 customers"),
    "ended with few": (LAST, (50, 3), (50, 4), "adjust", "nothing can be said"),
}


@pytest.mark.parametrize(("as_of", "control", "tried", "word", "reason"), CASES.values(), ids=CASES)
def test_the_verdict(as_of, control, tried, word, reason):
    found = verdict(as_of, control, tried)
    assert found.word == word
    assert reason in found.reason


def test_a_verdict_says_the_figures_it_rests_on():
    found = verdict(MIDST, (20_000, 1000), (20_000, 1300))
    assert found.arm == "tried"
    assert "control 0.05; the difference is +0.015 (+0.00" in found.reason
    assert found.reason.endswith("+30.0%")
    broken = verdict(MIDST, (20_000, 1000), (22_000, 1300))
    assert "control has 20000 customers where 21000 were due" in broken.reason


def of_three(control, tried, other):
    experiment = trial(arm=THREE)
    counted = {"control": control, "tried": tried, "other": other}
    return judge(experiment, read(experiment, {"conversion": counted}), as_of=MIDST)


def test_of_several_arms_the_best_is_scaled():
    control = answered(40_000, 2000)
    found = of_three(control, answered(20_000, 1300), answered(20_000, 1400))
    assert (found.word, found.arm) == ("scale", "other")
    found = of_three(control, answered(20_000, 1300), answered(20_000, 600))
    assert (found.word, found.arm) == ("scale", "tried")


def test_it_stops_only_when_no_arm_is_worth_it():
    control, harm = answered(40_000, 2000), answered(20_000, 600)
    assert of_three(control, harm, harm).word == "stop"
    assert of_three(control, harm, answered(20_000, 1040)).word == "wait"
    few = of_three(answered(100, 5), answered(50, 3), answered(50, 3))
    assert few.word == "wait"
