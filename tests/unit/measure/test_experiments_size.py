"""How many customers an experiment takes, by hand and by formula."""

from __future__ import annotations

import math

import pytest

from nba.measure.experiments.intervals import reach
from nba.measure.experiments.size import required_size
from tests.unit.measure.trials import REVENUE, THREE, trial


def test_looked_at_once_it_is_the_number_of_the_usual_formula():
    # (1.959964 + 0.841621)^2 (0.05 * 0.95 + 0.055 * 0.945) / 0.005^2 = 31,230.6 an arm.
    assert required_size(trial()).looked_at_once == 2 * 31_231
    # 2 (2.801585 * 3000 / 100)^2 = 14,128.0 an arm.
    assert required_size(trial(**REVENUE)).looked_at_once == 2 * 14_128


@pytest.mark.parametrize("fields", [{}, REVENUE, {**REVENUE, "alpha": 0.01, "power": 0.9}])
def test_with_the_size_the_effect_lies_as_far_out_as_the_power_asks(fields):
    experiment = trial(**fields)
    each = required_size(experiment).customers["tried"]
    if experiment.deviation is None:
        variance = (0.05 * 0.95 + 0.055 * 0.945) / each
    else:
        variance = 2 * experiment.deviation**2 / each
    needed = reach(variance, experiment.effect**2, experiment.alpha)
    normal = {0.8: 0.8416212, 0.9: 1.2815516}[experiment.power]
    assert needed + normal * math.sqrt(variance) == pytest.approx(experiment.effect, rel=1e-4)


def test_looking_every_day_takes_about_twice_as_many():
    size = required_size(trial())
    assert size.customers == {"control": 60_524, "tried": 60_524}
    assert 1.9 < size.total / size.looked_at_once < 2.0


def test_what_customers_did_before_saves_the_square_of_its_correlation():
    plain, known = required_size(trial(**REVENUE)), required_size(trial(**REVENUE), correlation=0.6)
    assert known.total / plain.total == pytest.approx(0.64, abs=1e-4)


def test_several_unequal_arms_and_a_holdout_take_more():
    two = required_size(trial(**REVENUE))
    uneven = required_size(trial(**REVENUE, arm=[{"id": "control", "weight": 9}, {"id": "tried"}]))
    assert uneven.customers["control"] / uneven.customers["tried"] == pytest.approx(9, rel=1e-3)
    # 1 / 0.9 + 1 / 0.1 where it was 1 / 0.5 + 1 / 0.5.
    assert uneven.total / two.total == pytest.approx((1 / 0.9 + 10) / 4, rel=1e-3)
    three = required_size(trial(**REVENUE, arm=THREE))
    assert three.customers["tried"] == three.customers["other"]
    assert three.customers["control"] == pytest.approx(2 * three.customers["tried"], abs=1)
    assert three.total > two.total
    held = required_size(trial(**REVENUE, holdout={"share": 0.2}))
    assert held.customers["tried"] == two.customers["tried"]
    assert held.customers["holdout"] / held.total == pytest.approx(0.2, rel=1e-3)
