"""Candidates: every (customer, message, order) of a playbook, with when it is due and expires."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nba.decide.playbook import Playbook
from nba.domain import DAY, Instants
from nba.facts.fold import Facts
from nba.statuses import DELIVERED


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """Rows sorted by customer, then message, then order.

    Attributes:
        start: int64[N + 1]: candidates of customer n are start[n]:start[n + 1].
        message: int32, position in the playbook.
        order: int32, position in the facts.
        due, expires: datetime64[us]; due included, expires excluded.
        kept: bool: the order was neither cancelled nor returned.
    """

    start: NDArray[np.int64]
    message: NDArray[np.int32]
    order: NDArray[np.int32]
    due: Instants
    expires: Instants
    kept: NDArray[np.bool_]


def post_purchase_clock(facts: Facts, default_delivery_days: int) -> Instants:
    """Give the instant from which an order's messages count.

    It is `delivered_at`; where nobody said, the instant of the order plus the default.

    Returns:
        datetime64[us] per order.
    """
    guess = facts.ordered_at + default_delivery_days * DAY
    clock = np.where(np.isnat(facts.delivered_at), guess, facts.delivered_at)
    return np.asarray(clock, "datetime64[us]")


def candidates(facts: Facts, playbook: Playbook, clock: Instants) -> Candidates:
    """Open every message of the playbook on every order that has been delivered."""
    order = np.flatnonzero(facts.status >= DELIVERED)
    owner = np.searchsorted(facts.order_start, order, "right") - 1
    message_count = len(playbook.message)
    message = np.tile(np.arange(message_count), len(order))
    order, owner = np.repeat(order, message_count), np.repeat(owner, message_count)
    opens = np.array([one.trigger.opens for one in playbook.message], "timedelta64[us]")
    closes = np.array([one.trigger.closes for one in playbook.message], "timedelta64[us]")
    by_customer = np.lexsort((order, message, owner))
    order, owner, message = order[by_customer], owner[by_customer], message[by_customer]
    return Candidates(
        np.searchsorted(owner, np.arange(len(facts.customer_ids) + 1)).astype(np.int64),
        message.astype(np.int32),
        order.astype(np.int32),
        clock[order] + opens[message],
        clock[order] + closes[message],
        facts.kept[order],
    )
