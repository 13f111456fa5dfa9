"""Heaps: the best partners of every product, filled by threads that see some pairs each."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray

from nba.ranges import offsets
from nba.statistics.records import ENTRY, ROW, Heaps
from nba.statistics.top import TopPairs

# The kernels are imported where they are called: numba takes half a second to load.


def empty_rows(count: int) -> NDArray[np.void]:
    """Give `ROW`s whose heaps refuse nothing yet."""
    rows = np.zeros(count, ROW)
    rows["threshold"] = -np.inf
    return rows


def best_partners(
    rows: NDArray[np.void],
    room: NDArray[np.int64],
    row: NDArray[np.int32],
    fill: Callable[[Heaps], None],
    *,
    threads: int,
) -> TopPairs:
    """Let threads fill heaps, and read out what is best of all of them.

    Args:
        rows: `ROW` per row, as `empty_rows` gives them with what scores them.
        room: int64 per row: partners kept; as many as it can have do, if there are fewer.
        row: int32 per product: its row.
        fill: called by each thread with heaps of its own, which are merged.
        threads: how many.
    """
    from nba.statistics import heap_kernels, pair_kernels

    start = offsets(room)
    rows["threshold"][room == 0] = np.inf

    def filled() -> Heaps:
        entries, held = np.empty(start[-1], ENTRY), np.empty(1, ENTRY)
        heaps = Heaps(start, rows.copy(), entries, held, np.empty((2, len(rows))))
        fill(heaps)
        return heaps

    heaps, *others = Parallel(n_jobs=threads, backend="threading")(
        delayed(filled)() for _ in range(threads)
    )
    for one in others:
        pair_kernels.merge(heaps, one)
    size = heaps.rows["size"]
    indptr = offsets(size[row])
    best = np.empty(indptr[-1], ENTRY)
    heap_kernels.unload(heaps, row, indptr, np.empty(size.max(initial=0), np.int64), best)
    columns = ("partner", "orders", "weight", "customers", "score")
    return TopPairs(indptr, *(best[name].copy() for name in columns))
