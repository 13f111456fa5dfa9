"""Ranking pairs that lie in runs: the best partners of every product, block by block."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from nba.statistics.heaps import best_partners, empty_rows
from nba.statistics.kept.columns import damaged
from nba.statistics.kept.runs import Stream
from nba.statistics.pairs import WEIGHT_UNIT
from nba.statistics.records import Heaps, Marks
from nba.statistics.top import TopPairs

_WORTH_A_THREAD: Final = 5_000_000
"""Pairs from which on one more thread gains more than its heaps cost."""


def top_of_runs(
    stream: Stream,
    product: NDArray[np.int32],
    degree: NDArray[np.int64],
    gain: NDArray[np.float64],
    floor: NDArray[np.float64],
    *,
    top_k: int,
    min_orders: int,
    wanted: NDArray[np.bool_] | None = None,
    threads: int = 1,
) -> TopPairs:
    """Rank the partners of every product by gain[j] * weight_ij / 65536 + floor[j].

    What `engines.local.top_pairs` finds while it counts, to the last bit. Memory is products x
    `top_k`, and a block of pairs, a thread.

    Args:
        stream: the runs, over codes that never change.
        product: int32 per such code: the product; -1 where there is none any more.
        degree: int64 per such code: the pairs that it may have.
        gain: float64 per product, of the partner j; not negative.
        floor: float64 per product, of the partner j.
        top_k: partners kept a product.
        min_orders: orders or customers with both from which on a pair may rank; one without weight
            never does.
        wanted: bool per product: whose partners; everybody's, if None.
        threads: processors to use; the result is the same for any number.

    Raises:
        DataError: the runs are damaged.
    """
    from nba.statistics import pair_kernels

    here = product >= 0
    rows = empty_rows(len(product))
    rows["gain"][here], rows["floor"][here] = (
        gain[product[here]] / WEIGHT_UNIT,
        floor[product[here]],
    )
    asked = here.copy()
    if wanted is not None:
        asked[here] = wanted[product[here]]
    row = np.empty(len(gain), np.int32)
    row[product[here]] = np.flatnonzero(here)
    marks = Marks(product, np.empty(0), np.zeros(1, np.int64))
    for run in stream.runs:
        run.verify()
    blocks = iter(stream.blocks())

    def fill(heaps: Heaps) -> None:
        # Threads take the next block from one queue: whoever is quick does more.
        for begin, end in blocks:
            begin, length, pairs = stream.sums(begin, end, least=min_orders, least_weight=1)
            if not (here[pairs.row].all() and here[begin:end][length > 0].all()):
                raise damaged(stream.runs[0].folder, "it counts a product that nobody buys")
            pair_kernels.rank_counted(begin, length, pairs, marks, heaps)

    threads = min(threads, 1 + int(stream.start[:, -1].sum()) // _WORTH_A_THREAD)
    room = np.where(asked, np.minimum(degree, top_k), 0)
    return best_partners(rows, room, row, fill, threads=threads)
