"""The store: the server's only source of live facts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from itertools import chain
from pathlib import Path
from typing import Any, Final

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    Engine,
    Select,
    Table,
    bindparam,
    create_engine,
    event,
    func,
    select,
)
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, OperationalError, SQLAlchemyError

from nba.errors import ConfigError, StateError
from nba.facts.rows import Rows
from nba.state.tables import METADATA, ORDER_LINES, ORDER_STATUSES, ORDER_VERSIONS, ORDERS

Batch = Sequence[Sequence[Any]]

_ROWS_A_STATEMENT: Final = 50
"""Fewer and longer statements halve the time of a load; 50 rows stay far below the 999
parameters that the oldest SQLite takes."""
_NAMES_A_QUERY: Final = 500
_KEYS: Final = {
    ORDERS: (ORDERS.c.order_id,),
    ORDER_LINES: (ORDER_LINES.c.order_id, ORDER_LINES.c.line_no),
    ORDER_STATUSES: (ORDER_STATUSES.c.order_id,),
    ORDER_VERSIONS: (
        ORDER_VERSIONS.c.order_id,
        ORDER_VERSIONS.c.version,
        ORDER_VERSIONS.c.line_no,
    ),
}
"""What sorts the rows of a table as `Rows.of_columns` takes them, in the order of its arguments."""


def _selects(condition: ColumnElement[bool]) -> dict[Table, Select[Any]]:
    """Select the orders that meet a condition, and the rows of each table that belong to them."""
    chosen = select(ORDERS.c.order_id).where(condition)
    return {
        table: select(table)
        .where(condition if table is ORDERS else table.c.order_id.in_(chosen))
        .order_by(*key)
        for table, key in _KEYS.items()
    }


# Built once: a customer waits for them, and building takes as long as asking.
_NAMES: Final[BindParameter[Any]] = bindparam("names", expanding=True)
_OF_CUSTOMERS: Final = _selects(ORDERS.c.customer_id.in_(_NAMES))
_OF_IDS: Final = _selects(ORDERS.c.order_id.in_(_NAMES))
_OF_ALL: Final = _selects(ORDERS.c.order_id.is_not(None))
_FORMERLY_OF: Final = (
    select(ORDER_VERSIONS.c.order_id).distinct().where(ORDER_VERSIONS.c.customer_id.in_(_NAMES))
)
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
        with self._reading() as connection:
            return _is_empty(connection)

    def order_count(self) -> int:
        """Count the orders."""
        with self._reading() as connection:
            return connection.execute(select(func.count()).select_from(ORDERS)).scalar_one()

    def load(
        self,
        orders: Iterable[Batch],
        order_lines: Iterable[Batch],
        *,
        order_statuses: Iterable[Batch] = (),
        order_versions: Iterable[Batch] = (),
    ) -> None:
        """Fill an empty store in one transaction; a process killed in it leaves an empty store.

        Args:
            orders: batches of rows in the column order of `tables.ORDERS`, sorted by id.
            order_lines: likewise for `tables.ORDER_LINES`.
            order_statuses: likewise for `tables.ORDER_STATUSES`.
            order_versions: likewise for `tables.ORDER_VERSIONS`.

        Raises:
            StateError: the store is not empty, or a row cannot be written; nothing stays then.
        """
        with self._loading() as connection:
            if not _is_empty(connection):
                raise StateError(
                    "the store holds orders already; a shop is loaded into an empty one"
                )
            _insert(connection, ORDERS, orders)
            _insert(connection, ORDER_LINES, order_lines)
            _insert(connection, ORDER_STATUSES, order_statuses)
            _insert(connection, ORDER_VERSIONS, order_versions)

    def rows_of(self, customers: Sequence[str]) -> Rows:
        """Read the rows of some customers; unknown ones have none.

        An order of which only an earlier version is theirs is among them.
        """
        with self._reading() as connection:
            parts = _parts(list(dict.fromkeys(customers)))
            former = [
                order_id
                for part in parts
                for order_id in connection.execute(_FORMERLY_OF, {"names": part}).scalars()
            ]
            asked = [(_OF_CUSTOMERS, part) for part in parts]
            return _read(connection, [*asked, *((_OF_IDS, part) for part in _parts(former))])

    def all_rows(self) -> Rows:
        """Read everything; for batch work."""
        with self._reading() as connection:
            return _read(connection, [(_OF_ALL, ())])

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        """Open a connection on which every query sees the same instant of the store."""
        try:
            with self._engine.connect() as connection:
                connection.exec_driver_sql("BEGIN")
                yield connection
        except _REFUSED as error:
            raise StateError(f"the store cannot be read: {error.__cause__ or error}") from None

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
    engine = create_engine(url)

    @event.listens_for(engine, "connect")
    def _configure(connection: Any, _: Any) -> None:  # noqa: ANN401 - the driver's own types
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode = WAL")
        cursor.execute("PRAGMA synchronous = NORMAL")
        cursor.close()

    return engine


def _parts(names: Sequence[str]) -> list[Sequence[str]]:
    return [names[first : first + _NAMES_A_QUERY] for first in range(0, len(names), _NAMES_A_QUERY)]


def _read(
    connection: Connection, asked: Sequence[tuple[Mapping[Table, Select[Any]], Sequence[str]]]
) -> Rows:
    """Read the orders that some names ask for, with all that belongs to them."""
    found: dict[Table, list[Any]] = {table: [] for table in _KEYS}
    for selects, names in asked:
        for table, query in selects.items():
            found[table] += connection.execute(query, {"names": names}).all()
    if len(asked) > 1:
        found = {table: _sorted(table, rows) for table, rows in found.items()}
    return Rows.of_columns(*(_columns(table, rows) for table, rows in found.items()))


def _sorted(table: Table, rows: Batch) -> list[Any]:
    """Sort rows of several queries by their key, each once: an order may meet two conditions."""
    places = [table.columns.keys().index(column.name) for column in _KEYS[table]]

    def key(row: Sequence[Any]) -> tuple[Any, ...]:
        # A version without lines has no line number, and one row only.
        return tuple(row[place] or 0 for place in places)

    return sorted(dict.fromkeys(rows), key=key)


def _columns(table: Table, cells: Batch) -> dict[str, Sequence[Any]]:
    """Turn rows in the column order of a table into its columns."""
    names = table.columns.keys()
    columns = zip(*cells, strict=True) if cells else ((),) * len(names)
    return dict(zip(names, columns, strict=True))


def _is_empty(connection: Connection) -> bool:
    return connection.execute(select(ORDERS.c.order_id).limit(1)).first() is None


def _insert(connection: Connection, table: Table, batches: Iterable[Batch]) -> None:
    """Write rows straight through the driver: they are typed already, and there are millions."""
    marks = f"({', '.join('?' * len(table.columns))})"

    def write(rows: Batch, together: int) -> None:
        if rows:
            connection.exec_driver_sql(
                f"INSERT INTO {table.name} VALUES {', '.join([marks] * together)}",
                [
                    tuple(chain.from_iterable(rows[first : first + together]))
                    for first in range(0, len(rows), together)
                ],
            )

    for batch in batches:
        whole = len(batch) - len(batch) % _ROWS_A_STATEMENT
        write(batch[:whole], _ROWS_A_STATEMENT)
        write(batch[whole:], 1)
