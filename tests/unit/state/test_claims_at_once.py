"""Claims at once: one permit a message, and none after a refusal was written."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from nba.domain import MICROSECOND
from nba.state.ledger import claim
from nba.state.store import Store
from nba.state.tables import MESSAGES
from tests.unit.state.cells import LINE_CELLS, ORDER_CELLS, load, write
from tests.unit.state.decisions import HOUR, NOON, Policy

CUSTOMERS = [f"c{number:03}" for number in range(40)]
NOW = int(NOON.astype(np.int64))
HOUR_US = 3_600_000_000


@pytest.fixture
def filled(either: Store) -> Store:
    grants = [(customer, "email", NOW - HOUR_US, True) for customer in CUSTOMERS]
    load(either, [ORDER_CELLS], [LINE_CELLS], consents=[grants])
    return either


def row_count(store: Store) -> int:
    with store.reading() as connection:
        return len(connection.execute(MESSAGES.select()).all())


def test_of_many_who_claim_at_once_one_gets_the_permit(filled: Store) -> None:
    def ask(number: int) -> tuple[bool, str]:
        found = claim(filled, "ann", Policy(), NOON + number % 3 * MICROSECOND)
        assert found.permit is not None
        return found.is_new, found.permit.message_id

    # As many at once as have a connection: who waits longer for one than its patience is refused.
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(ask, range(32)))
    assert sum(is_new for is_new, _ in answers) == 1
    assert len({message_id for _, message_id in answers}) == 1
    assert row_count(filled) == 1


def test_customers_claim_at_once_without_duplicates(filled: Store) -> None:
    def ask(number: int) -> tuple[str, str]:
        customer = f"c{number % 20}"
        found = claim(filled, customer, Policy(), NOON)
        assert found.permit is not None
        return customer, found.permit.message_id

    with ThreadPoolExecutor(8) as pool:
        answers = set(pool.map(ask, range(60)))
    assert len(answers) == len({customer for customer, _ in answers}) == 20
    assert row_count(filled) == 20


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_no_leave_is_given_once_a_refusal_was_written(filled: Store, seed: int) -> None:
    chance = np.random.default_rng(seed)
    refused: dict[str, float] = {}

    def refuse(customer: str) -> None:
        write(filled, "consents", (customer, "email", NOW, False))
        refused[customer] = time.monotonic()

    def ask(customer: str) -> tuple[str, float, bool]:
        began = time.monotonic()
        permit = claim(filled, customer, Policy(needs_consent=True), NOON + HOUR).permit
        return customer, began, permit is not None

    assert ask(CUSTOMERS[0])[2]
    refusals, claims = chance.permutation(CUSTOMERS).tolist(), chance.permutation(CUSTOMERS)
    with ThreadPoolExecutor(4) as pool:
        writing = pool.submit(lambda: list(map(refuse, refusals)))
        answers = list(pool.map(ask, [*claims.tolist(), *claims.tolist()]))
        writing.result()
    late = [given for customer, began, given in answers if refused[customer] < began]
    assert not any(late)
    # Asked again, whatever was open is withdrawn.
    assert not any(given for *_, given in map(ask, CUSTOMERS))
    with filled.reading() as connection:
        left = MESSAGES.select().where(MESSAGES.c.left_at.is_not(None))
        assert connection.execute(left).all() == []
