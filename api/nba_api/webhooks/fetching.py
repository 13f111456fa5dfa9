"""Getting one small thing from an address that was checked: no redirects, no waiting."""

from __future__ import annotations

from http.client import HTTPException, HTTPMessage
from typing import IO, Final
from urllib.request import HTTPRedirectHandler, Request, build_opener

_PATIENCE_SECONDS: Final = 2.0
_MAX_BYTES: Final = 65_536


class _NoRedirects(HTTPRedirectHandler):
    """An address that was checked must not lead to one that was not."""

    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> None:
        """Follow nothing; the answer is an error then."""


_OPENER: Final = build_opener(_NoRedirects)


def fetch(url: str) -> bytes:
    """Give what an address holds, at most 64 KiB of it.

    Raises:
        OSError: it does not answer within two seconds, or with anything but 200.
    """
    try:
        with _OPENER.open(url, timeout=_PATIENCE_SECONDS) as answer:
            held: bytes = answer.read(_MAX_BYTES)
    except HTTPException as error:
        raise OSError(f"the answer is no HTTP: {type(error).__name__}") from None
    return held
