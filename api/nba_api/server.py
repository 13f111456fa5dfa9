"""The server as a process: it says when it answers, and takes leave before it goes."""

from __future__ import annotations

import asyncio
import gc
import signal
import socket
import time
from collections.abc import Callable
from types import FrameType
from typing import Final

import uvicorn
from fastapi import FastAPI

from nba_api.live import Live
from nba_api.protocol import Protocol

GRACE_SECONDS: Final = 10
"""How long requests under way may take once nothing more is accepted."""
_COLLECT_AFTER: Final = (50_000, 20, 20)
_LAST_WORDS_SECONDS: Final = 0.2


class Server(uvicorn.Server):
    """Runs an app until SIGTERM or SIGINT.

    On SIGTERM `/health/ready` fails at once and every answer asks its client to connect elsewhere,
    while what still comes is answered; only then is the door closed and what is under way
    finished. On SIGINT, which a person sends, the door is closed at once.
    """

    def __init__(self, app: FastAPI, *, when_ready: Callable[[], None]) -> None:
        """Prepare to run.

        Args:
            app: of `create_app`.
            when_ready: called when the first request may come.
        """
        super().__init__(
            uvicorn.Config(
                app,
                http=Protocol,
                # Whose log this is decides who starts the process.
                log_config=None,
                log_level="warning",
                # The envelope writes its own lines, and may be asked not to.
                access_log=False,
                ws="none",
                server_header=False,
                # Who is believed to say whom it forwards for is a setting of ours.
                proxy_headers=False,
                timeout_graceful_shutdown=GRACE_SECONDS,
            )
        )
        self._live: Live = app.state.live
        self._when_ready = when_ready
        self._told: tuple[int, FrameType | None] | None = None
        self._leave_at = 0.0

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Open the door."""
        # Lists kept as bytes are many small objects that stay: what was there from the start is
        # never looked through again, and of what comes later the collector looks more seldom.
        gc.freeze()
        gc.set_threshold(*_COLLECT_AFTER)
        await super().startup(sockets)
        if self.started:
            self._when_ready()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Take leave; the second signal closes the door at once."""
        is_first = not self._live.is_stopping
        self._live.is_stopping = True
        if sig == signal.SIGTERM and is_first:
            self._told = sig, frame
            self._leave_at = time.monotonic() + self._live.settings.drain_seconds
        else:
            super().handle_exit(sig, frame)

    async def on_tick(self, counter: int) -> bool:
        """Tell ten times a second whether to close the door."""
        if self._told is not None and time.monotonic() >= self._leave_at:
            super().handle_exit(*self._told)
            self._told = None
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Close the door, and finish what is under way."""
        for door in (*self.servers, *(sockets or ())):
            door.close()
        # Who came in last has not said yet what they want, and would count as idle.
        await asyncio.sleep(_LAST_WORDS_SECONDS)
        await super().shutdown(sockets)
