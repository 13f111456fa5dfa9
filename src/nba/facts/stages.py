"""The stage of a customer at an instant, from facts alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nba.domain import DAY
from nba.facts.fold import Facts
from nba.statuses import CANCELLED, DELIVERED, RETURNED, STATUSES
from nba.vocabulary import Stage


@dataclass(frozen=True, slots=True)
class StageAt:
    """Where a customer is.

    Attributes:
        stage: one of the four.
        state: the state inside it, such as `client/delivered`.
        days_since: whole days since the state began, or None where it has no beginning.
        order: position in the facts of the order that decides, or None.
    """

    stage: Stage
    state: str
    days_since: int | None
    order: int | None


NEWCOMER = StageAt(Stage.ACQUAINTANCE, "acquaintance/new", None, None)
IDLE_AFTER_DAYS = 90


def stage_at(facts: Facts, customer: int, at: np.datetime64) -> StageAt:
    """Give the stage of the customer in row `customer` of the facts, at `at`.

    An order under way outranks everything; else the latest delivered or returned order decides;
    cancelled orders and tests count for nothing. After 90 days without news a client is idle.
    """
    orders = range(int(facts.order_start[customer]), int(facts.order_start[customer + 1]))
    latest: StageAt | None = None
    for order in reversed(orders):
        if not facts.status_known[order]:
            since = facts.ordered_at[order]
            return StageAt(Stage.ORDERED, "ordered/awaiting_processing", _days(since, at), order)
        status = int(facts.status[order])
        if status == CANCELLED or (not facts.kept[order] and status != RETURNED):
            continue
        if status in (DELIVERED, RETURNED):
            if latest is None:
                latest = _client(facts, order, status, at)
            continue
        since = facts.status_at[order]
        return StageAt(Stage.ORDERED, f"ordered/{STATUSES[status]}", _days(since, at), order)
    return latest or NEWCOMER


def _client(facts: Facts, order: int, status: int, at: np.datetime64) -> StageAt:
    if status == RETURNED:
        days = _days(facts.status_at[order], at)
        return StageAt(Stage.CLIENT, "client/returned", days, order)
    delivered = facts.delivered_at[order]
    since = facts.ordered_at[order] if np.isnat(delivered) else delivered
    days = _days(since, at)
    state = "client/delivered" if days <= IDLE_AFTER_DAYS else "client/idle"
    return StageAt(Stage.CLIENT, state, days, order)


def _days(since: np.datetime64, at: np.datetime64) -> int:
    return max(int((at - since) // DAY), 0)
