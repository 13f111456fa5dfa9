"""Popularity and frequency: what every other method must beat.

Each learns from a cut and gives what ranks for its customers. `tau` is in days.
"""

from __future__ import annotations

import numpy as np
from cuts import Answer, Cut
from numpy.typing import NDArray
from ranking import Scorer, by_scores, own_first, some_only

TAUS = (7.0, 14.0, 21.0, 30.0, 45.0, 60.0, 75.0, 90.0, 120.0, 180.0, 270.0, 365.0)


def popular(cut: Cut) -> Answer:
    """G-TopFreq: known orders of the product."""
    return by_scores(cut, _popularity(cut))


def personal(cut: Cut) -> Answer:
    """P-TopFreq: the customer's orders with the product, as many by the latest; no others."""
    own = cut.own
    return by_scores(cut, lambda customers: some_only(own[customers].toarray()))


def filled(cut: Cut) -> Answer:
    """GP-TopFreq: personal frequency, then what is popular."""
    return by_scores(cut, own_first(cut, _popularity(cut)))


def decayed(cut: Cut, tau: float) -> Answer:
    """Sum exp(-days / tau) over the customer's orders with the product, then what is popular."""
    # A year later a short tau leaves nothing that adds to 1, so popularity stays far below.
    weighed = cut.cells(np.exp(-cut.age / tau))
    little = 1e-300 * cut.popularity

    def score(customers: NDArray[np.int32]) -> NDArray[np.float64]:
        return some_only(weighed[customers].toarray() + little)

    return by_scores(cut, score)


def _popularity(cut: Cut) -> Scorer:
    sold = some_only(cut.popularity)
    return lambda customers: np.repeat(sold[None, :], len(customers), axis=0)
