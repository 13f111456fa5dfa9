"""Personal scores over all products of a snapshot, for answers and backtests alike."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nba.artifacts.snapshot import Snapshot


def collaborative(snapshot: Snapshot, customer: int) -> NDArray[np.float32]:
    """Score every product by the latent factors; zeros where there are none.

    Returns:
        float32 per product code.
    """
    if snapshot.factors is None:
        return np.zeros(len(snapshot.products), np.float32)
    # One matrix-vector product a customer, whatever the batch: its result depends on nothing else.
    scores = snapshot.factors.products @ snapshot.factors.customers[customer]
    return np.asarray(scores, np.float32)


def picks(
    snapshot: Snapshot, customer: int, similar: NDArray[np.float32] | None = None
) -> NDArray[np.float32]:
    """Score every product for a customer: decayed own purchases beside the collaborative score.

        score = collaborative + own_weight * decayed

    with decayed the customer's orders of the product, each halved by every half-life of age.

    Args:
        snapshot: trained with `config.picks`.
        customer: a code of `snapshot.customers`.
        similar: the collaborative score, if at hand.

    Returns:
        float32 per product code.
    """
    score = (collaborative(snapshot, customer) if similar is None else similar).copy()
    span = snapshot.customers.span(customer)
    own_weight = np.float32(snapshot.manifest.config.picks.own_weight)
    bought = snapshot.customers.product[span]
    score[bought] += own_weight * snapshot.customers.decayed[span]
    return score
