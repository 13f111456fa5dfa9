"""What the rhythm of customers says in decisions: idle by their own silence, worth by their own."""

from __future__ import annotations

import numpy as np
import pytest

import nba
from nba.config import shipped
from nba.decide.coding import Coder
from nba.decide.outlook import Outlook
from nba.decide.playbook import Playbook
from nba.decide.policy import Policy
from nba.facts.fold import Facts, fold
from tests.shops import catalog, day, history, rows

QUICK = nba.TrainConfig.model_validate({"picks": {"models": ["item-item"]}})


def customers() -> list[tuple[str, str | None, float, list[str]]]:
    """Sixty who buy every ten days, sixty twice a year; all fell silent on day 700."""
    orders: list[tuple[str, str | None, float, list[str]]] = []
    for who in range(60):
        orders += [(f"w{who}-{n}", f"often-{who:02}", n * 10 + who % 5, ["tea"]) for n in range(70)]
        orders += [(f"y{who}-{n}", f"rare-{who:02}", n * 180 + who, ["tea"]) for n in range(4)]
    orders.append(("last", "somebody", 760, ["tea"]))
    return orders


@pytest.fixture(scope="module")
def policy() -> Policy:
    snapshot = nba.train(history(customers()), catalog("tea"), QUICK, threads=1)
    return Policy(snapshot, Playbook.from_toml(shipped("playbooks", "owox_2011")))


def test_the_same_silence_is_idle_for_who_bought_often_and_nothing_for_who_did_not(
    policy: Policy,
) -> None:
    facts = fold(rows(customers()), as_of=day(770), customers=["often-00", "rare-59", "nobody"])
    often, rare, nobody = policy.decide(["often-00", "rare-59", "nobody"], facts, day(770))
    assert (often.state, often.rhythm) == ("client/idle", "lost")
    assert (rare.state, rare.rhythm) == ("client/delivered", "active")
    assert (nobody.state, nobody.rhythm) == ("acquaintance/new", None)


def test_who_ordered_since_the_training_is_not_idle(policy: Policy) -> None:
    since = [*customers(), ("new", "often-00", 765, ["tea"])]
    facts = fold(rows(since), as_of=day(770), customers=["often-00"])
    decision = policy.decide("often-00", facts, day(770))
    assert (decision.state, decision.rhythm) == ("client/delivered", None)


def test_a_replay_sees_no_silence_that_had_not_begun(policy: Policy) -> None:
    facts = fold(rows(customers()), as_of=day(705), customers=["often-04", "rare-59", "often-00"])
    late, rare, _ = policy.decide(list(facts.customer_ids), facts, day(705))
    assert (late.state, late.rhythm) == ("client/delivered", "active")
    assert (rare.state, rare.rhythm) == ("client/delivered", "active")

    facts = fold(rows(customers()), as_of=day(300), customers=["often-00", "rare-59"])
    for decision in policy.decide(["often-00", "rare-59"], facts, day(300)):
        assert (decision.state, decision.rhythm) == ("client/delivered", None)


def outlook(policy: Policy, facts: Facts) -> Outlook:
    codes = Coder(policy.snapshot).code(facts).customer
    return Outlook.of(policy.snapshot, facts, codes, day(770))


def test_one_customer_has_the_outlook_of_many(policy: Policy) -> None:
    names = [f"often-{who:02}" for who in range(20)] + [f"rare-{who:02}" for who in range(20)]
    facts = fold(rows(customers()), as_of=day(770), customers=names)
    many = outlook(policy, facts)
    for row, name in enumerate(names):
        alone = fold(rows(customers()), as_of=day(770), customers=[name])
        one = outlook(policy, alone)
        assert one.profit[0] == many.profit[row]
        assert one.state[0] == many.state[row]
    assert (many.profit > 0).all()
    assert np.isfinite(many.profit).all()


def test_what_the_rhythm_says_at_once_is_what_it_says_one_by_one(policy: Policy) -> None:
    rhythm = policy.snapshot.rhythm
    everybody = np.arange(len(rhythm))
    for at in (day(700), day(770), day(1200)):
        state, alive, profit = rhythm.outlook(everybody, at)
        assert state.tolist() == rhythm.state(everybody, at).tolist()
        assert alive.tolist() == rhythm.p_alive(everybody, at).tolist()
        assert profit.tolist() == rhythm.profit_of_year(everybody, at).tolist()
    assert len(set(rhythm.state(everybody, day(770)).tolist())) > 1
