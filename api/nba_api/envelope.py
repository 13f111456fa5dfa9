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
        request_id = request_id_of(_given_id(scope))
        scope.setdefault("state", {})["request_id"] = request_id
        is_head = scope["method"] == "HEAD"
        status = 0

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                sent = message.get("headers", ())
                # A new list: a layer behind may send the same one with every answer.
                others = [one for one in sent if one[0] != _REQUEST_ID]
                message = {**message, "headers": [*others, *labels(self._live, request_id)]}
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
            note(self._live, inner, status, began)


def request_id_of(given: bytes | None) -> str:
    """Give the id that a request brings, if it is one, or a new one."""
    if given is not None:
        text = given.decode("latin-1")
        if _GIVEN_ID.fullmatch(text):
            return text
    return token_hex(16)


def labels(live: Live, request_id: str) -> list[tuple[bytes, bytes]]:
    """Give the headers by which every answer says whose it is, and how the server is."""
    told = [(_REQUEST_ID, request_id.encode())]
    if live.metrics.store_away_since is not None:
        told.append(_DEGRADED)
    if live.is_stopping:
        told.append(_CLOSE)
    return told


def note(live: Live, scope: Scope, status: int, began: float) -> None:
    """Count an answer and, where that is wanted, write its line.

    Args:
        live: the server's state, which counts.
        scope: of the request, its state filled.
        status: of the answer.
        began: instant of `time.perf_counter` at which the request came.
    """
    seconds, route = time.perf_counter() - began, _template(scope)
    live.metrics.answered(route, status, seconds)
    if _LINES.isEnabledFor(logging.INFO):
        _log(scope, route, status, seconds)


def _given_id(scope: Scope) -> bytes | None:
    """Give the id that the request brings; of several the first."""
    for name, value in scope["headers"]:
        if name == _REQUEST_ID:
            given: bytes = value
            return given
    return None


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
