"""Refusals as pages: who opens the console in a browser is not answered with JSON."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Final
from urllib.parse import quote

import orjson
from fastapi import Request, Response
from fastapi.responses import RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from nba_api.admission import READING
from nba_api.answers import PRIVATE
from nba_api.callers import shows_key
from nba_api.console.frame import console_page
from nba_api.cors import safe_headers
from nba_api.problems import MEDIA_TYPE
from nba_api.sessions import PATH

ENTRY: Final = f"{PATH}/enter"


class Refusals:
    """Turns problems of the console into pages for browsers; who is not in is asked for a key."""

    def __init__(self, app: ASGIApp) -> None:
        """Wrap an application."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http" or not _is_page(scope):
            await self._app(scope, receive, send)
            return
        start: Message = {}
        body = b""

        async def answer(message: Message) -> None:
            nonlocal start, body
            if message["type"] == "http.response.start" and _is_problem(message):
                start = message
            elif not start:
                await send(message)
            else:
                body += message.get("body", b"")

        await self._app(scope, receive, answer)
        if start:
            request = Request(scope)
            shown = _shown(request, start["status"], orjson.loads(body))
            kept = [one for one in start["headers"] if one[0] in _KEPT]
            shown.raw_headers.extend(kept)
            # The gate stands behind this page, and has seen another answer.
            shown.raw_headers.extend(safe_headers(scope["path"], shown.raw_headers))
            await shown(scope, receive, send)


_KEPT: Final = (b"retry-after", b"allow", b"vary")


def _is_page(scope: Scope) -> bool:
    """Whether a browser asks for a page of the console; programs, styles and pictures do not."""
    path: str = scope["path"]
    is_here = path == PATH or path.startswith(f"{PATH}/")
    return is_here and b"text/html" in dict(scope["headers"]).get(b"accept", b"")


def _is_problem(message: Message) -> bool:
    kind: bytes = dict(message["headers"]).get(b"content-type", b"")
    return kind == MEDIA_TYPE.encode()


def _shown(request: Request, status: int, problem: dict[str, Any]) -> Response:
    headers = request.headers
    if status == HTTPStatus.UNAUTHORIZED and not shows_key(headers.get("authorization", "")):
        # What a form wanted to change is not done later on: its page is what one comes back to.
        wanted = quote(request.scope["path"]) if request.method in READING else PATH
        query = f"?{request.url.query}" if request.url.query and request.method in READING else ""
        to = quote(wanted + query, safe="")
        answer = RedirectResponse(f"{ENTRY}?to={to}", HTTPStatus.SEE_OTHER)
        answer.headers["cache-control"] = PRIVATE
        return answer
    return console_page(request, "refused.html", {"problem": problem}, status=status)
