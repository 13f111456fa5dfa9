"""Expected rewards: by hand, never learned on the decision itself, and refused where they must."""

from __future__ import annotations

import numpy as np
import pytest

from nba.errors import DataError
from nba.measure.reward_model import cross_fitted


def test_expected_rewards_by_hand():
    # Two clusters and two folds: each is learned from the other.
    cluster = np.array([0, 0, 0, 1, 1])
    action, context = np.array([0, 0, 1, 0, 1]), np.array([0, 1, 0, 0, 1])
    reward = np.array([1.0, 0.0, 3.0, 4.0, 2.0])
    model = cross_fitted(
        reward, action, context, actions=2, contexts=2, cluster=cluster, folds=2, strength=1.0
    )
    # Outside of cluster 1: the mean is 4/3; action 0 has (1 + 0 + 4/3) / 3 = 7/9, action 1
    # (3 + 4/3) / 2 = 13/6. Cell (0, 0) has (1 + 7/9) / 2, cell (1, 1) nothing of its own.
    assert model.of(action)[3:] == pytest.approx([(1 + 7 / 9) / 2, 13 / 6])
    # Outside of cluster 0: the mean is 3; actions have (4 + 3) / 2 and (2 + 3) / 2.
    assert model.of(action)[:3] == pytest.approx([(4 + 3.5) / 2, 3.5, 2.5])
    policy = np.tile([0.25, 0.75], (5, 1))
    planned = 0.25 * model.of(np.zeros(5, np.int64)) + 0.75 * model.of(np.ones(5, np.int64))
    assert model.under(policy) == pytest.approx(planned)


def drawn(count: int):
    chance = np.random.default_rng(3)
    action, context = chance.integers(0, 3, count), chance.integers(0, 4, count)
    return chance.random(count), action, context, chance.integers(0, count // 5, count)


def test_what_a_customer_did_is_not_in_what_is_expected_of_them():
    reward, action, context, cluster = drawn(500)
    first = cross_fitted(reward, action, context, actions=3, contexts=4, cluster=cluster)
    moved = np.where(cluster == 7, reward + 1000, reward)
    second = cross_fitted(moved, action, context, actions=3, contexts=4, cluster=cluster)
    fold = first.fold[cluster == 7]
    assert (fold == fold[0]).all()
    same = first.fold == fold[0]
    assert second.of(action)[same] == pytest.approx(first.of(action)[same])
    assert (second.of(action)[~same] > first.of(action)[~same]).any()


def test_the_order_of_decisions_changes_nothing():
    reward, action, context, cluster = drawn(500)
    first = cross_fitted(reward, action, context, actions=3, contexts=4, cluster=cluster)
    place = np.random.default_rng(4).permutation(500)
    again = cross_fitted(
        reward[place], action[place], context[place], actions=3, contexts=4, cluster=cluster[place]
    )
    assert again.of(action[place]) == pytest.approx(first.of(action)[place])


def test_with_many_decisions_the_planted_means_are_learned():
    chance = np.random.default_rng(5)
    mean = np.array([[0.1, 0.5], [0.8, 0.3]])
    action, context = chance.integers(0, 2, 40_000), chance.integers(0, 2, 40_000)
    reward = (chance.random(40_000) < mean[context, action]) * 1.0
    model = cross_fitted(reward, action, context, actions=2, contexts=2)
    assert model.expected == pytest.approx(np.broadcast_to(mean, (5, 2, 2)), abs=0.03)


def test_what_cannot_be_learned_is_refused():
    codes, reward = np.zeros(9, np.int64), np.ones(9)
    sizes = {"actions": 1, "contexts": 1}
    for given, options, says in (
        ((reward, codes[:8], codes), sizes, "8 action codes for 9"),
        ((reward, codes, codes - 1), sizes, "context codes go from -1"),
        ((reward, codes + 1, codes), sizes, "action codes go from 1"),
        ((reward * np.nan, codes, codes), sizes, "no finite number"),
        ((reward, codes, codes), sizes | {"folds": 1}, "at least 2 folds"),
        ((reward, codes, codes), sizes | {"strength": 0.0}, "above 0"),
        ((reward, codes, codes), sizes | {"folds": 10}, "9 clusters of decisions for 10"),
        ((reward, codes, codes), sizes | {"cluster": codes}, "1 clusters"),
        ((reward, codes, codes), sizes | {"cluster": codes[:3]}, "3 clusters for 9"),
        ((reward[:0], codes[:0], codes[:0]), sizes, "0 clusters"),
    ):
        with pytest.raises(DataError, match=says):
            cross_fitted(*given, **options)
    model = cross_fitted(reward, codes, codes, **sizes)
    with pytest.raises(DataError, match="of shape"):
        model.under(np.ones((9, 2)))
    with pytest.raises(DataError, match="action codes go from 1"):
        model.of(codes + 1)
