"""The link that every marketing message carries: it asks, and one click unsubscribes (RFC 8058)."""

from __future__ import annotations

import hashlib
import re
from http import HTTPStatus
from typing import Annotated, Any, Final
from urllib.parse import unquote_to_bytes

from fastapi import APIRouter, Path, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse
from starlette.exceptions import HTTPException

from nba.state.consents import unsubscribe
from nba_api.answers import PRIVATE
from nba_api.live import Live, LiveState
from nba_api.problems import declared
from nba_api.unsubscribing import PATH, Link, link_of

router = APIRouter(prefix=PATH.rstrip("/"), tags=["unsubscribe"])

MAX_TOKEN: Final = 2048
_TokenPath = Annotated[str, Path(min_length=1, max_length=MAX_TOKEN)]
# Possessive, so that no body makes it go back.
_ONE_CLICK: Final = re.compile(rb'List-Unsubscribe"?+\s*+=?+\s*+One-Click')
"""Mailboxes send it as a form of either kind."""
_PAGE: Final = """\
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Unsubscribe</title>
{}
"""
_QUESTION: Final = _PAGE.format(
    '<form method="post"><p>No more messages of this kind?</p>'
    '<input type="hidden" name="List-Unsubscribe" value="One-Click">'
    "<button>Unsubscribe</button></form>"
)
_DONE: Final = _PAGE.format("<p>You are unsubscribed. No more messages of this kind will come.</p>")
_HEADERS: Final = {
    "cache-control": PRIVATE,
    "x-robots-tag": "noindex",
    # Under a stricter policy a browser would send the form with `Origin: null`.
    "referrer-policy": "same-origin",
}
_BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            kind: {
                "schema": {
                    "type": "object",
                    "required": ["List-Unsubscribe"],
                    "properties": {"List-Unsubscribe": {"const": "One-Click"}},
                }
            }
            for kind in ("application/x-www-form-urlencoded", "multipart/form-data")
        },
    }
}


@router.get("/{token}", response_class=HTMLResponse, responses=declared(404, 422, 503))
def ask(live: LiveState, token: _TokenPath) -> Response:
    """A page with one button. It changes nothing: scanners of links open it too."""
    _known(live, token)
    return HTMLResponse(_QUESTION, headers=_HEADERS)


@router.post(
    "/{token}",
    response_class=HTMLResponse,
    responses=declared(400, 404, 422, 503),
    openapi_extra=_BODY,
)
async def one_click(live: LiveState, request: Request, token: _TokenPath) -> Response:
    """No more marketing by this channel, from now on; asked again, it stays so."""
    body = await request.body()
    link = await run_in_threadpool(_known, live, token)
    if not _ONE_CLICK.search(unquote_to_bytes(body)):
        raise HTTPException(
            HTTPStatus.BAD_REQUEST, "the body is not the form List-Unsubscribe=One-Click"
        )
    await run_in_threadpool(_unsubscribe, live, token, link)
    return HTMLResponse(_DONE, headers=_HEADERS)


def _known(live: Live, token: str) -> Link:
    link = link_of(live, token)
    if link is None:
        raise HTTPException(HTTPStatus.NOT_FOUND, "there is no such link")
    return link


def _unsubscribe(live: Live, token: str, link: Link) -> None:
    clicked = hashlib.sha256(token.encode()).hexdigest()[:32]
    unsubscribe(
        live.store,
        f"one-click:{clicked}",
        link.message_id,
        link.customer_id,
        link.channel,
        live.instant(None),
    )
