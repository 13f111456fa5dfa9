"""Files and frames become text tables in DuckDB, and every record keeps its line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import duckdb

from nba.data.checks import literal, quoted
from nba.errors import DataError

DELIMITERS: Final = (",", ";", "\t", "|")
SAMPLE_BYTES: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Raw:
    """One input read as text.

    Attributes:
        source: the name that reports and quarantine show.
        view: the DuckDB table: the columns below, all VARCHAR, and `_row` counting from 1.
        columns: the names found in the header.
        row_count: rows that could be split into cells.
        rejects: rows that could not: (line, column, rule, value, raw).
        path: the CSV file, to find the line of a row; None where a row number is the line.
    """

    source: str
    view: str
    columns: tuple[str, ...]
    row_count: int
    rejects: Sequence[tuple[int, str | None, str, str | None, str | None]]
    path: Path | None = None
    delimiter: str = ","

    def lines_of(self, rows: Sequence[int]) -> list[int]:
        """Give the line in the file of each row number; of Parquet and frames, the row itself."""
        if self.path is None or not rows:
            return list(rows)
        wanted = set(rows)
        rejected = {line for line, *_ in self.rejects}
        found: dict[int, int] = {}
        row = 0
        for line in _record_lines(self.path, self.delimiter):
            if line in rejected:
                continue
            row += 1
            if row in wanted:
                found[row] = line
        return [found.get(row, row + 1) for row in rows]


def connect(threads: int | None = None) -> duckdb.DuckDBPyConnection:
    """Open an in-memory DuckDB whose clock zone is UTC and which reaches no network."""
    config: dict[str, Any] = {"autoinstall_known_extensions": "false", "TimeZone": "UTC"}
    if threads is not None:
        config["threads"] = str(threads)
    return duckdb.connect(config=config)


def read_file(connection: duckdb.DuckDBPyConnection, path: Path, view: str) -> Raw:
    """Load a CSV or Parquet file as text.

    Raises:
        DataError: there is no such file, it is empty, or it is neither CSV nor Parquet.
    """
    if not path.is_file():
        raise DataError(f"{path} is not a file; give the path of a CSV or Parquet export")
    if path.stat().st_size == 0:
        raise DataError(f"{path} is empty; expected a header line and one row an order line")
    if path.suffix.lower() in {".parquet", ".pq"}:
        return _read_parquet(connection, path, view)
    return _read_csv(connection, path, view)


def read_frame(connection: duckdb.DuckDBPyConnection, frame: Any, source: str, view: str) -> Raw:  # noqa: ANN401 - any table DuckDB can scan: pandas, Polars, Arrow
    """Load a data frame as text; row numbers stand for lines."""
    scanned = f"{view}_frame"
    connection.register(scanned, frame)
    raw = _as_text(connection, f"SELECT * FROM {scanned}", source, view)
    connection.unregister(scanned)
    return raw


def _read_parquet(connection: duckdb.DuckDBPyConnection, path: Path, view: str) -> Raw:
    try:
        return _as_text(
            connection, f"SELECT * FROM read_parquet({literal(str(path))})", path.name, view
        )
    except duckdb.Error as error:
        raise DataError(f"{path} cannot be read as Parquet: {_first_line(error)}") from None


def _as_text(connection: duckdb.DuckDBPyConnection, query: str, source: str, view: str) -> Raw:
    names = [row[0] for row in connection.execute(f"DESCRIBE {query}").fetchall()]
    columns = tuple(name.strip() for name in names)
    cells = ", ".join(
        f"nullif(trim(CAST({quoted(name)} AS VARCHAR)), '') AS {quoted(column)}"
        for name, column in zip(names, columns, strict=True)
    )
    connection.execute(
        f"CREATE TEMP TABLE {view} AS SELECT {cells}, row_number() OVER () AS _row FROM ({query})"
    )
    return Raw(source, view, columns, _count(connection, view), ())


def _read_csv(connection: duckdb.DuckDBPyConnection, path: Path, view: str) -> Raw:
    delimiter, columns = _header(path)
    types = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in columns)
    cells = ", ".join(f"nullif(trim({quoted(name)}), '') AS {quoted(name)}" for name in columns)
    query = f"""
        CREATE TEMP TABLE {view} AS SELECT {cells}, row_number() OVER () AS _row
        FROM read_csv({literal(str(path))}, columns = {{{types}}}, header = true,
            auto_detect = false, delim = {literal(delimiter)}, quote = '"', escape = '"',
            store_rejects = true, parallel = false, max_line_size = 10000000,
            rejects_table = {literal(view + "_rejects")}, rejects_scan = {literal(view + "_scan")})
    """
    try:
        connection.execute(query)
    except duckdb.Error as error:
        raise DataError(f"{path} cannot be read as CSV: {_first_line(error)}") from None
    errors = connection.execute(
        f"""SELECT line_byte_position, any_value(column_name), any_value(error_type), any_value(csv_line)
            FROM {view}_rejects GROUP BY line_byte_position ORDER BY line_byte_position"""
    ).fetchall()
    lines = _lines_at(path, [position for position, *_ in errors])
    rejects = [
        (line, column, str(rule).lower().replace(" ", "_"), None, raw)
        for line, (_, column, rule, raw) in zip(lines, errors, strict=True)
    ]
    return Raw(
        path.name, view, columns, _count(connection, view), rejects, path=path, delimiter=delimiter
    )


def _header(path: Path) -> tuple[str, tuple[str, ...]]:
    with path.open("rb") as file:
        sample = file.readline(SAMPLE_BYTES)
    try:
        text = sample.decode("utf-8-sig").strip("\r\n")
    except UnicodeDecodeError:
        raise DataError(
            f"the header of {path} is not UTF-8; save the file as UTF-8 and import it again"
        ) from None
    if not text.strip():
        raise DataError(f"{path} begins with an empty line; expected a header with column names")
    delimiter = max(DELIMITERS, key=text.count)
    columns = tuple(cell.strip().strip('"') for cell in text.split(delimiter))
    repeated = sorted({name for name in columns if columns.count(name) > 1})
    if repeated:
        raise DataError(f"{path} names a column twice: {', '.join(repeated)}")
    return delimiter, columns


def _record_lines(path: Path, delimiter: str) -> Iterator[int]:
    """Yield the first line (from 1) of each record after the header; blank lines are none."""
    mark, separator = ord('"'), ord(delimiter)
    with path.open("rb") as file:
        open_quote, start, is_header = False, 1, True
        for number, line in enumerate(file, 1):
            body = line.rstrip(b"\r\n")
            if not open_quote:
                start = number
                if not body:
                    continue
            if mark in body:
                open_quote = _ends_inside_quotes(body, open_quote, mark, separator)
            if open_quote:
                continue
            if is_header:
                is_header = False
                continue
            yield start


def _ends_inside_quotes(body: bytes, open_quote: bool, mark: int, separator: int) -> bool:
    previous = separator
    for byte in body:
        if byte == mark and (open_quote or previous in (separator, mark)):
            open_quote = not open_quote
        previous = byte
    return open_quote


def _lines_at(path: Path, positions: Sequence[int]) -> list[int]:
    """Give the line (from 1) at each byte position, positions ascending and counted from 1."""
    lines: list[int] = []
    with path.open("rb") as file:
        line, read = 1, 0
        for position in positions:
            while read < position - 1:
                chunk = file.read(min(SAMPLE_BYTES, position - 1 - read))
                if not chunk:
                    break
                line += chunk.count(b"\n")
                read += len(chunk)
            lines.append(line)
    return lines


def _count(connection: duckdb.DuckDBPyConnection, view: str) -> int:
    row = connection.execute(f"SELECT count(*) FROM {view}").fetchone()
    return int(row[0]) if row else 0


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0]
