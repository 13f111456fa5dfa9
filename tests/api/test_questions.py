"""Questions that arrive together: answered together, with the bytes of each alone."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from fastapi import FastAPI
from sqlalchemy import Connection

import nba
from nba.errors import StateError
from nba.facts.fold import Facts
from nba.state.known import Known
from nba.state.store import Store
from nba_api.app import create_app
from nba_api.live import Live
from nba_api.metrics import Metrics
from nba_api.next_messages import Question, answers, claimed_message, next_message
from nba_api.questions import MOST_QUESTIONS
from nba_api.settings import Settings
from tests.api.claims import claim_path, with_own_store
from tests.api.shop import ODD_CUSTOMER, is_problem, path_of

EVERYBODY = ("eve", "ann", "nobody", "bob", ODD_CUSTOMER, "dan", "nul\0nul", "ann")
STRANGERS = tuple(f"stranger-{number}" for number in range(4 * MOST_QUESTIONS))


@pytest.fixture
def app(
    settings: Settings, snapshot: nba.Snapshot, shop_folder: Path, tmp_path: Path
) -> Iterator[FastAPI]:
    # Whoever is erased leaves the snapshots, too.
    snapshot.publish(tmp_path / "models", trained_at="2026-03-01T13:00:00+00:00")
    told = with_own_store(settings, shop_folder, tmp_path)
    app = create_app(told.model_copy(update={"models": tmp_path / "models"}))
    yield app
    app.state.live.store.close()


def client_of(app: FastAPI) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1")


def ask(
    app: FastAPI, customers: Sequence[str], *, together: bool, **query: str
) -> list[httpx.Response]:
    paths = [path_of("customers", one, "next-message") for one in customers]

    async def ask_all() -> list[httpx.Response]:
        async with client_of(app) as client:
            if together:
                return await asyncio.gather(*(client.get(path, params=query) for path in paths))
            return [await client.get(path, params=query) for path in paths]

    return asyncio.run(ask_all())


def do(app: FastAPI, method: str, *paths: str) -> None:
    async def do_all() -> None:
        async with client_of(app) as client:
            for path in paths:
                assert (await client.request(method, path)).status_code == 200

    asyncio.run(do_all())


def contents(told: Sequence[httpx.Response]) -> list[bytes]:
    assert {one.status_code for one in told} == {200}
    assert {one.headers["cache-control"] for one in told} == {"private, no-store"}
    return [one.content for one in told]


def looks(app: FastAPI) -> int:
    """Count how often the store was looked at."""
    text = app.state.live.metrics.text().decode()
    found = re.search(r"nba_store_read_seconds_count (\d+)", text)
    assert found is not None
    return int(found[1])


@pytest.mark.parametrize("query", [{}, {"hour": "9"}, {"as_of": "2026-02-20T18:00Z"}])
def test_each_gets_the_bytes_it_would_get_alone(app: FastAPI, query: dict[str, str]) -> None:
    do(app, "POST", claim_path("ann"), claim_path("bob"))
    do(app, "DELETE", path_of("customers", "dan", "").removesuffix("/"))
    customers = [one for one in EVERYBODY if one != "dan" or "as_of" not in query]
    alone = contents(ask(app, customers, together=False, **query))
    assert b'"message_id"' in alone[customers.index("ann")] or "as_of" in query
    for _ in range(3):
        assert contents(ask(app, customers, together=True, **query)) == alone


def test_those_who_say_different_things_of_the_moment_share_a_look(app: FastAPI) -> None:
    live: Live = app.state.live
    policy, at = live.serving().policy, live.instant(None)
    moments = ({}, {"hour": "9"}, {"place": "home", "hour": "9"})
    asked = [Question.of(one, moment) for moment in moments for one in EVERYBODY]
    before = looks(app)
    told = answers(live.store, policy, asked, at)
    assert looks(app) - before <= 2
    assert told == [
        next_message(live.store, policy, one.customer, at, dict(one.said)) for one in asked
    ]
    assert len({one["decision_id"] for one in told}) == len(set(asked))


def test_those_who_come_together_share_their_looks(app: FastAPI) -> None:
    before = looks(app)
    contents(ask(app, STRANGERS, together=True))
    # Two looks a group, one at claims and one at facts; the first group may be of one.
    groups = len(STRANGERS) // MOST_QUESTIONS + 1
    assert groups - 1 <= looks(app) - before <= 2 * groups
    before = looks(app)
    contents(ask(app, STRANGERS[:8], together=False))
    assert looks(app) - before == 8


class BrokenStore(Store):
    """Cannot fold what it knows of one customer."""

    error: Exception = StateError("eve's rows cannot be read")

    def folded(
        self, connection: Connection, known: Known, customers: Sequence[str], as_of: np.datetime64
    ) -> Facts:
        """Fold as any store does."""
        if "eve" in customers:
            raise self.error
        return super().folded(connection, known, customers, as_of)


@pytest.mark.parametrize(("error", "status"), [(StateError("gone"), 503), (ValueError("?"), 500)])
def test_one_who_cannot_be_answered_keeps_nobody_else_from_it(
    app: FastAPI, error: Exception, status: int
) -> None:
    before = contents(ask(app, EVERYBODY, together=False))
    whole, broken = app.state.live.store, BrokenStore(str(app.state.live.settings.db))
    broken.error = error
    app.state.live.store = broken
    told = ask(app, EVERYBODY, together=True)
    app.state.live.store = whole
    broken.close()
    for one, expected, answer in zip(EVERYBODY, before, told, strict=True):
        assert is_problem(answer, status) if one == "eve" else answer.content == expected


class EarlyStore(Store):
    """A customer claims just before this store is asked for facts."""

    claiming: Any = None

    @contextmanager
    def asking(self) -> Iterator[Connection]:
        """Ask as any store does."""
        claiming, self.claiming = self.claiming, None
        if claiming is not None:
            claiming()
        with super().asking() as connection:
            yield connection


def test_who_claims_between_the_looks_is_shown_the_claim(app: FastAPI) -> None:
    live: Live = app.state.live
    policy, at = live.serving().policy, live.instant(None)
    store = EarlyStore(live.settings.db)
    claimed: list[dict[str, Any]] = []

    def claim() -> None:
        claimed.append(claimed_message(live.store, policy, "ann", at, {}, Metrics()))

    store.claiming = claim
    told = answers(store, policy, [Question(one) for one in EVERYBODY], at)
    assert told == [next_message(store, policy, one, at, {}) for one in EVERYBODY]
    store.close()
    assert claimed[0]["message_id"] == told[EVERYBODY.index("ann")]["message_id"]
