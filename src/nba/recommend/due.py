"""When a customer is due to need again what they bought."""

from __future__ import annotations

import numpy as np

from nba.artifacts.repurchase import LEVEL
from nba.artifacts.snapshot import Snapshot
from nba.domain import iso, significant
from nba.recommend.results import Evidence


def due_date(snapshot: Snapshot, customer: int, product: int, at: np.datetime64) -> Evidence:
    """Give the evidence of when the need for a product is next due, or nothing.

    Args:
        snapshot: whose clocks.
        customer: a code of its customers.
        product: a code of what the customer bought.
        at: the instant; before the last orders known, theirs holds.

    Returns:
        `due_at`, and `due_from` and `due_until`, between which the need lies with probability
        `level` if there is one; `returns`, the probability that the customer buys the product
        again within `repurchase.horizon_days`. Empty where no purchase tells a date.
    """
    customers, clocks = snapshot.customers, snapshot.repurchase
    span = customers.span(customer)
    place = span.start + int(np.searchsorted(customers.product[span], product))
    instant = max(at, customers.as_of[0])
    cell = np.array([place])
    due = clocks.due(cell, instant)
    if not due.known[0]:
        return {}
    return {
        "due_at": iso(due.due_at[0]),
        "due_from": iso(due.due_from[0]),
        "due_until": iso(due.due_until[0]),
        "level": LEVEL,
        "returns": significant(float(clocks.returns(cell, instant)[0])),
    }
