"""What every request begins and ends with: an id, and after its answer a count and a log line.

Pure ASGI, a few dictionary look-ups a request.
"""

from __future__ import annotations

import logging
import re
import time
from typing import Final
from uuid import uuid4

from fastapi import HTTPException, Request
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from nba.errors import NbaError
from nba_api.live import Live
from nba_api.logs import REQUESTS
from nba_api.problems import REQUEST_ID, problem_of

DEGRADED: Final = "x-nba-degraded"
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

    def _label(self, headers: MutableHeaders, request_id: str) -> None:
        """Put on an answer what it says of the server."""
        headers[REQUEST_ID] = request_id
        if self._live.metrics.store_away_since is not None:
            headers[DEGRADED] = "db"
        if self._live.is_stopping:
            headers["connection"] = "close"


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
