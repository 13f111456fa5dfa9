"""Feeds on their way: few at a time, and none for longer than a slow line takes.

A part of a catalogue is larger than what lies between two machines, so that it waits for its
reader; whoever reads nothing would otherwise keep a place from everybody who asks the server.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import suppress
from http import HTTPStatus
from typing import Final

from fastapi import HTTPException
from fastapi.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

MOST_SENT: Final = 4
"""Parts that are sent at a time. The tools that fetch them do so every few hours."""
SEND_SECONDS: Final = 120.0
"""The largest part takes as long at 3.5 million bits a second."""
_RETRY_SECONDS: Final = 10


class Sending:
    """Counts the parts that are on their way."""

    def __init__(self, *, most: int = MOST_SENT, seconds: float = SEND_SECONDS) -> None:
        """Send none yet.

        Args:
            most: how many are sent at a time.
            seconds: how long one may take.
        """
        self.most = most
        self.seconds = seconds
        self.taken = 0

    def answer(
        self, written: Iterator[bytes], headers: Mapping[str, str], media_type: str
    ) -> StreamingResponse:
        """Give the answer that sends a part, or refuses to once its turn comes."""
        return _Sent(self, written, headers, media_type)


class _Sent(StreamingResponse):
    """An answer with a place and an end."""

    def __init__(
        self, sending: Sending, written: Iterator[bytes], headers: Mapping[str, str], kind: str
    ) -> None:
        super().__init__(written, headers=headers, media_type=kind)
        self._sending = sending

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        sending = self._sending
        if sending.taken >= sending.most:
            raise HTTPException(
                HTTPStatus.SERVICE_UNAVAILABLE,
                f"{sending.most} feeds are being sent already; ask again shortly",
                {"retry-after": str(_RETRY_SECONDS)},
            )
        sending.taken += 1
        try:
            # What ends before its length closes the connection, by which a client knows of it.
            with suppress(TimeoutError):
                async with asyncio.timeout(sending.seconds):
                    await super().__call__(scope, receive, send)
        finally:
            sending.taken -= 1
