"""Rows in batches, such as a database gives them, written as a shop folder."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import duckdb
import numpy as np

from nba.data.checks import SQL_TYPES, quoted
from nba.data.readers import connect
from nba.data.shop import write_tables
from nba.errors import DataError
from nba.schema import ORDER_VERSIONS, TABLES, Kind

Batch = Sequence[Sequence[Any]]
Announce = Callable[[str], None]
_NUMBERS: Final[Mapping[Kind, type[np.generic]]] = {
    Kind.INSTANT: np.int64,
    Kind.COUNT: np.int64,
    Kind.MONEY: np.int64,
    Kind.NUMBER: np.float64,
    Kind.BOOLEAN: np.bool_,
}
"""All other kinds come as texts."""


def write_shop(
    folder: Path, tables: Mapping[str, Iterable[Batch]], announce: Announce = lambda _: None
) -> Mapping[str, int]:
    """Write tables as the files of a shop, as an import would, and count their rows.

    Args:
        folder: to write into.
        tables: name → batches of rows, whose cells stand in the order of the data contract:
            instants as microseconds UTC, days as ISO texts, lists as texts.
        announce: called with the name of each table as it begins.

    Raises:
        DataError: the folder cannot be written.
    """
    counts: dict[str, int] = {}
    # One table at a time, so that the largest has to find room, not all of them together.
    for name, batches in tables.items():
        announce(name)
        with connect() as connection:
            try:
                counts[name] = _hold(connection, name, batches)
            except duckdb.Error as error:
                raise DataError(
                    f"the rows of {name} cannot be held: {str(error).splitlines()[0]}"
                ) from None
            write_tables(connection, folder, [name])
    return counts


def _hold(connection: duckdb.DuckDBPyConnection, name: str, batches: Iterable[Batch]) -> int:
    """Make a table of the rows and count them."""
    contract = ORDER_VERSIONS if name == ORDER_VERSIONS.name else TABLES[name]
    kinds = {column.name: column.kind for column in contract.columns}
    cells = ", ".join(f"{quoted(one)} {SQL_TYPES[kind]}" for one, kind in kinds.items())
    connection.execute(f"CREATE TABLE {name} ({cells})")
    typed = ", ".join(_typed(one, kind) for one, kind in kinds.items())
    count = 0
    for batch in batches:
        columns = zip(kinds.items(), zip(*batch, strict=True), strict=True)
        arrays = {one: _array(given, kind) for (one, kind), given in columns}
        connection.register("batch", arrays)
        connection.execute(f"INSERT INTO {name} SELECT {typed} FROM batch")
        connection.unregister("batch")
        count += len(batch)
    return count


def _array(cells: Sequence[Any], kind: Kind) -> np.ma.MaskedArray[Any, Any]:
    """Give cells as an array whose type their first few do not have to tell."""
    number = _NUMBERS.get(kind)
    nothing = "" if number is None else 0
    filled = np.array(
        [nothing if cell is None else cell for cell in cells], object if number is None else number
    )
    return np.ma.MaskedArray(filled, [cell is None for cell in cells])


def _typed(name: str, kind: Kind) -> str:
    if kind is Kind.INSTANT:
        return f"make_timestamp({quoted(name)})"
    return f"CAST({quoted(name)} AS {SQL_TYPES[kind]})"
