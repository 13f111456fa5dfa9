"""How an answer leaves: JSON bytes with the cache headers of its kind."""

from __future__ import annotations

import hashlib
from typing import Any, Final

import orjson
from fastapi import Request, Response

CACHEABLE: Final = "public, max-age=300, stale-while-revalidate=86400, stale-if-error=86400"
PRIVATE: Final = "private, no-store"


def cacheable(request: Request, document: dict[str, Any]) -> Response:
    """Answer everybody alike, with an ETag; 304 to who has it already."""
    body = orjson.dumps(document)
    etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {"etag": etag, "cache-control": CACHEABLE}
    known = {tag.strip() for tag in request.headers.get("if-none-match", "").split(",")}
    if etag in known or "*" in known:
        return Response(status_code=304, headers=headers)
    return Response(body, headers=headers, media_type="application/json")


def private(document: dict[str, Any]) -> Response:
    """Answer about one customer or the shop's own affairs; no cache may keep it."""
    return Response(
        orjson.dumps(document), headers={"cache-control": PRIVATE}, media_type="application/json"
    )
