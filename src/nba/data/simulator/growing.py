"""Columns that grow: rows are appended one by one and read as arrays, names as codes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from nba.domain import Ids, Texts


class Growing:
    """One column of cells.

    What has been read once is not converted again: a read after few appended cells costs a copy.
    """

    __slots__ = ("_new", "_read")

    def __init__(self, cells: NDArray[Any]) -> None:
        """Begin with some cells, whose type all others take."""
        self._read = cells
        self._new: list[Any] = []

    def append(self, cell: object) -> None:
        """Add a cell."""
        self._new.append(cell)

    def read(self) -> NDArray[Any]:
        """Give all cells; the array is not changed later."""
        if self._new:
            self._read = np.concatenate([self._read, np.array(self._new, self._read.dtype)])
            self._new.clear()
        return self._read


class GrowingTable:
    """Columns of one length."""

    __slots__ = ("_columns", "_count")

    def __init__(self, columns: Mapping[str, NDArray[Any]]) -> None:
        """Begin with the rows that some columns hold."""
        self._columns = {name: Growing(cells) for name, cells in columns.items()}
        self._count = max((len(cells) for cells in columns.values()), default=0)

    @classmethod
    def empty(cls, types: Mapping[str, DTypeLike]) -> GrowingTable:
        """Begin without rows."""
        return cls({name: np.empty(0, dtype) for name, dtype in types.items()})

    def __len__(self) -> int:
        """Count the rows."""
        return self._count

    def __getitem__(self, name: str) -> NDArray[Any]:
        """Give the cells of a column."""
        return self._columns[name].read()

    def append(self, *cells: object) -> None:
        """Add a row: a cell a column, in their order."""
        for column, cell in zip(self._columns.values(), cells, strict=True):
            column.append(cell)
        self._count += 1

    def taken(self, kept: NDArray[np.bool_]) -> dict[str, NDArray[Any]]:
        """Give some rows, as columns by name."""
        whole = bool(kept.all())
        cells = {name: column.read() for name, column in self._columns.items()}
        return cells if whole else {name: column[kept] for name, column in cells.items()}


class Names:
    """Names numbered as they come; read as ids, whose codes follow their order."""

    __slots__ = ("_coded", "_number", "_occurred", "_packed", "_ranked")

    def __init__(self, names: Iterable[str] = ()) -> None:
        """Begin with some distinct names, numbered in their order."""
        self._number = {name: number for number, name in enumerate(names)}
        self._ranked: list[int] = []
        self._packed = Texts.of(())
        self._occurred: NDArray[np.bool_] = np.zeros(1, np.bool_)
        self._coded = Ids.of(()), np.full(1, -1, np.int32)

    def __len__(self) -> int:
        """Count the names."""
        return len(self._number)

    def add(self, name: str | None) -> int:
        """Give the number of a name, a new one if need be; -1 for None."""
        return -1 if name is None else self._number.setdefault(name, len(self._number))

    def find(self, name: str) -> int | None:
        """Give the number of a name that is there."""
        return self._number.get(name)

    def coding(self, *numbers: NDArray[np.int32]) -> tuple[Ids, NDArray[np.int32]]:
        """Code the names that occur among some numbers.

        Returns:
            Their ids, and a code for each number: int32, -1 for those that do not occur. The
            number -1 has the code -1.
        """
        self._rank()
        # The last place is that of -1.
        occurs = np.zeros(len(self) + 1, np.bool_)
        for column in numbers:
            occurs[column] = True
        occurs[-1] = False
        if np.array_equal(occurs, self._occurred):
            return self._coded
        ranked = np.array(self._ranked, np.int64)
        ranked = ranked[occurs[ranked]]
        code = np.full(len(occurs), -1, np.int32)
        code[ranked] = np.arange(len(ranked))
        packed = self._packed.take(ranked)
        self._occurred, self._coded = occurs, (Ids(packed.data, packed.offsets), code)
        return self._coded

    def _rank(self) -> None:
        """Put the names that came since the last time in their places."""
        known = len(self._ranked)
        if known == len(self):
            return
        listed = list(self._number)
        new, old = Texts.of(listed[known:]), self._packed
        self._packed = Texts(
            np.concatenate([old.data, new.data]),
            np.concatenate([old.offsets, new.offsets[1:] + old.offsets[-1]]),
        )
        # Two runs, of which the long one is sorted: sorting merges them.
        self._ranked = sorted([*self._ranked, *range(known, len(self))], key=listed.__getitem__)
