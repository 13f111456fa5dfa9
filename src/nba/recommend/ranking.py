"""The one order of scores: greater first, ties by code, that is by product id."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def best(scores: NDArray[np.floating], n: int) -> NDArray[np.int64]:
    """Give the positions of the n greatest scores, best first, ties by position.

    Args:
        scores: one a candidate; candidates that must not appear carry -inf.
        n: how many at most.

    Returns:
        int64, at most n; positions with -inf never.
    """
    if 0 < n < len(scores):
        threshold = np.partition(scores, len(scores) - n)[len(scores) - n]
        above = np.flatnonzero(scores > threshold)
        # Of those that tie at the threshold the first by position belong, and no more.
        level = np.flatnonzero((scores == threshold) & np.isfinite(scores))[: n - len(above)]
        possible = np.concatenate([above, level])
    else:
        possible = np.flatnonzero(np.isfinite(scores))
    order = np.lexsort((possible, -scores[possible]))
    return possible[order[:n]]
