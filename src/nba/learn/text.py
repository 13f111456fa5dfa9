"""Texts and attributes as sparse rows, a row a product."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from nba.domain import Texts

_WORD: Final = re.compile(r"\w+")
_GRAM_SIZES: Final = (3, 4, 5)
_CHUNK: Final = 1 << 18
"""Pairs of rows multiplied at once, which bounds the memory."""


def words(text: str) -> list[str]:
    """Split a text into casefolded words."""
    return _WORD.findall(text.casefold())


def grams(word: str) -> Iterator[str]:
    """Give the runs of 3, 4 and 5 letters of a word with a space before and after it."""
    padded = f" {word} "
    for size in _GRAM_SIZES:
        for begin in range(max(len(padded) - size + 1, 0)):
            yield padded[begin : begin + size]


@dataclass(frozen=True, slots=True, eq=False)
class Terms:
    """Which row has which terms.

    Attributes:
        matrix: float32 of ones, rows x terms.
        names: the terms, in the order they first appeared.
    """

    matrix: csr_array
    names: Sequence[str]

    @classmethod
    def of(cls, rows: Iterable[Iterable[str]]) -> Self:
        """Code the terms of every row; repetitions within a row count once."""
        code: dict[str, int] = {}
        column: list[int] = []
        start = [0]
        for row in rows:
            column.extend(sorted({code.setdefault(term, len(code)) for term in row}))
            start.append(len(column))
        ones = np.ones(len(column), np.float32)
        indices = np.array(column, np.int32)
        shape = (len(start) - 1, len(code))
        return cls(csr_array((ones, indices, np.array(start)), shape=shape), list(code))


def spell(terms: Terms) -> Terms:
    """Give, of rows of words, the rows of their letter runs.

    Every distinct word is cut once, however many rows have it.
    """
    letters = Terms.of(grams(word) for word in terms.names)
    matrix = csr_array(terms.matrix @ letters.matrix)
    matrix.data[:] = 1
    return Terms(matrix, letters.names)


def attribute_terms(attributes: Texts) -> Terms:
    """Read the `attributes` of products, a JSON object or any text, as terms.

    Of an object the terms are `name=value`, one for each value of a list; names of inner objects
    are joined by dots. Of anything else they are the words.
    """
    return Terms.of(_attributes(text) for text in attributes)


def _attributes(text: str) -> Iterator[str]:
    if not text:
        return
    try:
        told = json.loads(text)
    except ValueError:
        yield from words(text)
        return
    yield from _flattened("", told)


def _flattened(name: str, told: Any) -> Iterator[str]:  # noqa: ANN401 - whatever JSON holds
    if isinstance(told, dict):
        for key, value in told.items():
            yield from _flattened(f"{name}.{key}" if name else key, value)
    elif isinstance(told, list):
        for value in told:
            yield from _flattened(name, value)
    elif told is not None:
        yield f"{name}={told}".casefold()


def products_of_rows(
    matrix: csr_array, first: NDArray[np.integer], second: NDArray[np.integer]
) -> NDArray[np.float32]:
    """Multiply pairs of rows: float32, the scalar product of row `first` and row `second`."""
    answer = np.empty(len(first), np.float32)
    for begin in range(0, len(first), _CHUNK):
        some = slice(begin, begin + _CHUNK)
        shared = matrix[first[some]].multiply(matrix[second[some]])
        answer[some] = shared.sum(axis=1)
    return answer


def overlap(
    matrix: csr_array, first: NDArray[np.integer], second: NDArray[np.integer]
) -> NDArray[np.float32]:
    """Compare pairs of rows of ones by Jaccard: shared / either, float32; 0 for two empty rows."""
    shared = products_of_rows(matrix, first, second)
    size = np.diff(matrix.indptr)
    either = size[first] + size[second] - shared
    return np.asarray(shared / np.maximum(either, 1), np.float32)
