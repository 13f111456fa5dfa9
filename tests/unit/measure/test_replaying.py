"""Decisions asked again by what was known of their customers, equal to those by all that was."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nba
from nba.data.shop import Shop
from nba.decide.decision import Decision
from nba.decide.playbook import Playbook
from nba.decide.policy import Policy
from nba.facts.shelf import Shelf
from nba.facts.signals import Signals
from nba.measure.logged import Logged
from nba.measure.replaying import Shelves, Week
from nba.measure.valuation import replayed
from tests.shops import day

PLAYBOOKS = Path("models/playbooks")


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    folder = tmp_path_factory.mktemp("simulated") / "shop"
    nba.simulate(folder, orders=250, seed=7)
    return nba.read_shop(folder)


def told(one: Decision) -> dict[str, Any]:
    """Give what a decision says; its id names all products that anything is known of."""
    found = one.to_dict()
    del found["decision_id"]
    return found


def test_each_decision_is_the_one_by_all_that_was_known_at_its_instant(shop: Shop) -> None:
    whole = Logged.of(shop.history)
    whole = whole.take(np.argsort(whole.rows.decided_at, kind="stable"))
    places = np.concatenate([np.arange(4), np.linspace(5, len(whole) - 1, 8).astype(np.int64)])
    logged = whole.take(places).rows
    assert len(np.unique(logged.decided_at)) > 9
    snapshot = nba.train(shop.history, shop.catalog, as_of=logged.decided_at.min())
    playbook = Playbook.from_toml(PLAYBOOKS / "plus_3_7_30.toml")
    limited = [one.model_copy(update={"discount": 0.2, "budget": 900}) for one in playbook.message]
    playbook = playbook.model_copy(update={"message": tuple(limited)})
    policy, week = Policy(snapshot, playbook), Week.of(shop, logged)
    found = replayed(shop, logged, lambda _: snapshot, playbook, together=3)
    assert {one.message is None for one in found} == {True, False}
    for place, one in enumerate(found):
        at, name = logged.decided_at[place], logged.customer_ids[int(logged.customer[place])]
        facts = shop.facts(as_of=at, customers=[name])
        assert told(one) == told(policy.decide([name], facts, at)[0])
        assert week.counts(at).tolist() == facts.week_counts.tolist()


def states(*rows: tuple[str, float, str, int, int | None, float | None]) -> Signals:
    """Tell states: product, day, availability, price, sale price and until which day."""
    columns = zip(*rows, strict=True)
    names = ("product_id", "at", "availability", "price", "sale_price", "sale_until")
    cells = dict(zip(names, map(list, columns), strict=True))
    for name in ("at", "sale_until"):
        cells[name] = [
            None if one is None else int(day(one).astype(np.int64)) for one in cells[name]
        ]
    return Signals.of_columns({"product_states": cells})


def test_a_shelf_is_renewed_by_what_changed_alone() -> None:
    found = states(
        ("cup", 1, "in_stock", 500, None, None),
        ("cup", 4, "in_stock", 500, 300, 6),
        ("mug", 1, "out_of_stock", 700, None, None),
        ("mug", 5, "in_stock", 700, None, None),
        ("pan", 7, "in_stock", 900, None, None),
    )
    shelves = Shelves(found.states, found.product_ids)
    for number in (2, 2, 4, 4.5, 5, 5.5, 6, 6.5, 7, 7.5, 9):
        at = day(number)
        known = found.states.take(found.states.at < at)
        assert shelves.at(at) == replace(Shelf.of(known, found.product_ids, at), version="")
