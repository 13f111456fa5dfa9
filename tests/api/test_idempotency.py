"""Requests sent again under one key: carried out once, and answered by the same bytes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from fastapi import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from nba.state.idempotency import ABANDONED, KEPT, Turn, begin
from nba.state.store import Store
from nba_api.idempotency import Idempotency
from nba_api.keys import Caller
from nba_api.problems import problem_of
from tests.databases import DATABASES, database_url

START = np.datetime64("2026-03-01T12:00:00", "us")
CLAIM = "/v1/customers/ann/next-message:claim"
SECRET = Caller("k1", "secret", frozenset(("write",)))


class Counted:
    """Answers how often it was asked, with the status and after the pause that the query says."""

    def __init__(self) -> None:
        self.count = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.count += 1
        asked = Request(scope, receive)
        body = await asked.body()
        if "fail" in asked.query_params:
            raise RuntimeError("no answer at all")
        await asyncio.sleep(float(asked.query_params.get("pause", 0)))
        status = int(asked.query_params.get("status", 200))
        headers = [(b"content-type", b"application/x-count")]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        for piece in (f"{self.count} ".encode(), body):
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b"."})


class Doorway:
    """Stands for envelope and gate: says who asks, and makes problems of errors."""

    def __init__(self, app: ASGIApp, caller: Caller) -> None:
        self._app, self._caller = app, caller

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["state"] = {"caller": self._caller, "request_id": "r1"}
        try:
            await self._app(scope, receive, send)
        except Exception as error:
            await problem_of(Request(scope), error)(scope, receive, send)


class Shop:
    """A counting application behind the layer, a clock that is set by hand, and its clients."""

    def __init__(self, store: Store) -> None:
        self.store, self.app, self.at = store, Counted(), START
        self._layer = Idempotency(self.app, store=store, clock=lambda: self.at, wait_seconds=0.5)

    async def posts(self, *asked: Any, path: str = CLAIM, caller: Caller = SECRET) -> list[Any]:
        """Send requests at once, each given as its key and body, or as key, body and query."""
        transport = httpx.ASGITransport(Doorway(self._layer, caller))
        async with httpx.AsyncClient(transport=transport, base_url="http://shop") as client:

            async def one(key: str | None, body: bytes = b"{}", query: str = "") -> Any:
                headers = {} if key is None else {"Idempotency-Key": key}
                return await client.post(f"{path}?{query}", content=body, headers=headers)

            return await asyncio.gather(*(one(*words) for words in asked))

    def post(self, *asked: Any, **more: Any) -> Any:
        return asyncio.run(self.posts(asked, **more))[0]


@pytest.fixture(params=DATABASES)
def shop(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Shop]:
    store = Store(database_url(request.param, tmp_path))
    yield Shop(store)
    store.close()


def test_the_second_request_with_a_key_gets_the_bytes_of_the_first(shop: Shop) -> None:
    first, second = shop.post("k", b'{"hour": 9}'), shop.post("k", b'{"hour": 9}')
    assert first.content == second.content == b'1 {"hour": 9}.'
    assert second.headers["content-type"] == "application/x-count"
    assert (first.status_code, second.status_code, shop.app.count) == (200, 200, 1)
    assert "idempotency-replayed" not in first.headers
    assert second.headers["idempotency-replayed"] == "true"
    assert shop.post("l").content == b"2 {}."


def test_an_answer_is_kept_for_a_day_at_least_and_not_for_ever(shop: Shop) -> None:
    first = shop.post("k")
    shop.at = START + np.timedelta64(24, "h")
    assert shop.post("k").content == first.content
    shop.at = START + KEPT + np.timedelta64(1, "us")
    assert shop.post("k").content == b"2 {}."


@pytest.mark.parametrize(
    ("body", "query", "path"),
    [(b"[]", "", CLAIM), (b"{}", "a=1", CLAIM), (b"{}", "", "/v1/messages/m_1:ack")],
)
def test_a_key_that_stands_for_another_request_is_refused(
    shop: Shop, body: bytes, query: str, path: str
) -> None:
    shop.post("k")
    answer = shop.post("k", body, query, path=path)
    assert (answer.status_code, shop.app.count) == (422, 1)
    assert answer.headers["content-type"] == "application/problem+json"


def test_keys_of_another_caller_are_other_keys(shop: Shop) -> None:
    shop.post("k")
    for number, caller in enumerate(
        (Caller("k2", "secret", SECRET.scopes), Caller(None, "open", SECRET.scopes))
    ):
        assert shop.post("k", caller=caller).content == f"{number + 2} {{}}.".encode()


def test_of_two_at_once_the_second_waits_and_gets_the_same(shop: Shop) -> None:
    slow = ("k", b"{}", "pause=0.2")
    answers = asyncio.run(shop.posts(slow, slow, slow))
    assert {one.content for one in answers} == {b"1 {}."}
    assert shop.app.count == 1


def test_who_waits_too_long_is_told_so(shop: Shop) -> None:
    slow = ("k", b"{}", "pause=1.5")
    answers = asyncio.run(shop.posts(slow, slow))
    assert sorted(one.status_code for one in answers) == [200, 409]
    late = max(answers, key=lambda one: one.status_code)
    assert late.headers["retry-after"] == "5"
    assert shop.app.count == 1


@pytest.mark.parametrize("query", ["status=500", "status=503", "status=422", "status=404", "fail"])
def test_what_failed_or_was_refused_may_be_sent_again(shop: Shop, query: str) -> None:
    assert shop.post("k", b"{}", query).status_code >= 400
    assert shop.post("k", b"{}", query).status_code >= 400
    assert shop.app.count == 2
    assert shop.post("k", b"[]").content == b"3 []."


def test_a_request_whose_process_died_may_be_sent_again_after_a_minute(shop: Shop) -> None:
    named = ("k1", "dead", "0" * 64)
    assert begin(shop.store, *named, START) is Turn.FIRST
    assert begin(shop.store, *named, START + ABANDONED) is Turn.BUSY
    late = START + ABANDONED + np.timedelta64(1, "us")
    assert begin(shop.store, *named, late) is Turn.FIRST
    assert begin(shop.store, *named, late) is Turn.BUSY


@pytest.mark.parametrize(
    ("path", "key"),
    [
        ("/v1/events", "k"),
        ("/v1/webhooks/postmark", "k"),
        ("/v1/u/token", "k"),
        ("/unheard-of", "k"),
        (CLAIM, None),
    ],
)
def test_only_what_a_secret_key_may_change_is_remembered(
    shop: Shop, path: str, key: str | None
) -> None:
    assert [shop.post(key, path=path).content for _ in range(2)] == [b"1 {}.", b"2 {}."]


@pytest.mark.parametrize("key", ["", "k" * 256])
def test_a_key_has_one_to_255_characters(shop: Shop, key: str) -> None:
    assert shop.post(key).status_code == 422
    assert shop.app.count == 0
    assert shop.post("k" * 255).status_code == 200


def test_an_answer_too_large_to_keep_is_given_and_forgotten(shop: Shop) -> None:
    large = b"x" * 4_000_000
    answers: list[Callable[[], Any]] = [lambda: shop.post("k", large)] * 2
    assert [len(ask().content) for ask in answers] == [4_000_003] * 2
    assert shop.app.count == 2
