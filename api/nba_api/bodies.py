"""Bodies: read in one piece before the route, as large and as deep as it allows."""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

from fastapi import HTTPException
from starlette.types import Message, Receive

from nba_api.depth import MAX_DEPTH, is_too_deep

_TOO_DEEP: Final = f"the body nests more than {MAX_DEPTH} levels deep"


async def read_body(length: str, receive: Receive, max_bytes: int) -> Receive:
    """Read a body and give what hands it on in one piece.

    Args:
        length: the header Content-Length; empty where the body does not say.
        receive: what gives it in pieces.
        max_bytes: the most that are read, whatever it says.

    Raises:
        HTTPException: it is too large, or nests too deep.
    """
    too_large = HTTPException(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        f"the body is larger than the {max_bytes} bytes that are read",
    )
    if length.isdecimal() and int(length) > max_bytes:
        raise too_large
    pieces: list[bytes] = []
    size, has_more = 0, True
    while has_more:
        message = await receive()
        if message["type"] != "http.request":
            # The client is gone: the route hears of it in the same words.
            return _replaying(message, receive)
        pieces.append(message.get("body", b""))
        size += len(pieces[-1])
        has_more = message.get("more_body", False)
        if size > max_bytes:
            raise too_large
    body = b"".join(pieces)
    if is_too_deep(body):
        raise HTTPException(HTTPStatus.BAD_REQUEST, _TOO_DEEP)
    return _replaying({"type": "http.request", "body": body, "more_body": False}, receive)


def _replaying(first: Message, receive: Receive) -> Receive:
    """Give a message that was received already, then those to come."""
    messages = [first]

    async def replayed() -> Message:
        return messages.pop() if messages else await receive()

    return replayed
