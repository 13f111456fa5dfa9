"""From when on a report holds what was foretold against what came."""

from __future__ import annotations

from typing import Final

import numpy as np

from nba.data.history import OrderHistory
from nba.domain import DAY

KEPT_DAYS: Final = 28
"""Days at the end of a history that an earlier snapshot does not see."""
LEAST_DAYS: Final = 120
"""Days of history from which on so many can be spared."""


def cut_for(history: OrderHistory) -> np.datetime64 | None:
    """Say up to when to train the earlier snapshot of a report.

    Returns:
        `KEPT_DAYS` before the end of the history; None where it has no order, or fewer than
        `LEAST_DAYS` lie between the first one and the end.
    """
    ordered_at = history.rows.ordered_at
    if not len(ordered_at) or history.as_of - ordered_at.min() < LEAST_DAYS * DAY:
        return None
    cut: np.datetime64 = history.as_of - KEPT_DAYS * DAY
    return cut
