"""A fact that forbids a message, arriving between its decision and its claim: no leave is given."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Any

import numpy as np
import pytest

from nba.config import shipped
from nba.decide.claiming import Claimable
from nba.decide.playbook import Playbook
from nba.decide.policy import Policy
from nba.facts.fold import Facts
from nba.state.claims import Claim
from nba.state.ledger import claim
from nba.state.store import Store
from nba.state.tables import CONSENTS, EVENTS, MESSAGE_EVENTS, MESSAGES
from nba.state.writing import add
from tests.databases import DATABASES, database_url
from tests.faults.conftest import times
from tests.faults.jobs import version

NOW = np.datetime64("2026-03-02T12:00:00", "us")
NOW_US = int(NOW.astype(np.int64))
HOUR_US = 3_600_000_000
KINDS = ("refusal", "complained", "bounced", "unsubscribed")


@dataclass
class Shop:
    """Customers who each left a basket, and may all be reminded of it by e-mail."""

    store: Store
    policy: Policy
    customers: list[str]

    def decide(self, facts: Facts) -> Claimable:
        (customer,) = facts.customer_ids
        return Claimable.of(self.policy, self.policy.decide(customer, facts, facts.as_of))

    def claim(self, customer: str) -> Claim[Claimable]:
        return claim(self.store, customer, self.decide, NOW)

    def forbid(self, customer: str, kind: str) -> None:
        """Write down what forbids every e-mail to a customer."""
        told: dict[str, Any] = {"customer_id": customer, "channel": "email", "at": NOW_US - 1}
        if kind == "refusal":
            table, cells = CONSENTS, told | {"granted": False}
        else:
            names = {"event_id": f"{kind}-{customer}", "message_id": "m_before", "type": kind}
            table, cells = MESSAGE_EVENTS, told | names
        with self.store.writing([customer]) as connection:
            add(connection, table, [cells])


@pytest.fixture(params=DATABASES)
def shop(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Shop]:
    store = Store(database_url(request.param, tmp_path))
    customers = [f"c{number:04}" for number in range(times(1_000) // len(DATABASES))]
    with store.writing() as connection:
        grants = [
            {"customer_id": one, "channel": "email", "at": NOW_US - 90 * HOUR_US, "granted": True}
            for one in customers
        ]
        add(connection, CONSENTS, grants)
        baskets = [
            {
                "event_id": f"cart-{one}",
                "type": "add_to_cart",
                "at": NOW_US - 5 * HOUR_US,
                "customer_id": one,
                "product_id": "kettle",
            }
            for one in customers
        ]
        add(connection, EVENTS, baskets)
    playbook = Playbook.from_toml(shipped("playbooks", "owox_2011"))
    yield Shop(store, Policy(version(3_000), playbook), customers)
    store.close()


def test_what_is_written_between_decision_and_claim_is_obeyed(shop: Shop) -> None:
    granted: Counter[str] = Counter()
    for number, customer in enumerate(shop.customers):
        kind = KINDS[number % len(KINDS)]
        facts = shop.store.facts([customer], NOW)
        before = shop.policy.decide(customer, facts, NOW)
        assert before.message is not None
        assert before.message.channel == "email"
        shop.forbid(customer, kind)
        found = shop.claim(customer)
        granted[kind] += found.permit is not None
    assert not +granted


def test_of_a_claim_and_what_forbids_it_at_once_the_second_sees_the_first(
    shop: Shop, chance: np.random.Generator
) -> None:
    def ask(customer: str, written: Event) -> tuple[bool, Claim[Claimable]]:
        was_written = written.is_set()
        return was_written, shop.claim(customer)

    def forbid(customer: str, kind: str, written: Event) -> None:
        shop.forbid(customer, kind)
        written.set()

    with ThreadPoolExecutor(2) as pool:
        for number, customer in enumerate(shop.customers):
            written, kind = Event(), KINDS[number % len(KINDS)]
            if chance.random() < 0.5:
                asking = pool.submit(ask, customer, written)
                forbidding = pool.submit(forbid, customer, kind, written)
            else:
                forbidding = pool.submit(forbid, customer, kind, written)
                asking = pool.submit(ask, customer, written)
            forbidding.result()
            was_written, found = asking.result()
            assert not (was_written and found.permit is not None)
            # Asked again, leave that was given before is withdrawn.
            again = shop.claim(customer)
            assert again.permit is None
            assert (again.rule is not None) == (found.permit is not None)
    with shop.store.reading() as connection:
        left = MESSAGES.select().where(MESSAGES.c.left_at.is_not(None))
        assert connection.execute(left).all() == []
