"""What a new playbook would do at logged decisions, and what makes a log too small for it."""

from __future__ import annotations

import numpy as np
import pytest

from nba.decide.decision import ChosenMessage, Decision, Experiment
from nba.decide.value import Score
from nba.errors import DataError
from nba.measure.logged import Logged
from nba.measure.offpolicy import logged_threshold, switch_threshold
from nba.measure.valuation import Asked, Valuation, compared
from nba.vocabulary import NOTHING_SENT, Stage
from tests.logs import Said, decisions
from tests.shops import day


def decided(message: str | None, state: str = "client/idle", **chances: float) -> Decision:
    chosen = None
    if message is not None:
        score = Score(0.1, 100, 1, 1.0, 1.0, 0.001, 0, 9.0)
        chosen = ChosenMessage(
            message, "personal", "email", day(1), day(2), {}, {}, score, "", message, ""
        )
    tried = Experiment(eligible=tuple(chances.items()))
    stage = Stage.CLIENT
    return Decision("d", "c", day(1), stage, state, 1, None, chosen, (), (), None, "", tried)


def asked_of(done, policy) -> Asked:
    return Asked.of(done, [decided(one) for one in policy])


def test_a_playbook_that_tries_is_asked_for_all_its_chances():
    found = Asked.of(
        ["digest", NOTHING_SENT, "refill"],
        [
            decided("digest", digest=0.9, refill=0.1),
            decided(None, "choosing/cart"),
            decided("digest"),
        ],
    )
    assert found.messages == ["digest", NOTHING_SENT, "refill"]
    assert found.policy.tolist() == [[0.9, 0, 0.1], [0, 1, 0], [1, 0, 0]]
    assert found.done.tolist() == [0, 1, 2]
    assert (found.states, found.context.tolist()) == (2, [1, 0, 1])


def judged(done, policy, reward, propensity, *, left_out=0) -> Valuation:
    rows = decisions(
        [
            Said(f"c{place:04}", word, 5, propensity=chance)
            for place, (word, chance) in enumerate(zip(done, propensity, strict=True))
        ]
    )
    logged = Logged(rows, done, np.array(reward, np.float64), np.zeros(len(done)), 7)
    return compared(logged, asked_of(done, policy), playbook="new", left_out=left_out)


def test_decisions_that_chance_had_no_part_in_say_nothing_of_other_messages():
    done, policy = ["digest"] * 300, ["digest"] * 280 + ["refill"] * 20
    found = judged(done, policy, [1.0] * 280 + [0.0] * 20, [1.0] * 300)
    assert (found.decisions, found.apart) == (280, 20)
    assert found.useful.logged.value == found.useful.methods["IPS"].value == 1
    assert not found.refusals


def test_a_playbook_too_far_from_the_log_is_refused():
    done, policy = ["digest"] * 300, ["digest"] * 250 + ["refill"] * 20 + [None] * 30
    with pytest.raises(DataError, match=r"at 16\.7% of 300 decisions") as refused:
        judged(done, policy, [1.0] * 300, [1.0] * 300)
    assert "at 10.0% it would send nothing" in refused.value.problems[1]
    assert "[explore]" in refused.value.problems[-1]


def test_a_log_that_is_too_small_says_how_many_decisions_it_takes():
    done, policy = ["digest", "refill"] * 40, ["digest"] * 80
    found = judged(done, policy, [1.0, 0.0] * 40, [0.5] * 80)
    # 40 decisions of weight 2 are worth 40.
    with pytest.raises(DataError, match=r"worth 40\.0 decisions") as refused:
        found.checked()
    assert "from about 200 decisions on" in " ".join(refused.value.problems)
    assert "drawn" not in " ".join(refused.value.problems)


def test_a_draw_that_is_too_small_does_not_blame_the_log():
    done, policy = ["digest", "refill"] * 40, ["digest"] * 80
    given = done, policy, [1.0, 0.0] * 40, [0.5] * 80
    found = judged(*given, left_out=120).refusals
    assert found[1] == "80 of the log's 200 decisions were drawn by chance"
    assert found[2] == "about 200 of them carry it; draw more: --decisions 200"
    assert "[explore]" not in " ".join(found)
    # One decision fewer, and the log itself is too short.
    found = judged(*given, left_out=119).refusals
    assert found[1] == "80 of the log's 199 decisions were drawn by chance"
    assert "from about 200 decisions on" in found[2]
    assert "[explore]" in found[3]
    with pytest.raises(DataError) as refused:
        judged(done, ["content"] * 80, [1.0] * 80, [1.0] * 80, left_out=20)
    assert "80 of the log's 100 decisions were drawn by chance" in refused.value.problems


def test_a_log_that_carries_it_is_not_refused():
    done, policy = ["digest", "refill"] * 200, ["digest"] * 400
    found = judged(done, policy, [1.0, 0.0] * 200, [0.5] * 400).checked()
    assert found.useful.methods["SNIPS"].value == 1
    assert found.useful.logged.value == 0.5
    more, low, high = found.useful.difference("IPS")
    assert low < more < high
    assert more == pytest.approx(0.5)
    told = found.to_dict()["useful_per_decision"]["IPS"]
    assert told["difference"] == {"value": more, "low": low, "high": high}


def test_nothing_of_what_was_done_is_no_error_but_a_refusal():
    found = judged(["digest"] * 200, ["refill"] * 200, [1.0] * 200, [0.5] * 200)
    assert found.useful.methods["SNIPS"].value == 0
    assert any("worth 0.0" in one for one in found.refusals)


def test_the_threshold_is_near_that_of_all_propensities():
    chance = np.random.default_rng(5)
    count = 4000
    rare = chance.random(count) < 0.2
    propensities = np.where(rare[:, None], [0.02, 0.98], [0.5, 0.5])
    policy = np.tile([0.9, 0.1], (count, 1))
    action = (chance.random(count) >= propensities[:, 0]).astype(np.int64)
    every = np.arange(count)
    reward = (chance.random(count) < 0.3).astype(np.float64)
    expected = np.full(count, 0.3), np.full(count, 0.3)
    given = policy[every, action], propensities[every, action]
    found = logged_threshold(reward, *given, *expected)
    whole = switch_threshold(reward, action, policy, propensities, *expected)
    assert found == whole
    assert np.isfinite(found)
