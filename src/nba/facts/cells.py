"""Columns of cells, as databases and files give them, as numpy has them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from nba.domain import Ids, Instants

UNSAID: Final = int(np.iinfo(np.int64).min)
"""What NaT is written as."""


def instants(microseconds: Sequence[int | None]) -> Instants:
    """Give instants of microseconds since 1970; NaT for None."""
    if None in microseconds:
        microseconds = [UNSAID if one is None else one for one in microseconds]
    return np.array(microseconds, np.int64).view("datetime64[us]")


def nevers(count: int) -> Instants:
    """Give so many times NaT; in half the time that `np.full` takes for a few."""
    at = np.empty(count, np.int64)
    at.fill(UNSAID)
    return at.view("datetime64[us]")


def amounts(numbers: Sequence[int | None]) -> NDArray[np.int64]:
    """Give numbers as int64; 0 for None."""
    if None in numbers:
        numbers = [one or 0 for one in numbers]
    return np.array(numbers, np.int64)


def coded(code: Mapping[str, int], cells: Iterable[str | None]) -> NDArray[np.int8]:
    """Give the codes of words, int8; -1 for what has none, as None never has."""
    return np.array([code.get(one, -1) for one in cells], np.int8)  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class Coding:
    """Identifiers, and the code of each."""

    ids: Ids
    code: Mapping[str, int]

    @classmethod
    def of(cls, *columns: Iterable[str | None]) -> Self:
        """Code what some columns name."""
        named: set[str | None] = set().union(*columns)
        named.discard(None)
        ids = Ids.of(named)  # type: ignore[arg-type]
        return cls(ids, ids.codes())

    def __call__(self, cells: Iterable[str | None]) -> NDArray[np.int32]:
        """Give the codes of cells, int32; -1 for what is not among the ids, as None never is."""
        return np.array([self.code.get(one, -1) for one in cells], np.int32)  # type: ignore[arg-type]
