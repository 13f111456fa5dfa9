"""The records of a CSV file: where each begins, which cannot be read, and on which line it stands.

DuckDB reads CSV fast but loses the rest of a file after a quote that is never closed, refuses a
file whose line ends are mixed, and counts lines its own way. So a pass over the bytes comes
first: it finds the records, sets aside those that cannot be read, and knows every line.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nba.errors import DataError

DELIMITERS: Final = (",", ";", "\t", "|")
BLOCK_BYTES: Final = 1 << 24
RECORD_BYTES: Final = 1 << 20
"""The longest record that is read; also how far the end of an open quote is looked for."""
SHOWN_OF_LONG: Final = 1000
"""Characters that the quarantine keeps of a longer one."""

BOM: Final = b"\xef\xbb\xbf"
_QUOTE, _NEWLINE, _RETURN = b'"'[0], b"\n"[0], b"\r"[0]

Rejected = tuple[int, str | None, str, str | None, str | None]
"""(line, column, rule, value, raw row)."""


@dataclass(frozen=True, slots=True)
class Header:
    """The first record of a file.

    Attributes:
        columns: the names, in order; an empty one is called `column_N`.
        delimiter: what stands between them.
    """

    columns: tuple[str, ...]
    delimiter: str


@dataclass(frozen=True, slots=True)
class Records:
    """What a pass over the bytes of a file found.

    Attributes:
        row_count: records that can be read.
        rejects: those that cannot, by line.
        is_clean: DuckDB reads the file as it is; otherwise it needs a copy of the good records.
        first_row, shift: from row first_row[k] on, a row begins on line row + shift[k].
    """

    row_count: int
    rejects: Sequence[Rejected]
    is_clean: bool
    first_row: NDArray[np.int64]
    shift: NDArray[np.int64]

    @classmethod
    def standing(cls, lines: NDArray[np.int64], rejects: Sequence[Rejected]) -> Records:
        """Note on which line each good record stands."""
        rows = np.arange(1, len(lines) + 1)
        shift = lines - rows
        changed = np.flatnonzero(np.diff(shift, prepend=shift[:1] - 1))
        return cls(len(lines), rejects, True, rows[changed], shift[changed])

    def rows_after_rejects(self) -> list[int]:
        """Give the good rows before which some record could not be read, in order."""
        lines = np.unique(np.array([line for line, *_ in self.rejects], np.int64))
        span = np.searchsorted(self.first_row + self.shift, lines, "right")
        next_span = np.append(self.first_row, self.row_count + 1)[span]
        inside = lines - np.append(0, self.shift)[span] + 1
        after = np.where(span > 0, np.minimum(inside, next_span), next_span)
        return [int(row) for row in np.unique(after)]

    def lines_of(self, rows: Sequence[int]) -> list[int]:
        """Give the line, from 1, on which each row begins; rows count the good records from 1."""
        wanted = np.asarray(rows, np.int64)
        span = np.searchsorted(self.first_row, wanted, "right") - 1
        return [int(line) for line in wanted + self.shift[span]]


def read_header(path: Path) -> Header:
    """Read the column names of a CSV file and find its delimiter.

    Raises:
        DataError: the file is no UTF-8 text, begins with an empty line or names a column twice.
    """
    with path.open("rb") as file:
        sample = file.read(RECORD_BYTES)
    first = sample.split(b"\n", 1)[0]
    if sample.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in first:
        raise DataError(f"{path} is not UTF-8 but UTF-16 or no text; save it as UTF-8 CSV")
    sample = sample.removeprefix(BOM)
    if b"\n" not in sample and b"\r" in sample:
        raise DataError(f"the lines of {path} end with CR alone; save it with LF or CRLF line ends")
    if not sample.split(b"\n", 1)[0].strip():
        raise DataError(f"{path} begins with an empty line; expected a header with column names")
    read = [(_first_record(sample, delimiter, path), delimiter) for delimiter in DELIMITERS]
    names, delimiter = max(read, key=lambda one: len(one[0]))
    columns = tuple(name.strip() or f"column_{n}" for n, name in enumerate(names, 1))
    seen = [name.casefold() for name in columns]
    repeated = sorted({name for name in columns if seen.count(name.casefold()) > 1})
    if repeated:
        raise DataError(
            f"{path} names a column twice (capitals make no difference): {', '.join(repeated)}; "
            "rename one"
        )
    return Header(columns, delimiter)


def _first_record(sample: bytes, delimiter: str, path: Path) -> list[str]:
    # Bytes that are no UTF-8 matter in the header alone; a cut last character does not.
    text = io.StringIO(sample.decode("utf-8", "surrogateescape"), newline="")
    try:
        names = next(csv.reader(text, delimiter=delimiter))
    except csv.Error as error:
        raise DataError(f"the header of {path} cannot be read: {error}") from None
    try:
        "".join(names).encode("utf-8")
    except UnicodeEncodeError:
        raise DataError(
            f"the header of {path} is not UTF-8; save the file as UTF-8 and import it again"
        ) from None
    return names


def find_records(path: Path, header: Header) -> Records:
    """Pass over a file, and tell good records from those that cannot be read."""
    splitter = _Splitter(header)
    row_count = 0
    first_rows, shifts = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    for found in _good_records(path, splitter):
        rows = np.arange(row_count + 1, row_count + len(found.lines) + 1)
        shift = found.lines - rows
        changed = np.flatnonzero(np.diff(shift, prepend=shift[:1] - 1))
        first_rows.append(rows[changed])
        shifts.append(shift[changed])
        row_count += len(rows)
    return Records(
        row_count,
        splitter.rejects,
        splitter.is_clean,
        np.concatenate(first_rows),
        np.concatenate(shifts),
    )


def write_good_records(path: Path, header: Header, copy: Path) -> None:
    """Write a header and the good records of a file, each ended by LF, none of them blank."""
    with copy.open("wb") as file:
        numbers = (str(number) for number in range(len(header.columns)))
        file.write(header.delimiter.join(numbers).encode() + b"\n")
        for found in _good_records(path, _Splitter(header)):
            for start, end in zip(found.starts.tolist(), found.ends.tolist(), strict=True):
                file.write(found.data[start:end].rstrip(b"\r\n") + b"\n")


@dataclass(frozen=True, slots=True)
class _Found:
    """Good records of one block: record k is data[starts[k]:ends[k]] and begins on lines[k]."""

    data: bytes
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    lines: NDArray[np.int64]


def _good_records(path: Path, splitter: _Splitter) -> Iterator[_Found]:
    """Yield the good records of a file block by block, without the header."""
    with path.open("rb") as file:
        data = file.read(BLOCK_BYTES).removeprefix(BOM)
        while data:
            more = file.read(BLOCK_BYTES)
            found, used = splitter.split(data, is_last=not more)
            yield found
            data = data[used:] + more


class _Splitter:
    """Splits blocks of bytes into records and remembers where it is.

    Attributes:
        rejects: the records that cannot be read, so far.
        is_clean: nothing so far would puzzle DuckDB.
    """

    def __init__(self, header: Header) -> None:
        self.rejects: list[Rejected] = []
        # DuckDB loses rows behind a header of several lines.
        self.is_clean = not any("\n" in name for name in header.columns)
        self._columns = header.columns
        self._separator = header.delimiter.encode()
        self._line = 1
        self._header_is_read = False
        self._has_return: bool | None = None
        blank = b" *" if header.delimiter == "\t" else rb"[ \t]*"
        d = re.escape(self._separator)
        quoted = blank + rb'"(?>[^"]*(?:""[^"]*)*)"' + blank + rb"(?=[\r\n" + d + rb"]|\Z)"
        bare = rb"(?!" + blank + rb'")[^\r\n' + d + rb"]*"
        cell = rb"(?:" + quoted + rb"|" + bare + rb")"
        self._record = re.compile(cell + rb"(?:" + d + cell + rb")*(?:\r?\n|\r?\Z)")
        self._cell = re.compile(rb"(?:^|(?<=" + d + rb"))" + cell)

    def split(self, data: bytes, *, is_last: bool) -> tuple[_Found, int]:
        """Give the good records of a block, and how many of its bytes were read."""
        starts, ends, cells = self._all_at_once(data, is_last) or self._one_by_one(data, is_last)
        used = int(ends[-1]) if len(ends) else 0
        codes = np.frombuffer(data, np.uint8, used)
        newlines = np.flatnonzero(codes == _NEWLINE)
        lines = self._line + np.searchsorted(newlines, starts)
        self._line += len(newlines)
        self._note_line_ends(codes, ends)
        is_record = ~_is_blank(codes, starts, ends)
        if len(self._columns) == 1 and not is_record.all():
            self.is_clean = False  # DuckDB would take a blank line for an empty cell
        if not self._header_is_read and is_record.any():
            is_record[np.argmax(is_record)] = False
            self._header_is_read = True
        bad = cells != len(self._columns)
        bad |= _is_not_utf8(data[:used], starts, ends)
        bad |= ends - starts > RECORD_BYTES
        bad[np.searchsorted(ends, np.flatnonzero(codes == 0), "right")] = True
        for k in np.flatnonzero(is_record & bad):
            self._reject(data[starts[k] : ends[k]], int(lines[k]), int(cells[k]))
        good = is_record & ~bad
        return _Found(data, starts[good], ends[good], lines[good]), used

    def _all_at_once(self, data: bytes, is_last: bool) -> _Spans | None:
        """Split a block, or give None where a quote or carriage return stands out of place."""
        codes = np.frombuffer(data, np.uint8)
        newline, separator = codes == _NEWLINE, codes == self._separator[0]
        stray = (codes[:-1] == _RETURN) & (codes[1:] != _NEWLINE)
        quote = codes == _QUOTE
        has_quotes = bool(quote.any())
        if has_quotes:
            places = np.flatnonzero(quote)
            opening, closing = places[0::2], places[1::2]
            before = codes[opening[opening > 0] - 1]
            after = codes[np.minimum(closing + 1, len(codes) - 1)]
            beside = (_NEWLINE, _QUOTE, self._separator[0])
            outside = ~np.logical_xor.accumulate(quote)
            if not np.isin(before, beside).all() or not np.isin(after, (*beside, _RETURN)).all():
                return None
            if is_last and not outside[-1]:
                return None
            newline, separator, stray = newline & outside, separator & outside, stray & outside[:-1]
        ends = np.flatnonzero(newline) + 1
        if is_last and (not len(ends) or ends[-1] < len(data)):
            ends = np.append(ends, len(data))
        if stray.any() or not len(ends):
            return None
        starts = np.concatenate([[0], ends[:-1]])
        cells = np.diff(np.searchsorted(np.flatnonzero(separator), ends), prepend=0) + 1
        if has_quotes:
            height = np.diff(np.searchsorted(np.flatnonzero(codes == _NEWLINE), ends), prepend=0)
            if ((cells != len(self._columns)) & (height > 1)).any():
                return None  # perhaps a quote that was never closed swallowed some lines
        return starts, ends, cells

    def _one_by_one(self, data: bytes, is_last: bool) -> _Spans:
        """Split a block record by record; a line that begins none counts as one of 0 cells."""
        self.is_clean = False
        spans: list[tuple[int, int, int]] = []
        start, limit = 0, len(data) if is_last else max(len(data) - RECORD_BYTES, 1)
        while start < limit:
            line_end = data.find(b"\n", start) + 1 or len(data)
            if line_end == len(data) and not is_last:
                break  # the rest of a very long line is in the next block
            end, cells = self._record_at(data, start)
            swallows = end > line_end and cells != len(self._columns)
            if cells == 0 or (swallows and self._is_proper(data, line_end)):
                end, cells = line_end, 0
            spans.append((start, end, cells))
            start = end
        starts, ends, counts = np.array(spans, np.int64).reshape(-1, 3).T
        return starts, ends, counts

    def _record_at(self, data: bytes, start: int) -> tuple[int, int]:
        """Give the end of the record that begins here and its cells; 0 cells where none does."""
        match = self._record.match(data, start, start + RECORD_BYTES)
        if match is None or (match.end() == start + RECORD_BYTES and match[0][-1] != _NEWLINE):
            return start, 0
        return match.end(), len(self._cell.findall(match[0]))

    def _is_proper(self, data: bytes, start: int) -> bool:
        """Whether a record of the right width, no tail of a quoted cell, begins here."""
        end, cells = self._record_at(data, start)
        texts = self._cell.findall(data[start:end])
        return cells == len(self._columns) and not any(
            b'"' in text and not text.lstrip().startswith(b'"') for text in texts
        )

    def _note_line_ends(self, codes: NDArray[np.uint8], ends: NDArray[np.int64]) -> None:
        newlines = ends[codes[ends - 1] == _NEWLINE] - 1
        has_return = np.unique(codes[np.maximum(newlines - 1, 0)] == _RETURN).tolist()
        if self._has_return is None and has_return:
            self._has_return = has_return[0]
        if any(one != self._has_return for one in has_return):
            self.is_clean = False  # DuckDB refuses a file that mixes LF and CRLF

    def _reject(self, record: bytes, line: int, cells: int) -> None:
        self.is_clean = False
        body = record.rstrip(b"\r\n")
        column, value = None, None
        if len(record) > RECORD_BYTES:
            rule, value = "too_long_record", f"{len(record)} bytes"
            body = body[:SHOWN_OF_LONG]
        elif b"\0" in body:
            rule = "nul_byte"
        elif not decodes(body):
            rule = "not_utf8"
            texts = self._cell.findall(body)
            at = next((n for n, text in enumerate(texts) if not decodes(text)), None)
            if at is not None and at < len(self._columns):
                column, value = self._columns[at], texts[at].decode("utf-8", "replace")
        elif cells == 0:
            rule = "stray_quote" if b'"' in body else "stray_carriage_return"
        elif cells < len(self._columns):
            rule, column = "missing_cells", self._columns[cells]
        else:
            rule, value = "extra_cells", f"{cells} cells"
        self.rejects.append((line, column, rule, value, body.decode("utf-8", "replace")))


_Spans = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]
"""Start and end of each record in a block, and how many cells it has."""


def _is_blank(
    codes: NDArray[np.uint8], starts: NDArray[np.int64], ends: NDArray[np.int64]
) -> NDArray[np.bool_]:
    length = ends - starts
    first = codes[starts]
    short = np.where(first == _RETURN, 2, np.where(first == _NEWLINE, 1, 0))
    return np.asarray(length <= short, np.bool_)


def _is_not_utf8(
    data: bytes, starts: NDArray[np.int64], ends: NDArray[np.int64]
) -> NDArray[np.bool_]:
    bad = np.zeros(len(starts), np.bool_)
    if not decodes(data):
        high = np.flatnonzero(np.frombuffer(data, np.uint8) >= 0x80)
        for k in np.unique(np.searchsorted(ends, high, "right")):
            bad[k] = not decodes(data[starts[k] : ends[k]])
    return bad


def decodes(data: bytes) -> bool:
    """Whether bytes are UTF-8 text."""
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
