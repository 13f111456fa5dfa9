"""Experiments as data: who is drawn where, and what is refused."""

from __future__ import annotations

import tomllib
from collections import Counter
from datetime import UTC, datetime

import numpy as np
import pytest

from nba.decide.choice import arm_of, held_out
from nba.decide.playbook import Playbook
from nba.errors import ConfigError
from nba.measure.experiments.definition import HELD_OUT, Experiment
from nba.measure.experiments.hypotheses import Hypothesis
from tests.architecture.rules import REPO
from tests.unit.measure.trials import REVENUE, THREE, trial

CUSTOMERS = [f"c{number}" for number in range(6000)]
PLAYBOOK = REPO / "models/playbooks/plus_3_7_30.toml"


@pytest.mark.parametrize("variants", [("a", "b"), ("a", "b", "c"), tuple("abcdefg")])
def test_arms_of_equal_weight_are_the_variants_that_a_policy_draws(variants):
    drawn = trial(id="any", salt="accessories", arm=[{"id": one} for one in variants])
    assert all(
        drawn.group_of(one) == arm_of(variants, "accessories", one) for one in CUSTOMERS[:2000]
    )


@pytest.mark.parametrize("salt", ["", "spring"])
def test_who_is_held_out_is_whom_a_playbook_holds_out(salt):
    playbook = Playbook.from_toml(PLAYBOOK)
    holdout = playbook.holdout.model_copy(update={"share": 0.2, "salt": salt})
    held = held_out(playbook.model_copy(update={"holdout": holdout}), CUSTOMERS)
    drawn = trial(holdout={"share": 0.2, "salt": salt})
    assert [drawn.group_of(one) == HELD_OUT for one in CUSTOMERS] == held.tolist()
    # Another draw of the arms leaves them where they are.
    other = trial(id="another", holdout={"share": 0.2, "salt": salt})
    assert [other.group_of(one) == HELD_OUT for one in CUSTOMERS] == held.tolist()


def test_groups_are_as_large_as_their_shares():
    drawn = trial(arm=THREE, holdout={"share": 0.1})
    assert drawn.shares == pytest.approx(
        {"control": 0.45, "tried": 0.225, "other": 0.225, HELD_OUT: 0.1}
    )
    found = Counter(map(drawn.group_of, CUSTOMERS))
    for name, share in drawn.shares.items():
        error = (share * (1 - share) / len(CUSTOMERS)) ** 0.5
        assert found[name] / len(CUSTOMERS) == pytest.approx(share, abs=4 * error)
    assert drawn.control == "control"
    assert drawn.alpha_each == pytest.approx(0.025)


def test_windows_are_over_some_days_after_the_end():
    assert trial().ends_at == datetime(2026, 2, 2, tzinfo=UTC)
    assert trial().last_window == np.datetime64("2026-02-09")
    assert trial(ends_at="2026-01-19T02:00:00+02:00").last_window == np.datetime64("2026-01-26")


REFUSED = {
    "extra": ({"arms": 2}, "Extra inputs"),
    "one arm": ({"arm": [{"id": "control"}]}, "at least 2"),
    "arms of one name": ({"arm": [{"id": "a"}, {"id": "a"}]}, "its own name"),
    "arm called holdout": ({"arm": [{"id": "a"}, {"id": "holdout"}]}, "its own name"),
    "weight": ({"arm": [{"id": "a"}, {"id": "b", "weight": 0}]}, "greater than or equal to 1"),
    "short": ({"ends_at": "2026-01-18T23:59:59Z"}, "14 days or more"),
    "before": ({"ends_at": "2025-01-18T00:00:00Z"}, "14 days or more"),
    "no zone": ({"starts_at": "2026-01-05T00:00:00"}, "timezone"),
    "no instant": ({"starts_at": "soon"}, "starts_at"),
    "far": ({"starts_at": "9999-12-20T00:00:00Z"}, "less than"),
    "message": ({"messages": ["acessories"]}, "no message 'acessories'"),
    "no deviation": ({"metric": "revenue"}, "deviation is missing"),
    "a deviation": ({"deviation": 0.2}, "follows from the baseline"),
    "all answer": ({"baseline": 0.95}, "not below 1"),
    "twice": ({"beside": {"conversion": 0.1}}, "decides already"),
    "metric": ({"metric": "clicks"}, "conversion"),
    "effect": ({"minimum_effect": 0}, "greater than 0"),
    "not a number": ({"minimum_effect": float("nan")}, "minimum_effect"),
    "holdout": ({"holdout": {"share": 1.0}}, "less than 1"),
}


@pytest.mark.parametrize(("fields", "told"), REFUSED.values(), ids=REFUSED)
def test_what_makes_no_sense_is_refused(fields, told):
    with pytest.raises(ValueError, match=told):
        trial(**fields)


def test_the_files_that_ship_can_be_read():
    kinds = []
    for path in sorted((REPO / "models/experiments").glob("*.toml")):
        document = tomllib.loads(path.read_text("utf-8"))
        kind = Experiment if "metric" in document else Hypothesis
        assert kind.from_toml(path).id == path.stem
        kinds.append(kind)
    assert {Experiment, Hypothesis} == set(kinds)


def test_files_that_cannot_be_read_are_named(tmp_path):
    with pytest.raises(ConfigError, match=r"experiment .*none\.toml cannot be read"):
        Experiment.from_toml(tmp_path / "none.toml")
    bad = tmp_path / "bad.toml"
    for text in (b"id = ", b"\xff"):
        bad.write_bytes(text)
        with pytest.raises(ConfigError, match="is not valid"):
            Experiment.from_toml(bad)
    bad.write_text('threshold = 2\nof = { act = "visit", time = 2 }', "utf-8")
    with pytest.raises(ConfigError, match=r"hypothesis .*threshold.*of\.time") as found:
        Hypothesis.from_toml(bad)
    assert "pydantic" not in str(found.value)


def test_metrics_beside_come_after_the_one_that_decides():
    drawn = trial(**REVENUE, beside={"lifetime_value": 9000.0, "conversion": 0.1})
    assert list(drawn.baselines.items()) == [
        ("revenue", 1000.0),
        ("lifetime_value", 9000.0),
        ("conversion", 0.1),
    ]
    assert drawn.effect == pytest.approx(100)
