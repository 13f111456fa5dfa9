"""A sender that is killed between claim and acknowledgement loses nothing and doubles nothing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from nba.state.ledger import ack, claim
from nba.state.store import Store
from nba.state.tables import MESSAGES
from tests.databases import DATABASES, database_url
from tests.unit.state.cells import LINE_CELLS, ORDER_CELLS, load
from tests.unit.state.decisions import HOUR, NOON, Policy

REPO = Path(__file__).parents[3]
CUSTOMERS = [f"c{number:03}" for number in range(200)]

# Claims for one customer after the other, tells each permit, and acknowledges every second one.
PROGRAM = """
import sys
from nba.state.ledger import ack, claim
from nba.state.store import Store
from tests.unit.state.decisions import NOON, Policy
store = Store(sys.argv[1])
for number in range(200):
    permit = claim(store, f"c{number:03}", Policy(), NOON).permit
    print(permit.message_id, flush=True)
    if number % 2:
        ack(store, permit.message_id, NOON)
"""


@pytest.mark.parametrize("kind", DATABASES)
@pytest.mark.parametrize("told", [1, 2, 17, 40])
def test_what_was_claimed_before_a_kill_is_claimed_still(
    kind: str, tmp_path: Path, told: int
) -> None:
    url = database_url(kind, tmp_path)
    store = Store(url)
    load(store, [ORDER_CELLS], [LINE_CELLS])
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, url], stdout=subprocess.PIPE, text=True, cwd=REPO
    ) as sender:
        assert sender.stdout is not None
        permits = [sender.stdout.readline().strip() for _ in range(told)]
        sender.kill()
    with store.reading() as connection:
        if kind == "sqlite":
            assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
        rows = connection.execute(MESSAGES.select()).all()
    written = {row.customer_id: row for row in rows}
    assert len(written) == len(rows) >= told
    for customer, message_id in zip(CUSTOMERS, permits, strict=False):
        assert written[customer].message_id == message_id
    # Whoever takes over gets the permits that were not acknowledged, and no other for these.
    for customer, row in written.items():
        permit = claim(store, customer, Policy(), NOON + HOUR).permit
        if row.acked_at is None:
            assert permit is not None
            assert permit.message_id == row.message_id
            ack(store, permit.message_id, NOON + HOUR)
        else:
            assert permit is None
    with store.reading() as connection:
        left = connection.execute(MESSAGES.select().where(MESSAGES.c.left_at.is_not(None))).all()
    assert len(left) == len(written)
    assert all(row.acked_at is not None for row in left)
    store.close()
