"""The facts of one part of the customers."""

from __future__ import annotations

import numpy as np

from nba.domain import Part
from nba.facts.fold import Facts


def only(facts: Facts, part: Part) -> Facts:
    """Keep the customers of a part; others come along where somebody was merged with them."""
    rows = [row for row, one in enumerate(facts.customer_ids) if part.holds(one)]
    if len(rows) == len(facts.customer_ids):
        return facts
    return facts.take(np.array(rows, np.int64), tuple(facts.customer_ids[row] for row in rows))
