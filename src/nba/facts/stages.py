"""The stage of a customer at an instant, from facts alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nba.domain import DAY, Instants
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
    """

    stage: Stage
    state: str
    days_since: int | None


NEWCOMER = StageAt(Stage.ACQUAINTANCE, "acquaintance/new", None)


def stage_at(
    facts: Facts,
    customer: int,
    at: np.datetime64,
    arrival: Instants,
    *,
    is_silent: bool = False,
) -> StageAt:
    """Give the stage of the customer in row `customer` of the facts, at `at`.

    An order under way outranks everything, the latest one first; else the latest delivery or
    return decides; cancelled orders count for nothing. A client who has been silent for longer
    than their rhythm explains is idle.

    Args:
        facts: as known at `at` or before.
        customer: a row of the facts.
        at: the instant.
        arrival: datetime64[us] per order of the facts: when it arrived, or is taken to have.
        is_silent: whether the customer's own rhythm says that they have left or are about to.
    """
    news: tuple[np.datetime64, str] | None = None
    for order in reversed(
        range(int(facts.order_start[customer]), int(facts.order_start[customer + 1]))
    ):
        status = int(facts.status[order])
        if status < DELIVERED:
            since = _days(facts.status_at[order], at)
            return StageAt(Stage.ORDERED, f"ordered/{STATUSES[status]}", since)
        if status == CANCELLED:
            continue
        if status == RETURNED or not facts.kept[order]:
            told = facts.status_at[order], "client/returned"
        else:
            told = arrival[order], "client/delivered"
        # Going back in time, of equal instants the later order is met first.
        if news is None or told[0] > news[0]:
            news = told
    if news is None:
        return NEWCOMER
    days = _days(news[0], at)
    return StageAt(Stage.CLIENT, "client/idle" if is_silent else news[1], days)


def _days(since: np.datetime64, at: np.datetime64) -> int:
    return max(int((at - since) // DAY), 0)
