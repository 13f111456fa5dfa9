"""What is fetched comes from the very address that was checked, soon, and is small."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from nba_api.webhooks.fetching import fetch


class _Site(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/moved":
            self.send_response(302)
            self.send_header("location", "/small")
            self.end_headers()
            return
        body = b"x" * (10 if self.path == "/small" else 1_000_000)
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def site() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), _Site)
    serving = threading.Thread(target=server.serve_forever, args=(0.01,))
    serving.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    serving.join()
    server.server_close()


def test_what_an_address_holds_is_given(site: str) -> None:
    assert fetch(f"{site}/small") == b"x" * 10


def test_of_much_only_the_beginning_is_read(site: str) -> None:
    assert len(fetch(f"{site}/large")) == 65_536


def test_a_redirect_is_not_followed(site: str) -> None:
    with pytest.raises(OSError, match="302") as refused:
        fetch(f"{site}/moved")
    refused.value.close()  # type: ignore[attr-defined]


def test_an_address_that_nobody_answers_is_an_error() -> None:
    with pytest.raises(OSError, match="refused"):
        fetch("http://127.0.0.1:9/")
