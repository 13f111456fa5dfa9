"""Reading an experiment out: by hand, against plain formulas, and where nothing may be said."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from nba.errors import DataError
from nba.measure.experiments.intervals import p_value, reach, share_interval
from nba.measure.experiments.reading import ALL_ARMS, compare, read, sample_ratio
from nba.measure.experiments.sums import Sums
from tests.unit.measure.trials import THREE, answered, trial


def test_the_interval_and_the_p_value_by_hand():
    # V = 4, t = 12: sqrt(4 * 16 / 12 * (ln 4 + 2 ln 20)) = sqrt(5.3333 * 7.377759).
    assert reach(4.0, 12.0, 0.05) == pytest.approx(6.27280, rel=1e-5)
    # sqrt(4 / 16) exp(12 * 36 / (2 * 4 * 16)) = 0.5 exp(3.375) = 14.6121.
    assert p_value(6.0, 4.0, 12.0) == pytest.approx(1 / 14.6121, rel=1e-5)
    assert p_value(-6.0, 4.0, 12.0) == p_value(6.0, 4.0, 12.0)
    assert p_value(0.0, 4.0, 12.0) == 1


@given(st.floats(-50, 50), st.floats(0.01, 100), st.floats(0.01, 100), st.floats(0.001, 0.5))
def test_an_interval_leaves_out_zero_where_the_p_value_is_below_alpha(
    difference, variance, mixing, alpha
):
    half, found = reach(variance, mixing, alpha), p_value(difference, variance, mixing)
    assume(abs(abs(difference) - half) > 1e-9)
    assert (abs(difference) > half) == (found < alpha)


def test_a_comparison_is_that_of_the_usual_formulas():
    chance = np.random.default_rng(8)
    before = chance.integers(0, 9000, (2, 400))
    metric = before // 2 + chance.integers(0, 3000, (2, 400))
    groups = [Sums.of(*both) for both in zip(metric, before, strict=True)]
    found = compare("tried", groups[1], "control", groups[0], mixing=90.0**2, alpha=0.05)
    within = sum(np.cov(*both) for both in zip(metric, before, strict=True))
    theta = within[0, 1] / within[1, 1]
    adjusted = metric - theta * (before - before.mean())
    variance = adjusted.var(axis=1, ddof=1).sum() / 400
    assert found is not None
    assert found.difference == pytest.approx(adjusted[1].mean() - adjusted[0].mean(), rel=1e-9)
    assert found.high - found.difference == pytest.approx(reach(variance, 90.0**2, 0.05))
    assert found.difference - found.low == pytest.approx(reach(variance, 90.0**2, 0.05))
    assert found.variance_share == pytest.approx(variance * 400 / metric.var(axis=1, ddof=1).sum())
    assert found.variance_share < 0.5
    assert (found.mean, found.other_mean) == (metric[1].mean(), metric[0].mean())
    assert found.lift == pytest.approx(found.difference / found.other_mean)


def test_without_a_past_a_comparison_is_that_of_means():
    found = compare("b", answered(1000, 80), "a", answered(2000, 100), mixing=1e-4, alpha=0.05)
    assert found is not None
    assert found.difference == pytest.approx(0.03)
    assert found.variance_share == 1
    variance = 0.08 * 0.92 / 999 + 0.05 * 0.95 / 1999
    assert found.high - 0.03 == pytest.approx(reach(variance, 1e-4, 0.05))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (answered(99, 9), answered(1000, 80)),
        (answered(1000, 80), answered(99, 9)),
        (answered(500, 0), answered(500, 0)),
        (answered(500, 500), answered(500, 0)),
        (Sums.of(*[np.arange(500)] * 2), Sums.of(*[np.arange(500)] * 2)),
    ],
    ids=["few", "few others", "nobody", "all and nobody", "as before to the letter"],
)
def test_of_too_few_or_all_alike_nothing_is_said(one, other):
    assert compare("b", one, "a", other, mixing=1e-4, alpha=0.05) is None


def test_the_lift_on_nothing_is_none():
    found = compare("b", answered(500, 20), "a", answered(500, 0), mixing=1e-4, alpha=0.05)
    assert found is not None
    assert found.lift is None


def test_a_broken_split_is_found_and_nothing_read_out():
    # 10,000 and 10,500: 250^2 / 10_250 * 2 = 12.195; chance of more, one degree: 0.000480.
    assert sample_ratio(trial(), {"control": 10_000, "tried": 10_500}).p_value == pytest.approx(
        0.000480, abs=1e-6
    )
    found = read(
        trial(), {"conversion": {"control": answered(10_000, 500), "tried": answered(10_500, 900)}}
    )
    assert found.sample_ratio.is_broken
    assert found.comparisons == {}
    assert not sample_ratio(trial(), {"control": 10_000, "tried": 10_400}).is_broken
    assert sample_ratio(trial(), {"control": 0, "tried": 0}).p_value == 1
    uneven = trial(arm=THREE)
    assert not sample_ratio(uneven, {"control": 5000, "tried": 2500, "other": 2500}).is_broken
    assert sample_ratio(uneven, {"control": 4000, "tried": 3000, "other": 3000}).is_broken


def test_each_arm_stands_beside_the_control_and_all_beside_the_holdout():
    experiment = trial(arm=THREE, holdout={"share": 0.2}, beside={"revenue": 500.0})
    groups = {"control": (4000, 200), "tried": (2000, 140), "other": (2000, 90)}
    counted = {name: answered(*one) for name, one in {**groups, "holdout": (2000, 60)}.items()}
    spent = {
        name: Sums(one.customers, one.total * 9, one.total * 81) for name, one in counted.items()
    }
    found = read(experiment, {"conversion": counted, "revenue": spent})
    first = found.comparisons["conversion"]
    assert [(one.arm, one.other) for one in first] == [
        ("tried", "control"),
        ("other", "control"),
        (ALL_ARMS, "holdout"),
    ]
    assert first[2].mean == pytest.approx(430 / 8000)
    alone = compare(
        "tried",
        counted["tried"],
        "control",
        counted["control"],
        mixing=experiment.effect**2,
        alpha=0.025,
    )
    assert first[0] == alone
    beside = found.comparisons["revenue"][0]
    assert beside == compare(
        "tried", spent["tried"], "control", spent["control"], mixing=50.0**2, alpha=0.025
    )
    assert beside.difference == pytest.approx(9 * first[0].difference)


def test_sums_that_are_not_the_experiments_are_refused():
    good = {"control": answered(500, 20), "tried": answered(500, 30)}
    with pytest.raises(DataError, match="conversion was not counted"):
        read(trial(), {"revenue": good})
    with pytest.raises(DataError, match="has control, tried"):
        read(trial(), {"conversion": {**good, "third": answered(500, 30)}})
    with pytest.raises(DataError, match="has control, tried"):
        read(trial(), {"conversion": {"tried": answered(500, 30)}})
    fewer = {**good, "tried": answered(499, 30)}
    with pytest.raises(DataError, match="different customers"):
        read(trial(beside={"revenue": 9.0}), {"conversion": good, "revenue": fewer})


def test_the_interval_of_a_share_by_its_own_equation():
    low, high = share_interval(30, 100, 0.05)
    assert 0 < low < 0.3 < high < 1

    def beta(one, other):
        return math.lgamma(one) + math.lgamma(other) - math.lgamma(one + other)

    for bound in (low, high):
        likelihood = 30 * math.log(bound) + 70 * math.log(1 - bound)
        assert beta(30.5, 70.5) - beta(0.5, 0.5) - likelihood == pytest.approx(math.log(20))
    assert share_interval(0, 0, 0.05) == (0.0, 1.0)
    low, high = share_interval(0, 200, 0.05)
    assert low == 0
    assert 0 < high < 0.05
    assert share_interval(200, 200, 0.05) == pytest.approx((1 - high, 1.0))
