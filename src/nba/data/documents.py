"""JSON documents become rows of text: nested objects as dotted columns, arrays as JSON text."""

from __future__ import annotations

import json
import re
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count
from math import isfinite
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import duckdb
import numpy as np
import orjson

from nba.data.checks import literal, quoted, refuse_ours
from nba.data.records import BOM, RECORD_BYTES, SHOWN_OF_LONG, Records, Rejected, decodes
from nba.errors import DataError

SPARE_BYTES: Final = 1 << 20
"""The least room that DuckDB is given for a row; it takes as much memory for each thread."""
DEPTH: Final = 16
"""Objects nested deeper stay JSON text."""
MOST_BESIDE: Final = 4
"""Fields (pages, totals) that an envelope of records has besides; an object with more is one."""
MOST_COLUMNS: Final = 2000

_ONE_A_LINE: Final = orjson.OPT_APPEND_NEWLINE
_LONG: Final = re.compile(rb"[:\[,\s]-?[0-9]{19}")
"""A whole number that 64 bits may not hold."""
_MOST_DIGITS: Final = 18


@dataclass(slots=True)
class Columns:
    """The dotted names met so far, each with the column it fills.

    Attributes:
        of: the first spelling of a name → column; other capitals mean the same column.
    """

    of: dict[str, str] = field(default_factory=dict)
    _known: dict[str, str] = field(default_factory=dict)
    _folded: dict[str, str] = field(default_factory=dict)

    def name(self, dotted: str) -> str:
        """Give the column of a dotted name.

        Raises:
            DataError: there are more columns than any export has.
        """
        found = self._known.get(dotted)
        if found is not None:
            return found
        plain = dotted.strip() or "column"
        column = self._folded.get(plain.casefold())
        if column is None:
            if len(self.of) >= MOST_COLUMNS:
                raise DataError(
                    f"the objects have more than {MOST_COLUMNS} different fields; expected an "
                    "array of records, not an object whose keys are ids"
                )
            column = self.of[dotted] = self._folded[plain.casefold()] = plain
        self._known[dotted] = column
        return column

    def beside(self, column: str, taken: Container[str]) -> str:
        """Give the column, by a number, for what has its name while it is taken.

        Raises:
            DataError: there are more columns than any export has.
        """
        numbered = (self.name(f"{column}_{number}") for number in count(2))
        return next(one for one in numbered if one not in taken)


def flatten(record: Mapping[str, Any], columns: Columns, prefix: str = "") -> dict[str, str]:
    """Write an object as texts by column; null and empty objects are left out.

    Of several fields of one name the first filled one counts; another that says something else
    gets a column of its own.
    """
    flat: dict[str, str] = {}
    for dotted, value in _fields(record, prefix):
        column = columns.name(dotted)
        written = value if isinstance(value, str) else text(value)
        if flat.get(column, "").strip() in ("", written):
            flat[column] = written
        elif written.strip():
            flat[columns.beside(column, flat)] = written
    return flat


def _fields(record: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for key, value in record.items():
        dotted = prefix + key
        if isinstance(value, dict) and dotted.count(".") < DEPTH:
            yield from _fields(value, f"{dotted}.")
        elif value is not None:
            yield dotted, value


def text(value: object) -> str:
    """Write a JSON value as the text that a CSV cell would hold."""
    if isinstance(value, str):
        return value
    if type(value) is int:
        return str(value)
    return orjson.dumps(value, option=orjson.OPT_PASSTHROUGH_DATETIME, default=str).decode()


def load_rows(
    connection: duckdb.DuckDBPyConnection,
    rows: Iterable[Mapping[str, Any]],
    columns: Columns,
    table: str,
    *numbers: str,
) -> None:
    """Make a table of flat rows: the columns as trimmed texts or null, and `numbers` as BIGINT.

    Args:
        connection: where the table is made.
        rows: column → text, and number → whole number.
        columns: complete once the rows are exhausted.
        table: its name.
        numbers: columns of ours.

    Raises:
        DataError: a column has a name that is reserved.
    """
    with TemporaryDirectory() as folder:
        file = Path(folder) / "rows.jsonl"
        longest = SPARE_BYTES
        with file.open("wb") as out:
            for row in rows:
                longest = max(longest, out.write(orjson.dumps(row, option=_ONE_A_LINE)))
        refuse_ours(columns.of.values(), "the source")
        names = list(columns.of.values())
        kinds = [f"{literal(name)}: 'VARCHAR'" for name in names]
        kinds += [f"{literal(name)}: 'BIGINT'" for name in numbers]
        cells = [f"nullif(trim({quoted(name)}), '') AS {quoted(name)}" for name in names]
        connection.execute(f"""
            CREATE TEMP TABLE {table} AS SELECT {", ".join([*cells, *numbers])}
            FROM read_json({literal(str(file))}, columns = {{{", ".join(kinds)}}},
                format = 'newline_delimited', maximum_object_size = {longest})
        """)


def read_documents(
    connection: duckdb.DuckDBPyConnection, path: Path, table: str
) -> tuple[Columns, Records]:
    """Read a file of JSON objects into a table of their columns and `_n_row`, from 1.

    An array of objects, an object that holds one such array, or one object a line.

    Raises:
        DataError: the file is none of these.
    """
    columns, places, rejects = Columns(), list[int](), list[Rejected]()

    def rows() -> Iterator[dict[str, Any]]:
        for place, found in _lines(path) if _has_lines(path) else _array(path):
            flat = flatten(found, columns) if isinstance(found, dict) else {}
            if not isinstance(found, dict):
                rejects.append(found)
            elif any("\0" in cell for cell in flat.values()):
                rejects.append((place, None, "nul_byte", None, text(found)))
            else:
                places.append(place)
                yield {**flat, "_n_row": len(places)}

    load_rows(connection, rows(), columns, table, "_n_row")
    return columns, Records.standing(np.array(places, np.int64), rejects)


def _has_lines(path: Path) -> bool:
    """Whether a file has one object a line, whatever its name."""
    if path.suffix.lower() in {".jsonl", ".ndjson"}:
        return True
    with path.open("rb") as file:
        first = file.readline(RECORD_BYTES).removeprefix(BOM)
        return isinstance(_parsed(first), dict) and bool(file.read(RECORD_BYTES).strip())


def _lines(path: Path) -> Iterator[tuple[int, dict[str, Any] | Rejected]]:
    with path.open("rb") as file:
        for place, line in enumerate(file, 1):
            body = line.strip().removeprefix(BOM)
            if body:
                yield place, _line(body, place)


def _line(body: bytes, place: int) -> dict[str, Any] | Rejected:
    """Parse a line, or say why it is no record."""
    shown = body.decode("utf-8", "replace")
    if len(body) > RECORD_BYTES:
        return place, None, "too_long_record", f"{len(body)} bytes", shown[:SHOWN_OF_LONG]
    if b"\0" in body:
        return place, None, "nul_byte", None, shown
    if not decodes(body):
        return place, None, "not_utf8", None, shown
    found = _parsed(body)
    if isinstance(found, dict) and _is_writable(found):
        return found
    return place, None, "not_json", None, shown


def _array(path: Path) -> Iterator[tuple[int, dict[str, Any] | Rejected]]:
    for place, found in enumerate(_records_of(_document(path), path), 1):
        is_record = isinstance(found, dict) and _is_writable(found)
        yield place, found if is_record else (place, None, "not_json", None, _shown(found))


def _document(path: Path) -> object:
    body = path.read_bytes().removeprefix(BOM)
    try:
        try:
            return _loaded(body)
        except orjson.JSONDecodeError:
            # A single record with half a surrogate pair must not cost the others.
            return _read_exactly(body)
    except (ValueError, RecursionError) as error:
        raise DataError(
            f"{path} cannot be read as JSON: {error}; expected an array of objects, or one object "
            "a line in a file named .jsonl"
        ) from None


def _records_of(document: object, path: Path) -> list[Any]:
    """Find the records of a document: itself, or the one array of objects in an envelope."""
    if isinstance(document, list):
        return document
    if isinstance(document, dict):
        arrays = [
            value
            for value in document.values()
            if isinstance(value, list) and any(isinstance(one, dict) for one in value)
        ]
        is_envelope = len(arrays) == 1 and len(document) <= MOST_BESIDE + 1
        return arrays[0] if is_envelope else [document]
    raise DataError(f"{path} holds {text(document)[:60]}; expected an array of objects")


def _parsed(body: bytes) -> object:
    try:
        return _loaded(body)
    except (ValueError, RecursionError):
        return None


def _loaded(body: bytes) -> object:
    """Parse JSON; a whole number that 64 bits may not hold becomes its text, digit by digit."""
    return _read_exactly(body) if _LONG.search(body) else orjson.loads(body)


def _read_exactly(body: bytes) -> object:
    return json.loads(
        body.decode("utf-8"),
        parse_int=lambda digits: digits if len(digits) > _MOST_DIGITS else int(digits),
        parse_float=lambda number: value if isfinite(value := float(number)) else number,
        parse_constant=_refuse,
    )


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no number of JSON")


def _is_writable(record: dict[str, Any]) -> bool:
    """Whether a record can be written again: its texts are Unicode, and it is not too deep."""
    try:
        orjson.dumps(record)
    except TypeError:
        return False
    return True


def _shown(value: object) -> str | None:
    try:
        return json.dumps(value)[:SHOWN_OF_LONG]
    except RecursionError:
        return None
