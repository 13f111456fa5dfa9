"""The lists about products, answered before the framework is asked: raw ASGI, bytes joined.

What is asked in the plain form of a storefront is answered here, with the very bytes that the
routes of `routes.products` would give; whatever else is asked goes on to them.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import unquote_plus

from starlette.types import ASGIApp, Receive, Scope, Send

from nba_api.answers import CACHEABLE, MIN_CUSTOMERS, is_known
from nba_api.fragments import MAX_SHOWN, Plain
from nba_api.hot_lists import Answer, Asked, HotLists
from nba_api.keys import Caller
from nba_api.live import Live
from nba_api.queries import MAX_ID, ProductQuery, ids_in

PREFIX: Final = "/v1/products/"
"""Of the paths of the lists about a product."""
_KINDS: Final = {
    route: route.replace("-", "_")
    for route in ("bought-together", "accessories", "similar", "replacements", "upsell")
}
_HIDING: Final = frozenset(("bought_together", "accessories"))
"""Lists that hide from a storefront what rests on the orders of too few customers."""
_LONGEST: Final = {b"limit": 2, b"placement": 100, b"key": 200}
"""What a plain question may say once, besides its lists, in so many characters."""
_DEFAULT_LIMIT: Final[int] = ProductQuery().limit
_LIMITS: Final = frozenset(map(str, range(1, MAX_SHOWN + 1)))
_MAX_QUERY: Final = 1_000
"""Bytes of a longer query; whoever sends one can wait."""
_CACHE_CONTROL: Final = (b"cache-control", CACHEABLE.encode())
_JSON: Final = (b"content-type", b"application/json")


class HotPath:
    """Answers plain questions about products, and hands on all others."""

    def __init__(self, app: ASGIApp, live: Live) -> None:
        """Stand before an application.

        Args:
            app: what answers all else; a layer before this one says who asks.
            live: what is served.
        """
        self._app = app
        self._live = live

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        answer = self._find(scope) if scope["type"] == "http" else None
        if answer is None:
            await self._app(scope, receive, send)
            return
        status, headers, body = respond(answer, _known_tags(scope))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    def _find(self, scope: Scope) -> Answer | None:
        caller = scope["state"].get("caller")
        if scope["method"] != "GET" or caller is None or not scope["path"].startswith(PREFIX):
            return None
        return find(self._live, scope["path"], scope["query_string"], caller)


def find(live: Live, path: str, query: bytes, caller: Caller) -> Answer | None:
    """Give the answer to a question by GET; None for what cannot be told from memory.

    Args:
        live: what is served.
        path: of the question, below `PREFIX`; what is none of these lists is not answered either.
        query: of the question; what is not asked plainly is not answered.
        caller: who asks and may.
    """
    hot = live.hot_lists()
    if hot is None:
        return None
    asked = path, query, caller.is_trusted
    return hot.find(asked) or _join(hot, asked)


def respond(answer: Answer, known: bytes | None) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
    """Give status, headers and body of an answer.

    Args:
        answer: what was asked for.
        known: the tags of what the client has, as If-None-Match gives them.
    """
    etag = (b"etag", answer.etag.encode())
    if known is not None and is_known(answer.etag, known.decode("latin-1")):
        return 304, [etag, _CACHE_CONTROL], b""
    length = (b"content-length", b"%d" % len(answer.body))
    return 200, [etag, _CACHE_CONTROL, length, _JSON], answer.body


def _join(hot: HotLists, asked: Asked) -> Answer | None:
    path, query, is_trusted = asked
    product, _, route = path[len(PREFIX) :].rpartition("/")
    kind = _KINDS.get(route)
    if kind is None or not 0 < len(product) <= MAX_ID or "\n" in product:
        return None
    plain = _read(query) if len(query) <= _MAX_QUERY else None
    if plain is None:
        return None
    least = 1 if is_trusted or kind not in _HIDING else MIN_CUSTOMERS
    return hot.answer(asked, kind, product, plain, least)


def _known_tags(scope: Scope) -> bytes | None:
    for name, value in scope["headers"]:
        if name == b"if-none-match":
            tags: bytes = value
            return tags
    return None


def _read(query: bytes) -> Plain | None:
    """Read a query as the framework does; None where there is more in it, or something odd."""
    given: dict[bytes, list[str]] = {}
    for part in query.split(b"&"):
        name, _, value = part.partition(b"=")
        if part:
            given.setdefault(name, []).append(_text(value))
    exclude = ids_in(given.pop(b"exclude", []))
    in_basket = ids_in(given.pop(b"in_basket", []))
    limit = _DEFAULT_LIMIT
    for name, values in given.items():
        longest = _LONGEST.get(name)
        if longest is None or len(values) > 1 or len(values[0]) > longest:
            return None
        if name == b"limit":
            if values[0] not in _LIMITS:
                return None
            limit = int(values[0])
    return Plain(limit, exclude, in_basket)


def _text(value: bytes) -> str:
    text = value.decode("latin-1")
    return unquote_plus(text) if "%" in text or "+" in text else text
