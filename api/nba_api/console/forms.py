"""Forms of the console: read, and refused where no page of ours sent them."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Final
from urllib.parse import parse_qsl

from fastapi import HTTPException, Request
from fastapi.concurrency import run_in_threadpool

from nba_api.admission import Admission
from nba_api.callers import shows_key
from nba_api.keys import Caller
from nba_api.sessions import COOKIE

TOKEN: Final = "form"
"""The hidden field by which a form shows that a page of the same session carried it."""
_MAX_FIELDS: Final = 20


async def own_form(request: Request) -> Mapping[str, str]:
    """Give the fields of a form that changes something, sent by a page of this session.

    Raises:
        HTTPException: 403 where a page of another site, or of another session, sent it; 400 where
            it is no form.
        StateError: the store cannot be read.
    """
    fields = await sent_form(request)
    if shows_key(request.headers.get("authorization", "")):
        # A browser adds no such header to a form of its own accord.
        return fields
    sessions = admission_of(request).sessions
    token, bearer = fields.get(TOKEN, ""), _bearer(request)
    if not await run_in_threadpool(sessions.is_form_token, token, bearer):
        raise HTTPException(
            HTTPStatus.FORBIDDEN,
            "this form is not one of your session; open its page again and send it from there",
        )
    return fields


async def sent_form(request: Request) -> Mapping[str, str]:
    """Give the fields of a form, whoever is in; of a field that comes twice, the last.

    Raises:
        HTTPException: 403 where a page of another site sent it; 400 where it is no form.
    """
    _check_origin(request)
    body = await request.body()
    try:
        pairs = parse_qsl(
            body.decode(), keep_blank_values=True, errors="strict", max_num_fields=_MAX_FIELDS
        )
    except ValueError:
        raise HTTPException(HTTPStatus.BAD_REQUEST, "the body is not a form in UTF-8") from None
    return dict(pairs)


def form_token(request: Request) -> str:
    """Give what the forms of a page carry.

    Raises:
        StateError: the store cannot be read.
    """
    return admission_of(request).sessions.form_token(_bearer(request))


def is_shown_by_https(request: Request) -> bool:
    """Whether the browser reached this server by HTTPS, through a proxy or not.

    Of that a server behind a proxy sees nothing; the page that sends a form says it.
    """
    origin = request.headers.get("origin", "")
    return request.url.scheme == "https" or origin.startswith("https://")


def admission_of(request: Request) -> Admission:
    """Give the rules by which this server lets in."""
    admission: Admission = request.app.state.admission
    return admission


def _bearer(request: Request) -> str:
    """Tell the bearer of a session, or of a key, or of none, from others."""
    caller: Caller = request.state.caller
    return request.cookies.get(COOKIE) or caller.key_id or caller.kind


def _check_origin(request: Request) -> None:
    """Refuse what a page of another site sends; a program names no page."""
    origin = request.headers.get("origin")
    if origin is None:
        return
    site = origin.partition("://")[2]
    public_url = request.app.state.live.settings.public_url or ""
    ours = request.headers.get("host"), public_url.partition("://")[2].partition("/")[0]
    if not site or site not in ours:
        raise HTTPException(
            HTTPStatus.FORBIDDEN, "a page of another site may not send a form of the console"
        )
