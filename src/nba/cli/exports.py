"""Files of decisions and lists: JSONL, CSV and Parquet."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final, TextIO

if TYPE_CHECKING:
    from nba.decide.decision import Decision

TABLES: Final = (".csv", ".parquet")
"""Endings of files with one row a customer."""
DOCUMENTS: Final = ".jsonl"
"""The ending of a file with one whole answer a line."""
NUMBERS: Final = ("expected", "propensity")
TRUTHS: Final = ("delivery_assumed", "holdout")
_RUN: Final = ("=", "+", "-", "@", "\t", "\r")
"""What begins a cell that a spreadsheet would run."""

_TRUTH: Final = {True: "true", False: "false"}

Columns = Mapping[str, Sequence[Any]]


def check_ending(out: Path, endings: Sequence[str]) -> None:
    """Refuse a file of a kind that cannot be written.

    Raises:
        ConfigError: it is of another kind.
    """
    from nba.errors import ConfigError

    if out.suffix not in endings:
        raise ConfigError(f"{out} is of no known kind; expected {' or '.join(endings)}")


def write_documents(out: Path, decisions: Iterable[Decision]) -> None:
    """Write one whole answer a line, as the API gives it."""
    write_lines(out, (one.to_dict() for one in decisions))


def write_lines(out: Path, documents: Iterable[Mapping[str, Any]]) -> None:
    """Write one document a line."""
    with _written(out) as file:
        for one in documents:
            file.write(json.dumps(one, ensure_ascii=False, allow_nan=False) + "\n")


def write_table(out: Path, names: Sequence[str], pieces: Iterable[Columns]) -> None:
    """Write columns, piece by piece, as CSV (UTF-8, with a header) or as Parquet.

    Args:
        out: the file; its ending says which.
        names: of the columns, in order.
        pieces: lists of equal length by name; a cell of None is empty, truths are true and false.
    """
    if out.suffix == ".csv":
        _write_csv(out, names, pieces, is_inert=True)
        return
    from nba.data.shop import csv_to_parquet

    with TemporaryDirectory() as folder:
        rows = Path(folder) / "rows.csv"
        _write_csv(rows, names, pieces, is_inert=False)
        csv_to_parquet(
            rows,
            out,
            numbers=[one for one in NUMBERS if one in names],
            truths=[one for one in TRUTHS if one in names],
        )


def _write_csv(
    out: Path, names: Sequence[str], pieces: Iterable[Columns], *, is_inert: bool
) -> None:
    with _written(out) as file:
        writer = csv.writer(file)
        writer.writerow(names)
        for piece in pieces:
            columns = [_cells(name, piece[name]) for name in names]
            if is_inert:
                columns = [_inert(one) for one in columns]
            writer.writerows(zip(*columns, strict=True))


def _cells(name: str, column: Sequence[Any]) -> Sequence[Any]:
    """Write truths as JSON does."""
    return [_TRUTH.get(one) for one in column] if name in TRUTHS else column


def _inert(column: Sequence[Any]) -> list[Any]:
    """Keep a spreadsheet from running a cell that begins like a formula."""
    return [f"'{one}" if isinstance(one, str) and one.startswith(_RUN) else one for one in column]


@contextmanager
def _written(path: Path) -> Iterator[TextIO]:
    """Open a file to write to.

    Raises:
        ConfigError: the file cannot be written.
    """
    from nba.errors import ConfigError

    try:
        with path.open("w", encoding="utf-8", newline="") as file:
            yield file
    except OSError as error:
        raise ConfigError(f"--out {path} cannot be written: {error.strerror}") from None
