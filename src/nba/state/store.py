"""The store: the server's only source of live facts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
from sqlalchemy import Connection, Table, func, select

from nba.errors import NbaError, StateError
from nba.facts.fold import Facts, fold
from nba.facts.rows import Rows
from nba.facts.shelf import Shelf
from nba.facts.signals import Signals
from nba.state.asking import Batch
from nba.state.engines import database
from nba.state.known import Known, known_of
from nba.state.leaving import MARK_LEAVING
from nba.state.opening import make_ready
from nba.state.orders import all_rows
from nba.state.shelves import Shelves
from nba.state.signals import all_signals
from nba.state.tables import (
    METADATA,
    ORDER_LINES,
    ORDERS,
    folder_columns,
)
from nba.state.writing import bump, revision


class Store:
    """Facts in a database named by URL; SQLite in WAL mode by default."""

    def __init__(self, url: str, *, must_exist: bool = False) -> None:
        """Open the database; an empty one gets its tables.

        Args:
            url: such as `sqlite:///nba.db`.
            must_exist: a store that is not there is an error, not a new and empty one.

        Raises:
            ConfigError: the URL names no database this version supports, or none that exists.
            StateError: the database cannot be opened, or is of another version.
        """
        self._database = database(url, must_exist=must_exist)
        self._engine = self._database.engine
        self._shelves = Shelves()
        try:
            with self._refusing(f"the store {self.url} cannot be opened"):
                make_ready(self._database, must_exist=must_exist)
        except NbaError:
            self._engine.dispose()
            raise

    @property
    def url(self) -> str:
        """Where the store is, for people: without the password."""
        return self._database.shown

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
                of `tables.folder_columns`. Of orders and their lines each comes once; of other
                tables, a row whose key came before has no effect. Sorted by key they are written
                fastest.

        Raises:
            StateError: the store is not empty, or a row cannot be written; nothing stays then.
        """
        with (
            self._refusing("the shop cannot be loaded"),
            self._database.loading() as connection,
        ):
            if not _is_empty(connection):
                raise StateError(
                    "the store holds orders already; a shop is loaded into an empty one"
                )
            for table, batches in tables.items():
                # Two orders of one id would be two truths; of other tables imports tell rows again.
                unique = table in (ORDERS, ORDER_LINES)
                fill = self._database.fill if unique else self._database.fill_once
                fill(connection, table, folder_columns(table), batches)
            connection.execute(MARK_LEAVING)
            bump(connection, "products")

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
        with self.asking() as connection:
            return self.facts_of(connection, customers, as_of)

    def facts_of(
        self,
        connection: Connection,
        customers: Sequence[str],
        as_of: np.datetime64,
        *,
        without: str | None = None,
    ) -> Facts:
        """Fold what a connection sees of some customers.

        Args:
            connection: to this store.
            customers: ids, in this order.
            as_of: up to when to know, itself excluded.
            without: the id of a message that counts as not claimed.
        """
        known = known_of(connection, customers, as_of, without=without)
        return self.folded(connection, known, customers, as_of)

    def folded(
        self,
        connection: Connection,
        known: Known,
        customers: Sequence[str],
        as_of: np.datetime64,
    ) -> Facts:
        """Fold what is known of some customers, with the products as they stood.

        Args:
            connection: the one that read it.
            known: of these customers, as of this instant.
            customers: ids, in this order.
            as_of: up to when to know, itself excluded.
        """
        facts = fold(known.rows, as_of=as_of, customers=customers, signals=known.signals)
        return replace(facts, shelf=self._shelves.at(connection, known.revision, as_of))

    def read_all(self) -> tuple[Rows, Signals]:
        """Read everything, all of one instant of the store; for batch work."""
        with self.reading() as connection:
            return all_rows(connection), all_signals(connection)

    def product_states(self) -> Signals:
        """Give the states of all products, read again only when states were added."""
        with self.reading() as connection:
            return self._shelves.states(connection, revision(connection, "products")).signals

    def shelf(self, as_of: np.datetime64) -> Shelf:
        """Give the products as they stood before an instant; the same object while they stand."""
        with self.reading() as connection:
            return self._shelves.at(connection, revision(connection, "products"), as_of)

    @contextmanager
    def asking(self) -> Iterator[Connection]:
        """Open a connection on which all that `known_of` reads is of one instant of the store.

        Raises:
            StateError: the store cannot be read.
        """
        with self._refusing("the store cannot be read"), self._database.asking() as connection:
            yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Open a connection on which every query sees the same instant of the store.

        Raises:
            StateError: the store cannot be read.
        """
        with self._refusing("the store cannot be read"), self._database.reading() as connection:
            yield connection

    @contextmanager
    def writing(self, lock: Sequence[str] = ()) -> Iterator[Connection]:
        """Open a connection that writes; what was written is on disk at the end.

        Args:
            lock: ids of customers that nobody else may be writing for meanwhile. On SQLite nobody
                else writes at all.

        Raises:
            StateError: the store cannot be written; nothing was.
        """
        with (
            self._refusing("the store cannot be written"),
            self._database.writing(lock) as connection,
        ):
            yield connection

    def scrub(self, *, rewrite: bool) -> None:
        """Overwrite what removed rows left in the files of the database.

        Args:
            rewrite: whether PostgreSQL writes its tables anew; nobody reads them meanwhile.

        Raises:
            StateError: others use the store for too long; the rows are removed all the same.
        """
        with self._refusing("the rows are removed, but the store's files not clean yet"):
            self._database.scrub(METADATA.sorted_tables, rewrite=rewrite)

    @contextmanager
    def _refusing(self, problem: str) -> Iterator[None]:
        try:
            yield
        except self._database.refusals as error:
            raise StateError(f"{problem}: {error.__cause__ or error}") from None


def _is_empty(connection: Connection) -> bool:
    return connection.execute(select(ORDERS.c.order_id).limit(1)).first() is None
