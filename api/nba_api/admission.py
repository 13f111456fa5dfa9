"""Who may ask what: the rules of the gate, for every way by which a request comes in.

To look at a request changes nothing; what it takes of a rate is taken once, and of nobody who is
refused.
"""

from __future__ import annotations

import ipaddress
import re
from functools import lru_cache
from http import HTTPStatus
from typing import Final

from fastapi import HTTPException
from starlette.types import Scope

from nba_api.access import ADMIN, Asked, Need, methods_of
from nba_api.callers import Headers, find_caller, text_of
from nba_api.cors import Pairs, shared_with
from nba_api.keys import ANYBODY, Caller, Keys
from nba_api.limits import Buckets, address_of
from nba_api.metrics import Metrics
from nba_api.sessions import Sessions
from nba_api.settings import Settings

MAX_TARGET_BYTES: Final = 16_384
READING: Final = frozenset(("GET", "HEAD", "OPTIONS"))
"""Methods that change nothing."""


class Admission:
    """Knows the keys, the limits, and how many requests are under way.

    Attributes:
        keys: those that are known.
        sessions: of the console.
        metrics: counts who is refused for asking too much.
        places: how many requests may be under way at a time.
        taken: how many are.
    """

    def __init__(
        self, keys: Keys, sessions: Sessions, settings: Settings, metrics: Metrics
    ) -> None:
        """Let in nobody yet.

        Args:
            keys: those that are known; while there is none, everybody of this machine passes.
            sessions: of the console.
            settings: hosts, origins, proxies and limits. A server that is open because only this
                machine reaches it names its hosts: otherwise a web page could have its own name
                point here and read the answers.
            metrics: counts who is refused for asking too much.
        """
        self.keys = keys
        self.sessions = sessions
        self._hosts = frozenset(settings.hosts)
        self._origins = frozenset(settings.origins)
        self._proxies = frozenset(settings.trusted_proxies)
        self._by_address = Buckets(settings.rate_limit)
        self._by_key = Buckets(settings.key_rate_limit)
        self.metrics = metrics
        self.places = settings.max_in_flight
        self.taken = 0

    @property
    def is_open(self) -> bool:
        """Whether no key was ever created, so that everybody of this machine passes."""
        return self.keys.are_none

    @property
    def has_place(self) -> bool:
        """Whether one more request may be under way."""
        return self.taken < self.places

    def who(self, asked: Asked | None, scope: Scope, headers: Headers) -> tuple[Need, Caller]:
        """Give what a route asks for and who asks.

        Args:
            asked: the route; null where the table has none.
            scope: of the request.
            headers: of the request.

        Raises:
            HTTPException: they may not.
        """
        if self.is_open:
            self._check_open(scope, headers)
            return (ADMIN if asked is None else asked.need), ANYBODY
        if asked is None:
            # Only what the table names has a rule by which to let anybody pass.
            raise _no_such(scope["method"], scope["path"])
        return asked.need, find_caller(
            self.keys, self.sessions, asked, headers, scope["query_string"]
        )

    def charge(self, scope: Scope, headers: Headers, caller: Caller) -> float:
        """Take one of the requests that a caller may make.

        Returns:
            0; or the seconds to wait where too many were made, and nothing is taken.
        """
        # Not of the shop itself, nor of providers and links, whose proof the route checks: an event
        # or an unsubscription that is told to come again may not. Forged events the route counts.
        if caller.kind != "publishable" or caller.key_id is None:
            return 0.0
        address = self._address(scope, headers)
        wait = self._by_address.wait(address) or self._by_key.wait(caller.key_id)
        if not wait:
            self._by_address.take(address)
            self._by_key.take(caller.key_id)
        return wait

    def charge_guess(self, scope: Scope, headers: Headers) -> float:
        """Take one of the requests that an address may make which shows no key that is one.

        Returns:
            As of `charge`.
        """
        return self._by_address.take(self._address(scope, headers))

    def _address(self, scope: Scope, headers: Headers) -> str:
        peer = scope["client"][0] if scope.get("client") else ""
        return address_of(peer, text_of(headers, b"x-forwarded-for"), self._proxies)

    def may_read(self, origin: str) -> bool:
        """Whether the pages of a site may read answers."""
        return origin in self._origins or origin in self.keys.origins

    def shared(self, headers: Headers) -> Pairs:
        """Give the headers that let the page that asks read its answer, if it may."""
        origin = text_of(headers, b"origin")
        return shared_with(origin if self.may_read(origin) else None)

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
        if is_foreign and scope["method"] not in READING and origin not in self._origins:
            raise HTTPException(
                HTTPStatus.FORBIDDEN, "a page of another site may not change anything here"
            )


def check_target(scope: Scope) -> None:
    """Refuse a path and a query that are longer than any.

    Raises:
        HTTPException: 400.
    """
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
