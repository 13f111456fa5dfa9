"""Letters in the console: the message of a customer as each reader will see it, and all others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Depends, HTTPException, Path, Query, Request, Response
from pydantic import BaseModel, Field

from nba.decide.playbooks.messages import Message
from nba.vocabulary import Channel
from nba_api.answers import PRIVATE
from nba_api.console.frame import console_page
from nba_api.erased import refuse_past_of_erased
from nba_api.letters.asking import LetterQuery, LettersOf, asked_letter
from nba_api.letters.building import Letter
from nba_api.letters.samples import sample, sampled
from nba_api.letters.writer import Letters, Scheme
from nba_api.live import Live, LiveState
from nba_api.queries import CustomerPath
from nba_api.routes.letters import HTML, TEXT, policy_of
from nba_api.sessions import PATH

router = APIRouter(prefix=PATH, tags=["console"], include_in_schema=False)

_ROOM: Final = "letters"
MessageId = Annotated[str, Path(max_length=100)]


class View(BaseModel):
    """How a letter is looked at.

    Attributes:
        scheme: as who prefers light, or dark, sees it.
        images: 0 as who loads none.
        part: of the mail.
    """

    scheme: Scheme = "any"
    images: Literal["0", "1"] = "1"
    part: Literal["html", "text"] = "html"


class CustomerView(LetterQuery, View):
    """What the letter of a customer takes."""


class SampleView(View):
    """What a sample takes."""

    language: str | None = Field(None, pattern=r"^[a-z]{2}$")


class GalleryQuery(BaseModel):
    """What the gallery takes: the message to look at closely, and the language."""

    message: str | None = Field(None, max_length=100)
    language: str | None = Field(None, pattern=r"^[a-z]{2}$")


@router.get("/letters/{customer_id:path}", dependencies=[Depends(refuse_past_of_erased)])
def customer_letter(
    live: LiveState,
    letters: LettersOf,
    customer_id: CustomerPath,
    query: Annotated[CustomerView, Query()],
) -> Response:
    """The letter itself, for a frame of a page."""
    _, letter = asked_letter(live, letters, customer_id, query)
    if letter is None:
        return _sent("Nothing is due.", TEXT, "en", query)
    return _laid_out(letters, letter, query)


@router.get("/samples/{message}")
def sample_letter(
    live: LiveState, letters: LettersOf, message: MessageId, query: Annotated[SampleView, Query()]
) -> Response:
    """The letter of a message with sample content, for a frame of a page."""
    letter = _sample(live, letters, _found(live, message), query.language)
    return _laid_out(letters, letter, query)


@router.get("/messages/{customer_id:path}", dependencies=[Depends(refuse_past_of_erased)])
def customer_message(
    live: LiveState,
    letters: LettersOf,
    request: Request,
    customer_id: CustomerPath,
    query: Annotated[LetterQuery, Query()],
) -> Response:
    """The next message of a customer: on a desk, on a phone, in the dark, without pictures."""
    document, letter = asked_letter(live, letters, customer_id, query)
    asked = query.model_dump(exclude_none=True, exclude={"language"})
    shown = {} if letter is None else _shown(letters, letter)
    values = {"customer_id": customer_id, "decision": document, "letter": letter, "asked": asked}
    return console_page(request, "message.html", {**values, **shown}, room="customers")


@router.get("/letters")
def gallery(
    live: LiveState,
    letters: LettersOf,
    request: Request,
    query: Annotated[GalleryQuery, Query()],
) -> Response:
    """Every message that ships, or one of them closely, before it is ever due."""
    messages = sampled(live.serving().policy.playbook)
    language = letters.language(query.language, None)
    if query.message is not None:
        letter = _sample(live, letters, _found(live, query.message), language)
        values = {"message": query.message, "letter": letter, "asked": {"message": query.message}}
        shown = {**values, **_shown(letters, letter)}
        return console_page(request, "letter.html", shown, room=_ROOM)
    written = [_sample(live, letters, one, language) for one in messages.values()]
    values = {"letters": written, "language": language, "languages": letters.languages}
    return console_page(request, "letters.html", values, room=_ROOM)


def _shown(letters: Letters, letter: Letter) -> Mapping[str, Any]:
    """Give what the pages of one letter name beside it."""
    headers = {} if letter.claimed is None else letter.claimed.headers
    return {
        "languages": letters.languages,
        "language": letter.language,
        "is_mail": letter.channel == Channel.EMAIL,
        "text": letters.text(letter),
        "headers": headers,
    }


def _sample(live: Live, letters: Letters, message: Message, language: str | None) -> Letter:
    serving = live.serving()
    document = sample(message, serving, live.instant(None))
    chosen = letters.language(language, None)
    return letters.letter(document, chosen, serving.snapshot.products)


def _found(live: Live, message: str) -> Message:
    messages = sampled(live.serving().policy.playbook)
    if message not in messages:
        raise HTTPException(404, f"there is no message {message!r}")
    return messages[message]


def _laid_out(letters: Letters, letter: Letter, view: View) -> Response:
    if view.part == "text" or letter.channel != Channel.EMAIL:
        return _sent(letters.text(letter), TEXT, letter.language, view)
    return _sent(letters.html(letter, view.scheme), HTML, letter.language, view)


def _sent(body: str, kind: str, language: str, view: View) -> Response:
    policy = policy_of(framed_by="'self'", pictures=view.images == "1")
    headers = {
        "cache-control": PRIVATE,
        "content-language": language,
        "content-security-policy": policy,
        "x-robots-tag": "noindex",
    }
    return Response(body, headers=headers, media_type=kind)
