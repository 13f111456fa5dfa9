"""When a customer is due to need again what they bought."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nba.artifacts.repurchase import LEVEL
from nba.artifacts.snapshot import Snapshot
from nba.domain import iso, significant
from nba.recommend.results import Evidence


def due_dates(
    snapshot: Snapshot, customer: int, product: NDArray[np.integer], at: np.datetime64
) -> list[Evidence]:
    """Give the evidence of when the need for each product is next due, or nothing.

    Args:
        snapshot: whose clocks.
        customer: a code of its customers.
        product: codes of what the customer bought.
        at: the instant; before the last orders known, theirs holds.

    Returns:
        One a product: `due_at`, and `due_from` and `due_until`, between which the need lies with
        probability `level` if there is one; `returns`, the probability that the customer buys the
        product again within `repurchase.horizon_days`. Empty where no purchase tells a date.
    """
    customers, clocks = snapshot.customers, snapshot.repurchase
    span = customers.span(customer)
    cell = span.start + np.searchsorted(customers.product[span], product)
    instant = max(at, customers.as_of[0])
    due, returns = clocks.due(cell, instant), clocks.returns(cell, instant)
    return [
        {
            "due_at": iso(due.due_at[row]),
            "due_from": iso(due.due_from[row]),
            "due_until": iso(due.due_until[row]),
            "level": LEVEL,
            "returns": significant(float(returns[row])),
        }
        if due.known[row]
        else {}
        for row in range(len(cell))
    ]
