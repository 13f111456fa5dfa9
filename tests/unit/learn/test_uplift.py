"""What sending adds is found where chance chose, by sign and size, and not where it adds none."""

from __future__ import annotations

import numpy as np
import pytest

from nba.vocabulary import MESSAGE_WORDS
from tests.logs import Said, learned
from tests.shops import Order

REFILL = np.array([MESSAGE_WORDS.index("refill")])


def trial(
    count: int, *, adds: bool = True, chance_sent: float = 0.5, seed: int = 0
) -> tuple[list[Said], list[Order]]:
    """Send a message at random; a third act on it, and order if it adds, else as others would."""
    chance = np.random.default_rng(seed)
    log, orders = [], []
    for number in range(count):
        who, at = f"c{number:05}", float(100 + number % 200)
        is_sent = bool(chance.random() < chance_sent)
        would = chance.random() < 0.3
        acts = is_sent and (chance.random() < 0.3 if adds else would)
        orders.append((f"a{number}", who, at - 50, ["tea"]))
        if would or (acts and adds):
            orders.append((f"b{number}", who, at + 2, ["tea"]))
        log.append(
            Said(
                who,
                "refill",
                at,
                is_sent=is_sent,
                useful=at + 1 if acts else None,
                propensity=chance_sent if is_sent else 1 - chance_sent,
                trial=True,
            )
        )
    return log, orders


def test_an_effect_is_found_with_its_size():
    found = learned(*trial(8000))
    assert found.uplift[REFILL[0]] == pytest.approx(0.21, abs=0.05)  # 0.3 of the 0.7 who would not
    assert found.uplift_variance[REFILL[0]] ** 0.5 == pytest.approx(0.0105, rel=0.2)
    assert found.incremental(REFILL)[0] == pytest.approx(1.0, abs=0.2)


def test_answers_of_who_would_have_bought_anyway_add_nothing():
    found = learned(*trial(8000, adds=False))
    assert found.uplift[REFILL[0]] == pytest.approx(0.0, abs=0.04)
    assert found.assumed[REFILL[0]] > 0.15
    assert found.incremental(REFILL)[0] < 0.2


def test_the_fewer_decisions_the_more_the_answers_are_believed():
    few = [learned(*trial(90, adds=False, seed=seed)) for seed in range(10)]
    assert min(found.controls[REFILL[0]] for found in few) > 0
    many = learned(*trial(8000, adds=False)).incremental(REFILL)[0]
    assert np.mean([found.incremental(REFILL)[0] for found in few]) > many + 0.1
    assert learned(*trial(20)).controls[REFILL[0]] == 0
    assert learned(*trial(20)).incremental(REFILL)[0] == 1.0


def test_two_equal_arms_differ_by_no_more_than_chance():
    scores = []
    for seed in range(12):
        log, orders = trial(1500, adds=False, seed=seed)
        found = learned(log, orders)
        scores.append(found.uplift[REFILL[0]] / found.uplift_variance[REFILL[0]] ** 0.5)
    assert np.abs(scores).max() < 3
    assert np.std(scores) == pytest.approx(1.0, abs=0.45)


def test_who_was_sent_more_often_weighs_no_more():
    chance, log, orders = np.random.default_rng(3), [], []
    for number in range(10_000):
        who, keen = f"c{number:05}", number % 2
        share = 0.9 if keen else 0.2
        is_sent = bool(chance.random() < share)
        if chance.random() < (0.6 if keen else 0.1):
            orders.append((f"o{number}", who, 102.0, ["tea"]))
        log.append(
            Said(
                who,
                "refill",
                100.0,
                is_sent=is_sent,
                propensity=share if is_sent else 1 - share,
                trial=True,
            )
        )
    sent = {one.customer for one in log if one.is_sent}
    bought = {customer for _, customer, _, _ in orders}
    naive = len(bought & sent) / len(sent) - len(bought - sent) / (len(log) - len(sent))
    assert naive > 0.3
    found = learned(log, orders)
    assert found.uplift[REFILL[0]] == pytest.approx(0.0, abs=0.05)


def test_decisions_that_chance_did_not_take_are_no_trial():
    log, orders = trial(2000, adds=False)
    decided = [Said(one.customer, one.message, one.at, one.is_sent) for one in log]
    assert learned(decided, orders).controls.sum() == 0


def test_those_held_out_are_controls():
    log, orders = trial(4000, chance_sent=0.5)
    held = [
        one
        if one.is_sent
        else Said(one.customer, one.message, one.at, False, holdout=True, trial=True)
        for one in log
    ]
    kept = [one if not one.is_sent else Said(**{**vars(one), "propensity": 1.0}) for one in held]
    found = learned(kept, orders)
    assert found.uplift[REFILL[0]] == pytest.approx(0.21, abs=0.06)


def test_only_the_first_decision_about_who_is_held_out_is_compared():
    log, orders = trial(4000, adds=False, chance_sent=0.5)
    buyers = {customer for number, customer, _, _ in orders if number.startswith("b")}
    kept = []
    for one in log:
        held = not one.is_sent
        turns = [0.0]
        # Nothing sent pauses them, so those who order again and again come up as often.
        if held and one.customer in buyers:
            turns += [30.0 + turn / 10 for turn in range(5)]
            orders.append((f"m-{one.customer}", one.customer, one.at + 31, ["tea"]))
        kept += [
            Said(one.customer, "refill", one.at + turn, one.is_sent, holdout=held, trial=True)
            for turn in turns
        ]
    found = learned(kept, orders)
    assert found.controls[REFILL[0]] == sum(not one.is_sent for one in log)
    assert found.uplift[REFILL[0]] == pytest.approx(0.0, abs=0.06)


def test_one_bulk_order_decides_nothing():
    log, orders = trial(2000, adds=False)
    control = next(one for one in log if not one.is_sent)
    bulk = ("bulk", control.customer, control.at + 3, [f"p{n}" for n in range(3000)])
    calm, wild = learned(log, orders), learned(log, [*orders, bulk])
    error = calm.uplift_variance[REFILL[0]] ** 0.5
    assert abs(wild.uplift[REFILL[0]] - calm.uplift[REFILL[0]]) < 2 * error


def test_a_window_that_is_not_over_says_nothing():
    log, orders = trial(2000)
    assert learned(log, orders, as_of=127).controls.sum() == 0
