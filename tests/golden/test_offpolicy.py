"""Off-policy estimates equal to those of obp 0.5.7 (Open Bandit Pipeline), recorded once.

The constants were printed by `InverseProbabilityWeighting`, `SelfNormalizedInverseProbability-
Weighting`, `DirectMethod`, `DoublyRobust` and `SwitchDoublyRobust` of obp 0.5.7 on the input of
`formula`, and on the Open Bandit data, with the propensities of its log, the policy `bts` as the
share of each item by position in the log of `bts`, and as expected rewards the click rate of each
item in the log of `random`, held to the mean of all by 50 decisions.

The data is not part of this repository. `NBA_DATA` names the folder that holds
`open_bandit/{random,bts}/all.csv.gz` (Saito and others 2021) and `hillstrom/hillstrom.csv.gz`.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from nba.measure.offpolicy import (
    direct_method,
    doubly_robust,
    inverse_propensity,
    self_normalised,
    switch_doubly_robust,
)

DATA = Path(os.environ.get("NBA_DATA", "absent"))
EQUAL = {"rel": 0, "abs": 1e-9}
DECISIONS, ACTIONS, POSITIONS, ITEMS = 200, 4, 3, 80

with_bandit = pytest.mark.skipif(
    not (DATA / "open_bandit").is_dir(), reason="NBA_DATA names no folder with open_bandit/"
)
with_hillstrom = pytest.mark.skipif(
    not (DATA / "hillstrom").is_dir(), reason="NBA_DATA names no folder with hillstrom/"
)


def formula():
    """Give reward, probability, propensity, expected of what was done and of the policy."""
    row, column = np.arange(DECISIONS)[:, None], np.arange(ACTIONS)[None, :]
    odds = 1 + (7 * row + 3 * column) % 11
    wanted = 1 + ((5 * row + 2 * column) % 13) ** 2
    propensities = odds / odds.sum(axis=1, keepdims=True)
    policy = wanted / wanted.sum(axis=1, keepdims=True)
    every = np.arange(DECISIONS)
    done = (every * every + every // 3) % ACTIONS
    reward = ((3 * every + 5 * done) % 7) / 7.0
    expected = ((2 * row + column) % 9) / 10.0
    return (
        reward,
        policy[every, done],
        propensities[every, done],
        expected[every, done],
        (policy * expected).sum(axis=1),
    )


def test_estimates_by_weights_are_those_of_the_reference():
    logged = formula()[:3]
    assert inverse_propensity(*logged).value == pytest.approx(0.6468141133457315, **EQUAL)
    cut = inverse_propensity(*logged, most_weight=2.0)
    assert cut.value == pytest.approx(0.4286922798914746, **EQUAL)
    assert self_normalised(*logged).value == pytest.approx(0.4355653035469166, **EQUAL)


def test_estimates_with_a_model_are_those_of_the_reference():
    given = formula()
    direct = direct_method(given[1], given[2], given[4])
    assert direct.value == pytest.approx(0.39966403261649946, **EQUAL)
    assert doubly_robust(*given).value == pytest.approx(0.42118691465036034, **EQUAL)
    cut = doubly_robust(*given, most_weight=2.0)
    assert cut.value == pytest.approx(0.45165838737984415, **EQUAL)


@pytest.mark.parametrize(
    ("threshold", "value"),
    [
        (0.5, 0.40374506519676023),
        (1.0, 0.41529299903171685),
        (2.0, 0.43137267309412985),
        (4.0, 0.4852764571110292),
    ],
)
def test_switched_estimates_are_those_of_the_reference(threshold, value):
    found = switch_doubly_robust(*formula(), threshold=threshold)
    assert found.value == pytest.approx(value, **EQUAL)


def bandit(policy: str) -> pd.DataFrame:
    columns = ["item_id", "position", "click", "propensity_score"]
    return pd.read_csv(DATA / "open_bandit" / policy / "all.csv.gz", usecols=columns)


@with_bandit
def test_the_value_of_the_bandit_is_foretold_from_the_random_log_as_in_the_reference():
    log, other = bandit("random"), bandit("bts")
    policy = np.zeros((POSITIONS, ITEMS))
    np.add.at(policy, (other["position"] - 1, other["item_id"]), 1)
    policy /= policy.sum(axis=1, keepdims=True)
    place, item = log["position"].to_numpy() - 1, log["item_id"].to_numpy()
    reward = log["click"].to_numpy(np.float64)
    shown, clicked = np.bincount(item, minlength=ITEMS), np.bincount(item, reward, ITEMS)
    expected = (clicked + 50 * reward.mean()) / (shown + 50)
    given = (
        reward,
        policy[place, item],
        log["propensity_score"].to_numpy(),
        expected[item],
        (policy @ expected)[place],
    )
    for estimate, value in (
        (inverse_propensity(*given[:3]), 0.005035366932711512),
        (self_normalised(*given[:3]), 0.0052530721964214695),
        (direct_method(given[1], given[2], given[4]), 0.004530119638201745),
        (doubly_robust(*given), 0.005190477910424652),
        (switch_doubly_robust(*given, threshold=5.0), 0.005210653577295729),
    ):
        assert estimate.value == pytest.approx(value, **EQUAL)
    truth = other["click"].mean()
    assert truth == pytest.approx(0.0042)
    for estimate in (
        inverse_propensity(*given[:3]),
        self_normalised(*given[:3]),
        doubly_robust(*given),
    ):
        low, high = estimate.checked().interval()
        assert low < truth < high


@with_hillstrom
def test_the_published_means_of_hillstrom_are_the_values_of_sending_always_the_same():
    rows = pd.read_csv(DATA / "hillstrom" / "hillstrom.csv.gz")
    shares = rows["treatment"].value_counts(normalize=True)
    propensity = rows["treatment"].map(shares).to_numpy(np.float64)
    published = {
        "No E-Mail": (21_306, 0.1062, 0.0057, 0.65),
        "Mens E-Mail": (21_307, 0.1828, 0.0125, 1.42),
        "Womens E-Mail": (21_387, 0.1514, 0.0088, 1.08),
    }
    for arm, (customers, *means) in published.items():
        always = (rows["treatment"] == arm).to_numpy(np.float64)
        assert always.sum() == customers
        for outcome, mean, digits in zip(
            ("visit", "conversion", "spend"), means, (5e-5, 5e-5, 5e-3), strict=True
        ):
            reward = rows[outcome].to_numpy(np.float64)
            found = inverse_propensity(reward, always, propensity).checked()
            assert found.value == pytest.approx(reward[always > 0].mean(), abs=1e-12)
            assert found.value == pytest.approx(mean, abs=digits)
            half = self_normalised(reward, always, np.full(len(reward), 1 / 3))
            assert half.value == pytest.approx(found.value, abs=1e-12)
