"""The widget's script and the styles of our own pages: the same bytes for everybody."""

from __future__ import annotations

import gzip
from functools import cache
from pathlib import Path
from typing import Final

from fastapi import APIRouter, HTTPException, Request, Response

from nba_api.answers import etag_of, is_known
from nba_api.pages import storefront
from nba_api.problems import declared

router = APIRouter(tags=["pages"])

WIDGET: Final = "nba-products.js"
FRESH: Final = "public, max-age=300, stale-if-error=86400"
"""Asked for anew after five minutes, so that an update is on every page by then."""
_MEDIA_TYPES: Final = {
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
}
_ANY_SITE: Final = {
    "access-control-allow-origin": "*",
    "cross-origin-resource-policy": "cross-origin",
}
"""A shop's page loads the script as a module, which a browser allows only where this is said."""


@router.get(f"/{WIDGET}", response_class=Response, include_in_schema=False)
def widget(request: Request) -> Response:
    """The script that a shop's page loads."""
    return _sent(request, storefront() / WIDGET, _ANY_SITE)


@router.get(
    "/assets/{name}", response_class=Response, include_in_schema=False, responses=declared(404)
)
def asset(request: Request, name: str) -> Response:
    """A style, script or picture of our own pages."""
    if name not in _assets():
        raise HTTPException(404, f"there is no asset {name!r}")
    return _sent(request, storefront() / "assets" / name, {})


@cache
def _assets() -> frozenset[str]:
    """Name what ships, so that no name ever reaches a path."""
    return frozenset(
        path.name for path in (storefront() / "assets").iterdir() if path.suffix in _MEDIA_TYPES
    )


def _sent(request: Request, path: Path, headers: dict[str, str]) -> Response:
    is_packed = _takes_gzip(request.headers.get("accept-encoding", ""))
    body, etag = _read(path, is_packed)
    told = {"etag": etag, "cache-control": FRESH, "vary": "Accept-Encoding", **headers}
    if is_known(etag, request.headers.get("if-none-match", "")):
        return Response(status_code=304, headers=told)
    if is_packed:
        told["content-encoding"] = "gzip"
    return Response(body, headers=told, media_type=_MEDIA_TYPES[path.suffix])


def _takes_gzip(accepted: str) -> bool:
    """Whether a client reads what is packed; one that gives gzip no weight does not."""
    for coding in accepted.lower().split(","):
        name, _, weight = coding.partition(";")
        if name.strip() == "gzip":
            return weight.replace(" ", "").rstrip("0.") != "q="
    return False


@cache
def _read(path: Path, is_packed: bool) -> tuple[bytes, str]:
    """Give the bytes that are sent, and their tag; packed at a fixed time, so always alike."""
    body = path.read_bytes()
    sent = gzip.compress(body, 9, mtime=0) if is_packed else body
    return sent, etag_of(sent)
