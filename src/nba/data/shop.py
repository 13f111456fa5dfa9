"""A shop folder: Parquet files read as a history, a catalogue and facts; and written by imports."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, TypeVar

import duckdb
import numpy as np

from nba.data.catalog import Catalog
from nba.data.checks import literal, quoted
from nba.data.conforming import ADVICE, conform
from nba.data.contacts import Contacts, Decisions, Replies
from nba.data.events import Events
from nba.data.held import SIGNAL_TABLES
from nba.data.history import OrderHistory, last_fact
from nba.data.message_log import MessageLog
from nba.data.profiles import Profiles
from nba.data.readers import connect, file_literal
from nba.data.signals import last_signal, read_signals
from nba.data.told import Told
from nba.data.traffic import Traffic
from nba.domain import to_instant
from nba.errors import DataError
from nba.facts.fold import Facts, fold
from nba.facts.parts import Portions
from nba.facts.signals import Signals
from nba.schema import (
    CUSTOMERS,
    EVENTS,
    MESSAGE_EVENTS,
    MESSAGES,
    ORDER_VERSIONS,
    TABLES,
    TRAFFIC,
    Kind,
    Table,
)

STORED: Final = (
    "products",
    "product_states",
    "orders",
    "order_lines",
    "order_statuses",
    "order_versions",
    "customers",
    "consents",
    "events",
    "messages",
    "message_events",
    "rules",
    "traffic",
    "quarantine",
)
"""The files of a shop folder."""
ALWAYS: Final = frozenset(("products", "orders", "order_lines", "quarantine"))
"""Those that are there even without rows."""
_READ_LATER: Final = tuple(
    one.name for one in (EVENTS, CUSTOMERS, MESSAGES, MESSAGE_EVENTS, TRAFFIC)
)
_ORDERED_BY: Final = {
    "products": "product_id",
    "orders": "order_id",
    "order_lines": "order_id, line_no",
    "order_versions": "order_id, version, line_no",
}
"""What sorts a table's rows, where it is not all of its columns from left to right."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Shop:
    """What one shop folder holds."""

    path: Path
    history: OrderHistory
    catalog: Catalog

    def facts(
        self,
        *,
        as_of: str | datetime | np.datetime64 | None = None,
        customers: Sequence[str] | None = None,
    ) -> Facts:
        """Fold the shop's rows into one row a customer, as known at `as_of`.

        Args:
            as_of: an instant with a zone; by default just after the shop's last fact.
            customers: ids to fold, in this order; by default all known ones.

        Raises:
            DataError: `as_of` carries no zone, or a table of the shop breaks its contract.
        """
        instant = self.history.as_of if as_of is None else to_instant(as_of)
        return fold(
            self.history.rows,
            as_of=instant,
            customers=customers,
            signals=self.signals(as_of=instant, customers=customers),
        )

    def signals(self, *, as_of: np.datetime64, customers: Sequence[str] | None = None) -> Signals:
        """Read what was known beside orders before an instant.

        Args:
            as_of: the instant.
            customers: read what is theirs; by default everybody's.

        Raises:
            DataError: a table of the shop breaks its contract.
        """
        held = self._signal_tables()
        if not held:
            return Signals.none()
        with opened_tables(self.path, held) as connection:
            return read_signals(connection, as_of=as_of, customers=customers)

    def last_fact(self) -> np.datetime64:
        """Give the latest instant that anything in the shop speaks of; the epoch where nothing is.

        Raises:
            DataError: a table of the shop breaks its contract.
        """
        last, held = last_fact(self.history.rows), self._signal_tables()
        if not held:
            return last
        with opened_tables(self.path, held) as connection:
            told: np.datetime64 = np.fmax(last, last_signal(connection))
            return told

    def _signal_tables(self) -> dict[str, str]:
        names = [one.name for one in SIGNAL_TABLES]
        return {name: query for name, query in shop_tables(self.path).items() if name in names}


def read_shop(path: str | Path, *, portions: Portions | None = None) -> Shop:
    """Read a shop folder; what is not about orders and products only when it is asked for.

    Args:
        path: the folder.
        portions: how many order lines to read, and to hold, at a time.

    Raises:
        DataError: the folder holds no orders, or a file in it is not a table of a shop or breaks
            its contract.
    """
    folder = Path(path)
    sources = shop_tables(folder)
    if "orders" not in sources or "order_lines" not in sources:
        raise DataError(
            f"{folder} holds no shop (orders.parquet, order_lines.parquet); "
            f"fill it with: nba import FILES --shop {folder}"
        )
    later = {name: sources.pop(name) for name in _READ_LATER if name in sources}
    with opened_tables(folder, sources) as connection:
        history = OrderHistory.from_tables(connection, portions=portions)
        catalog = Catalog.from_table(connection) if "products" in sources else Catalog.empty()
    read = partial(_read, folder, later)
    told = Told(
        partial(read, Profiles.none, Profiles.from_table, CUSTOMERS),
        partial(read, Contacts.none, Contacts.from_tables, MESSAGES, MESSAGE_EVENTS),
        partial(read, Replies.none, Replies.from_table, EVENTS),
        partial(read, Decisions.none, Decisions.from_tables, MESSAGES, MESSAGE_EVENTS),
        partial(read, MessageLog.none, MessageLog.from_tables, MESSAGES, MESSAGE_EVENTS),
        partial(read, Traffic.none, Traffic.from_table, TRAFFIC),
    )
    read_events = partial(read, Events.none, Events.from_table, EVENTS)
    history = replace(history, read_events=read_events, told=told)
    return Shop(folder, history, catalog)


def _read(
    folder: Path,
    sources: Mapping[str, str],
    nothing: Callable[[], T],
    from_tables: Callable[[duckdb.DuckDBPyConnection], T],
    *tables: Table,
) -> T:
    """Read what the first of some tables tells, helped by the others, if it is there."""
    held = {one.name: sources[one.name] for one in tables if one.name in sources}
    if tables[0].name not in held:
        return nothing()
    with opened_tables(folder, held) as connection:
        return from_tables(connection)


@contextmanager
def opened_tables(folder: Path, sources: Mapping[str, str]) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a connection on which the tables of a shop are views."""
    try:
        with TemporaryDirectory(prefix="nba-") as spill, connect(spill=Path(spill)) as connection:
            for name, query in sources.items():
                connection.execute(f"CREATE TEMP VIEW {name} AS {query}")
            yield connection
    except duckdb.Error as error:
        problem = str(error).splitlines()[0]
        raise DataError(
            f"{folder} is not a shop this version can read: {problem}; {ADVICE}"
        ) from None


def shop_tables(folder: Path) -> dict[str, str]:
    """Name the tables a shop folder has, each with the SQL that reads it."""
    return {
        name: f"SELECT * FROM read_parquet({file_literal(folder / f'{name}.parquet')}, "
        "hive_partitioning = false)"
        for name in STORED
        if (folder / f"{name}.parquet").is_file()
    }


def write_tables(connection: duckdb.DuckDBPyConnection, folder: Path, names: Sequence[str]) -> None:
    """Write tables of a connection as the shop's files; all are written before any is replaced.

    Of the tables that a shop may lack, those without rows are left out.

    Raises:
        DataError: the folder cannot be written; its files are as they were.
    """
    filled = [name for name in names if name in ALWAYS or _has_rows(connection, name)]
    written = [folder / f"{name}.parquet.new" for name in filled]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, path in zip(filled, written, strict=True):
            connection.execute(
                f"COPY (SELECT * FROM {name} ORDER BY {_ORDERED_BY.get(name, 'ALL')}) "
                f"TO {literal(str(path))} (FORMAT parquet)"
            )
        for path in written:
            path.replace(path.with_suffix(""))
    except (OSError, duckdb.Error) as error:
        for path in written:
            with suppress(OSError):
                path.unlink()
        problem = str(error).splitlines()[0]
        raise DataError(
            f"the shop cannot be written to {folder}: {problem}; choose a folder with --shop that "
            "can be written and has room"
        ) from None


def _has_rows(connection: duckdb.DuckDBPyConnection, table: str) -> bool:
    return connection.execute(f"SELECT 1 FROM {table} LIMIT 1").fetchone() is not None


def csv_to_parquet(
    source: Path, target: Path, *, numbers: Sequence[str] = (), truths: Sequence[str] = ()
) -> None:
    """Turn a CSV with a header into Parquet: texts as they are, an empty one as null.

    Args:
        source: the CSV.
        target: the file to write.
        numbers: columns that become DOUBLE.
        truths: columns that become BOOLEAN.

    Raises:
        DataError: the file cannot be written.
    """
    kinds = dict.fromkeys(numbers, "DOUBLE") | dict.fromkeys(truths, "BOOLEAN")
    cells = ", ".join(
        f"TRY_CAST({quoted(name)} AS {kind}) AS {quoted(name)}" for name, kind in kinds.items()
    )
    replaced = f"REPLACE ({cells})" if kinds else ""
    connection = connect()
    try:
        connection.execute(
            f"COPY (SELECT * {replaced} FROM read_csv({file_literal(source)}, header = true, "
            "hive_partitioning = false, all_varchar = true, delim = ',', quote = '\"', "
            "escape = '\"')) "
            f"TO {literal(str(target))} (FORMAT parquet)"
        )
    except duckdb.Error as error:
        problem = str(error).splitlines()[0]
        raise DataError(f"{target} cannot be written: {problem}") from None
    finally:
        connection.close()


def batches(
    folder: Path, table: str, columns: Sequence[str], *, size: int = 50_000
) -> Iterator[list[tuple[Any, ...]]]:
    """Read columns of a shop's table in batches, sorted by id.

    Instants come as microseconds UTC, days as ISO texts.

    Raises:
        DataError: the folder has no such table, or one that cannot be read or breaks its contract.
    """
    sources = shop_tables(folder)
    if table not in sources:
        raise DataError(f"{folder} holds no {table}.parquet; fill it with: nba import FILES")
    written = ORDER_VERSIONS if table == ORDER_VERSIONS.name else TABLES[table]
    contract = {column.name: column.kind for column in written.columns}
    cells = ", ".join(_plain(name, contract[name]) for name in columns)
    with opened_tables(folder, {table: sources[table]}) as connection:
        held = conform(connection, written)
        cursor = connection.execute(
            f"SELECT {cells} FROM {held} ORDER BY {_ORDERED_BY.get(table, 'ALL')}"
        )
        while batch := cursor.fetchmany(size):
            yield batch


def _plain(name: str, kind: Kind) -> str:
    """Give the SQL of a cell as numbers and texts, which every database takes."""
    match kind:
        case Kind.INSTANT:
            return f"epoch_us({quoted(name)})"
        case Kind.DAY:
            return f"CAST({quoted(name)} AS VARCHAR)"
        case _:
            return quoted(name)
