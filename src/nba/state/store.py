"""The store: the server's only source of live facts."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any, Final

import numpy as np
from sqlalchemy import Connection, Engine, Table, create_engine, event, func, select
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, OperationalError, SQLAlchemyError

from nba.errors import ConfigError, StateError
from nba.facts.fold import Facts, fold
from nba.facts.rows import Rows
from nba.facts.shelf import Shelf
from nba.facts.signals import Signals
from nba.state.asking import Batch
from nba.state.leaving import MARK_LEAVING
from nba.state.orders import all_rows, rows_of
from nba.state.shelves import Shelves
from nba.state.signals import accounts_of, all_signals, signals_of
from nba.state.tables import (
    METADATA,
    ORDER_LINES,
    ORDERS,
    SHARED,
    folder_columns,
)

_ROWS_A_STATEMENT: Final = 50
"""Fewer and longer statements halve the time of a load; 50 rows stay far below the 999
parameters that the oldest SQLite takes."""
_PATIENCE_SECONDS: Final = 30
"""How long to wait for another writer."""
_REFUSED: Final = (SQLAlchemyError, UnicodeEncodeError, OverflowError)
"""The driver itself refuses texts that are no Unicode and integers beyond 64 bits."""


class Store:
    """Facts in a database named by URL; SQLite in WAL mode by default."""

    def __init__(self, url: str, *, must_exist: bool = False) -> None:
        """Open the database and create the tables it lacks.

        Args:
            url: such as `sqlite:///nba.db`.
            must_exist: a file that is not there is an error, not a new and empty store.

        Raises:
            ConfigError: the URL names no database this version supports, or none that exists.
            StateError: the database cannot be opened.
        """
        try:
            parsed = make_url(url)
        except ArgumentError:
            # What cannot be read may hold a password all the same.
            raise ConfigError(
                "the store's address is no database URL; expected sqlite:///nba.db"
            ) from None
        name, shown = parsed.get_backend_name(), parsed.render_as_string(hide_password=True)
        if name != "sqlite":
            raise ConfigError(f"databases of kind {name} are not supported yet; use sqlite:///FILE")
        if must_exist and parsed.database and not Path(parsed.database).is_file():
            raise ConfigError(
                f"there is no store {shown}; fill one with: nba serve --shop SHOP --db"
            )
        self._shelves = Shelves()
        self._turn = threading.Lock()
        self._engine = _engine(url)
        try:
            METADATA.create_all(self._engine)
        except SQLAlchemyError as error:
            raise StateError(f"the store {shown} cannot be opened: {error.__cause__}") from None

    def close(self) -> None:
        """Release the connections."""
        self._engine.dispose()

    def is_empty(self) -> bool:
        """Tell whether the store holds no order."""
        with self.reading() as connection:
            return _is_empty(connection)

    def order_count(self) -> int:
        """Count the orders."""
        with self.reading() as connection:
            return connection.execute(select(func.count()).select_from(ORDERS)).scalar_one()

    def load(self, tables: Mapping[Table, Iterable[Batch]]) -> None:
        """Fill an empty store in one transaction; a process killed in it leaves an empty store.

        Args:
            tables: those of `tables.SHARED` that are there, each with batches of rows in the order
                of `tables.folder_columns`. Of orders and their lines each comes once and sorted
                by id; of other tables with a key, a row whose key came before has no effect.

        Raises:
            StateError: the store is not empty, or a row cannot be written; nothing stays then.
        """
        with self._loading() as connection:
            if not _is_empty(connection):
                raise StateError(
                    "the store holds orders already; a shop is loaded into an empty one"
                )
            for table in SHARED:
                once = "" if table in (ORDERS, ORDER_LINES) else "ON CONFLICT DO NOTHING"
                _insert(connection, table, tables.get(table, ()), once)
            connection.execute(MARK_LEAVING)

    def rows_of(self, customers: Sequence[str]) -> Rows:
        """Read the orders of some customers; unknown ones have none.

        An order of which only an earlier version is theirs is among them.
        """
        with self.reading() as connection:
            return rows_of(connection, customers)

    def all_rows(self) -> Rows:
        """Read all orders; for batch work."""
        with self.reading() as connection:
            return all_rows(connection)

    def facts(self, customers: Sequence[str], as_of: np.datetime64) -> Facts:
        """Fold what is known of some customers, all of one instant of the store.

        Args:
            customers: ids, in this order.
            as_of: up to when to know, itself excluded.
        """
        with self.reading() as connection:
            accounts = accounts_of(connection, customers)
            return self.facts_of(connection, accounts, customers, as_of)

    def facts_of(
        self,
        connection: Connection,
        accounts: Sequence[str],
        customers: Sequence[str],
        as_of: np.datetime64,
        *,
        without: str | None = None,
    ) -> Facts:
        """Fold what a connection sees of some customers.

        Args:
            connection: to this store.
            accounts: the customers, and every account and session merged with theirs.
            customers: ids, in this order.
            as_of: up to when to know, itself excluded.
            without: the id of a message that counts as not claimed.
        """
        facts = fold(
            rows_of(connection, accounts),
            as_of=as_of,
            customers=customers,
            signals=signals_of(connection, accounts, as_of, without=without),
        )
        return replace(facts, shelf=self._shelves.at(connection, as_of))

    def read_all(self) -> tuple[Rows, Signals]:
        """Read everything, all of one instant of the store; for batch work."""
        with self.reading() as connection:
            return all_rows(connection), all_signals(connection)

    def product_states(self) -> Signals:
        """Give the states of all products, read again only when states were added."""
        with self.reading() as connection:
            return self._shelves.states(connection).signals

    def shelf(self, as_of: np.datetime64) -> Shelf:
        """Give the products as they stood before an instant; the same object while they stand."""
        with self.reading() as connection:
            return self._shelves.at(connection, as_of)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Open a connection on which every query sees the same instant of the store."""
        try:
            with self._engine.connect() as connection:
                connection.exec_driver_sql("BEGIN")
                yield connection
        except _REFUSED as error:
            raise StateError(f"the store cannot be read: {error.__cause__ or error}") from None

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Open a connection while nobody else writes; what was written is on disk at the end."""
        try:
            # Within a process nobody has to poll for their turn, as SQLite would make them.
            with self._turn, self._engine.connect() as connection:
                # A power cut must not take back what somebody was told to send.
                connection.exec_driver_sql("PRAGMA synchronous = FULL")
                connection.exec_driver_sql("BEGIN IMMEDIATE")
                yield connection
                connection.commit()
        except _REFUSED as error:
            raise StateError(f"the store cannot be written: {error.__cause__ or error}") from None

    @contextmanager
    def _loading(self) -> Iterator[Connection]:
        """Open a connection that writes much at once, and commit what was written.

        A rollback journal keeps the pages that change: of an empty store, next to none. A
        write-ahead log would take every new page, to be copied into the store afterwards.
        """
        try:
            with self._engine.connect() as connection:
                # Refused while another process has the store open; then the log does it, slower.
                with suppress(OperationalError):
                    connection.exec_driver_sql("PRAGMA journal_mode = DELETE")
                connection.exec_driver_sql("PRAGMA cache_size = -200000")  # KiB
                connection.exec_driver_sql("BEGIN IMMEDIATE")
                yield connection
                connection.commit()
                connection.exec_driver_sql("PRAGMA journal_mode = WAL")
                connection.invalidate()
        except _REFUSED as error:
            raise StateError(f"the shop cannot be loaded: {error.__cause__ or error}") from None


def _engine(url: str) -> Engine:
    engine = create_engine(url, connect_args={"timeout": _PATIENCE_SECONDS})

    @event.listens_for(engine, "connect")
    def _configure(connection: Any, _: Any) -> None:  # noqa: ANN401 - the driver's own types
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode = WAL")
        cursor.execute("PRAGMA synchronous = NORMAL")
        cursor.close()

    return engine


def _is_empty(connection: Connection) -> bool:
    return connection.execute(select(ORDERS.c.order_id).limit(1)).first() is None


def _insert(connection: Connection, table: Table, batches: Iterable[Batch], otherwise: str) -> None:
    """Write rows straight through the driver: they are typed already, and there are millions."""
    names = folder_columns(table)
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
