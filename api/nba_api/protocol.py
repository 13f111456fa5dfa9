"""The end of a connection: uvicorn's, with the fast lane before it.

What the lane answers is written at once and in one piece; it takes no task, no queue and no copy.
All else, and whatever is not quite as usual, is uvicorn's: HTTP/1.0, the last request of a
connection, a body, a request behind one that is not answered yet, a client that does not read.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any, Final
from urllib.parse import unquote

import httptools
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol
from uvicorn.server import ServerState

from nba_api.fast_lane import FastLane, lines
from nba_api.hot_path import PREFIX

AT_ONCE: Final = 16
"""Requests of one connection that are answered before others have their turn."""
_PREFIX: Final = PREFIX.encode()

LOG: Final = logging.getLogger(__name__)


class Protocol(HttpToolsProtocol):
    """One connection of a server whose application has a fast lane: `app.state.fast_lane`."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        """Begin a connection, as uvicorn does."""
        super().__init__(config, server_state, app_state, _loop)
        self._lane: FastLane = config.app.state.fast_lane  # type: ignore[union-attr]
        self._turns = 0
        self._is_answered = False

    def data_received(self, data: bytes) -> None:
        """Read what came."""
        self._turns = AT_ONCE
        super().data_received(data)

    def on_headers_complete(self) -> None:
        """Answer a request, or let uvicorn start on it."""
        self._is_answered = self._is_plain() and self._answer()
        if not self._is_answered:
            # An answer before it in the same data has set the clock for a client that says no more.
            self._unset_keepalive_if_required()
            super().on_headers_complete()

    def on_message_complete(self) -> None:
        """End a request, which is over where it was answered."""
        if not self._is_answered:
            super().on_message_complete()

    def on_response_complete(self) -> None:
        """Let uvicorn start on the next request, and read on when none is left.

        Uvicorn reads on after every answer: a client that sends and never reads would have some
        hundred MB of its requests wait here.
        """
        super().on_response_complete()
        if self.pipeline:
            self.flow.pause_reading()

    def _is_plain(self) -> bool:
        """Whether nothing of the connection stands in the way of an answer at once."""
        parser = self.parser
        cycle: Any = self.cycle  # none before the first that uvicorn starts on
        return (
            self.url.startswith(_PREFIX)
            and self._turns > 0
            and parser.get_method() == b"GET"
            and (cycle is None or cycle.response_complete)
            and not self.flow.write_paused
            and not self.transport.is_closing()
            and parser.get_http_version() == "1.1"
            and parser.should_keep_alive()
            and not parser.should_upgrade()
        )

    def _answer(self) -> bool:
        """Answer by the lane, if it does."""
        scope: Any = self.scope
        target = httptools.parse_url(self.url)
        scope["method"], scope["raw_path"] = "GET", target.path
        scope["path"], scope["query_string"] = unquote(target.path.decode()), target.query or b""
        try:
            answer = self._lane.answer(scope)
        except Exception:
            # The ordinary way will say what is wrong, or do better.
            LOG.exception("the fast lane failed")
            return False
        if answer is None:
            return False
        status, told, body = answer
        date = lines(self.server_state.default_headers)
        self.transport.write(b"".join((STATUS_LINE[status], date, told, b"\r\n", body)))
        self._turns -= 1
        self.on_response_complete()
        return True
