"""What every request meets before its route: an id, limits on its size, and where it comes from.

Pure ASGI, a few dictionary look-ups a request.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from http import HTTPStatus
from typing import Final
from uuid import uuid4

from fastapi import HTTPException, Request
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from nba_api.problems import REQUEST_ID, problem

MAX_TARGET_BYTES: Final = 16_384
MAX_BODY_BYTES: Final = 1_000_000
_GIVEN_ID: Final = re.compile(r"[\w.:-]{1,64}", re.ASCII)
_READING: Final = frozenset(("GET", "HEAD", "OPTIONS"))


class Envelope:
    """Wraps the application."""

    def __init__(self, app: ASGIApp, *, hosts: Collection[str] = ()) -> None:
        """Wrap an application.

        Args:
            app: what answers.
            hosts: the names by which the server may be called; none means any. A server that is
                open because only this machine reaches it names them: otherwise a web page could
                have its own name point here and read the answers.
        """
        self._app = app
        self._hosts = frozenset(hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        given = headers.get(REQUEST_ID, "")
        request_id = given if _GIVEN_ID.fullmatch(given) else uuid4().hex
        scope.setdefault("state", {})["request_id"] = request_id
        is_head = scope["method"] == "HEAD"

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)[REQUEST_ID] = request_id
            elif is_head:
                message = {**message, "body": b""}
            await send(message)

        if (refused := self._refusal(scope, headers)) is not None:
            await problem(Request(scope), *refused)(scope, receive, answer)
            return
        # What answers GET answers HEAD; the copy keeps the same `state`.
        inner = {**scope, "method": "GET"} if is_head else scope
        await self._app(inner, _limited(receive), answer)

    def _refusal(self, scope: Scope, headers: Headers) -> tuple[int, str] | None:
        host = headers.get("host", "")
        if self._hosts and _name(host) not in self._hosts:
            return (
                HTTPStatus.MISDIRECTED_REQUEST,
                f"without keys the server answers to {', '.join(sorted(self._hosts))} only; "
                "let a proxy in front of it set the Host header to one of these",
            )
        size = len(scope.get("raw_path") or scope["path"]) + len(scope["query_string"])
        if size > MAX_TARGET_BYTES:
            return (
                HTTPStatus.REQUEST_URI_TOO_LONG,
                f"path and query have {size} bytes; at most {MAX_TARGET_BYTES} are read",
            )
        if scope["method"] not in _READING:
            origin = headers.get("origin")
            if origin is not None and origin.partition("://")[2] != host:
                return HTTPStatus.FORBIDDEN, "a page of another site may not change anything here"
            length = headers.get("content-length", "0")
            if length.isdecimal() and int(length) > MAX_BODY_BYTES:
                return _TOO_LARGE
        return None


_TOO_LARGE: Final = (
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    f"the body is larger than the {MAX_BODY_BYTES} bytes that are read",
)


def _limited(receive: Receive) -> Receive:
    """Stop reading a body that grows too large without having said so."""
    size = 0

    async def counted() -> Message:
        nonlocal size
        message = await receive()
        size += len(message.get("body", b""))
        if size > MAX_BODY_BYTES:
            raise HTTPException(*_TOO_LARGE)
        return message

    return counted


def _name(host: str) -> str:
    """Give the host without its port; an IPv6 address keeps its brackets."""
    return re.sub(r":\d+$", "", host).lower()
