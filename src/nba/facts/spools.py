"""Columns too long for the memory: written run by run into files without a name, then mapped."""

from __future__ import annotations

import mmap
from tempfile import TemporaryFile, gettempdir
from typing import Any, Final
from weakref import finalize

import numpy as np
from numpy.typing import NDArray

from nba.errors import DataError

_DROPS: Final = getattr(mmap, "MADV_DONTNEED", None)
"""None on systems that cannot be told; these take pages back themselves when memory is short."""


class Column:
    """Values that are added run by run and read as one array."""

    def __init__(self, dtype: str | type, *, in_file: bool) -> None:
        """Begin a column.

        Args:
            dtype: of all values.
            in_file: keep them in a temporary file, which ends with the last use of the array.
        """
        self._dtype = np.dtype(dtype)
        self._runs: list[NDArray[Any]] = []
        self._file = TemporaryFile(buffering=0) if in_file else None  # noqa: SIM115 - closed later
        if self._file is not None:
            # Of a column that was never asked for, too.
            finalize(self, self._file.close)

    def add(self, values: NDArray[Any]) -> None:
        """Append values.

        Raises:
            DataError: the folder of temporary files has no room.
        """
        values = np.ascontiguousarray(values, self._dtype)
        if self._file is None:
            self._runs.append(values)
            return
        unwritten = values.view(np.uint8).data
        try:
            while len(unwritten):
                unwritten = unwritten[self._file.write(unwritten) :]
        except OSError as error:
            raise DataError(
                f"{gettempdir()} cannot take {values.nbytes:,} bytes more of the orders: "
                f"{error.strerror}; set TMPDIR to a folder on a disk with room"
            ) from None

    def whole(self) -> NDArray[Any]:
        """Give all values, in the order they came; writing to them does not change the file.

        To be asked once: nothing is added afterwards.
        """
        if self._file is None:
            runs, self._runs = self._runs, []
            return runs[0] if len(runs) == 1 else np.concatenate([_none(self._dtype), *runs])
        with self._file as file:
            if not file.tell():
                return _none(self._dtype)
            # Compiled loops ask for arrays that could be written to.
            return np.frombuffer(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY), self._dtype)


def let_go(array: NDArray[Any]) -> None:
    """Give back the memory of an array that is mapped from a file; of others nothing happens.

    What is read of it later comes from the file again.
    """
    base: Any = array
    while isinstance(base, np.ndarray):
        base = base.base
    mapping = base.obj if isinstance(base, memoryview) else base
    if _DROPS is not None and isinstance(mapping, mmap.mmap):
        mapping.madvise(_DROPS)


def _none(dtype: np.dtype[Any]) -> NDArray[Any]:
    return np.empty(0, dtype)
