"""Who gets past: hosts, origins, keys, rates, sizes. Raw ASGI, before every route."""

from __future__ import annotations

import ipaddress
import re
from functools import lru_cache
from http import HTTPStatus
from typing import Final

from fastapi import HTTPException, Request, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from nba.errors import NbaError
from nba_api.access import ADMIN, Need, Proof, find_route, methods_of
from nba_api.bodies import Room, read_body
from nba_api.callers import Headers, find_caller, text_of
from nba_api.cors import preflight, safe_headers, shared_with
from nba_api.envelope import TEMPLATE
from nba_api.keys import ANYBODY, NOBODY, Caller, Keys
from nba_api.limits import Buckets, address_of, too_often
from nba_api.metrics import Metrics
from nba_api.problems import problem_of
from nba_api.settings import Settings

MAX_TARGET_BYTES: Final = 16_384
UNPROVEN_BYTES: Final = 64_000_000
"""What the bodies of webhooks and links may take of memory, before anybody knows who sent them."""
_READING: Final = frozenset(("GET", "HEAD", "OPTIONS"))
_RETRY_SECONDS: Final = 1


class Gate:
    """Lets pass who may, and tells the routes who it is: `request.state.caller`."""

    def __init__(self, app: ASGIApp, keys: Keys, settings: Settings, metrics: Metrics) -> None:
        """Stand before an application.

        Args:
            app: what answers who gets past.
            keys: those that are known; while there is none, everybody of this machine passes.
            settings: hosts, origins, proxies and limits. A server that is open because only this
                machine reaches it names its hosts: otherwise a web page could have its own name
                point here and read the answers.
            metrics: counts who is refused for asking too much.
        """
        self._app = app
        self._keys = keys
        self._hosts = frozenset(settings.hosts)
        self._origins = frozenset(settings.origins)
        self._proxies = frozenset(settings.trusted_proxies)
        self._by_address = Buckets(settings.rate_limit)
        self._by_key = Buckets(settings.key_rate_limit)
        self._places = settings.max_in_flight
        self._taken = 0
        self._room = Room(UNPROVEN_BYTES)
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers: Headers = dict(scope["headers"])
        origin = text_of(headers, b"origin")
        shared = shared_with(origin if self._may_read(origin) else None)
        has_begun = False

        async def answer(message: Message) -> None:
            nonlocal has_begun
            if message["type"] == "http.response.start":
                has_begun = True
                sent = message.get("headers", ())
                # A new list: a layer behind may send the same one with every answer.
                labels = [*sent, *shared, *safe_headers(scope["path"], sent)]
                message = {**message, "headers": labels}
            await send(message)

        try:
            await self._pass(scope, headers, receive, answer)
        except (NbaError, HTTPException) as error:
            if has_begun:
                raise
            await problem_of(Request(scope), error)(scope, receive, answer)

    async def _pass(self, scope: Scope, headers: Headers, receive: Receive, send: Send) -> None:
        _check_target(scope)
        wanted = text_of(headers, b"access-control-request-method")
        if scope["method"] == "OPTIONS" and wanted:
            await self._preflight(scope, headers, wanted)(scope, receive, send)
            return
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
        if scope["method"] not in _READING:
            # Read before it takes a place: who sends slowly keeps nobody else from an answer.
            length = text_of(headers, b"content-length")
            receive = await read_body(length, receive, need.max_bytes)
            self._check_places()
        self._taken += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._taken -= 1

    def _check_places(self) -> None:
        if self._taken >= self._places:
            self._metrics.request_refused("concurrency")
            raise HTTPException(
                HTTPStatus.SERVICE_UNAVAILABLE,
                f"{self._places} requests are being answered already; ask again shortly",
                {"retry-after": str(_RETRY_SECONDS)},
            )

    def _admit(self, scope: Scope, headers: Headers) -> tuple[Need, Caller]:
        """Give what the route asks for and who asks, or refuse."""
        asked = find_route(scope["method"], scope["path"])
        if asked is not None:
            scope["state"][TEMPLATE] = asked.template
        if self._keys.are_none:
            self._check_open(scope, headers)
            return (ADMIN if asked is None else asked.need), ANYBODY
        if asked is None:
            # Only what the table names has a rule by which to let anybody pass.
            raise _no_such(scope["method"], scope["path"])
        try:
            caller = find_caller(self._keys, asked, headers, scope["query_string"])
        except HTTPException:
            self._limit(scope, headers, NOBODY)
            raise
        # Not the shop itself, nor providers and links, whose proof the route checks: an event or
        # an unsubscription that is told to come again may not. Forged events the route counts.
        if caller.kind == "publishable":
            self._limit(scope, headers, caller)
        return asked.need, caller

    def _limit(self, scope: Scope, headers: Headers, caller: Caller) -> None:
        """Refuse who asks too often."""
        peer = scope["client"][0] if scope.get("client") else ""
        forwarded = text_of(headers, b"x-forwarded-for")
        wait = self._by_address.take(address_of(peer, forwarded, self._proxies))
        if not wait and caller.key_id is not None:
            wait = self._by_key.take(caller.key_id)
        if wait:
            self._metrics.request_refused("rate")
            raise too_often(wait)

    def _check_open(self, scope: Scope, headers: Headers) -> None:
        """Refuse what does not come from this machine, while anybody on it may do anything."""
        host, origin = text_of(headers, b"host"), text_of(headers, b"origin")
        server = scope.get("server")
        if not _is_here(server and tuple(server)):
            raise HTTPException(
                HTTPStatus.FORBIDDEN,
                "without keys the server answers this machine only; make one: nba keys create",
            )
        if self._hosts and _name(host) not in self._hosts:
            raise HTTPException(
                HTTPStatus.MISDIRECTED_REQUEST,
                f"without keys the server answers to {', '.join(sorted(self._hosts))} only; "
                "let a proxy in front of it set the Host header to one of these",
            )
        is_foreign = b"origin" in headers and origin.partition("://")[2] != host
        if is_foreign and scope["method"] not in _READING and origin not in self._origins:
            raise HTTPException(
                HTTPStatus.FORBIDDEN, "a page of another site may not change anything here"
            )

    def _may_read(self, origin: str) -> bool:
        return origin in self._origins or origin in self._keys.origins

    def _preflight(self, scope: Scope, headers: Headers, method: str) -> Response:
        """Tell a browser that a page may send a request, or refuse."""
        asked = find_route(method, scope["path"])
        is_public = asked is not None and asked.need.proof in (Proof.PUBLISHABLE, Proof.PERSONAL)
        if not is_public or not self._may_read(text_of(headers, b"origin")):
            raise HTTPException(
                HTTPStatus.FORBIDDEN, "the pages of this site may not send this request"
            )
        answer = Response(status_code=HTTPStatus.NO_CONTENT)
        answer.raw_headers.extend(preflight(method))
        return answer


def _check_target(scope: Scope) -> None:
    size = len(scope.get("raw_path") or scope["path"]) + len(scope["query_string"])
    if size > MAX_TARGET_BYTES:
        raise HTTPException(
            HTTPStatus.BAD_REQUEST,
            f"path and query have {size} bytes; at most {MAX_TARGET_BYTES} are read",
        )


def _no_such(method: str, path: str) -> HTTPException:
    methods = methods_of(path)
    if not methods:
        return HTTPException(HTTPStatus.NOT_FOUND)
    return HTTPException(
        HTTPStatus.METHOD_NOT_ALLOWED,
        f"{method} is not answered here, but {', '.join(methods)}",
        {"allow": ", ".join(methods)},
    )


@lru_cache(maxsize=64)
def _is_here(server: tuple[str, int | None] | None) -> bool:
    """Tell whether a request came in by a loopback address, or by no network address at all."""
    if server is None:
        return True
    try:
        return ipaddress.ip_address(server[0]).is_loopback
    except ValueError:
        return True


@lru_cache(maxsize=64)
def _name(host: str) -> str:
    """Give the host without its port; an IPv6 address keeps its brackets."""
    return re.sub(r":\d+$", "", host).lower()
