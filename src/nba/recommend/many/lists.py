"""Ragged lists of products, and the one way to choose the best of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from nba.ranges import starts

NONE: Final = -1
"""Stands for a product, an edge or a row that is not there."""

Codes = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Ragged:
    """A list of product codes a row.

    Attributes:
        start: int64[rows + 1]: the list of row r is at start[r]:start[r + 1].
        code: int64.
    """

    start: Codes
    code: Codes

    def of(self, rows: Codes) -> tuple[Codes, Codes]:
        """Give, for some rows, the row and the code of each entry."""
        begin = self.start[rows]
        length = self.start[rows + 1] - begin
        row = np.repeat(rows, length)
        if len(row) == len(self.code):
            return row, self.code
        skipped = begin - np.cumsum(length) + length
        return row, self.code[np.arange(len(row)) + np.repeat(skipped, length)]


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """Products for some rows, by row, then rank; a row without any is not among them.

    Attributes:
        row: int64, ascending.
        code: int64, product codes.
        score: float64, comparable within a row.
        origin: int8, a code of `vocabulary.SOURCES`: the evidence it rests on.
        confidence: float64, 0..1: how strong that evidence is; see `confidence` of each list.
        about: int64: the product it was found through; `NONE` where there is none.
        edge: int64: its place in the graph it was found in; `NONE` where there is none.
    """

    row: Codes
    code: Codes
    score: Floats
    origin: NDArray[np.int8]
    confidence: Floats
    about: Codes
    edge: Codes

    @classmethod
    def nothing(cls) -> Self:
        """Find nothing."""
        no, nought = np.empty(0, np.int64), np.empty(0)
        return cls(no, no, nought, no.astype(np.int8), nought, no, no)

    @classmethod
    def of(
        cls,
        row: Codes,
        code: NDArray[np.integer],
        score: Floats,
        origin: NDArray[np.integer] | int,
        *,
        confidence: Floats | float = 0.0,
        about: Codes | int = NONE,
        edge: Codes | int = NONE,
    ) -> Self:
        """Put columns together; one number stands for all products."""
        width = len(row)
        return cls(
            row,
            code.astype(np.int64, copy=False),
            score,
            _wide(origin, width, np.int8),
            _wide(confidence, width, np.float64),
            _wide(about, width, np.int64),
            _wide(edge, width, np.int64),
        )

    def scored(self, score: Floats) -> Self:
        """Give other scores."""
        same = (self.origin, self.confidence, self.about, self.edge)
        return type(self)(self.row, self.code, score, *same)

    def moved(self, by: int) -> Self:
        """Number the rows from `by` on."""
        row, *same = (getattr(self, name) for name in self.__slots__)
        return type(self)(row + by, *same)

    def take(self, places: NDArray[Any] | slice) -> Self:
        """Keep some products, or order them anew."""
        return type(self)(*(getattr(self, name)[places] for name in self.__slots__))

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        """Join what was found for different rows."""
        parts = [one for one in parts if len(one.row)]
        if not parts:
            return cls.nothing()
        if len(parts) == 1:
            return parts[0]
        columns = (np.concatenate([getattr(one, name) for one in parts]) for name in cls.__slots__)
        every = cls(*columns)
        return every.take(np.argsort(every.row, kind="stable"))


def choose(row: Codes, twin: NDArray[np.integer], score: Floats, n: int) -> Codes:
    """Choose the n best of each row, of equal ones the first, and none twice.

    Args:
        row: ascending.
        twin: two products of one row with the same twin do not stand together.
        score: above -inf.
        n: how many a row, at most.

    Returns:
        int64 places, by row, then rank.
    """
    if not len(row):
        return np.empty(0, np.int64)
    if row[0] == row[-1]:
        return _chosen_of_one(twin, score, n)
    begin = starts(row)
    run = np.repeat(np.arange(len(begin)), lengths(begin, len(row)))
    left, chosen = score.copy(), []
    taken = np.empty(len(begin), np.int64)
    for _ in range(n):
        top = np.maximum.reduceat(left, begin)
        found = np.flatnonzero((left == top[run]) & (left > -np.inf))
        if not len(found):
            break
        first = found[starts(run[found])]
        chosen.append(first)
        taken.fill(NONE)
        taken[run[first]] = twin[first]
        left[twin == taken[run]] = -np.inf
    places = np.concatenate(chosen) if chosen else np.empty(0, np.int64)
    return places[np.argsort(run[places], kind="stable")]


def _chosen_of_one(twin: NDArray[np.integer], score: Floats, n: int) -> Codes:
    """Choose as above for a single row, which takes fewer steps."""
    chosen: list[int] = []
    seen: set[int] = set()
    for place in np.argsort(-score, kind="stable").tolist():
        if len(chosen) == n:
            break
        if (one := int(twin[place])) not in seen:
            seen.add(one)
            chosen.append(place)
    return np.array(chosen, np.int64)


def lengths(begin: Codes, count: int) -> Codes:
    """Give the lengths of the runs that begin at some places among `count`."""
    length = np.empty(len(begin), np.int64)
    if len(begin):
        np.subtract(begin[1:], begin[:-1], out=length[:-1])
        length[-1] = count - begin[-1]
    return length


def bounds(length: NDArray[Any]) -> Codes:
    """Give where runs of some lengths begin, and behind them where the last one ends."""
    start = np.zeros(len(length) + 1, np.int64)
    np.cumsum(length, out=start[1:])
    return start


def firsts(row: Codes, score: Floats) -> Codes:
    """Give the place of the greatest score of each row, of equal ones the first.

    Args:
        row: ascending.
        score: one a place.
    """
    if not len(row):
        return np.empty(0, np.int64)
    begin = starts(row)
    run = np.repeat(np.arange(len(begin)), lengths(begin, len(row)))
    best = np.flatnonzero(score == np.maximum.reduceat(score, begin)[run])
    return best[starts(run[best])]


def held(keys: Codes, wanted: NDArray[np.integer]) -> NDArray[np.bool_]:
    """Tell of each number whether it is among ascending keys."""
    return places_of(keys, wanted)[1]


def places_of(keys: Codes, wanted: NDArray[np.integer]) -> tuple[Codes, NDArray[np.bool_]]:
    """Find numbers among ascending keys: the place of each, and whether it is there."""
    if not len(keys):
        return np.zeros(len(wanted), np.int64), np.zeros(len(wanted), np.bool_)
    place = keys.searchsorted(wanted)
    place[place == len(keys)] = 0
    return place, keys[place] == wanted


def _wide(value: NDArray[Any] | float, width: int, kind: type) -> NDArray[Any]:
    if isinstance(value, np.ndarray):
        return value.astype(kind, copy=False)
    return np.full(width, value, kind)
