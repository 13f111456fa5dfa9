"""Who gets past: hosts, origins, keys, rates, sizes. Raw ASGI, before every route."""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

from fastapi import HTTPException, Request, Response
from fastapi.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from nba.errors import NbaError
from nba_api.access import Need, Proof, find_route
from nba_api.admission import READING, Admission, check_target
from nba_api.bodies import Room, read_body
from nba_api.callers import Headers, text_of
from nba_api.cors import not_said_by, preflight, safe_headers
from nba_api.envelope import TEMPLATE
from nba_api.keys import Caller
from nba_api.limits import too_often
from nba_api.problems import problem_of

UNPROVEN_BYTES: Final = 64_000_000
"""What the bodies of webhooks and links may take of memory, before anybody knows who sent them."""
_RETRY_SECONDS: Final = 1


class Gate:
    """Lets pass who may, and tells the routes who it is: `request.state.caller`."""

    def __init__(self, app: ASGIApp, admission: Admission) -> None:
        """Stand before an application.

        Args:
            app: what answers who gets past.
            admission: the rules.
        """
        self._app = app
        self._admission = admission
        self._room = Room(UNPROVEN_BYTES)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers: Headers = dict(scope["headers"])
        shared = self._admission.shared(headers)
        has_begun = False

        async def answer(message: Message) -> None:
            nonlocal has_begun
            if message["type"] == "http.response.start":
                has_begun = True
                sent = message.get("headers", ())
                # A new list: a layer behind may send the same one with every answer.
                labels = [*sent, *not_said_by(sent, shared), *safe_headers(scope["path"], sent)]
                message = {**message, "headers": labels}
            await send(message)

        try:
            await self._pass(scope, headers, receive, answer)
        except (NbaError, HTTPException) as error:
            if has_begun:
                raise
            await problem_of(Request(scope), error)(scope, receive, answer)

    async def _pass(self, scope: Scope, headers: Headers, receive: Receive, send: Send) -> None:
        check_target(scope)
        wanted = text_of(headers, b"access-control-request-method")
        if scope["method"] == "OPTIONS" and wanted:
            await self._preflight(scope, headers, wanted)(scope, receive, send)
            return
        has_cookie = b"cookie" in headers
        if has_cookie and not self._admission.sessions.is_ready_for(scope["path"]):
            # Once in the life of a process; no other request waits for the store meanwhile.
            await run_in_threadpool(self._admission.sessions.prepare)
        need, caller = self._admit(scope, headers)
        scope["state"]["caller"] = caller
        if need.proof is Proof.NOTHING:
            # Health is asked for most when everything else is too much.
            await self._app(scope, receive, send)
            return
        if caller.kind == "none":
            with self._room.counting(receive) as counted:
                await self._answer(need, scope, headers, counted, send)
        else:
            await self._answer(need, scope, headers, receive, send)

    async def _answer(
        self, need: Need, scope: Scope, headers: Headers, receive: Receive, send: Send
    ) -> None:
        self._check_places()
        if scope["method"] not in READING:
            # Read before it takes a place: who sends slowly keeps nobody else from an answer.
            length = text_of(headers, b"content-length")
            receive = await read_body(length, receive, need.max_bytes)
            self._check_places()
        self._admission.taken += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._admission.taken -= 1

    def _check_places(self) -> None:
        if not self._admission.has_place:
            self._admission.metrics.request_refused("concurrency")
            raise HTTPException(
                HTTPStatus.SERVICE_UNAVAILABLE,
                f"{self._admission.places} requests are being answered already; ask again shortly",
                {"retry-after": str(_RETRY_SECONDS)},
            )

    def _admit(self, scope: Scope, headers: Headers) -> tuple[Need, Caller]:
        """Give what the route asks for and who asks, or refuse."""
        asked = find_route(scope["method"], scope["path"])
        if asked is not None:
            scope["state"][TEMPLATE] = asked.template
        try:
            need, caller = self._admission.who(asked, scope, headers)
        except HTTPException:
            if asked is not None and not self._admission.is_open:
                self._wait(self._admission.charge_guess(scope, headers))
            raise
        self._wait(self._admission.charge(scope, headers, caller))
        return need, caller

    def _wait(self, seconds: float) -> None:
        """Refuse who has to wait."""
        if seconds:
            self._admission.metrics.request_refused("rate")
            raise too_often(seconds)

    def _preflight(self, scope: Scope, headers: Headers, method: str) -> Response:
        """Tell a browser that a page may send a request, or refuse."""
        asked = find_route(method, scope["path"])
        is_public = asked is not None and asked.need.proof in (Proof.PUBLISHABLE, Proof.PERSONAL)
        if not is_public or not self._admission.may_read(text_of(headers, b"origin")):
            raise HTTPException(
                HTTPStatus.FORBIDDEN, "the pages of this site may not send this request"
            )
        answer = Response(status_code=HTTPStatus.NO_CONTENT)
        answer.raw_headers.extend(preflight(method))
        return answer
