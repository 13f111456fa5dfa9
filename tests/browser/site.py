"""A shop's own site: it serves the pages that a test puts there, and notes who asked for what."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final
from urllib.parse import urlsplit

HTML: Final = "text/html; charset=utf-8"
JSON: Final = "application/json"


@dataclass(frozen=True)
class Answer:
    """What a path answers; where it hangs, not before the site closes."""

    body: bytes
    headers: Mapping[str, str]
    status: int = 200
    hangs: bool = False


@dataclass(frozen=True)
class Site:
    """A site of one origin.

    Attributes:
        address: such as `http://127.0.0.1:40001`; another port than any other server's is another
            site to a browser.
        asked: (method, path with its query) of what was asked for, in that order.
    """

    address: str
    asked: list[tuple[str, str]]
    _answers: dict[str, Answer]
    _closing: threading.Event = field(default_factory=threading.Event)

    def put(
        self,
        path: str,
        body: str | bytes,
        *,
        status: int = 200,
        kind: str = HTML,
        policy: str | None = None,
        hangs: bool = False,
    ) -> str:
        """Let a path answer, whatever its query is, and give its address.

        Args:
            path: from the slash on.
            body: of the answer.
            status: of the answer.
            kind: its media type.
            policy: the Content-Security-Policy; none by default.
            hangs: nothing is ever answered.
        """
        headers = {
            "content-type": kind,
            "cache-control": "no-store",
            "access-control-allow-origin": "*",
            **({} if policy is None else {"content-security-policy": policy}),
        }
        told = body.encode() if isinstance(body, str) else body
        self._answers[path] = Answer(told, headers, status, hangs)
        return self.address + path

    def answer(self, method: str, target: str) -> Answer:
        """Note that somebody asks, and give what they get."""
        self.asked.append((method, target))
        found = self._answers.get(urlsplit(target).path, Answer(b"", {}, 404))
        if found.hangs:
            self._closing.wait()
        return found

    def close(self) -> None:
        """Let go of who is left hanging."""
        self._closing.set()


@contextmanager
def site() -> Iterator[Site]:
    """Run a site on a free port of this machine."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            found = running.answer(self.command, self.path)
            self.rfile.read(int(self.headers.get("content-length", 0)))
            try:
                self.send_response(found.status)
                for name, value in found.headers.items():
                    self.send_header(name, value)
                self.send_header("content-length", str(len(found.body)))
                self.end_headers()
                self.wfile.write(found.body)
            except ConnectionError:
                # A browser that leaves a page hangs up.
                self.close_connection = True

        def do_POST(self) -> None:
            self.do_GET()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            """Say nothing of a browser that hung up."""

    with Server(("127.0.0.1", 0), Handler) as server:
        running = Site(f"http://127.0.0.1:{server.server_port}", [], {})
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield running
        finally:
            running.close()
            server.shutdown()
            thread.join()
