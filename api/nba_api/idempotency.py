"""A request that is sent again under the same Idempotency-Key gets the first answer, not another.

Pure ASGI, behind the gate: only what a secret key may change is remembered, and by whose key.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Callable
from contextlib import suppress
from http import HTTPStatus
from typing import Final

import numpy as np
from fastapi import HTTPException, Response
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from nba.errors import StateError
from nba.state.idempotency import KeptAnswer, Turn, begin, drop, keep
from nba.state.store import Store
from nba_api.access import Proof, find_route
from nba_api.answers import PRIVATE

HEADER: Final = "idempotency-key"
REPLAYED: Final = "idempotency-replayed"
MAX_KEY: Final = 255
MAX_KEPT_BYTES: Final = 4_000_000
"""The answer to a whole segment is not kept; its claims give the same messages again anyway."""
WAIT_SECONDS: Final = 5.0
_CHECK_SECONDS: Final = 0.1
_BETWEEN: Final = b"\0"


def _now() -> np.datetime64:
    # A demonstration's clock that stands still makes nothing older.
    return np.datetime64(time.time_ns() // 1000, "us")


class Idempotency:
    """Wraps what answers; see the module."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        store: Store,
        clock: Callable[[], np.datetime64] = _now,
        wait_seconds: float = WAIT_SECONDS,
    ) -> None:
        """Wrap an application.

        Args:
            app: what answers.
            store: keeps the answers.
            clock: gives now.
            wait_seconds: how long a request waits for the first with its key.
        """
        self._app = app
        self._store = store
        self._clock = clock
        self._wait_seconds = wait_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or repeat the answer to the first with its key.

        Raises:
            HTTPException: the key is too long, stands for another request, or is in use.
            StateError: the store cannot be written.
        """
        key = _key(scope)
        if key is None:
            await self._app(scope, receive, send)
            return
        message = await receive()
        caller = scope["state"]["caller"].key_id or ""
        first = _First(self._store, caller, key, _hash(scope, message.get("body", b"")))
        kept = await self._turn(first)
        if kept is not None:
            headers = {"cache-control": PRIVATE, REPLAYED: "true"}
            answer = Response(kept.body, kept.status, headers, kept.media_type)
            await answer(scope, receive, send)
            return
        given = [message]

        async def again() -> Message:
            return given.pop() if given else await receive()

        await first.carry_out(self._app, scope, again, send)

    async def _turn(self, first: _First) -> KeptAnswer | None:
        """Wait until the request may be carried out, or its answer is there."""
        deadline = time.monotonic() + self._wait_seconds
        while True:
            found = await run_in_threadpool(first.begin, self._clock())
            if isinstance(found, KeptAnswer):
                return found
            if found is Turn.FIRST:
                return None
            if found is Turn.OTHER:
                raise HTTPException(
                    HTTPStatus.UNPROCESSABLE_ENTITY,
                    "this Idempotency-Key stands for another request, with another path or body; "
                    "choose a new key for a new request",
                )
            if time.monotonic() >= deadline:
                raise HTTPException(
                    HTTPStatus.CONFLICT,
                    "the first request with this Idempotency-Key is still under way; "
                    "ask again later",
                    {"retry-after": "5"},
                )
            await asyncio.sleep(_CHECK_SECONDS)


class _First:
    """The first request with a key, from its begin to its answer."""

    def __init__(self, store: Store, caller: str, key: str, request_hash: str) -> None:
        self._store = store
        self._named = caller, key
        self._hash = request_hash
        self._begun_at: np.datetime64 = np.datetime64("NaT", "us")

    def begin(self, at: np.datetime64) -> KeptAnswer | Turn:
        self._begun_at = at
        return begin(self._store, *self._named, self._hash, at)

    async def carry_out(self, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the application answer; who has read the whole answer finds it kept."""
        answer = _Copy()

        async def copied(message: Message) -> None:
            answer.take(message)
            if answer.is_whole and answer.is_worth_keeping:
                # What was done is done, whether or not this can be remembered.
                with suppress(StateError):
                    await run_in_threadpool(
                        keep, self._store, *self._named, self._begun_at, answer.kept()
                    )
            await send(message)

        try:
            await app(scope, receive, copied)
        finally:
            if not (answer.is_whole and answer.is_worth_keeping):
                with suppress(StateError):
                    await run_in_threadpool(drop, self._store, *self._named, self._begun_at)


class _Copy:
    """What was answered, as far as it is worth keeping."""

    def __init__(self) -> None:
        self._status = 0
        self._media_type: str | None = None
        self._pieces: list[bytes] = []
        self._size = 0
        self.is_whole = False

    @property
    def is_worth_keeping(self) -> bool:
        """Whether the request did something: what is refused, or fails, changes nothing."""
        return 0 < self._status < HTTPStatus.BAD_REQUEST and self._size <= MAX_KEPT_BYTES

    def take(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._status = message["status"]
            self._media_type = MutableHeaders(scope=message).get("content-type")
            return
        piece = message.get("body", b"")
        self._size += len(piece)
        if self.is_worth_keeping:
            self._pieces.append(piece)
        self.is_whole = not message.get("more_body", False)

    def kept(self) -> KeptAnswer:
        return KeptAnswer(self._status, self._media_type, b"".join(self._pieces))


def _key(scope: Scope) -> str | None:
    """Give the key of a request that is to be done once; null for any other.

    Raises:
        HTTPException: the key is empty or too long.
    """
    if scope["type"] != "http" or scope["method"] != "POST":
        return None
    key = Headers(scope=scope).get(HEADER)
    if key is None:
        return None
    asked = find_route("POST", scope["path"])
    if asked is None or asked.need.proof is not Proof.SECRET:
        return None
    if not 0 < len(key) <= MAX_KEY:
        raise HTTPException(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            f"the Idempotency-Key has {len(key)} characters; expected 1 to {MAX_KEY}",
        )
    return key


def _hash(scope: Scope, body: bytes) -> str:
    parts = (scope["path"].encode("utf-8", "surrogatepass"), scope["query_string"], body)
    return hashlib.sha256(_BETWEEN.join(parts)).hexdigest()
