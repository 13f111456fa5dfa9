"""A line to a database that a test can cut, let fall silent, and mend."""

from __future__ import annotations

import selectors
import socket
import threading
from contextlib import suppress
from typing import Self


class Line:
    """Passes connections to a port of this machine on to the socket of a server."""

    def __init__(self, target: str) -> None:
        """Listen on a free port; `target` is the path of the server's socket."""
        self._target = target
        self._pairs: dict[socket.socket, socket.socket] = {}
        self._listener: socket.socket | None = None
        self._selector = selectors.DefaultSelector()
        self._lock = threading.Lock()
        self._is_silent = self._is_over = False
        self.port = 0
        self.mend()
        self._thread = threading.Thread(target=self._pass_on, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over = True
        self._thread.join()
        self.cut()
        self._selector.close()

    def cut(self) -> None:
        """Stop as a server does: what is open is closed, and nobody listens."""
        with self._lock:
            self._drop()
            if self._listener is not None:
                self._selector.unregister(self._listener)
                self._listener.close()
                self._listener = None

    def fall_silent(self) -> None:
        """Take what is sent, and connections too, and never answer."""
        self._is_silent = True

    def mend(self) -> None:
        """Pass on again; what was open is closed."""
        with self._lock:
            self._drop()
            self._is_silent = False
            if self._listener is None:
                self._listener = socket.create_server(("127.0.0.1", self.port))
                self.port = self._listener.getsockname()[1]
                self._selector.register(self._listener, selectors.EVENT_READ)

    def _drop(self) -> None:
        for end in list(self._pairs):
            self._close(end)

    def _close(self, end: socket.socket) -> None:
        for one in (end, self._pairs.pop(end, None)):
            if one is not None:
                self._pairs.pop(one, None)
                with suppress(KeyError, ValueError):
                    self._selector.unregister(one)
                one.close()

    def _pass_on(self) -> None:
        while not self._is_over:
            for key, _ in self._selector.select(timeout=0.02):
                with self._lock, suppress(OSError, ValueError):
                    self._take(key.fileobj)  # type: ignore[arg-type]

    def _take(self, end: socket.socket) -> None:
        if end is self._listener:
            caller, _ = end.accept()
            server = socket.socket(socket.AF_UNIX)
            server.connect(self._target)
            for one, other in ((caller, server), (server, caller)):
                self._pairs[one] = other
                self._selector.register(one, selectors.EVENT_READ)
        elif end in self._pairs:
            sent = end.recv(65_536)
            if not sent:
                self._close(end)
            elif not self._is_silent:
                self._pairs[end].sendall(sent)
