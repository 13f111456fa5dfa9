"""The widget's script and the styles of our own pages: the same bytes for everybody."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final

from fastapi import APIRouter, HTTPException, Request, Response

from nba_api.answers import CACHEABLE, etag_of, is_known
from nba_api.pages import storefront
from nba_api.problems import declared

router = APIRouter(tags=["pages"])

WIDGET: Final = "nba-products.js"
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
    body, etag = _read(path)
    told = {"etag": etag, "cache-control": CACHEABLE, **headers}
    if is_known(etag, request.headers.get("if-none-match", "")):
        return Response(status_code=304, headers=told)
    return Response(body, headers=told, media_type=_MEDIA_TYPES[path.suffix])


@cache
def _read(path: Path) -> tuple[bytes, str]:
    body = path.read_bytes()
    return body, etag_of(body)
