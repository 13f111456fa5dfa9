"""Columns of numbers become Parquet files: the same columns give the same bytes."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import duckdb
import numpy as np
from numpy.typing import NDArray

from nba.data.checks import SQL_TYPES, literal, quoted
from nba.data.readers import connect
from nba.data.simulator.calendar import NEVER
from nba.errors import DataError
from nba.schema import Table

ROW_GROUP: Final = 122_880
"""Rows of a group of a file; fixed, as the bytes depend on it."""

_IDS: Final = {
    "order_id": ("o", 8),
    "customer_id": ("c", 7),
    "session_id": ("s", 9),
    "event_id": ("e", 9),
    "message_id": ("m", 8),
    "message_event_id": ("n", 9),
    "decision_id": ("d_", 8),
    "tracking": ("T", 10),
}
"""Kind of id → its first letters and its digits; numbers of one width sort as the texts do."""

Cells = Mapping[str, "NDArray[Any] | str"]
"""Column → its values, or the SQL expression that gives them."""


def text_id(kind: str, number: str) -> str:
    """Give the SQL of an id from a column of numbers; a negative number is none."""
    letters, digits = _IDS[kind]
    # Cutting the first digit off pads with zeros, and takes half the time of `format`.
    return (
        f"CASE WHEN {number} >= 0 "
        f"THEN '{letters}' || right(CAST({10**digits} + {number} AS VARCHAR), {digits}) END"
    )


def instants(at: NDArray[np.int64]) -> NDArray[np.datetime64]:
    """Turn microseconds into instants; NEVER becomes no value."""
    nothing = np.iinfo(np.int64).min
    return np.where(at == NEVER, nothing, at).view("datetime64[us]")


def choices(names: tuple[str, ...], codes: NDArray[Any]) -> NDArray[np.object_]:
    """Turn codes into names; a negative code becomes no value."""
    texts = np.array([*names, None], np.object_)
    return np.asarray(texts[np.where(codes < 0, len(names), codes)], np.object_)


class ShopWriter:
    """Writes the files of a shop one after the other, beside the thread that makes them.

    Files are written by one thread, so that their bytes do not depend on how many there are.
    """

    def __init__(self, folder: Path) -> None:
        """Make the folder and its `truth`.

        Raises:
            DataError: the folder cannot be written.
        """
        self._folder = folder
        try:
            (folder / "truth").mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise _unwritable(folder, error) from None
        self._connection = connect(threads=1)
        self._pool = ThreadPoolExecutor(1)
        self._written: Future[None] | None = None

    def __enter__(self) -> Self:
        """Give the writer itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Wait for the last file and close; a failure to write it is raised."""
        try:
            self._wait()
        finally:
            self._pool.shutdown()
            self._connection.close()

    def table(self, contract: Table, cells: Cells) -> None:
        """Write a table with the columns of its contract; those not given are empty.

        Args:
            contract: the table of the data contract.
            cells: at least one array; the rows are sorted by the table's key already.

        Raises:
            DataError: this file, or the one before it, cannot be written.
        """
        types = {column.name: SQL_TYPES[column.kind] for column in contract.columns}
        self._begin(self._folder / f"{contract.name}.parquet", cells, types)

    def truth(self, name: str, cells: Cells, types: Mapping[str, str]) -> None:
        """Write a table of `truth/`, with the given columns of the given DuckDB types.

        Raises:
            DataError: this file, or the one before it, cannot be written.
        """
        self._begin(self._folder / "truth" / f"{name}.parquet", cells, types)

    def _begin(self, path: Path, cells: Cells, types: Mapping[str, str]) -> None:
        # One file waits at most: the columns of a large shop fill the memory.
        self._wait()
        self._written = self._pool.submit(self._write, path, cells, types)

    def _wait(self) -> None:
        if self._written is not None:
            self._written.result()

    def _write(self, path: Path, cells: Cells, types: Mapping[str, str]) -> None:
        arrays = {name: cell for name, cell in cells.items() if not isinstance(cell, str)}
        given = {name: cell for name, cell in cells.items() if isinstance(cell, str)}
        columns = []
        for name, wanted in types.items():
            source = given.get(name) or (quoted(name) if name in arrays else "NULL")
            columns.append(f"CAST({source} AS {wanted}) AS {quoted(name)}")
        self._connection.register("columns_of_numbers", arrays)
        try:
            self._connection.execute(
                f"COPY (SELECT {', '.join(columns)} FROM columns_of_numbers) "
                f"TO {literal(str(path))} (FORMAT parquet, ROW_GROUP_SIZE {ROW_GROUP})"
            )
        except duckdb.IOException as error:
            raise _unwritable(path, error) from None
        finally:
            self._connection.unregister("columns_of_numbers")


def _unwritable(path: Path, error: Exception) -> DataError:
    return DataError(
        f"the shop cannot be written to {path}: {str(error).splitlines()[0]}; choose a folder that "
        "can be written and has room"
    )
