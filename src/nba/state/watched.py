"""A store that a server stays able to answer beside: it is asked through a guard, and watched."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import Any, Final, Protocol
from weakref import WeakSet

import psycopg
from sqlalchemy import Connection, create_engine, event
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from nba.errors import StateError, StoreAwayError
from nba.state.store import Store

CHECK_SECONDS: Final = 0.25
_CONNECT_SECONDS: Final = 2
_GLANCE_SECONDS: Final = 0.01
PATIENCE_SECONDS: Final = 1.0
"""A question that waits longer may wait for a database that is no more."""
_AWAY_STATES: Final = ("08", "57P")
"""SQLSTATEs of a connection that broke, and of a server that stops or starts."""


class Guard(Protocol):
    """Decides whether the store is asked at all; `nba_api.degraded.Breaker` is one."""

    def guarding(self) -> AbstractContextManager[None]:
        """Let one question through, or raise `StoreAwayError`."""

    def trip(self) -> None:
        """Note that the store is away."""

    def longest_seconds(self) -> float:
        """Give for how long the oldest question under way has waited."""


class WatchedStore(Store):
    """A store whose questions pass a guard; those to a database that fell silent are broken off.

    A database that stopped says so. One that froze, or whose network swallows what is sent, says
    nothing: the thread that asked would wait for minutes. So while a question takes long, a new
    connection is tried beside it, and where that one is not answered either, all are closed.
    """

    def __init__(self, url: str, guard: Guard) -> None:
        """Open the database.

        Args:
            url: as `Store` takes it.
            guard: asked before every view of the store, and told when it is away.

        Raises:
            ConfigError: the URL names no database this version supports.
            StateError: the database cannot be opened.
        """
        super().__init__(url)
        self._guard = guard
        self._links: WeakSet[Any] = WeakSet()
        self._closing = threading.Event()
        if self._engine.dialect.name == "postgresql":
            self._engine.dispose()
            event.listen(self._engine, "connect", lambda link, _: self._links.add(link))
            threading.Thread(target=self._watch, name="store-watch", daemon=True).start()

    def close(self) -> None:
        """Release the connections; who still waits for an answer learns that none will come."""
        self._closing.set()
        self._let_finish()
        self._break_off()
        self._let_finish()
        super().close()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Open a view of one instant, as `Store.reading` does.

        Raises:
            StoreAwayError: the database is away.
            StateError: it refuses.
        """
        with self._watched(), super().reading() as connection:
            yield connection

    @contextmanager
    def asking(self) -> Iterator[Connection]:
        """Open a connection for one look, as `Store.asking` does.

        Raises:
            StoreAwayError: the database is away.
            StateError: it refuses.
        """
        with self._watched(), super().asking() as connection:
            yield connection

    @contextmanager
    def writing(self, lock: Sequence[str] = ()) -> Iterator[Connection]:
        """Open a connection that writes, as `Store.writing` does.

        Args:
            lock: ids of customers that nobody else may be writing for meanwhile.

        Raises:
            StoreAwayError: the database is away.
            StateError: it refuses.
        """
        with self._watched(), super().writing(lock) as connection:
            yield connection

    @contextmanager
    def _watched(self) -> Iterator[None]:
        with self._guard.guarding(), _telling_away():
            if self._closing.is_set():
                raise StateError("the store is closed: the server is stopping")
            yield

    def _let_finish(self) -> None:
        """Wait a moment until nobody asks any more: a connection given back later stays open."""
        until = time.monotonic() + PATIENCE_SECONDS
        while self._guard.longest_seconds() and time.monotonic() < until:
            time.sleep(_GLANCE_SECONDS)

    def _watch(self) -> None:
        while not self._closing.wait(CHECK_SECONDS):
            if self._guard.longest_seconds() > PATIENCE_SECONDS and not self._answers():
                self._guard.trip()
                self._break_off()

    def _answers(self) -> bool:
        """Whether a new connection, beside those of the pool, is answered."""
        probe = create_engine(
            self._engine.url,
            poolclass=NullPool,
            connect_args={"connect_timeout": _CONNECT_SECONDS},
        )
        try:
            with probe.connect():
                return True
        except SQLAlchemyError:
            return False

    def _break_off(self) -> None:
        """Close the sockets under the connections: whoever waits on one is told at once."""
        for link in list(self._links):
            with (
                suppress(OSError, psycopg.Error),
                socket.socket(fileno=os.dup(link.fileno())) as line,
            ):
                line.shutdown(socket.SHUT_RDWR)


@contextmanager
def _telling_away() -> Iterator[None]:
    """Tell a database that is away from one that refuses what it was asked."""
    try:
        yield
    except StateError as error:
        if _is_away(error.__context__):
            raise StoreAwayError(f"the store is away: {error}") from None
        raise


def _is_away(refusal: BaseException | None) -> bool:
    cause = refusal.orig if isinstance(refusal, DBAPIError) else refusal
    if not isinstance(cause, psycopg.OperationalError):
        return False
    # Without a state the connection itself failed.
    return cause.sqlstate is None or cause.sqlstate.startswith(_AWAY_STATES)
