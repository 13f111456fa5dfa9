"""Experiments looked at every day: how often they are wrong, and find what is planted."""

from __future__ import annotations

import numpy as np
import pytest

from nba.measure.experiments.reading import compare, sample_ratio
from nba.measure.experiments.size import required_size
from nba.measure.experiments.sums import Sums
from tests.effort import times
from tests.unit.measure.trials import trial

DAYS = 28
EXPERIMENTS = times(250, 2000)


def found_in(experiment, factor, seed):
    """Tell whether 28 daily looks at conversions see better, or worse."""
    chance = np.random.default_rng((seed, 11))
    daily = -(-required_size(experiment).customers["control"] // DAYS)
    share = experiment.baseline * np.array([1.0, factor])
    bought = chance.binomial(daily, share, (DAYS, 2)).cumsum(axis=0)
    better = worse = False
    for day, (control, tried) in enumerate(bought.tolist(), start=1):
        found = compare(
            "tried",
            Sums(daily * day, tried, tried),
            "control",
            Sums(daily * day, control, control),
            mixing=experiment.effect**2,
            alpha=experiment.alpha,
        )
        better |= found is not None and found.low > 0
        worse |= found is not None and found.high < 0
    return better, worse


@pytest.mark.parametrize("baseline", [0.005, 0.05])
def test_without_an_effect_one_experiment_of_twenty_is_called_at_most(baseline):
    experiment = trial(baseline=baseline)
    alarms = [any(found_in(experiment, 1.0, seed)) for seed in range(EXPERIMENTS)]
    assert np.mean(alarms) <= experiment.alpha


def test_with_the_computed_size_the_least_effect_is_found_as_often_as_asked():
    experiment = trial()
    found = np.array([found_in(experiment, 1.1, seed) for seed in range(EXPERIMENTS)])
    assert found[:, 0].mean() >= experiment.power
    # Nor is the size a waste.
    assert found[:, 0].mean() < 0.92
    assert not found[:, 1].any()


def test_a_split_that_is_a_little_off_is_caught_and_a_right_one_let_through():
    chance = np.random.default_rng(5)
    for share, called in ((0.5, 0.01), (0.52, 0.99)):
        own = chance.binomial(40_000, share, EXPERIMENTS).tolist()
        broken = [
            sample_ratio(trial(), {"control": 40_000 - one, "tried": one}).is_broken for one in own
        ]
        assert np.mean(broken) <= called if share == 0.5 else np.mean(broken) >= called


def test_what_customers_did_before_narrows_and_does_not_bias():
    chance, correlation, effect = np.random.default_rng(6), 0.8, 30.0
    adjusted, plain, trials = [], [], times(1000, 2000)
    for _ in range(trials):
        groups = []
        for own in (0.0, effect):
            before = 1000 * chance.standard_normal(300)
            noise = 1000 * chance.standard_normal(300)
            metric = own + correlation * before + (1 - correlation**2) ** 0.5 * noise
            groups.append(
                Sums.of(np.rint(metric).astype(np.int64), np.rint(before).astype(np.int64))
            )
        found = compare("tried", groups[1], "control", groups[0], mixing=900.0, alpha=0.05)
        assert found is not None
        adjusted.append(found.difference)
        plain.append(found.mean - found.other_mean)
    error = np.std(adjusted) / trials**0.5
    assert np.mean(adjusted) == pytest.approx(effect, abs=3 * error)
    assert np.var(adjusted) / np.var(plain) == pytest.approx(1 - correlation**2, rel=0.2)
