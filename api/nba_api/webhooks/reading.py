"""What the providers' readers have in common: a request as it came, and cells nobody checked."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, Final, Protocol
from urllib.parse import parse_qsl

import orjson
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException

from nba.state.feedback import ProviderEvent

MESSAGE_ID: Final = "nba_message_id"
"""Under this name a provider is given the id of our message, and gives it back."""
SECOND: Final = 1_000_000
"""In microseconds."""
_MAX_FIELDS: Final = 1000
_ID: Final = re.compile(r"[^\x00-\x1f\x7f]{1,256}")
_THEIR_ID: Final = re.compile(r"[\x21-\x7e]{1,200}")
_TYPE: Final = re.compile(r"[\w .:/-]{1,100}", re.ASCII)
_FIRST: Final = int(datetime(1990, 1, 1, tzinfo=UTC).timestamp()) * SECOND
_LAST: Final = int(datetime(2100, 1, 1, tzinfo=UTC).timestamp()) * SECOND


@dataclass(frozen=True, slots=True)
class Delivery:
    """A request of a provider, as it came.

    Attributes:
        url: as the provider called it, with its query.
        query: parameter → value.
        headers: whatever their case.
        body: the raw bytes.
        at: now, in microseconds UTC since 1970.
    """

    url: str
    query: Mapping[str, str]
    headers: Headers
    body: bytes
    at: int


class Provider(Protocol):
    """Reads what one provider sends."""

    @property
    def name(self) -> str:
        """As the address of its webhook has it."""

    def receive(self, delivery: Delivery) -> list[ProviderEvent]:
        """Verify a request, then read it.

        Raises:
            HTTPException: 401 where the provider did not send it, 400 or 422 where it makes no
                sense; nothing of it may be kept then.
        """


def forged(problem: str) -> HTTPException:
    """Give the error of a request that proves nothing of where it came from."""
    return HTTPException(
        HTTPStatus.UNAUTHORIZED, problem, headers={"www-authenticate": 'Basic realm="webhooks"'}
    )


def json_of(text: bytes | str) -> Any:  # noqa: ANN401 - JSON
    """Read JSON.

    Raises:
        HTTPException: 400, it is none.
    """
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise HTTPException(HTTPStatus.BAD_REQUEST, f"the body is no JSON: {error}") from None


def form_of(body: bytes) -> dict[str, str]:
    """Read a form; of a field that stands twice the last counts.

    Raises:
        HTTPException: 400, it is none.
    """
    try:
        fields = parse_qsl(
            body.decode(), keep_blank_values=True, errors="strict", max_num_fields=_MAX_FIELDS
        )
    except ValueError as error:
        raise HTTPException(HTTPStatus.BAD_REQUEST, f"the body is no form: {error}") from None
    return dict(fields)


def objects(document: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - JSON
    """Give the objects of a list, or the only one.

    Raises:
        HTTPException: 422, there is anything else.
    """
    listed = document if isinstance(document, list) else [document]
    if not all(isinstance(one, dict) for one in listed):
        raise HTTPException(
            HTTPStatus.UNPROCESSABLE_ENTITY, "events are JSON objects, in a list or alone"
        )
    return listed


def inside(document: Any, *names: str) -> Any:  # noqa: ANN401 - JSON
    """Follow names into nested objects; None where one is missing."""
    for name in names:
        document = document.get(name) if isinstance(document, dict) else None
    return document


def text(cell: object) -> str:
    """Give a text or whole number as a text; anything else is empty."""
    return str(cell) if isinstance(cell, str | int) else ""


def event(
    provider: str,
    kind: object,
    *,
    at: int,
    message_id: object,
    outcome: str | None,
    theirs: object = None,
    parts: tuple[object, ...] = (),
    is_machine: bool = False,
) -> ProviderEvent:
    """Put together what one provider said.

    Args:
        provider: its name.
        kind: its word for what happened.
        at: when, in microseconds UTC since 1970.
        message_id: what it says our message is.
        outcome: one of `vocabulary.MESSAGE_EVENT_TYPES`, or None.
        theirs: the id that the provider gave the event, if it gives any.
        parts: what tells the event from others where it gives none.
        is_machine: the provider says that no person did it.
    """
    known, word = text(theirs), text(kind)
    if not _THEIR_ID.fullmatch(known):
        named = "\x1f".join(text(part) for part in (known, word, *parts))
        known = hashlib.sha256(named.encode("utf-8", "surrogatepass")).hexdigest()[:32]
    return ProviderEvent(
        f"{provider}:{known}",
        word if _TYPE.fullmatch(word) else "unreadable",
        at,
        message_id if isinstance(message_id, str) and _ID.fullmatch(message_id) else None,
        outcome,
        is_machine,
    )


def seconds(cell: object, otherwise: int, *, unit: int = SECOND) -> int:
    """Read an instant since 1970.

    Args:
        cell: a number, or a text of one.
        otherwise: what to give where there is none that can be.
        unit: microseconds that 1 stands for.

    Returns:
        microseconds.
    """
    try:
        number = float(cell) if isinstance(cell, str | int | float) else math.nan
    except (ValueError, OverflowError):
        return otherwise
    return round(number * unit) if _FIRST <= number * unit < _LAST else otherwise


def iso_text(cell: object, otherwise: int) -> int:
    """Read an ISO instant, UTC where it has no zone; microseconds since 1970.

    Args:
        cell: a text.
        otherwise: what to give where there is none that can be.
    """
    try:
        read = datetime.fromisoformat(cell if isinstance(cell, str) else "")
        whole = read if read.tzinfo else read.replace(tzinfo=UTC)
        at = round(whole.timestamp() * SECOND)
    except (ValueError, OverflowError):
        return otherwise
    return at if _FIRST <= at < _LAST else otherwise
