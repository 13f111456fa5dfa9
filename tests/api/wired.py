"""One shop behind two sockets: with the fast lane, and with uvicorn's own protocol."""

from __future__ import annotations

import asyncio
import re
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final

import uvicorn
from fastapi import FastAPI
from starlette.types import Scope
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from nba_api.app import create_app
from nba_api.fast_lane import FastLane
from nba_api.protocol import Protocol
from nba_api.settings import Settings

LAST: Final = b"GET /health/live HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n"
KEEP_ALIVE: Final = 1
"""Seconds after which a client that says no more is let go."""
_CHANGING: Final = re.compile(
    rb'(date: )[^\r]*|(x-request-id: |"request_id":")[0-9a-f]{32}', re.IGNORECASE
)


class Counting:
    """A fast lane that counts what it answers."""

    def __init__(self, lane: FastLane) -> None:
        self.lane = lane
        self.answered = 0

    def answer(self, scope: Scope) -> Any:
        answer = self.lane.answer(scope)
        self.answered += answer is not None
        return answer


@dataclass(frozen=True)
class Wired:
    """A server behind a socket."""

    app: FastAPI
    port: int
    lane: Counting

    def say(self, pieces: Sequence[bytes]) -> bytes:
        """Send pieces apart; give all that comes back, without what changes each time."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=20) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            # Who is refused is hung up on, whatever they still had to say.
            with suppress(ConnectionError):
                for number, piece in enumerate(pieces):
                    if number:
                        time.sleep(0.002)
                    connection.sendall(piece)
            heard = []
            with suppress(ConnectionError):
                heard.extend(iter(lambda: connection.recv(65_536), b""))
        return _CHANGING.sub(rb"\1\2-", b"".join(heard))

    def counted(self) -> dict[tuple[str, int], int]:
        """Give how many answers of each route and class were counted."""
        return dict(self.app.state.live.metrics._answers)


@contextmanager
def wired(settings: Settings) -> Iterator[tuple[Wired, Wired]]:
    """Serve the same settings twice: with the lane, and without."""
    with ExitStack() as stack:
        yield (
            stack.enter_context(_serving(settings, Protocol)),
            stack.enter_context(_serving(settings, HttpToolsProtocol)),
        )


async def _slow() -> None:
    await asyncio.sleep(2 * KEEP_ALIVE)


@contextmanager
def _serving(settings: Settings, protocol: type[HttpToolsProtocol]) -> Iterator[Wired]:
    app = create_app(settings)
    lane = app.state.fast_lane = Counting(app.state.fast_lane)
    app.add_api_route("/slow", _slow)
    config = uvicorn.Config(
        app, http=protocol, log_config=None, access_log=False, ws="none", server_header=False,
        proxy_headers=False, timeout_keep_alive=KEEP_ALIVE,
    )  # fmt: skip
    server = uvicorn.Server(config)
    door = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [door]})
    thread.start()
    try:
        while not server.started:
            time.sleep(0.01)
        yield Wired(app, door.getsockname()[1], lane)
    finally:
        server.should_exit = True
        thread.join()
