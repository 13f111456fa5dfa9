"""How an answer leaves: JSON bytes with the cache headers of its kind."""

from __future__ import annotations

import hashlib
from typing import Any, Final

import orjson
from fastapi import Request, Response

from nba.recommend.results import Reason, Slate

CACHEABLE: Final = "public, max-age=300, stale-while-revalidate=86400, stale-if-error=86400"
PRIVATE: Final = "private, no-store"
MIN_CUSTOMERS: Final = 3
"""Customers on whose orders a pair of products must rest for a storefront to be shown it."""
SHARES: Final = ("confidence", "share")
"""Figures of a reason's evidence that are shares, shown as a whole percent to everybody."""


def cacheable(request: Request, document: dict[str, Any]) -> Response:
    """Answer everybody alike, with an ETag; 304 to who has it already."""
    return cacheable_bytes(request, orjson.dumps(document), "application/json")


def cacheable_bytes(request: Request, body: bytes, media_type: str) -> Response:
    """Answer everybody alike with what is no JSON, or written already."""
    etag = etag_of(body)
    headers = {"etag": etag, "cache-control": CACHEABLE}
    if is_known(etag, request.headers.get("if-none-match", "")):
        return Response(status_code=304, headers=headers)
    return Response(body, headers=headers, media_type=media_type)


def etag_of(body: bytes) -> str:
    """Name a body by its content."""
    return f'"{hashlib.sha256(body).hexdigest()[:32]}"'


def is_known(etag: str, sent: str) -> bool:
    """Tell whether one of the tags that a client sent in If-None-Match is this one."""
    # A proxy that compresses marks the tag as weak; for a GET the two compare equal.
    known = {tag.strip().removeprefix("W/") for tag in sent.split(",")}
    return etag in known or "*" in known


def private(document: dict[str, Any]) -> Response:
    """Answer about one customer or the shop's own affairs; no cache may keep it."""
    return Response(
        orjson.dumps(document), headers={"cache-control": PRIVATE}, media_type="application/json"
    )


def public_slate(slate: Slate, *, explain: bool) -> dict[str, Any]:
    """Give a slate for a storefront: figures only where asked, else the rounded share alone."""
    document = slate.to_dict(explain=explain)
    if not explain:
        for item, shown in zip(slate, document["items"], strict=True):
            shown["reason"] = public_reason(item.reason)
    return document


def public_reason(reason: Reason) -> dict[str, Any]:
    """Give a reason for a storefront: code, text, and its share, if any, as a whole percent."""
    shown = reason.to_dict(explain=False)
    share = next((reason.evidence[one] for one in SHARES if one in reason.evidence), None)
    if isinstance(share, float | int):
        shown["percent"] = round(100 * share)
    return shown
