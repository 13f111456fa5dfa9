"""The store: the server's only source of live facts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from sqlalchemy import Connection, Engine, create_engine, event, func, select
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from nba.errors import ConfigError, StateError
from nba.facts.rows import Rows
from nba.state.tables import METADATA, ORDER_LINES, ORDERS

_INSTANTS = ("ordered_at", "status_at", "delivered_at")
Batch = Sequence[Sequence[Any]]


class Store:
    """Facts in a database named by URL; SQLite in WAL mode by default."""

    def __init__(self, url: str) -> None:
        """Open the database and create the tables it lacks.

        Raises:
            ConfigError: the URL names no database this version supports.
            StateError: the database cannot be opened.
        """
        try:
            name = make_url(url).get_backend_name()
        except ArgumentError:
            raise ConfigError(f"{url!r} is no database URL; expected sqlite:///nba.db") from None
        if name != "sqlite":
            raise ConfigError(f"databases of kind {name} are not supported yet; use sqlite:///FILE")
        self._engine = _engine(url)
        try:
            METADATA.create_all(self._engine)
        except SQLAlchemyError as error:
            raise StateError(f"the store {url} cannot be opened: {error.__cause__}") from None

    def close(self) -> None:
        """Release the connections."""
        self._engine.dispose()

    def is_empty(self) -> bool:
        """Tell whether the store holds no order."""
        with self._engine.connect() as connection:
            return connection.execute(select(ORDERS.c.order_id).limit(1)).first() is None

    def order_count(self) -> int:
        """Count the orders."""
        with self._engine.connect() as connection:
            return connection.execute(select(func.count()).select_from(ORDERS)).scalar_one()

    def load(self, orders: Iterable[Batch], order_lines: Iterable[Batch]) -> None:
        """Fill an empty store in one transaction.

        Args:
            orders: batches of rows in the column order of `tables.ORDERS`, sorted by id.
            order_lines: likewise for `tables.ORDER_LINES`.

        Raises:
            StateError: the store is not empty, or a row cannot be written; nothing stays then.
        """
        if not self.is_empty():
            raise StateError("the store holds orders already; a shop is loaded into an empty one")
        try:
            with self._engine.begin() as connection:
                for table, batches in ((ORDERS, orders), (ORDER_LINES, order_lines)):
                    _insert(connection, table.name, len(table.columns), batches)
        except SQLAlchemyError as error:
            raise StateError(f"the shop cannot be loaded: {error.__cause__}") from None

    def rows_of(self, customers: Sequence[str]) -> Rows:
        """Read the rows of some customers; unknown ones have none."""
        return self._rows(ORDERS.c.customer_id.in_(customers))

    def all_rows(self) -> Rows:
        """Read everything; for batch work."""
        return self._rows(True)

    def _rows(self, condition: Any) -> Rows:  # noqa: ANN401 - an SQL condition or True
        chosen = select(ORDERS)
        lines = select(ORDER_LINES).join(ORDERS, ORDERS.c.order_id == ORDER_LINES.c.order_id)
        if condition is not True:
            chosen, lines = chosen.where(condition), lines.where(condition)
        try:
            with self._engine.connect() as connection:
                found = connection.execute(chosen).mappings().all()
                found_lines = connection.execute(lines).mappings().all()
        except SQLAlchemyError as error:
            raise StateError(f"the store cannot be read: {error.__cause__}") from None
        return Rows.of([_with_instants(dict(row)) for row in found], list(map(dict, found_lines)))


def _engine(url: str) -> Engine:
    engine = create_engine(url)

    @event.listens_for(engine, "connect")
    def _configure(connection: Any, _: Any) -> None:  # noqa: ANN401 - the driver's own types
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode = WAL")
        cursor.execute("PRAGMA synchronous = NORMAL")
        cursor.close()

    return engine


def _insert(connection: Connection, table: str, width: int, batches: Iterable[Batch]) -> None:
    marks = ", ".join("?" * width)
    for batch in batches:
        # Straight to the driver: a shop has millions of lines and the rows are already typed.
        connection.exec_driver_sql(
            f"INSERT INTO {table} VALUES ({marks})", [tuple(row) for row in batch]
        )


def _with_instants(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: np.datetime64(value, "us") if name in _INSTANTS and value is not None else value
        for name, value in row.items()
    }
