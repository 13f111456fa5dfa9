"""Refills: on which day a product that a customer buys again is due, for few and for many."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

import nba
from nba.artifacts.repurchase import LIKELY
from nba.artifacts.snapshot import Snapshot
from nba.config import shipped
from nba.decide.playbook import Playbook
from nba.decide.policy import Policy
from nba.decide.triggering.refills import Refills
from nba.domain import DAY, MICROSECOND
from tests.facts_of import Row, facts, instant, order
from tests.shops import Order, catalog, day, history
from tests.unit.decide.catalogue.shop import FOLLOW_UP, may_be_sent

EVER = (np.datetime64("1990-01-01", "us"), np.datetime64("2200-01-01", "us"))
EVERY = {"quick": 25, "usual": 30, "slow": 36}
"""Days between two teas, by the name of who drinks them."""


def purchases() -> list[Order]:
    """Customers who buy tea every so many days, give or take two, and some a vase once."""
    return [
        (
            f"{name}{who}-{number}",
            f"{name}-{who:02}",
            who % 7 + days * number + (who + number) % 3,
            ["tea"],
        )
        for name, days in EVERY.items()
        for who in range(25)
        for number in range(1 + (350 - who % 7) // days)
    ] + [(f"v{who}", f"usual-{who:02}", 100 + who, ["vase"]) for who in range(25)]


@cache
def trained() -> Snapshot:
    return nba.train(
        history(purchases(), as_of=360),
        catalog({"product_id": "tea", "is_consumable": True}, "vase"),
        nba.TrainConfig.model_validate({"collaborative": {"factors": 2, "iterations": 1}}),
        threads=1,
    )


def code_of(customer: str) -> int:
    code = trained().customers.ids.find(customer)
    assert code is not None
    return code


def last_of(customer: str) -> float:
    return max(at for _, who, at, products in purchases() if who == customer and "tea" in products)


@pytest.mark.parametrize("name", list(EVERY))
def test_a_refill_is_due_an_interval_of_the_customers_own_after_the_last(name: str) -> None:
    customer = f"{name}-03"
    _, cell, at = Refills(trained()).between(np.array([code_of(customer)]), EVER)
    product = [trained().products.ids[int(code)] for code in trained().customers.product[cell]]
    assert product == ["tea"]
    expected = day(last_of(customer) + EVERY[name])
    assert abs((at[0] - expected) / DAY) <= 0.1 * EVERY[name]


def test_what_is_seldom_bought_again_is_not_waited_for() -> None:
    snapshot = trained()
    every = np.arange(len(snapshot.customers))
    _, cell, _ = Refills(snapshot).between(every, EVER)
    assert len(cell)
    assert (snapshot.repurchase.share[cell] >= np.float32(LIKELY)).all()
    assert snapshot.repurchase.known[cell].all()
    vase = snapshot.products.ids.find("vase")
    assert vase not in snapshot.customers.product[cell].tolist()


def test_the_first_instant_of_the_bounds_counts_and_the_last_does_not() -> None:
    refills, code = Refills(trained()), np.array([code_of("usual-03")])
    due = refills.between(code, EVER)[2][0]
    for bounds, found in (
        ((due, due + MICROSECOND), 1),
        ((due - DAY, due), 0),
        ((due + MICROSECOND, due + DAY), 0),
    ):
        assert len(refills.between(code, bounds)[0]) == found


def test_few_customers_and_many_have_the_same_refills() -> None:
    refills, count = Refills(trained()), len(trained().customers)
    random = np.random.default_rng(5)
    many = np.full(6_000, -1, np.int64)
    places = np.sort(random.choice(len(many), count, replace=False))
    many[places] = random.permutation(count)
    for bounds in (EVER, (day(360), day(385))):
        row, cell, at = refills.between(many, bounds)
        assert len(row)
        assert (np.diff(row) >= 0).all()
        for one in places[::7].tolist():
            alone = refills.between(many[one : one + 1], bounds)
            assert alone[1].tolist() == cell[row == one].tolist()
            assert (alone[2] == at[row == one]).all()


def test_whom_the_snapshot_does_not_know_needs_nothing() -> None:
    row, cell, at = Refills(trained()).between(np.array([-1, -1]), EVER)
    assert (len(row), len(cell), len(at)) == (0, 0, 0)


def sendable(at: float, *more: Row) -> set[str]:
    policy = Policy(trained(), Playbook.from_toml(shipped("playbooks", FOLLOW_UP)))
    mine = [
        order(when, *products, id=name, customer="ann", price=500)
        for name, who, when, products in purchases()
        if who == "usual-03"
    ]
    renamed = [{**one, "customer_id": "usual-03"} for one in [*mine, *more]]
    known = facts(as_of=at, orders=renamed, who=["usual-03"])
    return may_be_sent(policy.decide("usual-03", known, instant(at)))


def test_who_bought_since_is_not_reminded_of_the_last_but_one() -> None:
    due = last_of("usual-03") + 30
    assert "refill" in sendable(due)
    assert "refill" not in sendable(due, order(due - 5, "tea", id="since", delivered=due - 5))
