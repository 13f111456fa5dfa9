"""What databases differ in: how they are opened, seen, locked, written and filled.

Every connection is in the driver's autocommit mode, and transactions begin and end in words, so
that each says what it sees and when it takes its locks.
"""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import chain
from pathlib import Path
from typing import Any, Final

from sqlalchemy import URL, Connection, Engine, Table, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError, SQLAlchemyError

from nba.errors import ConfigError, StateError
from nba.state.asking import Batch
from nba.state.locks import lock_customers
from nba.state.turns import PATIENCE_SECONDS, Turns

_ROWS_A_STATEMENT: Final = 50
"""Fewer and longer statements halve the time of a load; 50 rows stay far below the 999
parameters that the oldest SQLite takes."""
_POOL_SECONDS: Final = 1
"""How long to wait for a connection of PostgreSQL that others hold: they would pile up."""
_CONNECT_SECONDS: Final = 2
_SILENCE_MILLISECONDS: Final = 5_000
"""How long the network may swallow what was sent before a connection counts as broken."""


class Database(ABC):
    """A database of the store.

    Attributes:
        engine: gives its connections.
        refusals: what it raises where it cannot do what it was asked.
    """

    def __init__(self, engine: Engine) -> None:
        """Take an engine whose connections are in autocommit mode."""
        self.engine = engine
        # The driver itself refuses texts that are no Unicode and integers beyond 64 bits.
        self.refusals: tuple[type[Exception], ...] = (
            SQLAlchemyError,
            UnicodeEncodeError,
            OverflowError,
            engine.dialect.loaded_dbapi.Error,
        )

    @property
    def shown(self) -> str:
        """The URL, for people: without the password."""
        url = self.engine.url
        return url.set(drivername=url.get_backend_name()).render_as_string(hide_password=True)

    @abstractmethod
    def asking(self) -> Connection:
        """Give a connection on which the questions of a `Together` see the same instant."""

    @abstractmethod
    def reading(self) -> Connection:
        """Give a connection on which every query sees the same instant."""

    @abstractmethod
    @contextmanager
    def writing(self, lock: Sequence[str]) -> Iterator[Connection]:
        """Open a transaction that is on disk at its end."""
        yield from ()

    @abstractmethod
    @contextmanager
    def loading(self) -> Iterator[Connection]:
        """Open a transaction that writes much into an empty store."""
        yield from ()

    @abstractmethod
    def fill(
        self, connection: Connection, table: Table, names: Sequence[str], batches: Iterable[Batch]
    ) -> None:
        """Write typed rows, of which each key comes once.

        Args:
            connection: of `loading`.
            table: where to.
            names: the columns of the rows, in order.
            batches: rows.
        """

    @abstractmethod
    def fill_once(
        self, connection: Connection, table: Table, names: Sequence[str], batches: Iterable[Batch]
    ) -> None:
        """Write typed rows as `fill` does; one whose key came before has no effect."""

    @abstractmethod
    def scrub(self, tables: Iterable[Table], *, rewrite: bool) -> None:
        """Overwrite what is free in the files of the database, after rows were removed.

        Args:
            tables: of which.
            rewrite: whether PostgreSQL writes them anew, while nobody can read them; else it
                only gives the room back to itself.
        """

    def begin(self, words: str) -> Connection:
        """Give a connection on which a transaction begins with these words."""
        try:
            return self._begun(words)
        except DBAPIError as error:
            if not error.connection_invalidated:
                raise
            # The server was started anew: the connections of before are gone, all of them.
            return self._begun(words)

    def _begun(self, words: str) -> Connection:
        connection = self.engine.connect()
        try:
            connection.exec_driver_sql(words)
        except BaseException:
            connection.close()
            raise
        return connection


class Sqlite(Database):
    """A file; whoever writes has it alone."""

    def __init__(self, url: URL) -> None:
        """Take the URL of the file."""
        super().__init__(
            create_engine(
                url, isolation_level="AUTOCOMMIT", connect_args={"timeout": PATIENCE_SECONDS}
            )
        )
        self._turn, self._turns = threading.Lock(), Turns()
        event.listen(self.engine, "connect", _configure)

    def asking(self) -> Connection:
        """Give a connection on which the questions of a `Together` see the same instant."""
        return self.reading()

    def reading(self) -> Connection:
        """Give a connection on which every query sees the same instant."""
        return self.begin("BEGIN")

    @contextmanager
    def writing(self, lock: Sequence[str]) -> Iterator[Connection]:
        """Open a transaction that is on disk at its end, while nobody else writes."""
        # Within a process nobody has to poll for their turn, as SQLite would make them.
        with self._turn, self.engine.connect() as connection:
            # A power cut must not take back what somebody was told to send.
            connection.exec_driver_sql("PRAGMA synchronous = FULL")
            self._turns.take(connection)
            yield connection
            connection.exec_driver_sql("COMMIT")

    @contextmanager
    def loading(self) -> Iterator[Connection]:
        """Open a transaction that writes much into an empty store.

        A rollback journal keeps the pages that change: of an empty store, next to none. A
        write-ahead log would take every new page, to be copied into the store afterwards.
        """
        with self.engine.connect() as connection:
            # Refused while another process has the store open; then the log does it, slower.
            with suppress(OperationalError):
                connection.exec_driver_sql("PRAGMA journal_mode = DELETE")
            connection.exec_driver_sql("PRAGMA cache_size = -200000")  # KiB
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            yield connection
            connection.exec_driver_sql("COMMIT")
            connection.exec_driver_sql("PRAGMA journal_mode = WAL")
            connection.invalidate()

    def fill(
        self, connection: Connection, table: Table, names: Sequence[str], batches: Iterable[Batch]
    ) -> None:
        """Write typed rows, of which each key comes once."""
        self._insert(connection, table, names, batches, "")

    def fill_once(
        self, connection: Connection, table: Table, names: Sequence[str], batches: Iterable[Batch]
    ) -> None:
        """Write typed rows as `fill` does; one whose key came before has no effect."""
        self._insert(connection, table, names, batches, "ON CONFLICT DO NOTHING")

    def scrub(self, tables: Iterable[Table], *, rewrite: bool) -> None:
        """Write the file anew, though what is free in it was overwritten, and empty its log."""
        with self.engine.connect() as connection:
            connection.exec_driver_sql("VACUUM")
            (is_busy, *_) = connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").one()
        if is_busy:
            raise StateError(
                "the rows are removed, but others have been reading the store for so long that "
                "its log still holds them; erase the customer once more"
            )

    def _insert(
        self,
        connection: Connection,
        table: Table,
        names: Sequence[str],
        batches: Iterable[Batch],
        otherwise: str,
    ) -> None:
        """Write rows straight through the driver: they are typed already, and millions."""
        marks = f"({', '.join('?' * len(names))})"
        head = f"INSERT INTO {table.name} ({', '.join(names)}) VALUES"

        def write(rows: Batch, together: int) -> None:
            if rows:
                connection.exec_driver_sql(
                    f"{head} {', '.join([marks] * together)} {otherwise}",
                    [
                        tuple(chain.from_iterable(rows[first : first + together]))
                        for first in range(0, len(rows), together)
                    ],
                )

        for batch in batches:
            whole = len(batch) - len(batch) % _ROWS_A_STATEMENT
            write(batch[:whole], _ROWS_A_STATEMENT)
            write(batch[whole:], 1)


class Postgres(Database):
    """A server of PostgreSQL; who writes for different customers does so at once."""

    def __init__(self, url: URL) -> None:
        """Take the URL of the database."""
        super().__init__(
            create_engine(
                url.set(drivername="postgresql+psycopg"),
                isolation_level="AUTOCOMMIT",
                pool_size=10,
                max_overflow=10,
                pool_timeout=_POOL_SECONDS,
                connect_args={
                    "application_name": "nba",
                    "connect_timeout": _CONNECT_SECONDS,
                    "tcp_user_timeout": _SILENCE_MILLISECONDS,
                },
            )
        )

    def asking(self) -> Connection:
        """Give a connection without a transaction: the questions are one statement."""
        return self.engine.connect()

    def reading(self) -> Connection:
        """Give a connection on which every query sees the same instant."""
        return self.begin("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")

    @contextmanager
    def writing(self, lock: Sequence[str]) -> Iterator[Connection]:
        """Open a transaction that is on disk at its end.

        Every statement of it sees what was committed before that statement: what is read after a
        lock was given is as its last holder left it, and no row that others wrote meanwhile makes
        the transaction fail.
        """
        with self.begin("BEGIN ISOLATION LEVEL READ COMMITTED") as connection:
            lock_customers(connection, lock)
            yield connection
            connection.exec_driver_sql("COMMIT")

    @contextmanager
    def loading(self) -> Iterator[Connection]:
        """Open a transaction that writes much into an empty store."""
        with self.begin("BEGIN ISOLATION LEVEL READ COMMITTED") as connection:
            yield connection
            # What the planner knows of an empty table would send it through all of a full one.
            connection.exec_driver_sql("ANALYZE")
            connection.exec_driver_sql("COMMIT")

    def fill(
        self, connection: Connection, table: Table, names: Sequence[str], batches: Iterable[Batch]
    ) -> None:
        """Write typed rows, of which each key comes once."""
        self._copy(connection, table.name, names, batches)

    def fill_once(
        self, connection: Connection, table: Table, names: Sequence[str], batches: Iterable[Batch]
    ) -> None:
        """Copy rows to the server, and on from there those whose keys are new."""
        columns, aside = ", ".join(names), f"{table.name}_told"
        connection.exec_driver_sql(
            f"CREATE TEMPORARY TABLE {aside} ON COMMIT DROP AS "
            f"SELECT {columns} FROM {table.name} WITH NO DATA"
        )
        self._copy(connection, aside, names, batches)
        connection.exec_driver_sql(
            f"INSERT INTO {table.name} ({columns}) SELECT {columns} FROM {aside} "
            "ON CONFLICT DO NOTHING"
        )

    def scrub(self, tables: Iterable[Table], *, rewrite: bool) -> None:
        """Give free room back, or write tables anew; the server's own log is the operator's."""
        how = "FULL, ANALYZE" if rewrite else "ANALYZE"
        with self.engine.connect() as connection:
            for table in tables:
                connection.exec_driver_sql(f"VACUUM ({how}) {table.name}")
            if rewrite:
                # The frequent values of every column stand there, those of before too.
                connection.exec_driver_sql("VACUUM (FULL) pg_catalog.pg_statistic")

    def _copy(
        self, connection: Connection, table: str, names: Sequence[str], batches: Iterable[Batch]
    ) -> None:
        driver: Any = connection.connection.driver_connection
        with driver.cursor().copy(f"COPY {table} ({', '.join(names)}) FROM STDIN") as copy:
            for row in chain.from_iterable(batches):
                copy.write_row(row)


def database(url: str, *, must_exist: bool = False) -> Database:
    """Give the database that a URL names.

    Args:
        url: such as `sqlite:///nba.db` or `postgresql://user:password@host/name`.
        must_exist: a file that is not there is an error, not a new and empty database.

    Raises:
        ConfigError: the URL names no database that is supported, or a file that is not there.
    """
    try:
        parsed = make_url(url)
    except ArgumentError:
        # What cannot be read may hold a password all the same.
        raise ConfigError(
            "the store's address is no database URL; expected sqlite:///nba.db or "
            "postgresql://USER:PASSWORD@HOST/NAME"
        ) from None
    name, shown = parsed.get_backend_name(), parsed.render_as_string(hide_password=True)
    if name == "postgresql":
        return Postgres(parsed)
    if name != "sqlite":
        raise ConfigError(
            f"databases of kind {name} are not supported; use sqlite:///FILE or "
            "postgresql://USER:PASSWORD@HOST/NAME"
        )
    if must_exist and parsed.database and not Path(parsed.database).is_file():
        raise ConfigError(f"there is no store {shown}; fill one with: nba serve --shop SHOP --db")
    return Sqlite(parsed)


def ask_postgres(connection: Connection, statement: str, values: Sequence[Any]) -> tuple[Any, ...]:
    """Give the one row of a long statement, which the server plans once a connection.

    Args:
        connection: to PostgreSQL.
        statement: with places $1, $2 and so on; the driver reads no more of it.
        values: by place.

    Raises:
        DBAPIError: the server refuses, or is away; then its connections are given up.
    """
    from psycopg import Error, RawCursor

    driver: Any = connection.connection.driver_connection
    try:
        cursor = RawCursor(driver).execute(statement, values, prepare=True)
        (row,) = cursor.fetchall()
    except Error as error:
        if driver.closed:
            connection.invalidate(error)
            connection.engine.dispose()
        raise DBAPIError(
            "a question about customers", None, error, connection_invalidated=driver.closed
        ) from error
    return tuple(row)


def _configure(connection: Any, _: Any) -> None:  # noqa: ANN401 - the driver's own types
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = NORMAL")
    # The inner pages of some GB stay in memory: else each customer is read from the file again.
    cursor.execute("PRAGMA cache_size = -16384")  # KiB
    # What was erased is overwritten, not only forgotten.
    cursor.execute("PRAGMA secure_delete = ON")
    cursor.close()
