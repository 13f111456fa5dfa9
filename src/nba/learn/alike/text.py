"""Texts and attributes as sparse rows of ones, a row a product."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from nba.domain import Texts
from nba.ranges import distinct
from nba.statistics.rows import Rows

WORD: Final = re.compile(r"\w+")
_RUN: Final = 3


def words(text: str) -> list[str]:
    """Split a text into casefolded words."""
    return WORD.findall(text.casefold())


def grams(word: str) -> Iterator[str]:
    """Give the runs of 3 letters of a word with a space before and after it."""
    padded = f" {word} "
    return (padded[begin : begin + _RUN] for begin in range(len(padded) - _RUN + 1))


def coded(rows: Iterable[Iterable[str]]) -> tuple[csr_array, list[str]]:
    """Code the terms of every row.

    Returns:
        float32, rows x terms: 1 where the row has the term, however often; and the terms in the
        order they first appeared.
    """
    terms: list[str] = []
    ends = [0]
    for row in rows:
        terms.extend(row)
        ends.append(len(terms))
    code = {term: number for number, term in enumerate(dict.fromkeys(terms))}
    column = np.fromiter(map(code.__getitem__, terms), np.int64, len(terms))
    count, width = len(ends) - 1, max(len(code), 1)
    row, column = np.divmod(
        distinct(np.repeat(np.arange(count), np.diff(ends)) * width + column), width
    )
    start = np.append(0, np.cumsum(np.bincount(row, minlength=count)))
    cells = (np.ones(len(column), np.float32), column.astype(np.int32), start)
    return csr_array(cells, shape=(count, len(code))), list(code)


def attribute_terms(attributes: Texts) -> csr_array:
    """Code the `attributes` of products, each a JSON object or any text.

    Of an object the terms are `name=value`, one for each value of a list; names of inner objects
    are joined by dots. Of anything else they are the words.
    """
    # Many products share one text.
    read: dict[str, tuple[str, ...]] = {"": ()}
    for text in attributes:
        if text not in read:
            read[text] = tuple(_attributes(text))
    return coded(read[text] for text in attributes)[0]


def _attributes(text: str) -> Sequence[str]:
    try:
        return list(_flattened("", json.loads(text)))
    except (ValueError, RecursionError):
        return words(text)


def _flattened(name: str, told: Any) -> Iterator[str]:  # noqa: ANN401 - whatever JSON holds
    if isinstance(told, dict):
        for key, value in told.items():
            yield from _flattened(f"{name}.{key}" if name else key, value)
    elif isinstance(told, list):
        for value in told:
            yield from _flattened(name, value)
    elif told is not None:
        yield f"{name}={told}".casefold()


def overlap(
    rows: Rows, first: NDArray[np.integer], second: NDArray[np.integer]
) -> NDArray[np.float32]:
    """Compare pairs of rows of ones by Jaccard: shared / either; 0 where both are empty."""
    both = rows.products(first, second)
    size = np.diff(rows.start)
    # Most pairs have nothing in common.
    some = np.flatnonzero(both)
    shared = both[some]
    both[some] = shared / (size[first[some]] + size[second[some]] - shared)
    return both
