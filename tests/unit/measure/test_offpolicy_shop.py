"""A new playbook's worth from the log of another that explores, against the simulator's truth."""

from __future__ import annotations

import os

import numpy as np
import pytest

from nba.measure.estimate import unsupported
from nba.measure.offpolicy import (
    doubly_robust,
    inverse_propensity,
    self_normalised,
    switch_doubly_robust,
    switch_threshold,
)
from nba.measure.reward_model import cross_fitted
from tests.explored import Decisions, gather

RUNS, COUNT = 200, 50_000

pytestmark = pytest.mark.skipif(
    not os.environ.get("NBA_SOAK"), reason="two minutes for 200 logs: make soak runs it"
)


@pytest.fixture(scope="module")
def decisions() -> Decisions:
    return gather(orders=8000, days=60, seed=11)


def test_a_new_playbook_is_worth_what_the_log_of_another_says(decisions):
    truth = decisions.truth
    assert unsupported(decisions.policy, decisions.propensities) == 0
    values, inside = [], []
    for seed in range(RUNS):
        log = decisions.draw(COUNT, seed)
        actions = log.policy.shape[1]
        model = cross_fitted(log.reward, log.action, log.context, actions=actions, contexts=actions)
        every = np.arange(COUNT)
        given = (
            log.reward,
            log.policy[every, log.action],
            log.propensities[every, log.action],
        )
        learned = model.of(log.action), model.under(log.policy)
        threshold = switch_threshold(log.reward, log.action, log.policy, log.propensities, *learned)
        found = [
            inverse_propensity(*given),
            self_normalised(*given),
            doubly_robust(*given, *learned),
            switch_doubly_robust(*given, *learned, threshold=threshold),
        ]
        values.append([one.checked().value for one in found])
        bounds = [one.interval() for one in found]
        inside.append([low <= truth <= high for low, high in bounds])
    assert np.mean(values, axis=0) == pytest.approx(np.full(4, truth), rel=0.05)
    assert (np.mean(inside, axis=0) >= 0.9).all()
    # The log's own playbook is worth something else, so that the answer was not given by it.
    usual = (decisions.propensities * decisions.likely).sum(axis=1).mean()
    assert abs(usual / truth - 1) > 0.05
