"""Bodies: read in one piece before the route, as large and as deep as it allows."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Final

from fastapi import HTTPException
from starlette.types import Message, Receive

from nba_api.depth import MAX_DEPTH, is_too_deep

BODY_SECONDS: Final = 15.0
_TOO_DEEP: Final = f"the body nests more than {MAX_DEPTH} levels deep"


class Room:
    """How many bytes the bodies of callers who have proved nothing yet may take, all together."""

    def __init__(self, most: int) -> None:
        """Begin empty, with room for so many bytes."""
        self._left = most

    @contextmanager
    def counting(self, receive: Receive) -> Iterator[Receive]:
        """Give what receives a body as long as there is room; what it took is given back after."""
        taken = 0

        async def counted() -> Message:
            nonlocal taken
            message = await receive()
            size = len(message.get("body", b""))
            taken += size
            self._left -= size
            if self._left < 0:
                raise HTTPException(
                    HTTPStatus.SERVICE_UNAVAILABLE,
                    "too many bodies are being read already; send it again shortly",
                    {"retry-after": "1"},
                )
            return message

        try:
            yield counted
        finally:
            self._left += taken


async def read_body(
    length: str, receive: Receive, max_bytes: int, *, seconds: float = BODY_SECONDS
) -> Receive:
    """Read a body and give what hands it on in one piece.

    Args:
        length: the header Content-Length; empty where the body does not say.
        receive: what gives it in pieces.
        max_bytes: the most that are read, whatever it says.
        seconds: how long to wait for its end.

    Raises:
        HTTPException: it is too large, too slow, or nests too deep.
    """
    too_large = HTTPException(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        f"the body is larger than the {max_bytes} bytes that are read",
    )
    if length.isdecimal() and int(length) > max_bytes:
        raise too_large
    try:
        async with asyncio.timeout(seconds):
            message = await _whole(receive, max_bytes)
    except TimeoutError:
        raise HTTPException(
            HTTPStatus.REQUEST_TIMEOUT, f"the body did not arrive within {seconds:g} seconds"
        ) from None
    if message is None:
        raise too_large
    if is_too_deep(message.get("body", b"")):
        raise HTTPException(HTTPStatus.BAD_REQUEST, _TOO_DEEP)
    return _replaying(message, receive)


async def _whole(receive: Receive, max_bytes: int) -> Message | None:
    """Give the message that has the whole body, or says that the client is gone.

    None where the body is larger than may be read.
    """
    pieces: list[bytes] = []
    size, has_more = 0, True
    while has_more:
        message = await receive()
        if message["type"] != "http.request":
            return message
        pieces.append(message.get("body", b""))
        size += len(pieces[-1])
        if size > max_bytes:
            return None
        has_more = message.get("more_body", False)
    return {"type": "http.request", "body": b"".join(pieces), "more_body": False}


def _replaying(first: Message, receive: Receive) -> Receive:
    """Give a message that was received already, then those to come."""
    messages = [first]

    async def replayed() -> Message:
        return messages.pop() if messages else await receive()

    return replayed
