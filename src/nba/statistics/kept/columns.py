"""Columns on disk: arrays of numpy's own format, written block by block, mapped read-only, checked.

The check of a column is the sum of its entries as whole numbers without a sign, modulo 2^64: it
adds over blocks, costs one pass at the speed of the memory, and no single flipped bit leaves it as
it was. It is no signature: who can write the file can write the check.
"""

from __future__ import annotations

import os
from pathlib import Path
from types import TracebackType
from typing import Any, Final, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from nba.errors import DataError

_WRAP: Final = 1 << 64


class Written(NamedTuple):
    """What a column must be when it is read again: its numpy type, its length and its check."""

    kind: str
    length: int
    check: int


def check_of(array: NDArray[Any]) -> int:
    """Give the check of an array."""
    words = np.ascontiguousarray(array).view(f"u{array.dtype.itemsize}")
    return int(words.sum(dtype=np.uint64))


class Column:
    """A column that is being written; its file is whole, and synced, after `close`.

    Attributes:
        path: the file.
        kind: numpy type.
    """

    def __init__(self, path: Path, kind: np.dtype[Any]) -> None:
        """Open the file and leave room for its header."""
        self.path = path
        self.kind = kind
        self._file = path.open("wb")
        self._length = 0
        self._check = 0
        self._head()

    def add(self, cells: NDArray[Any]) -> None:
        """Write what comes next."""
        cells = np.ascontiguousarray(cells, self.kind)
        self._file.write(cells.data if len(cells) else b"")
        self._length += len(cells)
        self._check = (self._check + check_of(cells)) % _WRAP

    def close(self) -> Written:
        """Write the header and sync."""
        self._file.seek(0)
        self._head()
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        return Written(self.kind.str, self._length, self._check)

    def __enter__(self) -> Self:
        """Give the column."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the file, whole or not."""
        self._file.close()

    def _head(self) -> None:
        # numpy leaves room in a header for the first dimension to grow.
        np.lib.format.write_array_header_1_0(
            self._file,
            {"descr": self.kind.str, "fortran_order": False, "shape": (self._length,)},
        )


def write_column(path: Path, cells: NDArray[Any]) -> Written:
    """Write a column at once."""
    with Column(path, cells.dtype) as column:
        column.add(cells)
        return column.close()


def read_column(path: Path, written: Written) -> NDArray[Any]:
    """Map a column read-only; its check is left to `verify`.

    Raises:
        DataError: the file is absent, or no such column.
    """
    try:
        if written.length:
            array = np.asarray(np.lib.format.open_memmap(path, mode="r"))
        else:
            # Nothing cannot be mapped.
            with path.open("rb") as file:
                array = np.lib.format.read_array(file, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise damaged(path, str(error)) from None
    if (array.dtype.str, array.shape) != (written.kind, (written.length,)):
        raise damaged(path, f"it holds {array.shape} of {array.dtype}")
    array.flags.writeable = False
    return array


def verify(path: Path, array: NDArray[Any], written: Written) -> None:
    """See that a column is what was written.

    Raises:
        DataError: it is not.
    """
    if check_of(array) != written.check:
        raise damaged(path, "its sum is another")


def damaged(path: Path, fault: str) -> DataError:
    """Give the error of kept statistics that cannot be used."""
    return DataError(
        f"the kept statistics are damaged: {path}: {fault}; train without --since, which counts "
        "everything again"
    )
