"""What every request meets before its route: an id, limits on its size, and where it comes from.

And after it: what its answer says of the server, a count, a line in the log. Pure ASGI, a few
dictionary look-ups a request.
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Collection
from http import HTTPStatus
from typing import Final
from uuid import uuid4

from fastapi import HTTPException, Request
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from nba.errors import NbaError
from nba_api.live import Live
from nba_api.logs import REQUESTS
from nba_api.problems import REQUEST_ID, problem, problem_of

DEGRADED: Final = "x-nba-degraded"
TEMPLATE: Final = "template"
"""Key of a request's state under which a layer that answers before the routes names its route."""
MAX_TARGET_BYTES: Final = 16_384
MAX_BODY_BYTES: Final = 1_000_000
_GIVEN_ID: Final = re.compile(r"[\w.:-]{1,64}", re.ASCII)
_READING: Final = frozenset(("GET", "HEAD", "OPTIONS"))
_NO_ROUTE: Final = "none"

LOG: Final = logging.getLogger(__name__)
_LINES: Final = logging.getLogger(REQUESTS)


class Envelope:
    """Wraps the application."""

    def __init__(self, app: ASGIApp, live: Live, *, hosts: Collection[str] = ()) -> None:
        """Wrap an application.

        Args:
            app: what answers.
            live: the server's state, which counts.
            hosts: the names by which the server may be called; none means any. A server that is
                open because only this machine reaches it names them: otherwise a web page could
                have its own name point here and read the answers.
        """
        self._app = app
        self._live = live
        self._hosts = frozenset(hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        headers = Headers(scope=scope)
        given = headers.get(REQUEST_ID, "")
        request_id = given if _GIVEN_ID.fullmatch(given) else uuid4().hex
        scope.setdefault("state", {})["request_id"] = request_id
        is_head = scope["method"] == "HEAD"
        status = 0

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                self._label(MutableHeaders(scope=message), request_id)
            elif is_head:
                message = {**message, "body": b""}
            await send(message)

        # What answers GET answers HEAD; the copy keeps the same `state`.
        inner = {**scope, "method": "GET"} if is_head else scope
        metrics = self._live.metrics
        metrics.in_flight += 1
        try:
            if (refused := self._refusal(scope, headers)) is not None:
                await problem(Request(scope), *refused)(scope, receive, answer)
            else:
                await self._app(inner, _limited(receive), answer)
        except Exception as error:
            if not isinstance(error, NbaError | HTTPException):
                LOG.exception("request %s failed", request_id)
            if status:
                # The client has half an answer: only a broken connection tells it so.
                raise
            await problem_of(Request(scope), error)(scope, receive, answer)
        finally:
            metrics.in_flight -= 1
            seconds, route = time.perf_counter() - began, _template(inner)
            metrics.answered(route, status, seconds)
            if _LINES.isEnabledFor(logging.INFO):
                _log(inner, route, status, seconds)

    def _label(self, headers: MutableHeaders, request_id: str) -> None:
        """Put on an answer what it says of the server."""
        headers[REQUEST_ID] = request_id
        if self._live.metrics.store_away_since is not None:
            headers[DEGRADED] = "db"
        if self._live.is_stopping:
            headers["connection"] = "close"

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


def _template(scope: Scope) -> str:
    """Name the route that answered, without what its path was filled with."""
    named: str | None = scope["state"].get(TEMPLATE)
    if named is None:
        named = getattr(scope.get("route"), "path", None)
    return _NO_ROUTE if named is None else named


def _log(scope: Scope, route: str, status: int, seconds: float) -> None:
    """Write one line on a request: no id of a customer or product, no query, no body."""
    caller = scope["state"].get("caller")
    told = {
        "request_id": scope["state"]["request_id"],
        "route": route,
        "status": status,
        "ms": round(1000 * seconds, 2),
        "key_id": getattr(caller, "key_id", None),
    }
    _LINES.info("%s", scope["method"], extra=told)
