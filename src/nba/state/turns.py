"""When it is one's turn to write to a file of SQLite, among processes.

SQLite keeps no order among those who wait. Each asks anew after ever longer naps, of a tenth of a
second in the end, while whoever has just written asks again at once: beside others who write all
the time somebody may wait for half a minute, and is refused. Here only one at a time asks SQLite:
the next to write, who asks after short naps. The others wait to be next.
"""

from __future__ import annotations

import fcntl
import os
import random
import sqlite3
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

from sqlalchemy import Connection

PATIENCE_SECONDS: Final = 30
"""How long to wait for another writer."""
SUFFIX: Final = "-turn"
"""Behind the name of a database: an empty file that the next to write has locked."""
_NEXT_ASKS, _OTHERS_ASK = 0.000_5, 0.008
"""Seconds between two questions, at most: a small part of a claim's time, and that of two."""
_KEPT: Final = 0.05
"""Seconds for which who has had their turn writes on without standing in line again: after another
process has written, SQLite reads anew what it had in its memory."""


class Turns:
    """The turns of one process; one of its threads at a time takes one."""

    def __init__(self) -> None:
        """Begin without one."""
        self._ours_until = 0.0

    def take(self, connection: Connection) -> None:
        """Begin a transaction that writes, as soon as nobody else does and those before did.

        Raises:
            sqlite3.OperationalError: somebody has been writing for `PATIENCE_SECONDS`, or the
                file cannot be written.
        """
        began = time.monotonic()
        until = began + PATIENCE_SECONDS
        driver: Any = connection.connection.driver_connection
        if began < self._ours_until:
            _begin(driver, until)
            return
        line = _line(connection.engine.url.database)
        try:
            # At the end of the patience the file is asked all the same: the line is but an order.
            if line is not None:
                _ask(lambda: _is_first(line), _OTHERS_ASK, until)
            _begin(driver, until)
        finally:
            if line is not None:
                os.close(line)
        self._ours_until = time.monotonic() + _KEPT


def _line(database: str | None) -> int | None:
    """Open the file that the next one locks; None where nobody else has the database, or may."""
    if database and database != ":memory:" and not database.startswith("file:"):
        with suppress(OSError):
            return os.open(f"{database}{SUFFIX}", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    return None


def _is_first(line: int) -> bool:
    with suppress(OSError):
        fcntl.flock(line, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    return False


def _begin(driver: Any, until: float) -> None:  # noqa: ANN401 - the driver's own type
    def is_begun() -> bool:
        try:
            driver.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
            return False
        return True

    driver.execute("PRAGMA busy_timeout = 0")
    try:
        _ask(is_begun, _NEXT_ASKS, float("inf"))
    finally:
        driver.execute(f"PRAGMA busy_timeout = {int(1000 * PATIENCE_SECONDS)}")


def _ask(is_so: Callable[[], bool], nap: float, until: float) -> None:
    while not is_so() and time.monotonic() < until:
        # Of unequal length, so that nobody is always a little late.
        time.sleep(random.uniform(nap / 2, nap))
