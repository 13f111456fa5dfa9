"""How an answer leaves: JSON bytes with the cache headers of its kind."""

from __future__ import annotations

import hashlib
from typing import Any, Final

import orjson
from fastapi import Request, Response

from nba.recommend.results import Slate

CACHEABLE: Final = "public, max-age=300, stale-while-revalidate=86400, stale-if-error=86400"
PRIVATE: Final = "private, no-store"
SHARES: Final = ("confidence", "share")
"""Figures of a reason's evidence that are shares, shown as a whole percent to everybody."""


def cacheable(request: Request, document: dict[str, Any]) -> Response:
    """Answer everybody alike, with an ETag; 304 to who has it already."""
    body = orjson.dumps(document)
    etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {"etag": etag, "cache-control": CACHEABLE}
    sent = request.headers.get("if-none-match", "").split(",")
    # A proxy that compresses marks the tag as weak; for a GET the two compare equal.
    known = {tag.strip().removeprefix("W/") for tag in sent}
    if etag in known or "*" in known:
        return Response(status_code=304, headers=headers)
    return Response(body, headers=headers, media_type="application/json")


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
            share = next(
                (item.reason.evidence[one] for one in SHARES if one in item.reason.evidence), None
            )
            if isinstance(share, float | int):
                shown["reason"]["percent"] = round(100 * share)
    return document
