"""The compiled loop that reads out heaps; importing this module compiles it once a machine."""

from __future__ import annotations

import numpy as np
from numba import types
from numpy.typing import NDArray

from nba.statistics.basket_kernels import INTS, LONGS, compiled
from nba.statistics.record_types import ENTRIES, HEAPS, Entries
from nba.statistics.records import Heaps


@compiled(types.void(HEAPS, INTS, LONGS, LONGS, ENTRIES))
def unload(
    heaps: Heaps,
    row: NDArray[np.int32],
    start: NDArray[np.int64],
    codes: NDArray[np.int64],
    out: Entries,
) -> None:
    """Write the heaps out by product, best first, ties by code.

    `row` names the row of each product, start[p] where its best partner goes; `codes` is room for
    the largest heap.
    """
    scores = heaps.scores[0]
    for product in range(len(row)):
        base = heaps.start[row[product]]
        size = heaps.rows[row[product]].size
        for place in range(size):
            scores[place] = heaps.entries[base + place].score
            codes[place] = heaps.entries[base + place].partner
        # Ranked by comparing all with all, as baskets are when they are laid out.
        for place in range(size):
            score, code = scores[place], codes[place]
            rank = 0
            for other in range(size):
                rank += (scores[other] > score) | ((scores[other] == score) & (codes[other] < code))
            out[start[product] + rank] = heaps.entries[base + place]
