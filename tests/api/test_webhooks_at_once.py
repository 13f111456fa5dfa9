"""Providers deliver to every worker at once, and some of it about people who are forgotten."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from nba.domain import to_instant
from nba.state.consents import history
from nba.state.erasure import erase
from nba.state.feedback import Kept, ProviderEvent, keep
from nba.state.store import Store
from nba.state.tables import CONSENTS, MESSAGE_EVENTS, WEBHOOK_EVENTS
from tests.api.outside import OWNERS, dump, rows_in, send_messages
from tests.api.shop import AS_OF
from tests.databases import DATABASES, database_url
from tests.unit.api.webhooks.calls import NOW

US = 1_000_000
OUTCOMES = ("delivered", "clicked", "clicked", "unsubscribed", None)
WORKERS = 4


def events(count: int) -> list[ProviderEvent]:
    """Give deliveries, clicks, unsubscribes and other things about many messages, some unknown."""
    draw = random.Random(count)
    return [
        ProviderEvent(
            f"p:{number:05}",
            "word",
            (NOW - draw.randrange(5)) * US,
            f"m_{draw.randrange(60)}",
            draw.choice(OUTCOMES),
        )
        for number in range(count)
    ]


@pytest.mark.parametrize("kind", DATABASES)
def test_workers_that_are_told_the_same_at_once_keep_it_once(kind: str, tmp_path: Path) -> None:
    told = events(1200)
    for name in ("alone", "together"):
        (tmp_path / name).mkdir()
    with (
        closing(Store(database_url(kind, tmp_path / "alone"))) as alone,
        closing(Store(database_url(kind, tmp_path / "together"))) as together,
    ):
        for store in (alone, together):
            send_messages(store, {f"m_{number}": f"c{number % 7}" for number in range(40)})
        assert keep(alone, "p", told).duplicates == 0

        def deliver(worker: int) -> int:
            shuffled = random.Random(worker).sample(told, len(told))
            groups = (shuffled[first : first + 300] for first in range(0, len(told), 300))
            kept = [keep(together, "p", group) for group in groups]
            return sum(one.accepted + one.counted for one in kept)

        with ThreadPoolExecutor(WORKERS) as pool:
            new = list(pool.map(deliver, range(WORKERS)))
        assert dump(together) == dump(alone)
        assert sum(new) == len(told)


@pytest.mark.parametrize("kind", DATABASES)
def test_nothing_is_kept_about_a_message_of_an_erased_customer(kind: str, tmp_path: Path) -> None:
    late = [
        ProviderEvent(f"p:{message}:{outcome}", "word", NOW * US, message, outcome)
        for message in OWNERS
        for outcome in ("unsubscribed", None)
    ]
    with closing(Store(database_url(kind, tmp_path))) as store:
        send_messages(store)
        erase(store, "ann", to_instant(AS_OF))
        assert keep(store, "p", late) == Kept(accepted=4, counted=4, duplicates=4)
        kept = rows_in(store, MESSAGE_EVENTS) + rows_in(store, WEBHOOK_EVENTS)
        assert {row["message_id"] for row in kept} == {"m_3", "m_4", "m_5", "m_6"}
        assert {row["customer_id"] for row in rows_in(store, CONSENTS)} == {"bob", "dan", "eve"}
        with store.reading() as connection:
            assert history(connection, "ann") == []
