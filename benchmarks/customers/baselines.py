"""Popularity and frequency: what every other method must beat.

Each learns from a cut and gives what ranks for its customers. `tau` is in days.
"""

from __future__ import annotations

import numpy as np
from cuts import Answer, Cut
from numpy.typing import NDArray
from ranking import by_scores, some_only

TIES = {"recent": (0.0, 1.0)}
TAUS = (7.0, 14.0, 21.0, 30.0, 45.0, 60.0, 75.0, 90.0, 120.0, 180.0, 270.0, 365.0)


def popular(cut: Cut) -> Answer:
    """G-TopFreq: known orders of the product."""
    sold = some_only(cut.popularity)
    return by_scores(cut, lambda customers: np.repeat(sold[None, :], len(customers), axis=0))


def personal(cut: Cut, recent: float) -> Answer:
    """P-TopFreq: the customer's orders with the product; no others.

    Args:
        cut: what is known.
        recent: 1 puts the latest bought first among those bought as often, 0 the most popular.
    """
    own = cut.counts + recent * cut.latest
    return by_scores(cut, lambda customers: some_only(own[customers].toarray()))


def filled(cut: Cut, recent: float) -> Answer:
    """GP-TopFreq: personal frequency, then what is popular."""
    own = cut.counts + recent * cut.latest
    # So little that only products bought as often, and as lately, are told apart by it.
    little = 1e-9 * cut.popularity / max(cut.popularity.max(), 1)

    def score(customers: NDArray[np.int32]) -> NDArray[np.float64]:
        return some_only(own[customers].toarray() + little)

    return by_scores(cut, score)


def decayed(cut: Cut, tau: float) -> Answer:
    """Sum exp(-days / tau) over the customer's orders with the product, then what is popular."""
    # A year later a short tau leaves nothing that adds to 1, so popularity stays far below.
    weighed = cut.cells(np.exp(-cut.age / tau))
    little = 1e-300 * cut.popularity

    def score(customers: NDArray[np.int32]) -> NDArray[np.float64]:
        return some_only(weighed[customers].toarray() + little)

    return by_scores(cut, score)
