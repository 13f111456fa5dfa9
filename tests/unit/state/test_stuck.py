"""Messages that were claimed and never acknowledged are listed until something is heard of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from nba.state.ledger import ack, claim
from nba.state.store import Store
from nba.state.stuck import stuck_messages
from nba.state.tables import MESSAGE_EVENTS, MESSAGES
from nba.state.writing import add
from tests.databases import DATABASES, database_url
from tests.unit.state.decisions import HOUR, NOON, Policy

NO_TIME = np.timedelta64(0, "s")
NOON_US = int(NOON.astype(np.int64))


@pytest.fixture(params=DATABASES)
def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    store = Store(database_url(request.param, tmp_path))
    yield store
    store.close()


def claimed(store: Store, customer: str, at: np.datetime64 = NOON) -> str:
    permit = claim(store, customer, Policy(), at).permit
    assert permit is not None
    return permit.message_id


def stuck(store: Store, at: np.datetime64, older_than: np.timedelta64 = NO_TIME) -> list[str]:
    return [one.message_id for one in stuck_messages(store, at, older_than)]


def test_what_is_not_acknowledged_is_stuck_until_it_is(ledger: Store) -> None:
    first, second = claimed(ledger, "ann"), claimed(ledger, "bob", NOON + HOUR)
    assert stuck(ledger, NOON + HOUR) == [first, second]
    ack(ledger, first, NOON + HOUR)
    assert stuck(ledger, NOON + HOUR) == [second]


def test_only_what_was_claimed_so_long_ago_is_stuck(ledger: Store) -> None:
    message = claimed(ledger, "ann")
    assert stuck(ledger, NOON + HOUR, HOUR) == [message]
    assert stuck(ledger, NOON + HOUR, HOUR + np.timedelta64(1, "us")) == []


def test_what_is_past_its_expiry_is_not_to_be_sent(ledger: Store) -> None:
    claimed(ledger, "ann")
    day = 24 * HOUR
    (before,) = stuck_messages(ledger, NOON + day - np.timedelta64(1, "us"), NO_TIME)
    (after,) = stuck_messages(ledger, NOON + day, NO_TIME)
    assert (before.is_expired, after.is_expired) == (False, True)
    assert before.remedy.startswith("claim again")
    assert after.remedy.startswith("do not send it")
    assert after.to_dict() == {
        "message_id": before.message_id,
        "customer_id": "ann",
        "message": "cart-reminder",
        "channel": "email",
        "claimed_at": "2026-03-02T12:00:00Z",
        "expires_at": "2026-03-03T12:00:00Z",
        "is_expired": True,
        "remedy": after.remedy,
    }


def test_what_the_provider_sent_is_not_stuck(ledger: Store) -> None:
    message = claimed(ledger, "ann")
    cells = {"event_id": "e1", "message_id": message, "type": "delivered", "at": NOON_US + 1}
    with ledger.writing() as connection:
        add(connection, MESSAGE_EVENTS, [cells])
    assert stuck(ledger, NOON + HOUR) == []


def test_an_imported_log_is_not_stuck(ledger: Store) -> None:
    claimed(ledger, "ann")
    with ledger.writing() as connection:
        connection.execute(MESSAGES.update().values(expires_at=None))
    assert stuck(ledger, NOON + HOUR) == []
