"""Leave to change a remote models home, which one process has at a time.

No call of fsspec replaces a file on the condition that it is still the one that was read. So leave
is a file of the next number, which one process alone can create. Who has it writes a new text into
it every few seconds; where that text stays the same for longer than they would let it, they are
dead and the next number may be taken. No clock is compared with another machine's.
"""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import count
from typing import Final

from nba.artifacts.remote import Remote
from nba.errors import HomeAwayError

FOLDER: Final = "lease"
BEAT_SECONDS: Final = 5.0
PATIENCE_SECONDS: Final = 30.0
"""Who has written nothing for so long is taken for dead."""

_FREE: Final = b"free\n"
_GLANCE: Final = 0.5
_DIGITS: Final = 12

_LOG: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Lease:
    """Leave that was given, until it is given back or others take its holder for dead.

    Attributes:
        remote: what may be changed.
        number: the file's.
    """

    remote: Remote
    number: int

    def confirm(self) -> None:
        """See that nobody else was given leave since.

        Raises:
            HomeAwayError: somebody was, or the home cannot be reached.
        """
        if _last(self.remote) != self.number:
            raise HomeAwayError(
                f"another process has taken over {self.remote.url}, as this one was silent for too "
                "long; what it was about to write is not current there: do it again"
            )


@contextmanager
def leased(
    remote: Remote, *, beat: float = BEAT_SECONDS, patience: float = PATIENCE_SECONDS
) -> Iterator[Lease]:
    """Wait for leave to change a home; others wait until the end.

    Args:
        remote: the home.
        beat: seconds after which the holder writes again.
        patience: seconds after which a silent holder is dead; several times as long.

    Raises:
        HomeAwayError: the home cannot be reached or written.
    """
    token = secrets.token_hex(8)
    lease = Lease(remote, _take(remote, token, patience))
    done = threading.Event()
    beating = threading.Thread(
        target=_beat, args=(lease, token, beat, done), name="models-lease", daemon=True
    )
    beating.start()
    try:
        yield lease
    finally:
        done.set()
        beating.join()
        try:
            remote.replace(_path(lease.number), _FREE)
        except HomeAwayError as error:
            _LOG.warning("%s; others wait until this process counts as dead", error)


def _take(remote: Remote, token: str, patience: float) -> int:
    """Create the file of the next number, once the last one is free or its holder dead."""
    seen: tuple[int, bytes | None] | None = None
    since = time.monotonic()
    while True:
        last = _last(remote)
        content = remote.read(_path(last)) if last else _FREE
        if (last, content) != seen:
            seen, since = (last, content), time.monotonic()
        is_over = content in (_FREE, None) or time.monotonic() - since > patience
        if not is_over:
            time.sleep(min(_GLANCE, patience / 4))
            continue
        number = last + 1
        if remote.create(_path(number), f"{token} 0\n".encode()):
            # Who looked long ago may have created one that others have passed since.
            if _last(remote) == number:
                # What of them stays stands in nobody's way; a lease that is lost here would.
                with suppress(HomeAwayError):
                    remote.remove([_path(one) for one in _numbers(remote) if one < number])
                return number
            remote.remove([_path(number)])


def _beat(lease: Lease, token: str, seconds: float, done: threading.Event) -> None:
    for number in count(1):
        if done.wait(seconds):
            return
        try:
            lease.remote.replace(_path(lease.number), f"{token} {number}\n".encode())
        except HomeAwayError as error:
            _LOG.warning("%s", error)


def _last(remote: Remote) -> int:
    return max(_numbers(remote), default=0)


def _numbers(remote: Remote) -> list[int]:
    return [int(one) for one in remote.names(FOLDER) if one.isdecimal() and len(one) == _DIGITS]


def _path(number: int) -> str:
    return f"{FOLDER}/{number:0{_DIGITS}}"
