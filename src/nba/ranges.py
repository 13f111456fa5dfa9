"""Ragged ranges of row numbers, and runs of equal values."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def ranges(first: NDArray[np.int64], last: NDArray[np.int64]) -> NDArray[np.int64]:
    """Concatenate the integer ranges first[k]:last[k]."""
    length = last - first
    ends = np.cumsum(length)
    total = int(ends[-1]) if len(ends) else 0
    within = np.arange(total, dtype=np.int64) - np.repeat(ends - length, length)
    return np.asarray(within + np.repeat(first, length), np.int64)


def crossed(
    begin: NDArray[np.int64], end: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """List the numbers of every range begin:end.

    Returns:
        Two int64 arrays: which range, and the number.
    """
    length = end - begin
    row = np.repeat(np.arange(len(begin)), length)
    number = np.arange(len(row)) - np.repeat(np.cumsum(length) - length - begin, length)
    return row, number


def listed(
    start: NDArray[np.int64], row: NDArray[np.integer]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """List, for some rows of a ragged array, which row and the place of each of its entries."""
    return crossed(start[row], start[row + 1])


def starts(values: NDArray[Any]) -> NDArray[np.int64]:
    """Give the places where runs of equal values begin."""
    if not len(values):
        return np.empty(0, np.int64)
    return np.append(0, np.flatnonzero(values[1:] != values[:-1]) + 1)


def ranks(values: NDArray[Any]) -> NDArray[np.int64]:
    """Number what stands in each run of equal values from 0."""
    begins = starts(values)
    length = np.diff(np.append(begins, len(values)))
    return np.asarray(np.arange(len(values)) - np.repeat(begins, length), np.int64)


def distinct(keys: NDArray[np.int64]) -> NDArray[np.int64]:
    """Give the distinct keys, ascending; `np.unique` hashes them, which takes ten times as long."""
    # Keys mostly come in runs that ascend, which a stable sort makes use of.
    keys = np.sort(keys, kind="stable")
    return keys[starts(keys)]
