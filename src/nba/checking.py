"""Rows of JSON held to the contract of their table, cell by cell.

What comes back is what the store holds: instants as int64 microseconds since 1970 UTC, money as
minor units, lists as comma-separated text, days as ISO text. The rules bear the names that imports
give them, and the first one that a row breaks names it.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from nba.schema import CHOICES, Column, Kind, Table
from nba.statuses import STATUS_CODE, canonical
from nba.vocabulary import RELATION_SPELLINGS

Cells = dict[str, Any]
"""Column → cell, of the columns that a row gives; one given as null is None."""

ID_LENGTH: Final = 256
MOST_PIECES: Final = 2**31 - 1
MOST_MONEY: Final = 10**12
"""Minor units."""
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_DAY_US, _SECOND_US = 86_400_000_000, 1_000_000
_EARLIEST: Final = (datetime(1990, 1, 1, tzinfo=UTC) - EPOCH) // timedelta(microseconds=1)
_LATEST: Final = (datetime(2100, 1, 1, tzinfo=UTC) - EPOCH) // timedelta(microseconds=1)
_SHOWN: Final = 60
"""Characters of a value that a problem repeats."""
_DOCUMENTS: Final = frozenset(("attributes", "eligible"))
"""Texts that are JSON: an object is taken as it is."""


_BLANKS: Final = "".join(
    map(chr, (0x20, 0xA0, 0x1680, *range(0x2000, 0x200B), 0x202F, 0x205F, 0x3000))
)
"""What Unicode calls a space separator (Zs), and DuckDB trims."""


@dataclass(frozen=True, slots=True)
class BadRow:
    """The first rule that a row breaks.

    Attributes:
        index: of the row in what was given, from 0.
        column: which cell; None where the row as a whole is none.
        rule: what it is called.
        problem: what was found and what was expected.
    """

    index: int
    column: str | None
    rule: str
    problem: str

    def moved(self, index: int, inside: str = "") -> BadRow:
        """Give the same of a row at another place, or inside a cell of that row."""
        column = f"{inside}.{self.column}" if inside and self.column else inside or self.column
        return BadRow(index, column, self.rule, self.problem)


class BadCellError(ValueError):
    """A cell breaks a rule: (rule, what was expected)."""


class Checker:
    """Checks the rows of one table; made once a table."""

    def __init__(self, table: Table) -> None:
        """Prepare what reads each column."""
        self.table = table
        self._read = {one.name: _reader(one) for one in table.columns}
        self._required = table.required
        self._either = table.either
        self.blank: Mapping[str, None] = dict.fromkeys(table.names)

    def check(self, row: object, index: int = 0) -> Cells | BadRow:
        """Give the cells of a row, or what is wrong with it.

        Args:
            row: a JSON object; a field that the table does not have is an error, as it is most
                likely a known one misspelled.
            index: the row's place, for the error.
        """
        if not isinstance(row, dict):
            return BadRow(index, None, "not_an_object", f"found {shown(row)}; expected an object")
        cells: Cells = {}
        read = self._read
        for name, value in row.items():
            if name not in read:
                return self._unknown(name, index)
            if type(value) is str:
                value = trimmed(value)
            if value is None or value == "":
                cells[name] = None
                continue
            try:
                cells[name] = read[name](value)
            except BadCellError as error:
                rule, expected = error.args
                return BadRow(index, name, rule, f"found {shown(value)}; expected {expected}")
        for name in self._required:
            if cells.get(name) is None:
                return BadRow(index, name, "missing_value", f"found none; {name} must be given")
        if self._either and all(cells.get(name) is None for name in self._either):
            named = " or ".join(self._either)
            return BadRow(index, self._either[0], "missing_value", f"found none; give {named}")
        return cells

    def check_all(self, rows: Sequence[object]) -> tuple[list[tuple[int, Cells]], list[BadRow]]:
        """Give the good rows, each with its place, and what is wrong with the others."""
        good: list[tuple[int, Cells]] = []
        bad: list[BadRow] = []
        for index, row in enumerate(rows):
            checked = self.check(row, index)
            if isinstance(checked, BadRow):
                bad.append(checked)
            else:
                good.append((index, checked))
        return good, bad

    def filled(self, cells: Cells) -> Cells:
        """Give a row with all columns of the table; those it does not give are None."""
        return {**self.blank, **cells}

    def _unknown(self, name: object, index: int) -> BadRow:
        known = ", ".join(self._read)
        problem = f"{self.table.name} has no field {shown(name)}; it has {known}"
        return BadRow(index, str(name)[:_SHOWN], "unknown_column", problem)


def trimmed(value: str) -> str:
    """Cut the blanks around a cell, as imports do: so that an id is one id wherever it is told."""
    return value.strip(_BLANKS)


def shown(value: object) -> str:
    """Write a value for a message, cut short."""
    try:
        text = json.dumps(value, ensure_ascii=True, default=str)
    except (ValueError, TypeError, RecursionError):
        text = type(value).__name__
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def instant_of(value: object) -> int:
    """Give an ISO text with a zone as microseconds since 1970 UTC.

    Raises:
        BadCellError: it is none, carries no zone, or lies outside 1990 to 2100.
    """
    if not isinstance(value, str):
        raise BadCellError("not_an_instant", _INSTANT)
    try:
        at = datetime.fromisoformat(value)
        since = at - EPOCH
    except OverflowError:
        raise BadCellError("instant_out_of_range", _YEARS) from None
    except ValueError:
        raise BadCellError("not_an_instant", _INSTANT) from None
    except TypeError:
        raise BadCellError("naive_timestamp", _INSTANT) from None
    told = since.days * _DAY_US + since.seconds * _SECOND_US + since.microseconds
    if not _EARLIEST <= told <= _LATEST:
        raise BadCellError("instant_out_of_range", _YEARS)
    return told


_INSTANT: Final = 'an instant with a zone, such as "2026-03-01T12:00:00Z"'
_YEARS: Final = "an instant from 1990 to 2100"


def _id(value: object) -> str:
    # A boolean is an integer to Python, and none to anybody else.
    if type(value) is int:
        value = str(value)
    if not isinstance(value, str):
        raise BadCellError("not_an_id", "a text or a whole number")
    if len(value) > ID_LENGTH:
        raise BadCellError("too_long", f"at most {ID_LENGTH} characters")
    # Printable texts hold neither control characters nor halves of characters.
    if not value.isprintable():
        if any(character < " " for character in value):
            raise BadCellError("control_character", "an id without control characters")
        _refuse_no_text(value)
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise BadCellError("not_a_text", "a text")
    if not value.isprintable():
        if "\0" in value:
            raise BadCellError("nul_byte", "a text without NUL")
        _refuse_no_text(value)
    return value


def _refuse_no_text(value: str) -> None:
    try:
        value.encode()
    except UnicodeEncodeError:
        raise BadCellError("not_utf8", "Unicode without lone surrogates") from None


def _document(value: object) -> str:
    if isinstance(value, dict):
        value = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return _text(value)


def _whole(value: object, most: int, expected: str) -> int:
    if type(value) is not int:
        is_number = isinstance(value, float)
        raise BadCellError("not_an_integer" if is_number else "not_a_number", expected)
    if value < 0:
        raise BadCellError("negative", expected)
    if value > most:
        raise BadCellError("too_large", f"at most {most}")
    return value


def _count(value: object) -> int:
    return _whole(value, MOST_PIECES, "a whole number from 0 on")


def _money(value: object) -> int:
    return _whole(value, MOST_MONEY, "a whole number of minor units: 3000 is 30.00 EUR")


def _number(value: object) -> float:
    if type(value) is not int and not isinstance(value, float):
        raise BadCellError("not_a_number", "a number")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise BadCellError("too_large", "a finite number")
    return number


def _boolean(value: object) -> bool:
    if not isinstance(value, bool):
        raise BadCellError("not_a_boolean", "true or false")
    return value


def _day(value: object) -> str:
    if isinstance(value, str):
        with suppress(ValueError):
            return date.fromisoformat(value).isoformat()
    raise BadCellError("not_a_day", 'a day such as "1990-05-17"')


def _list(value: object) -> str | None:
    if isinstance(value, str):
        return _text(value)
    if not isinstance(value, list):
        raise BadCellError("not_a_list", "a list of ids, or a text with commas between them")
    ids = [_id(one) for one in value]
    if any("," in one or not one for one in ids):
        raise BadCellError("not_a_list", "ids without a comma")
    return ",".join(ids) or None


def _choice(column: Column) -> Callable[[object], str]:
    choices = frozenset(CHOICES[column.kind])
    rule, expected = f"unknown_{column.name}", f"one of {', '.join(CHOICES[column.kind])}"

    def read(value: object) -> str:
        if isinstance(value, str):
            if value in choices:
                return value
            word = value.lower().replace(" ", "_")
            if column.kind is Kind.CURATED_LIST:
                word = word.replace("-", "_")
                word = RELATION_SPELLINGS.get(word, word)
            if word in choices:
                return word
        raise BadCellError(rule, expected)

    return read


def _status(column: Column) -> Callable[[object], str]:
    rule, expected = f"unknown_{column.name}", f"one of {', '.join(STATUS_CODE)}"

    def read(value: object) -> str:
        if isinstance(value, str):
            if value in STATUS_CODE:
                return value
            code = canonical(value)
            if code is not None:
                return code
        raise BadCellError(rule, expected)

    return read


_READERS: Final[Mapping[Kind, Callable[[object], Any]]] = {
    Kind.ID: _id,
    Kind.TEXT: _text,
    Kind.INSTANT: instant_of,
    Kind.DAY: _day,
    Kind.COUNT: _count,
    Kind.NUMBER: _number,
    Kind.MONEY: _money,
    Kind.BOOLEAN: _boolean,
    Kind.LIST: _list,
}


def _reader(column: Column) -> Callable[[object], Any]:
    if column.kind is Kind.STATUS:
        return _status(column)
    if column.kind in CHOICES:
        return _choice(column)
    return _document if column.name in _DOCUMENTS else _READERS[column.kind]


def without(table: Table, optional: Iterable[str], *more: Column) -> Table:
    """Give a contract that asks for less, or that knows further columns.

    Args:
        table: the contract.
        optional: columns that a row need not fill.
        more: further columns.
    """
    loose = frozenset(optional)
    columns = tuple(
        Column(one.name, one.kind, one.required and one.name not in loose) for one in table.columns
    )
    return Table(table.name, (*columns, *more), table.key, table.either)
