"""From what a request shows to who asks: key, page, scope, customer token."""

from __future__ import annotations

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Final
from urllib.parse import unquote_plus

from fastapi import HTTPException

from nba.state.keys import KeyKind
from nba_api.access import Asked, Need, Proof
from nba_api.keys import NOBODY, Caller, Keys, Known, now
from nba_api.sessions import Sessions, cookie_of
from nba_api.tokens import customer_of

Headers = Mapping[bytes, bytes]

_KEY: Final = re.compile(rb"(?:^|&)key=([^&]*)")
_TOKEN: Final = re.compile(rb"(?:^|&)token=([^&]*)")
_ORIGIN: Final = re.compile(r"[a-z]+://[^/?#]*", re.IGNORECASE)
_BEARER: Final = "bearer "
_SHOWN_ELSEWHERE: Final = (Proof.NOTHING, Proof.SIGNATURE, Proof.LINK, Proof.FORM)
"""What no header shows."""
_ASK: Final = {"www-authenticate": "Bearer"}


def find_caller(
    keys: Keys, sessions: Sessions, asked: Asked, headers: Headers, query: bytes
) -> Caller:
    """Give who asks a route that they may ask.

    Args:
        keys: those that are known.
        sessions: of the console, for whose pages alone a session counts.
        asked: the route.
        headers: of the request; the key of a server stands in `Authorization`.
        query: of the request; the key of a page is its `key`.

    Raises:
        HTTPException: 401 without a valid key or with a wrong token, 403 where the key does not do.
    """
    if asked.need.proof in _SHOWN_ELSEWHERE:
        return NOBODY
    authorization = text_of(headers, b"authorization")
    if shows_key(authorization):
        text = authorization[len(_BEARER) :].strip()
        return _shop(keys.find(text, KeyKind.SECRET), asked.need)
    session = cookie_of(text_of(headers, b"cookie")) if asked.need.proof is Proof.CONSOLE else None
    if session is not None:
        key_id = sessions.key_id(session, now())
        return _shop(None if key_id is None else keys.named(key_id), asked.need)
    return _page(keys, asked, headers, query)


def _shop(known: Known | None, need: Need) -> Caller:
    if known is None:
        raise _unknown()
    if need.scope is not None and need.scope not in known.key.scopes:
        raise HTTPException(
            HTTPStatus.FORBIDDEN, f"this takes a key with the scope {need.scope}; yours has it not"
        )
    return known.caller


def _page(keys: Keys, asked: Asked, headers: Headers, query: bytes) -> Caller:
    text = _parameter(_KEY, query)
    known = None if text is None else keys.find(text, KeyKind.PUBLISHABLE)
    if known is None:
        raise _unknown()
    if asked.need.proof in (Proof.SECRET, Proof.CONSOLE):
        raise HTTPException(
            HTTPStatus.FORBIDDEN, "a publishable key does not do; this takes a secret one"
        )
    page = text_of(headers, b"origin") or text_of(headers, b"referer")
    # A browser names the page; a shop's server that renders one does not.
    if page and _site(page) not in known.key.origins:
        raise HTTPException(
            HTTPStatus.FORBIDDEN, "this publishable key is not bound to the page that shows it"
        )
    caller = known.caller
    token = text_of(headers, b"x-customer-token") or _parameter(_TOKEN, query)
    if token and asked.need.takes_token:
        caller = caller.speaking_for(_customer(keys, token))
    if asked.need.proof is Proof.PERSONAL and caller.customer_id != asked.customer_id:
        raise HTTPException(
            HTTPStatus.FORBIDDEN,
            "with a publishable key this takes a token that the shop signed for this customer",
        )
    return caller


def _customer(keys: Keys, token: str) -> str:
    customer = customer_of(token, keys.signing_secrets(), now() / 1_000_000)
    if customer is None:
        raise HTTPException(
            HTTPStatus.UNAUTHORIZED,
            "the customer token is not one that the shop signed, or holds no longer, or ends more "
            "than 15 minutes ahead",
            _ASK,
        )
    return customer


def shows_key(authorization: str) -> bool:
    """Tell whether an `Authorization` header is of a key.

    Another scheme is of somebody else, such as a proxy before a shop that is not open yet.
    """
    return authorization[: len(_BEARER)].lower() == _BEARER


def text_of(headers: Headers, name: bytes) -> str:
    """Give a header; empty where it is not there."""
    return headers.get(name, b"").decode("latin-1")


def _unknown() -> HTTPException:
    """Say the same of a key that is missing, unknown, revoked or expired."""
    return HTTPException(
        HTTPStatus.UNAUTHORIZED,
        "this takes a key that is known and valid: a publishable one as ?key=pk_…, a secret one "
        "as Authorization: Bearer sk_…",
        _ASK,
    )


def _site(page: str) -> str:
    """Give the origin of a page's address; an origin itself stays, `null` too."""
    found = _ORIGIN.match(page)
    return page if found is None else found[0].lower()


def _parameter(pattern: re.Pattern[bytes], query: bytes) -> str | None:
    found = pattern.search(query)
    return None if found is None else unquote_plus(found[1].decode("latin-1"))
