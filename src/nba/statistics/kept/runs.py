"""Runs: pair counts on disk, added up as a stream.

A run is the pairs of every product with those of lower code, product by product, as columns that
are mapped read-only: the other product, orders, weight, customers. The first run of a folder holds
what was counted; each later one holds what was added and, below zero, what was taken away. They
are added up some rows at a time, so that memory is one block, however many pairs there are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from nba.ranges import offsets
from nba.statistics.kept.columns import (
    Column,
    Written,
    damaged,
    read_column,
    verify,
    write_column,
)
from nba.statistics.records import CountedRows, Partners

# The kernel is imported where it is called: numba takes half a second to load.

AT_ONCE: Final = 1 << 21
"""Pairs added up at once, over all runs: some 100 MB."""
KINDS: Final[Mapping[str, np.dtype[Any]]] = {
    "row": np.dtype(np.uint32),
    "orders": np.dtype(np.int32),
    "weight": np.dtype(np.int64),
    "customers": np.dtype(np.int32),
}
"""The columns of a run: those of `Partners`."""


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """A run, mapped.

    Attributes:
        folder: where its columns are.
        start: int64 per row + 1: where the pairs of the row are; later rows have none.
        pairs: the columns.
        written: what each column must be, by name.
        verified: the columns that were read through and found whole.
    """

    folder: Path
    start: NDArray[np.int64]
    pairs: Partners
    written: Mapping[str, Written]
    verified: set[str] = field(default_factory=set)

    @classmethod
    def read(cls, folder: Path, written: Mapping[str, Written]) -> Self:
        """Map a run.

        Raises:
            DataError: a column is absent or another one.
        """
        columns = {name: read_column(folder / f"{name}.npy", one) for name, one in written.items()}
        start = columns.pop("start")
        verify(folder / "start.npy", start, written["start"])
        if start[-1:].tolist() != [len(columns["row"])]:
            raise damaged(folder / "start.npy", "it ends elsewhere than the pairs do")
        return cls(folder, start, Partners(**columns), written)

    @classmethod
    def of(cls, counted: CountedRows) -> Self:
        """Give all rows, counted just now, as a run that is in no folder."""
        return cls(Path(), offsets(counted.length), counted.pairs, {}, set(KINDS))

    def __len__(self) -> int:
        """Count the pairs."""
        return len(self.pairs.row)

    def verify(self) -> None:
        """Read every column through, once.

        Raises:
            DataError: one is not what was written.
        """
        for name in KINDS.keys() - self.verified:
            verify(self.folder / f"{name}.npy", getattr(self.pairs, name), self.written[name])
            self.verified.add(name)


def write_run(
    folder: Path, row_count: int, blocks: Iterable[CountedRows]
) -> tuple[dict[str, Written], NDArray[np.int64]]:
    """Write a run.

    Args:
        folder: made for it.
        row_count: products.
        blocks: all pairs, block after block in the order of the rows.

    Returns:
        What was written, by column, and int64 per product: the pairs that it is in.
    """
    folder.mkdir(parents=True)
    length, degree = np.zeros((2, row_count), np.int64)
    with ExitStack() as opened:
        columns = {
            name: opened.enter_context(Column(folder / f"{name}.npy", kind))
            for name, kind in KINDS.items()
        }
        for begin, counted, pairs in blocks:
            length[begin : begin + len(counted)] = counted
            degree += np.bincount(pairs.row, minlength=row_count)
            for name, column in columns.items():
                column.add(getattr(pairs, name))
        written = {name: column.close() for name, column in columns.items()}
    written["start"] = write_column(folder / "start.npy", offsets(length))
    return written, degree + length


@dataclass(frozen=True, slots=True, eq=False)
class Stream:
    """Runs that are added up block by block.

    Attributes:
        runs: at least one.
        row_count: products; those without a pair too.
        start: int64[runs, rows + 1]: where the pairs of each row are in each run.
    """

    runs: Sequence[Run]
    row_count: int
    start: NDArray[np.int64]

    @classmethod
    def of(cls, runs: Sequence[Run], row_count: int) -> Self:
        """Line the runs up."""
        start = np.empty((len(runs), row_count + 1), np.int64)
        for number, run in enumerate(runs):
            start[number, : len(run.start)] = run.start
            start[number, len(run.start) :] = len(run)
        return cls(runs, row_count, start)

    def blocks(self, at_once: int = AT_ONCE) -> list[tuple[int, int]]:
        """Cut the rows into blocks of at most so many pairs, unless one row has more."""
        before = self.start.sum(axis=0)
        cuts = np.searchsorted(before, np.arange(at_once, before[-1], at_once), side="right") - 1
        bounds = np.unique([0, *cuts, self.row_count]).tolist()
        return list(pairwise(bounds)) or [(0, 0)]

    def sums(self, begin: int, end: int, *, least: int = 1, least_weight: int = 0) -> CountedRows:
        """Add up the pairs of the rows begin:end.

        Args:
            begin: the first row.
            end: where they end.
            least: orders or customers from which on a pair is given.
            least_weight: weight from which on a pair is given.

        Raises:
            DataError: a sum is below zero.
        """
        start = self.start[:, begin : end + 1]
        places = [slice(*ends) for ends in start[:, [0, -1]].tolist()]
        cells = Partners._make(
            np.concatenate(
                [getattr(one.pairs, name)[at] for one, at in zip(self.runs, places, strict=True)]
            )
            for name in KINDS
        )
        shift = offsets(start[:, -1] - start[:, 0])[:-1] - start[:, 0]
        found = _sums(start + shift[:, None], cells, self.row_count, least, least_weight)
        if found is None:
            raise damaged(self.runs[0].folder.parent, "more was taken away than had been added")
        return CountedRows(begin, *found)


def difference(new: CountedRows, old: CountedRows) -> CountedRows:
    """Take pairs away from others, over the same rows: every pair that differs, by how much."""
    start = np.stack([offsets(new.length), offsets(old.length) + len(new.pairs.row)])
    signed = old.pairs._replace(
        orders=-old.pairs.orders, weight=-old.pairs.weight, customers=-old.pairs.customers
    )
    cells = Partners._make(
        np.concatenate([getattr(new.pairs, name), getattr(signed, name)]) for name in KINDS
    )
    found = _sums(start, cells, len(new.length), 0, 0)
    assert found is not None, "differences may lie below zero"
    return CountedRows(new.begin, *found)


def _sums(
    start: NDArray[np.int64], cells: Partners, row_count: int, least: int, least_weight: int
) -> tuple[NDArray[np.int64], Partners] | None:
    from nba.statistics.kept import run_kernels

    longest = int(np.diff(start).sum(axis=0).max(initial=0))
    length = np.empty(start.shape[1] - 1, np.int64)
    pairs = Partners._make(np.empty(len(cells.row) + 1, kind) for kind in KINDS.values())
    used = run_kernels.sum_rows(
        np.ascontiguousarray(start),
        cells,
        least,
        least_weight,
        np.zeros((row_count, 3), np.int64),
        np.empty(longest, np.uint32),
        length,
        pairs,
    )
    return None if used < 0 else (length, pairs.copied(used))
