"""The next message of a customer, rendered: the mail or the text itself, ready to be sent."""

from __future__ import annotations

from typing import Annotated, Final, Literal
from urllib.parse import quote

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import Field

from nba.vocabulary import Channel
from nba_api.answers import PRIVATE, etag_of, is_known
from nba_api.erased import refuse_past_of_erased
from nba_api.letters.asking import LetterQuery, LettersOf, asked_letter
from nba_api.letters.building import Letter
from nba_api.letters.writer import Letters
from nba_api.live import LiveState
from nba_api.problems import declared
from nba_api.queries import CustomerPath

router = APIRouter(
    prefix="/v1/customers", tags=["customers"], dependencies=[Depends(refuse_past_of_erased)]
)

HTML: Final = "text/html; charset=utf-8"
TEXT: Final = "text/plain; charset=utf-8"
_POLICY: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src {}; base-uri 'none'; "
    "form-action 'none'; frame-ancestors {}"
)
"""A mail brings its styles with it, and may load pictures; it runs nothing."""


class RenderedQuery(LetterQuery):
    """What a rendered message takes besides the customer."""

    part: Literal["html", "text"] | None = Field(
        None, description="the part of the mail; by default `html`, or as `Accept` says"
    )


# An id may hold a slash, hence `:path`.
@router.get(
    "/{customer_id:path}/next-message.html",
    response_class=Response,
    responses={
        200: {
            "description": "The rendered message; its subject is in `X-Nba-Subject`",
            "content": {
                kind: {"schema": {"type": "string"}} for kind in ("text/html", "text/plain")
            },
        },
        204: {"description": "Nothing is due"},
        304: {"description": "Not Modified: If-None-Match names the letter's ETag"},
        **declared(410, 422, 503),
    },
)
def rendered(
    live: LiveState,
    letters: LettersOf,
    request: Request,
    customer_id: CustomerPath,
    query: Annotated[RenderedQuery, Query()],
) -> Response:
    """The next message as a mail, or as plain text; 204 without a body where nothing is due."""
    document, letter = asked_letter(live, letters, customer_id, query)
    if letter is None:
        due = document["next_due_at"]
        headers = {"cache-control": PRIVATE, **({"x-nba-next-due-at": due} if due else {})}
        return Response(status_code=204, headers=headers)
    kind = _kind(letter, query.part or _accepted(request.headers.get("accept", "")))
    body = _written(letters, letter, kind)
    headers = {
        "cache-control": PRIVATE,
        "content-security-policy": policy_of(framed_by="'none'"),
        "etag": etag_of(body),
        "vary": "Accept",
        "x-nba-send-after": document["message"]["send_after"],
        **headers_of(letter),
    }
    if is_known(headers["etag"], request.headers.get("if-none-match", "")):
        return Response(status_code=304, headers=headers)
    return Response(body, headers=headers, media_type=kind)


def headers_of(letter: Letter) -> dict[str, str]:
    """Give what a mail carries beside its parts; texts are percent-encoded UTF-8."""
    told = {
        "x-nba-message": letter.message,
        "x-nba-channel": letter.channel,
        "x-nba-subject": quote(letter.subject),
        "x-nba-preheader": quote(letter.preheader),
        "content-language": letter.language,
    }
    if letter.claimed is not None:
        told |= {"x-nba-message-id": letter.claimed.message_id, **letter.claimed.headers}
    return told


def policy_of(*, framed_by: str, pictures: bool = True) -> str:
    """Give the policy under which a browser shows a letter.

    Args:
        framed_by: whose pages may frame it.
        pictures: they are loaded.
    """
    return _POLICY.format("https: http: data:" if pictures else "'none'", framed_by)


def _kind(letter: Letter, part: str) -> str:
    """Give the media type; what is no mail has no HTML."""
    return HTML if part == "html" and letter.channel == Channel.EMAIL else TEXT


def _accepted(accept: str) -> str:
    """Give the part that an `Accept` header asks for: the text only where no HTML would do."""
    told = [one.partition(";")[0].strip().lower() for one in accept.split(",")]
    return "text" if "text/plain" in told and "text/html" not in told else "html"


def _written(letters: Letters, letter: Letter, kind: str) -> bytes:
    return (letters.html(letter) if kind == HTML else letters.text(letter)).encode()
