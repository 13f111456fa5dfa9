"""When a rule ends is when it ended, and what was decided once is decided again."""

from __future__ import annotations

import json
import os
from collections import Counter
from random import Random

import duckdb
import numpy as np
import pytest

import nba
from nba.config import shipped
from nba.data.shop import Shop as Folder
from nba.data.simulator.generate import simulate
from nba.decide.decision import Decision
from nba.decide.playbook import Playbook
from nba.decide.policy import Policy
from nba.domain import MICROSECOND
from nba.facts.fold import Facts
from nba.vocabulary import Rule
from tests.oracle.allowed import Allowed
from tests.oracle.audit import given_by
from tests.oracle.machine import CHANNELS, CUSTOMERS, MOMENT, STARTS, ZONES, Shop
from tests.oracle.stock import policy

PLAYBOOKS = ("owox_2011", "plus_3_7_30")
SUPPRESSED = int(os.environ.get("NBA_SOAK_ENDS", "200"))
"""Messages that wait, of each playbook, of which the end is tried at least."""
MOST = 60
"""Of these of one message that one rule holds; fewer of those that the window alone holds."""
MOST_OF_WINDOWS = 15
WINDOWS = (Rule.NOT_DUE, Rule.NOT_STAGE)
REPLAYS = int(os.environ.get("NBA_SOAK_REPLAYS", "20"))
"""Of each playbook."""
TOGETHER = 10
"""Customers asked for at one instant."""
CUT = np.datetime64("2026-01-15T10:30", "us")
EARLIER = {
    "orders": "ordered_at < TIMESTAMP '{cut}'",
    "order_lines": (
        "order_id IN (SELECT order_id FROM '{shop}/orders.parquet' "
        "WHERE ordered_at < TIMESTAMP '{cut}')"
    ),
    "customers": "created_at IS NULL OR created_at < TIMESTAMP '{cut}'",
    "messages": "decided_at < TIMESTAMP '{cut}'",
} | dict.fromkeys(
    ("order_statuses", "product_states", "consents", "events", "message_events"),
    "\"at\" < TIMESTAMP '{cut}'",
)
"""Which rows of each table were there before."""
END = np.datetime64("2026-06-20T00:00", "us")

Held = tuple[Rule, np.datetime64]


class Waiting(Shop):
    """A shop that tries the end of what holds its messages back."""

    def __init__(self) -> None:
        super().__init__()
        self.tried: Counter[tuple[str, Rule]] = Counter()
        self.passed_by = 0

    def ask_all(self) -> None:
        """Ask about everybody at once, which takes half the time of one after the other."""
        left = [one["acked_at"] for one in self.world.tables["messages"]]
        at = max([self.now + MOMENT, *(one + 1 for one in left)])
        facts = self.world.facts(at, CUSTOMERS)
        told = policy(self.playbook).decide(list(CUSTOMERS), facts, np.datetime64(at, "us"))
        for decision in told:
            self.try_ends(facts, decision)
            if decision.message is None:
                continue
            given = given_by(decision.message)
            if given.send_after > at:
                self.waiting[decision.customer_id] = given.send_after
            else:
                self.send(decision.customer_id, given, at)

    def note(self, allowed: Allowed, facts: Facts, decision: Decision) -> None:
        self.try_ends(facts, decision)

    def try_ends(self, facts: Facts, decision: Decision) -> None:
        customer = decision.customer_id
        ends: dict[np.datetime64, list[tuple[str, Rule]]] = {}
        for message, (rule, until) in held(decision).items():
            if self.tried[message, rule] < (MOST_OF_WINDOWS if rule in WINDOWS else MOST):
                ends.setdefault(until, []).append((message, rule))
        for until, some in ends.items():
            assert until > decision.as_of
            before, after = (
                policy(self.playbook).decide(customer, facts, at)
                for at in (until - MICROSECOND, until)
            )
            told = {one.id for one in before.suppressed}
            for message, rule in some:
                if held(before).get(message) != (rule, until):
                    # It waits all the same, about something else or as its window passed meanwhile.
                    assert message in told, (message, rule, until)
                    self.passed_by += 1
                else:
                    self.tried[message, rule] += 1
                assert held(after).get(message) != (rule, until)


def held(decision: Decision) -> dict[str, Held]:
    return {one.id: (one.rule, one.until) for one in decision.suppressed if one.until is not None}


@pytest.mark.parametrize("playbook", PLAYBOOKS)
def test_a_rule_holds_up_to_its_end_and_not_at_it(playbook: str) -> None:
    tried: Counter[tuple[str, Rule]] = Counter()
    passed_by = 0
    random = Random(20_261_122)
    while tried.total() < SUPPRESSED:
        shop = Waiting()
        shop.playbook = playbook
        shop.tried = tried
        zones = tuple(random.choice(ZONES) for _ in range(3))
        shop.begin(
            start=random.choice(STARTS),
            zones=zones,
            granted=list(CHANNELS),
            company=True,
            born="1992-02-29",
            points=30,
        )
        for _ in range(4):
            shop.bustle(seed=random.randrange(2**32))
        passed_by += shop.passed_by
    rules = Counter[Rule]()
    for (_, rule), count in tried.items():
        rules[rule] += count
    assert passed_by < tried.total()
    assert {Rule.NOT_DUE, Rule.COOLDOWN, Rule.TRANSACTIONAL_TODAY} <= rules.keys()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    path = tmp_path_factory.mktemp("replayed") / "shop"
    simulate(path, orders=2_500, seed=7)
    return nba.read_shop(path)


@pytest.fixture(scope="module")
def snapshot(folder: Folder) -> nba.Snapshot:
    quick = nba.TrainConfig.model_validate({"collaborative": {"factors": 2, "iterations": 1}})
    return nba.train(folder.history, folder.catalog, quick, as_of=END, threads=1)


@pytest.fixture(scope="module")
def earlier(folder: Folder, tmp_path_factory: pytest.TempPathFactory) -> Folder:
    """The same shop before rows were added to every table of it."""
    path = tmp_path_factory.mktemp("earlier")
    with duckdb.connect() as connection:
        for file in folder.path.glob("*.parquet"):
            known = EARLIER.get(file.stem, "TRUE").format(shop=folder.path, cut=CUT)
            connection.execute(
                f"COPY (FROM '{file}' WHERE {known}) TO '{path / file.name}' (FORMAT parquet)"
            )
    return nba.read_shop(path)


@pytest.mark.parametrize("playbook", PLAYBOOKS)
def test_a_past_decision_is_the_same_once_later_rows_came(
    playbook: str, folder: Folder, earlier: Folder, snapshot: nba.Snapshot
) -> None:
    asked = Policy(snapshot, Playbook.from_toml(shipped("playbooks", playbook)))
    random = np.random.default_rng(4)
    everybody = list(earlier.history.baskets().customer_ids)
    given = 0
    for _ in range(REPLAYS // TOGETHER):
        at = CUT - np.timedelta64(int(random.integers(1, 300 * 86_400_000_000)), "us")
        names = random.choice(everybody, TOGETHER, replace=False).tolist()
        then, now = (
            asked.decide(names, one.facts(as_of=at, customers=names), at)
            for one in (earlier, folder)
        )
        assert [_json(one) for one in then] == [_json(one) for one in now]
        given += sum(one.message is not None for one in then)
    assert given > 0


def _json(decision: Decision) -> str:
    return json.dumps(decision.to_dict(), sort_keys=True)
