"""Off-policy estimates: exact where the policy is the log's own, right on planted rewards."""

from __future__ import annotations

import numpy as np
import pytest

from nba.errors import DataError
from nba.measure.offpolicy import (
    direct_method,
    doubly_robust,
    inverse_propensity,
    self_normalised,
    switch_doubly_robust,
    switch_threshold,
)
from nba.measure.reward_model import cross_fitted

ARMS = 3


def planted(count: int, seed: int):
    """Log a policy that explores unevenly; rewards depend on a context of two values."""
    chance = np.random.default_rng(seed)
    context = chance.integers(0, 2, count)
    odds = np.array([[0.6, 0.3, 0.1], [0.2, 0.2, 0.6]])
    arm = (chance.random(count)[:, None] > np.cumsum(odds, axis=1)[context]).sum(axis=1)
    mean = np.array([[0.1, 0.5, 0.2], [0.3, 0.1, 0.6]])
    reward = (chance.random(count) < mean[context, arm]).astype(float)
    target = np.array([[0.0, 1.0, 0.0], [0.5, 0.0, 0.5]])
    truth = 0.5 * 0.5 + 0.5 * (0.5 * 0.3 + 0.5 * 0.6)
    return context, arm, reward, odds, target, mean, truth


def test_the_policy_of_the_log_is_worth_exactly_the_mean():
    context, arm, reward, odds, *_ = planted(1000, 1)
    own = odds[context, arm]
    for estimate in (inverse_propensity, self_normalised):
        found = estimate(reward, own, own)
        assert found.value == pytest.approx(reward.mean(), abs=1e-12)
        assert found.effective == pytest.approx(1000)
        assert found.error == pytest.approx(reward.std(ddof=1) / 1000**0.5)
        assert found.is_reliable


def test_estimates_by_hand():
    reward, propensity = np.array([1.0, 0.0, 2.0]), np.array([0.5, 0.25, 0.5])
    probability = np.array([1.0, 1.0, 0.0])
    assert inverse_propensity(reward, probability, propensity).value == pytest.approx(2 / 3)
    assert self_normalised(reward, probability, propensity).value == pytest.approx(1 / 3)
    done, policy = np.array([0.5, 0.5, 1.0]), np.array([0.5, 1.0, 0.0])
    found = doubly_robust(reward, probability, propensity, done, policy)
    assert found.value == pytest.approx((0.5 + 2 * 0.5 + 1.0 - 4 * 0.5 + 0.0) / 3)
    assert found.effective == pytest.approx(36 / 20)
    assert found.greatest == pytest.approx(4 / 6)
    assert not found.is_reliable


def test_a_planted_value_lies_in_nine_of_ten_intervals_of_each():
    runs, inside = 200, np.zeros(5)
    for seed in range(runs):
        context, arm, reward, odds, target, _, truth = planted(2000, seed)
        probability, propensity = target[context, arm], odds[context, arm]
        policy, propensities = target[context], odds[context]
        wrong = np.full((2, ARMS), 0.4)
        planned = (target * wrong).sum(axis=1)[context]
        model = cross_fitted(reward, arm, context, actions=ARMS, contexts=2, seed=seed)
        learned = model.of(arm), model.under(policy)
        threshold = switch_threshold(reward, arm, policy, propensities, *learned)
        given = reward, probability, propensity
        estimates = (
            inverse_propensity(*given),
            self_normalised(*given),
            doubly_robust(*given, wrong[context, arm], planned),
            doubly_robust(*given, *learned),
            switch_doubly_robust(*given, *learned, threshold=threshold),
        )
        for place, found in enumerate(estimates):
            low, high = found.checked().interval(0.95)
            inside[place] += low <= truth <= high
    assert (inside / runs >= 0.9).all()
    # Nor are the intervals too wide: at 99.9 % or so none would ever miss.
    assert (inside < runs).all()


def test_estimates_with_a_model_by_hand():
    reward, propensity = np.array([1.0, 0.0, 2.0]), np.array([0.5, 0.25, 0.5])
    probability = np.array([1.0, 1.0, 0.0])
    done, policy = np.array([0.5, 0.5, 1.0]), np.array([0.5, 1.0, 0.0])
    direct = direct_method(probability, propensity, policy)
    assert direct.value == pytest.approx(1.5 / 3)
    # The weights are 2, 4 and 0; that of 4 is above the threshold.
    given = reward, probability, propensity, done, policy
    switched = switch_doubly_robust(*given, threshold=2.0)
    assert switched.value == pytest.approx((0.5 + 2 * 0.5 + 1.0 + 0.0) / 3)
    assert switched.effective == pytest.approx(1)
    assert switched.greatest == 1
    assert switched.support == direct.support == pytest.approx(2)
    assert switch_doubly_robust(*given, threshold=1.9).value == direct.value
    assert switch_doubly_robust(*given, threshold=np.inf).value == doubly_robust(*given).value


def test_a_correction_that_hangs_on_one_rare_decision_is_dropped_and_no_other():
    count = 400
    arm = np.zeros(count, np.int64)
    policy = np.broadcast_to([0.98, 0.02], (count, 2))
    propensities = np.broadcast_to([0.9998, 0.0002], (count, 2))
    arm[7] = 1
    reward = np.where(np.arange(count) % 2, 1.0, 0.0)
    expected = np.full(count, 0.5)
    table = reward, arm, policy, propensities, expected, expected
    threshold = switch_threshold(*table)
    assert threshold == pytest.approx(0.98 / 0.9998)
    every = np.arange(count)
    given = reward, policy[every, arm], propensities[every, arm], expected, expected
    switched = switch_doubly_robust(*given, threshold=threshold)
    whole = doubly_robust(*given)
    assert switched.error < 0.25 * whole.error
    assert not whole.is_reliable
    assert switched.is_reliable
    # Where the log did it as often as the policy, every correction stays in.
    often = np.broadcast_to([0.5, 0.5], (count, 2))
    kept = switch_threshold(reward, arm, policy, often, expected, expected)
    assert kept == pytest.approx(0.98 / 0.5)
    nothing = np.zeros((count, 2))
    assert switch_threshold(reward, arm, nothing, often, expected, expected) == np.inf


def test_doubly_robust_with_the_right_model_is_surer_than_weights_alone():
    context, arm, reward, odds, target, mean, truth = planted(4000, 2)
    probability, propensity = target[context, arm], odds[context, arm]
    planned = (target * mean).sum(axis=1)[context]
    robust = doubly_robust(reward, probability, propensity, mean[context, arm], planned)
    weighted = inverse_propensity(reward, probability, propensity)
    assert robust.error < 0.9 * weighted.error
    assert robust.value == pytest.approx(truth, abs=4 * robust.error)
    # And with right expectations wrong propensities do no harm.
    misled = doubly_robust(reward, probability, np.full(4000, 0.5), mean[context, arm], planned)
    assert misled.value == pytest.approx(truth, abs=0.05)


def test_self_normalised_does_not_move_with_the_zero_of_rewards():
    context, arm, reward, odds, target, *_ = planted(500, 3)
    probability, propensity = target[context, arm], odds[context, arm]
    first = self_normalised(reward, probability, propensity)
    moved = self_normalised(reward + 100, probability, propensity)
    assert moved.value == pytest.approx(first.value + 100)
    assert moved.error == pytest.approx(first.error)


def test_decisions_of_one_customer_count_together():
    chance = np.random.default_rng(4)
    customer = np.repeat(np.arange(200), 10)
    reward = np.repeat(chance.random(200), 10)
    half = np.full(2000, 0.5)
    alone = inverse_propensity(reward, half, half)
    together = inverse_propensity(reward, half, half, cluster=customer)
    assert together.error == pytest.approx(alone.error * 10**0.5, rel=0.02)
    shuffle = chance.permutation(2000)
    again = inverse_propensity(reward[shuffle], half, half, cluster=customer[shuffle])
    assert again.error == pytest.approx(together.error)


def test_the_difference_of_two_policies_is_surer_than_either():
    context, arm, reward, odds, target, *_ = planted(4000, 5)
    propensity = odds[context, arm]
    first = self_normalised(reward, target[context, arm], propensity)
    near = 0.9 * target + 0.1 / ARMS
    second = self_normalised(reward, near[context, arm], propensity)
    difference, error = first.over(second)
    assert difference == pytest.approx(first.value - second.value)
    assert error < 0.5 * first.error
    with pytest.raises(DataError, match="same log"):
        first.over(self_normalised(reward[:9], near[context, arm][:9], propensity[:9]))


def test_weights_are_cut_and_a_log_that_hangs_on_one_decision_is_said_to():
    reward, propensity = np.ones(400), np.full(400, 0.5)
    propensity[0] = 1e-6
    found = inverse_propensity(reward, np.full(400, 0.5), propensity)
    assert found.value == pytest.approx((399 + 100) / 400)
    assert found.greatest > 0.05
    assert not found.is_reliable


@pytest.mark.parametrize(
    ("reward", "probability", "propensity", "says"),
    [
        ([], [], [], "0 rewards"),
        ([np.nan], [1.0], [0.5], "no finite number"),
        ([1.0], [1.0, 1.0], [0.5], "2 probabilities"),
        ([1.0], [1.0], [0.0], "above 0"),
        ([1.0], [1.0], [np.nan], "above 0"),
        ([1.0], [1.5], [0.5], "outside 0 to 1"),
    ],
)
def test_what_cannot_be_estimated_is_refused(reward, probability, propensity, says):
    columns = [np.array(one) for one in (reward, probability, propensity)]
    for estimate in (inverse_propensity, self_normalised):
        with pytest.raises(DataError, match=says):
            estimate(*columns)


def test_a_policy_that_shares_nothing_with_the_log_cannot_be_told():
    with pytest.raises(DataError, match="explores"):
        self_normalised(np.ones(3), np.zeros(3), np.full(3, 0.5))


def test_what_else_cannot_be_estimated_is_refused():
    one, two = np.full(3, 0.5), np.full(2, 0.5)
    whole = np.full((3, 2), 0.5)
    codes = np.zeros(3, np.int64)
    for broken, says in (
        (lambda: inverse_propensity(one, one, one, most_weight=0.0), "above 0"),
        (lambda: inverse_propensity(one, one, one, most_weight=np.nan), "above 0"),
        (lambda: inverse_propensity(one, one, one, cluster=codes[:2]), "2 clusters for 3"),
        (lambda: direct_method(one, one, two), "there are 2 rewards"),
        (lambda: inverse_propensity(one, one, one, unsupported=1.5), "outside 0 to 1"),
        (lambda: inverse_propensity(one, one, one, unsupported=np.nan), "outside 0 to 1"),
        (lambda: doubly_robust(one, one, one, two, one), "3 and 2 and 3 rewards"),
        (lambda: doubly_robust(one, one, one, one, np.full(3, np.inf)), "no finite number"),
        (lambda: switch_doubly_robust(one, one, one, one, one, threshold=-1.0), "above 0"),
        (lambda: switch_threshold(one, codes, whole, whole[:2], one, one), "of shape"),
        (lambda: switch_threshold(one, codes + 2, whole, whole, one, one), "codes go from 2"),
        (lambda: switch_threshold(two, codes, whole, whole, one, one), "2 and 3 and 3 rewards"),
        (lambda: inverse_propensity(one, one, one).interval(1.0), "between 0 and 1"),
    ):
        with pytest.raises(DataError, match=says):
            broken()
