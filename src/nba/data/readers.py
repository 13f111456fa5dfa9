"""Files, frames and databases become text tables in DuckDB, and every row knows its line."""

from __future__ import annotations

import gzip
import re
import shutil
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import duckdb
import numpy as np
from sqlalchemy import Connection, Inspector, create_engine, event, inspect, make_url, text
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from nba.data.checks import literal, quoted, refuse_ours
from nba.data.documents import Columns, load_rows, read_documents
from nba.data.documents import text as document_text
from nba.data.records import (
    Header,
    Records,
    Rejected,
    decodes,
    find_records,
    read_header,
    write_good_records,
)
from nba.errors import ConfigError, DataError

NATIVE: Final = "@"
"""Prefix of a column that is also at hand as the source typed it."""

_INSTANTS: Final = ("TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS", "DATE")
_ZONED: Final = "TIMESTAMP WITH TIME ZONE"
_FRACTIONS: Final = ("DOUBLE", "FLOAT")
_TEXTS: Final = ("VARCHAR", "ENUM")

BATCH_ROWS: Final = 10_000
"""Rows of a database that are fetched at a time."""


@dataclass(frozen=True, slots=True)
class Raw:
    """One input read as text.

    Attributes:
        source: the name that reports and quarantine show.
        view: the DuckDB table or view: the columns below, all VARCHAR, and `_n_row` from 1.
        columns: the names found in the header.
        row_count: rows that could be split into cells.
        rejects: rows that could not.
        records: where the rows of a CSV file stand; None where a row number is the line.
        instants: column that the source typed as an instant → whether it has a zone; the view
            holds it as `@column` besides.
        fractions: columns that the source typed as floating-point numbers.
    """

    source: str
    view: str
    columns: tuple[str, ...]
    row_count: int
    rejects: Sequence[Rejected] = ()
    records: Records | None = None
    instants: Mapping[str, bool] = field(default_factory=dict)
    fractions: frozenset[str] = frozenset()

    def lines_of(self, rows: Sequence[int]) -> list[int]:
        """Give the line in the file of each row number; of Parquet and frames, the row itself."""
        return list(rows) if self.records is None else self.records.lines_of(rows)


def connect(threads: int | None = None, *, spill: Path | None = None) -> duckdb.DuckDBPyConnection:
    """Open an in-memory DuckDB: zone UTC, no network, what exceeds the memory in `spill`."""
    config: dict[str, Any] = {"autoinstall_known_extensions": "false", "TimeZone": "UTC"}
    config |= {} if threads is None else {"threads": str(threads)}
    spilling = {"temp_directory": str(spill), "memory_limit": "25%"}
    return duckdb.connect(config=config if spill is None else config | spilling)


def read_file(connection: duckdb.DuckDBPyConnection, path: Path, view: str) -> Raw:
    """Read a CSV, JSON or Parquet file as text; CSV and JSON may be compressed by gzip.

    Raises:
        DataError: there is no such file, it is empty, or it is none of these.
    """
    if not path.is_file():
        raise DataError(f"{path} is not a file; give the path of a CSV, JSON or Parquet export")
    if path.stat().st_size == 0:
        raise DataError(f"{path} is empty; expected a header line and one row an order line")
    match path.suffix.lower():
        case ".gz":
            return _read_gzip(connection, path, view)
        case ".parquet" | ".pq":
            return _read_parquet(connection, path, view)
        case ".json" | ".jsonl" | ".ndjson":
            return _read_json(connection, path, view)
        case _:
            return _read_csv(connection, path, view)


def read_frame(connection: duckdb.DuckDBPyConnection, frame: Any, source: str, view: str) -> Raw:  # noqa: ANN401 - any table DuckDB can scan: pandas, Polars, Arrow
    """Read a data frame as text; row numbers stand for lines."""
    connection.register(f"{view}_frame", frame)
    # Only a table keeps its row numbers: a scan of a frame may number its rows anew each time.
    connection.execute(
        f"CREATE TEMP TABLE {view}_rows AS "
        f"SELECT *, row_number() OVER () AS _n_row FROM {view}_frame"
    )
    connection.unregister(f"{view}_frame")
    return _as_text(connection, f"{view}_rows", "_n_row", source, view)


def file_literal(path: Path) -> str:
    """Quote a path for SQL as the name of one file: `*`, `?` and `[` stand for themselves."""
    return literal(re.sub(r"([*?\[])", r"[\1]", str(path)))


def _read_parquet(connection: duckdb.DuckDBPyConnection, path: Path, view: str) -> Raw:
    # A folder named `customer_id=7` is no column.
    file = f"read_parquet({file_literal(path)}, file_row_number = true, hive_partitioning = false)"
    try:
        return _as_text(connection, file, "file_row_number", path.name, view)
    except duckdb.Error as error:
        raise DataError(
            f"{path} cannot be read as Parquet: {_first_line(error)}; export it again"
        ) from None


def _as_text(
    connection: duckdb.DuckDBPyConnection, rows: str, number: str, source: str, view: str
) -> Raw:
    """Make a view of typed rows as texts; `number` counts them."""
    relation = connection.sql(f"SELECT * EXCLUDE ({number}) FROM {rows}")
    leaves = [
        leaf
        for name, kind in zip(relation.columns, relation.types, strict=True)
        for leaf in _leaves(name.strip(), quoted(name), kind)
    ]
    refuse_ours((name for name, *_ in leaves), source)
    instants = {name: kind == _ZONED for name, _, kind in leaves if kind in (*_INSTANTS, _ZONED)}
    first = 1 if number == "file_row_number" else 0
    cells = [f"{_text(cell, kind)} AS {quoted(name)}" for name, cell, kind in leaves]
    cells += [
        f"{_native(cell, has_zone=instants[name])} AS {quoted(NATIVE + name)}"
        for name, cell, _ in leaves
        if name in instants
    ]
    connection.execute(
        f"CREATE TEMP VIEW {view} AS SELECT {', '.join(cells)}, {number} + {first} AS _n_row "
        f"FROM {rows}"
    )
    return Raw(
        source,
        view,
        tuple(name for name, *_ in leaves),
        _count(connection, rows),
        instants=instants,
        fractions=frozenset(name for name, _, kind in leaves if kind in _FRACTIONS),
    )


def _leaves(name: str, cell: str, kind: Any) -> Iterator[tuple[str, str, str]]:  # noqa: ANN401 - DuckDB's type of a type
    """Give name, SQL and type of a column; of a nested one, those of its fields, dotted."""
    if kind.id == "struct":
        for field_name, field_kind in kind.children:
            yield from _leaves(f"{name}.{field_name}", f"{cell}.{quoted(field_name)}", field_kind)
    else:
        yield name, cell, str(kind)


def _native(cell: str, *, has_zone: bool) -> str:
    """Give an instant in microseconds; one that these cannot hold is infinitely far."""
    kind = _ZONED if has_zone else "TIMESTAMP"
    return f"CASE WHEN {cell} IS NOT NULL THEN coalesce(TRY_CAST({cell} AS {kind}), 'infinity') END"


def _text(cell: str, kind: str) -> str:
    if kind.startswith(_TEXTS):
        return f"nullif(trim(CAST({cell} AS VARCHAR)), '')"
    if kind in _FRACTIONS:
        return f"CASE WHEN NOT isnan({cell}) THEN CAST({cell} AS VARCHAR) END"
    if kind.endswith("]") or kind.startswith("MAP"):
        return f"CASE WHEN {cell} IS NOT NULL THEN CAST(to_json({cell}) AS VARCHAR) END"
    return f"CAST({cell} AS VARCHAR)"


def _read_gzip(connection: duckdb.DuckDBPyConnection, path: Path, view: str) -> Raw:
    with TemporaryDirectory() as folder:
        copy = Path(folder) / path.stem
        if copy.suffix.lower() in {".gz", ".parquet", ".pq"}:
            raise DataError(f"{path} is compressed twice; expected .csv.gz, .json.gz or .jsonl.gz")
        try:
            with gzip.open(path) as packed, copy.open("wb") as file:
                shutil.copyfileobj(packed, file)
        except (OSError, EOFError) as error:
            raise DataError(f"{path} cannot be unpacked: {error}; export it again") from None
        return replace(read_file(connection, copy, view), source=path.name)


def _read_json(connection: duckdb.DuckDBPyConnection, path: Path, view: str) -> Raw:
    columns, records = read_documents(connection, path, view)
    names = tuple(columns.of.values())
    return Raw(path.name, view, names, records.row_count, records.rejects, records)


def _read_csv(connection: duckdb.DuckDBPyConnection, path: Path, view: str) -> Raw:
    header = read_header(path)
    refuse_ours(header.columns, path)
    records = find_records(path, header)
    if records.is_clean:
        _load_csv(connection, path, header, view)
    else:
        with TemporaryDirectory() as folder:
            copy = Path(folder) / "good.csv"
            write_good_records(path, header, copy)
            _load_csv(connection, copy, header, view)
    count = _count(connection, view)
    if count != records.row_count:
        # Nothing is dropped in silence, not even where two readers of CSV disagree.
        raise DataError(
            f"{path} has {records.row_count} records but {count} were read; "
            'put every cell between double quotes, doubling a quote inside ("")'
        )
    return Raw(path.name, view, header.columns, count, records.rejects, records)


def _load_csv(connection: duckdb.DuckDBPyConnection, path: Path, header: Header, view: str) -> None:
    types = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in header.columns)
    cells = ", ".join(
        f"nullif(trim({quoted(name)}), '') AS {quoted(name)}" for name in header.columns
    )
    try:
        connection.execute(f"""
            CREATE TEMP TABLE {view} AS SELECT {cells}, row_number() OVER () AS _n_row
            FROM read_csv({file_literal(path)}, columns = {{{types}}}, header = true,
                auto_detect = false, hive_partitioning = false, delim = {literal(header.delimiter)},
                quote = '"', escape = '"', max_line_size = 10000000)
        """)
    except duckdb.Error as error:
        raise DataError(
            f"{path} cannot be read as CSV: {_first_line(error)}; save it as UTF-8 CSV anew"
        ) from None


def _count(connection: duckdb.DuckDBPyConnection, rows: str) -> int:
    # Fetched whole: an unfinished result would forbid to register the next frame.
    [(count,)] = connection.execute(f"SELECT count(*) FROM {rows}").fetchall()
    return int(count)


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0]


class Database:
    """A database that is read and never written."""

    def __init__(self, url: str) -> None:
        """Open a database.

        Raises:
            ConfigError: the URL is none, or its driver is not installed.
            DataError: the database cannot be reached.
        """
        try:
            parsed = make_url(url)
            is_file = parsed.get_backend_name() == "sqlite"
            self.name = parsed.database or parsed.get_backend_name()
            if is_file and not Path(self.name).is_file():
                raise DataError(f"{self.name} is not a file; expected an SQLite database")
            self._engine = create_engine(parsed)
            if is_file:
                event.listen(self._engine, "connect", _read_any_bytes)
        except (ArgumentError, NoSuchModuleError, ValueError):
            # What was given is not repeated: it may hold a password.
            raise ConfigError(
                "the database's URL cannot be read; expected sqlite:///shop.db or "
                "postgresql+psycopg://user:password@host/shop"
            ) from None
        except ModuleNotFoundError as error:
            raise ConfigError(
                f"the driver {error.name} is not installed; run: pip install {error.name}, or name "
                "another one, such as postgresql+psycopg://"
            ) from None
        self.source = Path(self.name).name if is_file else self.name

    def close(self) -> None:
        """Let go of the connection."""
        self._engine.dispose()

    def tables(self) -> dict[str, list[str]]:
        """List the tables and views, each with its columns.

        Raises:
            DataError: the database cannot be reached.
        """
        try:
            inspector = inspect(self._engine)
            tables = inspector.get_table_names()
            views = inspector.get_view_names()
        except SQLAlchemyError as error:
            raise DataError(self._say(error)) from None
        return {name: self._columns_of(inspector, name) for name in sorted([*tables, *views])}

    def _columns_of(self, inspector: Inspector, table: str) -> list[str]:
        """List the columns of a table; none of a broken view, which matters once it is read."""
        try:
            return [str(column["name"]) for column in inspector.get_columns(table)]
        except SQLAlchemyError:
            return []

    def read(self, connection: duckdb.DuckDBPyConnection, query: str, name: str, view: str) -> Raw:
        """Read the rows of a query as text, batch by batch; those that are no UTF-8 are rejected.

        Raises:
            DataError: the database cannot run it.
        """
        columns, places, rejects = Columns(), list[int](), list[Rejected]()

        def rows() -> Iterator[dict[str, Any]]:
            with self._engine.connect() as opened:
                self._forbid_writing(opened)
                result = opened.execution_options(yield_per=BATCH_ROWS).execute(text(query))
                names = list[str]()
                for key in result.keys():  # noqa: SIM118 - not a dict
                    name = columns.name(key)
                    names.append(columns.beside(name, names) if name in names else name)
                for place, row in enumerate(result, 1):
                    cells = {
                        column: _cell_text(value)
                        for column, value in zip(names, row, strict=True)
                        if value is not None
                    }
                    if _is_unicode("".join(cells.values())):
                        places.append(place)
                        yield {**cells, "_n_row": len(places)}
                    else:
                        rejects.append(_not_utf8(place, cells))

        try:
            load_rows(connection, rows(), columns, view, "_n_row")
        except SQLAlchemyError as error:
            raise DataError(self._say(error)) from None
        records = Records.standing(np.array(places, np.int64), rejects)
        found = tuple(columns.of.values())
        return Raw(f"{self.source} {name}", view, found, len(places), rejects, records)

    def _forbid_writing(self, opened: Connection) -> None:
        backend = self._engine.url.get_backend_name()
        if backend == "sqlite":
            opened.execute(text("PRAGMA query_only = ON"))
        elif backend in {"postgresql", "mysql", "mariadb"}:
            opened.execute(text("SET TRANSACTION READ ONLY"))

    def _say(self, error: SQLAlchemyError) -> str:
        """Say what went wrong without the URL, which may hold a password."""
        cause = str(getattr(error, "orig", None) or type(error).__name__).splitlines()[0]
        password = self._engine.url.password
        shown = cause.replace(str(password), "***") if password else cause
        return f"the database {self.source} cannot be read: {shown}"


def _read_any_bytes(opened: sqlite3.Connection, _: object) -> None:
    """Let SQLite hand out texts that are no UTF-8, so that they cost their own row alone."""
    opened.text_factory = partial(str, encoding="utf-8", errors="surrogateescape")


def _is_unicode(cell: str) -> bool:
    return cell.isascii() or decodes(cell.encode("utf-8", "surrogateescape"))


def _not_utf8(place: int, cells: Mapping[str, str]) -> Rejected:
    shown = {
        name: cell.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
        for name, cell in cells.items()
    }
    column = next(name for name, cell in cells.items() if not _is_unicode(cell))
    return place, column, "not_utf8", shown[column], document_text(shown)


def _cell_text(value: object) -> str:
    match value:
        case bool():
            return str(value).lower()
        case datetime():
            return value.isoformat(sep=" ")
        case bytes():
            return value.decode("utf-8", "replace")
        case dict() | list():
            return document_text(value)
        case _:
            return str(value)
