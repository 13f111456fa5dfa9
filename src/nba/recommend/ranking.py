"""The one order of scores: greater first, ties by code, that is by product id."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

BLOCK = 256


def best(scores: NDArray[np.floating], n: int) -> NDArray[np.int64]:
    """Give the positions of the n greatest scores, best first, ties by position.

    Args:
        scores: one a candidate; candidates that must not appear carry -inf.
        n: how many at most.

    Returns:
        int64, at most n; positions with -inf never.
    """
    possible = np.flatnonzero(np.isfinite(scores))
    if len(possible) > n * BLOCK > 0:
        possible = possible[_contenders(scores[possible], n)]
    order = np.lexsort((possible, -scores[possible]))
    return possible[order[:n]]


def _contenders(scores: NDArray[np.floating], n: int) -> NDArray[np.int64]:
    """Leave only positions that can be among the n best, in a few passes over the scores.

    The n-th greatest of the blocks' maxima is a bound that at least n scores reach; those above
    it lie in fewer than n blocks. Partitioning is many times slower on the long runs of equal
    scores that popularity and purchase counts have.
    """
    maxima = np.maximum.reduceat(scores, np.arange(0, len(scores), BLOCK))
    bound = np.sort(maxima)[-n]
    # Of those that tie at the bound the first n by position are enough.
    level = np.flatnonzero(scores == bound)[:n]
    return np.concatenate([np.flatnonzero(scores > bound), level])
