"""Who forges events is told to come less often; what is signed is kept all the same."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from nba.state.store import Store
from nba.state.tables import MESSAGE_EVENTS, WEBHOOK_EVENTS
from nba_api.limits import Buckets
from nba_api.settings import Settings
from tests.api.outside import app_of, rows_in, send_messages
from tests.api.shop import AS_OF, is_problem
from tests.databases import database_url
from tests.unit.api.webhooks.calls import Call
from tests.unit.api.webhooks.senders import Sender
from tests.unit.api.webhooks.told import SENDERS, sayable

PROXY = "10.0.0.1"
ATTACKER, SOMEBODY = "203.0.113.7", "203.0.113.8"
EACH = pytest.mark.parametrize("sender", SENDERS, ids=lambda one: one.name)


@pytest.fixture
def client(tmp_path: Path) -> Iterator[TestClient]:
    settings = Settings(
        models=tmp_path / "models",
        db=database_url("sqlite", tmp_path),
        as_of=AS_OF,
        trusted_proxies=(PROXY,),
    )
    app = app_of(settings)
    # Two at once, and as its clock stands still, no more.
    app.state.forgeries = Buckets(1, clock=lambda: 0.0)
    with TestClient(app, raise_server_exceptions=False, client=(PROXY, 50_000)) as client:
        send_messages(app.state.live.store)
        yield client


@pytest.fixture
def store(client: TestClient) -> Store:
    store: Store = client.app.state.live.store  # type: ignore[attr-defined]
    return store


def post(client: TestClient, call: Call, address: str) -> Any:
    headers = {**call.headers, "x-forwarded-for": address}
    return client.post(call.path, content=call.body, headers=headers)


def forged(call: Call) -> Call:
    """Give a request without what proves it."""
    kept = {name: one for name, one in call.headers.items() if name.lower() == "content-type"}
    body = call.body.replace(b'"Signature"', b'"S"')
    return replace(call, path=call.path.partition("?")[0], headers=kept, body=body)


@EACH
def test_beyond_the_allowance_forged_events_are_too_often_and_signed_ones_are_kept(
    client: TestClient, store: Store, sender: Sender
) -> None:
    calls = list(sender.calls(sayable(sender)))
    for _ in range(2):
        assert is_problem(post(client, forged(calls[0]), ATTACKER), 401)
    for _ in range(3):
        again = post(client, forged(calls[0]), ATTACKER)
        assert is_problem(again, 429)
        assert int(again.headers["retry-after"]) > 0
    assert rows_in(store, MESSAGE_EVENTS) == rows_in(store, WEBHOOK_EVENTS) == []
    # From the very address that was told to wait.
    assert {post(client, call, ATTACKER).status_code for call in calls} == {200}
    assert rows_in(store, MESSAGE_EVENTS)


def test_one_address_that_forges_is_no_other_one(client: TestClient) -> None:
    call = forged(next(iter(SENDERS[0].calls(sayable(SENDERS[0])))))
    assert [post(client, call, ATTACKER).status_code for _ in range(3)] == [401, 401, 429]
    assert post(client, call, SOMEBODY).status_code == 401
    # Nobody else than a proxy of ours says for whom they ask.
    pretending = f"{ATTACKER}, {SOMEBODY}"
    assert [post(client, call, pretending).status_code for _ in range(2)] == [401, 429]


def test_signed_events_take_nothing_of_what_may_be_forged(client: TestClient) -> None:
    calls = list(SENDERS[0].calls(sayable(SENDERS[0])))
    for _ in range(5):
        assert post(client, calls[0], ATTACKER).status_code == 200
    assert post(client, forged(calls[0]), ATTACKER).status_code == 401


def test_who_is_told_to_wait_is_counted(client: TestClient) -> None:
    call = forged(next(iter(SENDERS[0].calls(sayable(SENDERS[0])))))
    for _ in range(4):
        post(client, call, ATTACKER)
    assert 'nba_requests_refused_total{limit="rate"} 2.0' in client.get("/metrics").text
