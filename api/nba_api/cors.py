"""Pages and this server: which sites may read its answers, and what a browser may do with them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

Pairs = Sequence[tuple[bytes, bytes]]

PREFLIGHT_SECONDS: Final = 3600
# No Authorization: a secret key has no business in a browser.
TAKEN_HEADERS: Final = b"content-type, x-customer-token, x-request-id"
SHOWN_HEADERS: Final = b"etag, retry-after, x-request-id"
VARY: Final = (b"vary", b"Origin")
_ORIGIN: Final = b"access-control-allow-origin"
_POLICY: Final = b"content-security-policy"
SAFE: Final = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
}
"""What every answer says, so that a browser does no more with it than show it."""
_SAFE: Final = tuple((name.encode(), value.encode()) for name, value in SAFE.items())
_PAGE_POLICY: Final = (
    b"default-src 'none'; script-src 'unsafe-inline' https://cdn.jsdelivr.net; "
    b"style-src 'unsafe-inline' https://cdn.jsdelivr.net; font-src https://cdn.jsdelivr.net; "
    b"img-src data: https://fastapi.tiangolo.com https://cdn.redoc.ly; connect-src 'self'; "
    b"worker-src blob:; frame-ancestors 'none'"
)
PAGES: Final = frozenset(("/docs", "/docs/oauth2-redirect", "/redoc"))
"""The pages of the documentation, whose scripts and styles come from elsewhere."""


def safe_headers(path: str, sent: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Give the headers that keep a browser from more than showing an answer.

    Args:
        path: that was asked for.
        sent: the answer's own headers, which hold where they say the same thing.
    """
    named = {name for name, _ in sent}
    headers = [pair for pair in _SAFE if pair[0] not in named]
    if path in PAGES:
        headers = [pair for pair in headers if pair[0] != _POLICY] + [(_POLICY, _PAGE_POLICY)]
    return headers


def shared_with(origin: str | None) -> Pairs:
    """Give the headers that let the pages of an allowed site read an answer; null for none.

    The answer to everybody says that it varies: a cache must not keep one site's for another's.
    """
    if origin is None:
        return (VARY,)
    return (
        VARY,
        (_ORIGIN, origin.encode("latin-1")),
        (b"access-control-expose-headers", SHOWN_HEADERS),
    )


def not_said_by(sent: Iterable[tuple[bytes, bytes]], shared: Pairs) -> Pairs:
    """Give what `shared_with` says beyond an answer that every site may read by itself.

    Args:
        sent: the answer's own headers; a browser takes only one that names who may read it.
        shared: of `shared_with`.
    """
    if any(name == _ORIGIN for name, _ in sent):
        return [pair for pair in shared if pair[0] != _ORIGIN]
    return shared


def preflight(method: str) -> Pairs:
    """Give the headers by which a browser learns how a page may send its request."""
    return (
        (b"access-control-allow-methods", method.encode("latin-1")),
        (b"access-control-allow-headers", TAKEN_HEADERS),
        (b"access-control-max-age", str(PREFLIGHT_SECONDS).encode()),
    )
