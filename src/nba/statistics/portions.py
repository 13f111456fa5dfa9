"""Baskets a portion at a time: whatever goes by customer needs memory for a portion alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nba.data.history import Baskets

AT_ONCE: Final = 1 << 18
"""Cells of a portion, about: what is sorted of them stays near the processor."""


def portions(
    baskets: Baskets, *, named: bool = False, at_once: int = AT_ONCE
) -> Iterator[tuple[slice, Baskets]]:
    """Give the baskets of whole customers in turn, as views.

    Args:
        baskets: sorted by customer, as they always are.
        named: leave out guests, who stand behind all others.
        at_once: cells after which the next customer begins another portion.

    Yields:
        Which cells of `baskets.product` they are, and the baskets.
    """
    count = len(baskets)
    if named:
        count = int(np.searchsorted(baskets.customer, len(baskets.customer_ids)))
    for begin, end in _cuts(baskets, count, at_once):
        cells = slice(int(baskets.start[begin]), int(baskets.start[end]))
        some = slice(begin, end)
        yield (
            cells,
            replace(
                baskets,
                customer=baskets.customer[some],
                at=baskets.at[some],
                delivered_at=baskets.delivered_at[some],
                proven=baskets.proven[some],
                start=baskets.start[begin : end + 1] - baskets.start[begin],
                product=baskets.product[cells],
            ),
        )


def tally(codes: NDArray[np.integer], width: int, *, at_once: int = AT_ONCE) -> NDArray[np.int64]:
    """Count codes of 0:`width`, int64; `np.bincount` would copy all of them as int64 first."""
    counts = np.zeros(width, np.int64)
    for begin in range(0, len(codes), at_once):
        counts += np.bincount(codes[begin : begin + at_once], minlength=width)
    return counts


def _cuts(baskets: Baskets, count: int, at_once: int) -> Iterator[tuple[int, int]]:
    marks = np.arange(at_once, int(baskets.start[count]), at_once)
    # A customer that a mark falls into begins a portion, unless one of many cells did so before.
    there = baskets.customer[np.searchsorted(baskets.start, marks, "right") - 1]
    opens = np.searchsorted(baskets.customer, there)
    return pairwise(np.unique(np.concatenate([[0], opens, [count]])).tolist())
