"""Many who claim at once, and senders that are killed: one message a customer, whatever happens."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import func, select

from nba.state.store import Store
from nba.state.stuck import stuck_messages
from nba.state.tables import MESSAGES
from tests.databases import DATABASES, database_url
from tests.faults.conftest import times
from tests.faults.forks import Forks
from tests.unit.state.decisions import HOUR, NOON

WORKERS, RETRIES = 4, 3


@pytest.fixture(params=DATABASES)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    url = database_url(request.param, tmp_path)
    # Of the processes to come none is to make the tables.
    Store(url).close()
    return url


def test_four_workers_who_claim_for_all_send_each_message_once(forks: Forks, url: str) -> None:
    # Twelve claims a customer, at some milliseconds each.
    count = times(10_000, default=0.005)
    shares = [[url, count, RETRIES, seed] for seed in range(WORKERS)]
    codes, new = forks.run("claim_all", *shares)
    assert codes == [0] * WORKERS
    assert sum(int(one) for one in new if one.isdecimal()) == count
    store = Store(url)
    with store.reading() as connection:
        counted = select(func.count(), func.count(MESSAGES.c.customer_id.distinct()))
        assert connection.execute(counted).one() == (count, count)
    store.close()


def test_a_sender_killed_between_claim_and_acknowledgement_doubles_nothing(
    forks: Forks, url: str, tmp_path: Path, chance: np.random.Generator
) -> None:
    kills, outbox = times(100, default=0.05), tmp_path / "outbox"
    outbox.touch()
    for _ in range(kills):
        # Each takes over a little before where the one before it was killed.
        first = max(len(outbox.read_text("ascii").splitlines()) - 3, 0)
        job = forks.begin("send_all", [url, str(outbox), first])
        job.wait_until_ready()
        job.wait_for(int(chance.integers(1, 6)))
        job.kill_after(float(chance.uniform(0, 0.02)))
    store = Store(url)
    with store.reading() as connection:
        claimed = MESSAGES.select().where(MESSAGES.c.claimed_at.is_not(None))
        rows = connection.execute(claimed).all()
    waiting = {one.message_id for one in stuck_messages(store, NOON + HOUR, HOUR)}
    store.close()
    sent: dict[str, set[str]] = defaultdict(set)
    lines = outbox.read_text("ascii").splitlines()
    for customer, message_id in (line.split() for line in lines):
        sent[customer].add(message_id)
    assert len(lines) == len(sent)
    assert len(rows) == len({row.customer_id for row in rows}) >= len(sent) > kills
    # What was not sent, or not acknowledged after it was sent, is what nba messages stuck lists.
    assert waiting == {row.message_id for row in rows if row.acked_at is None}
    never = {row.message_id for row in rows} - set().union(*sent.values())
    assert never <= waiting
    assert len(waiting) <= kills
