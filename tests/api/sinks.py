"""Where mails end up in tests: a mail server and a provider's API, each on a socket of its own."""

from __future__ import annotations

import json
import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast

_ENDING = b".\r\n"


@dataclass
class Mailbox:
    """What a mail server took.

    Attributes:
        port: of the server.
        mails: in the order in which they came.
        raw: the same, byte for byte as they stood on the wire.
        is_refusing: it takes no mail now.
        when_taken: called with a mail before the sender hears that it was taken.
    """

    port: int = 0
    mails: list[EmailMessage] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)
    is_refusing: bool = False
    when_taken: Callable[[], None] = lambda: None


@contextmanager
def mailbox() -> Iterator[Mailbox]:
    """Run a mail server that knows what `smtplib` says."""
    box = Mailbox()

    class Talk(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.say("220 here")
            for line in self.rfile:
                verb = line[:4].upper().strip()
                if verb == b"QUIT":
                    self.say("221 bye")
                    return
                if verb == b"RCPT" and box.is_refusing:
                    self.say("550 nobody of that name")
                elif verb == b"DATA":
                    self.say("354 go on")
                    self.take()
                else:
                    self.say("250 fine")

        def take(self) -> None:
            lines = []
            while (line := self.rfile.readline()) != _ENDING:
                lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
            raw = b"".join(lines)
            parsed = BytesParser(policy=policy.default).parsebytes(raw)
            box.raw.append(raw)
            box.mails.append(cast("EmailMessage", parsed))
            box.when_taken()
            self.say("250 taken")

        def say(self, text: str) -> None:
            self.wfile.write(f"{text}\r\n".encode())

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True

        def handle_error(self, request: Any, client_address: Any) -> None:
            """Say nothing of a sender who was killed."""

    with Server(("127.0.0.1", 0), Talk) as server:
        box.port = server.server_address[1]
        with _running(server):
            yield box


@dataclass
class Provider:
    """What the API of a provider was posted.

    Attributes:
        url: of the API.
        posted: (headers, document) of each request.
    """

    url: str = ""
    posted: list[tuple[dict[str, str], Any]] = field(default_factory=list)


@contextmanager
def provider() -> Iterator[Provider]:
    """Run an API that takes every mail it is posted."""
    told = Provider()

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            told.posted.append((dict(self.headers), json.loads(body)))
            self.send_response(202)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Say nothing of a request."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        told.url = f"http://127.0.0.1:{server.server_address[1]}/v3/mail/send"
        with _running(server):
            yield told


@contextmanager
def _running(server: socketserver.BaseServer) -> Iterator[None]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
