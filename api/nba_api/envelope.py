"""What every request begins and ends with: an id, and after its answer a count and a log line.

Pure ASGI, a few dictionary look-ups a request.
"""

from __future__ import annotations

import logging
import re
import time
from secrets import token_hex
from typing import Final

from fastapi import HTTPException, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from nba.errors import NbaError
from nba_api.live import Live
from nba_api.logs import REQUESTS
from nba_api.problems import REQUEST_ID, problem_of

_REQUEST_ID: Final = REQUEST_ID.encode()
_DEGRADED: Final = (b"x-nba-degraded", b"db")
_CLOSE: Final = (b"connection", b"close")
TEMPLATE: Final = "template"
"""Key of a request's state under which a layer that answers before the routes names its route."""
_GIVEN_ID: Final = re.compile(r"[\w.:-]{1,64}", re.ASCII)
_NO_ROUTE: Final = "none"

LOG: Final = logging.getLogger(__name__)
_LINES: Final = logging.getLogger(REQUESTS)


class Envelope:
    """Wraps the application."""

    def __init__(self, app: ASGIApp, live: Live) -> None:
        """Wrap an application.

        Args:
            app: what answers.
            live: the server's state, which counts.
        """
        self._app = app
        self._live = live

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        request_id = _given_id(scope) or token_hex(16)
        scope.setdefault("state", {})["request_id"] = request_id
        is_head = scope["method"] == "HEAD"
        status = 0

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message = {**message, "headers": self._labelled(message, request_id)}
            elif is_head:
                message = {**message, "body": b""}
            await send(message)

        # What answers GET answers HEAD; the copy keeps the same `state`.
        inner = {**scope, "method": "GET"} if is_head else scope
        metrics = self._live.metrics
        metrics.in_flight += 1
        try:
            await self._app(inner, receive, answer)
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

    def _labelled(self, message: Message, request_id: str) -> list[tuple[bytes, bytes]]:
        """Give the headers of an answer, with what it says of the server."""
        # A new list: a layer behind may send the same one with every answer.
        labels = [one for one in message.get("headers", ()) if one[0] != _REQUEST_ID]
        labels.append((_REQUEST_ID, request_id.encode()))
        if self._live.metrics.store_away_since is not None:
            labels.append(_DEGRADED)
        if self._live.is_stopping:
            labels.append(_CLOSE)
        return labels


def _given_id(scope: Scope) -> str:
    """Give the id that the request brings, if it is one."""
    for name, value in scope["headers"]:
        if name == _REQUEST_ID:
            text: str = value.decode("latin-1")
            return text if _GIVEN_ID.fullmatch(text) else ""
    return ""


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
