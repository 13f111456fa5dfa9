"""Which pairs of types lags are kept of, and where they are laid out."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

PAIR_LIMIT: Final = 20_000
"""Pairs of types of which lags are kept; of more, those with the most customers."""


def chosen_pairs(
    shared: NDArray[np.int32],
    *,
    min_shared: int,
    mains: NDArray[np.bool_],
    wanted: NDArray[np.bool_],
    settled: NDArray[np.int64],
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Give the first and the second types of the pairs to keep, sorted.

    Of more than `PAIR_LIMIT` pairs those of most customers are kept, ties by code.

    Args:
        shared: int32[types, types]: customers who bought both types.
        min_shared: how many of them keep a pair.
        mains: bool per type: whether it may be the first.
        wanted: bool per type: whether it may be the second.
        settled: types that some main type settles.
    """
    kept = shared >= min_shared
    # Whom a main type settles leaves a pair even where nobody bought both of it.
    kept[:, settled] |= min_shared == 1
    np.fill_diagonal(kept, val=False)
    kept &= mains[:, None] & wanted[None, :]
    first, second = np.divmod(_most_shared(kept, shared), max(len(shared), 1))
    return first, second


def places(
    first: NDArray[np.int64], second: NDArray[np.int64], width: int
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Number the types of pairs, all others alike, and lay the pairs out, second by first.

    The table of those few types stays in the cache, where one of all types would not.
    """
    paired = np.zeros(width, np.bool_)
    paired[first] = paired[second] = True
    count = np.count_nonzero(paired)
    rank = np.where(paired, np.cumsum(paired) - 1, count).astype(np.int32)
    place = np.full((count + 1, count + 1), -1, np.int32)
    place[rank[second], rank[first]] = np.arange(len(first))
    return rank, place


def _most_shared(kept: NDArray[np.bool_], shared: NDArray[np.int32]) -> NDArray[np.int64]:
    pairs = np.flatnonzero(kept)
    if len(pairs) > PAIR_LIMIT:
        customers = shared.ravel()[pairs]
        # As many as the last one chosen has; of those with so many the first are.
        enough = np.partition(customers, len(pairs) - PAIR_LIMIT)[len(pairs) - PAIR_LIMIT]
        chosen = customers > enough
        ties = np.flatnonzero(customers == enough)
        chosen[ties[: PAIR_LIMIT - np.count_nonzero(chosen)]] = True
        pairs = pairs[chosen]
    return pairs
