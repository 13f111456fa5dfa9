"""What a log cannot carry is refused with the reason, and can be looked at all the same."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
import pytest

from nba.errors import DataError
from nba.measure.estimate import NORMAL_95, unsupported
from nba.measure.offpolicy import (
    direct_method,
    doubly_robust,
    inverse_propensity,
    self_normalised,
    switch_doubly_robust,
)

COUNT = 1000
HALF = np.full(COUNT, 0.5)
REWARD = np.arange(COUNT) % 2 * 1.0


def refused(estimate, says: str) -> None:
    assert not estimate.is_reliable
    assert any(says in one for one in estimate.refusals)
    with pytest.raises(DataError, match=says) as told:
        estimate.checked()
    assert told.value.problems == estimate.refusals


def test_an_estimate_of_a_policy_like_the_log_is_given():
    found = inverse_propensity(REWARD, HALF, HALF)
    assert found.checked() is found
    assert (found.support, found.support_error, found.missing) == (1, 0, 0)


def test_too_few_effective_decisions_are_refused():
    few = HALF[:99]
    refused(inverse_propensity(REWARD[:99], few, few), "worth 99.0 decisions")
    assert inverse_propensity(REWARD[:100], HALF[:100], HALF[:100]).is_reliable


def test_one_decision_that_carries_too_much_is_refused():
    propensity = HALF.copy()
    propensity[0] = 0.5 / 60  # A weight of 60 among 999 of 1 is 5.7 %.
    found = inverse_propensity(REWARD, HALF, propensity)
    refused(found, "carries 5.7%")
    assert found.greatest == pytest.approx(60 / 1059)
    assert np.isfinite(found.interval()).all()


def test_what_the_log_never_does_is_refused_when_it_is_told():
    policy = np.tile([0.5, 0.4, 0.1], (COUNT, 1))
    propensities = np.tile([0.5, 0.5, 0.0], (COUNT, 1))
    missing = unsupported(policy, propensities)
    assert missing == pytest.approx(0.1)
    for found in (
        inverse_propensity(REWARD, HALF, HALF, unsupported=missing),
        self_normalised(REWARD, HALF, HALF, unsupported=missing),
        direct_method(HALF, HALF, REWARD, unsupported=missing),
        doubly_robust(REWARD, HALF, HALF, REWARD, REWARD, unsupported=missing),
        switch_doubly_robust(
            REWARD, HALF, HALF, REWARD, REWARD, threshold=2.0, unsupported=missing
        ),
    ):
        refused(found, "10.0% of its probability to what the log never does")
        assert found.value == pytest.approx(0.5)


def test_what_the_log_never_does_shows_in_the_weights_when_it_is_not_told():
    # Half of the policy goes to a third action: of what was done it would do each with 1/4.
    refused(inverse_propensity(REWARD, HALF / 2, HALF), "average 0.500 where 1 is expected")
    # Cutting weights leaves out as much.
    cut = inverse_propensity(REWARD, HALF, HALF / 2, most_weight=0.5)
    refused(cut, "average 0.500 where 1 is expected")
    # A policy that shares nothing with the log.
    none = inverse_propensity(REWARD, np.zeros(COUNT), HALF)
    assert (none.value, none.effective, none.greatest) == (0, 0, 1)
    refused(none, "worth 0.0 decisions")
    # One that the log can carry misses 1 by chance alone.
    chance = np.random.default_rng(1)
    first = chance.random(COUNT) < 0.5
    reliable = sum(
        inverse_propensity(REWARD, np.where(chance.permutation(first), 0.9, 0.1), HALF).is_reliable
        for _ in range(50)
    )
    assert reliable == 50


def test_propensities_that_are_too_small_are_refused():
    refused(inverse_propensity(REWARD, HALF, HALF / 2), "by which was chosen")


def test_tables_of_probabilities_that_do_not_fit_are_refused():
    whole = np.full((3, 2), 0.5)
    for policy, propensities, says in (
        (whole, whole[:2], "of shape"),
        (whole[:0], whole[:0], "at least one"),
        (HALF, HALF, "of shape"),
        (whole * 3, whole, "outside 0 to 1"),
        (whole, whole - 1, "outside 0 to 1"),
        (whole, whole * np.nan, "outside 0 to 1"),
    ):
        with pytest.raises(DataError, match=says):
            unsupported(policy, propensities)


def test_so_many_errors_on_either_side_hold_95_percent():
    error = NormalDist()
    assert error.cdf(NORMAL_95) - error.cdf(-NORMAL_95) == pytest.approx(0.95, abs=1e-12)
