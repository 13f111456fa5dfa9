"""What holds for all customers of one call: their facts, where they are, and what time it is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nba.artifacts.snapshot import Snapshot
from nba.decide.calendar import Calendar
from nba.decide.coding import Coding
from nba.decide.outlook import Outlook
from nba.decide.playbook import Playbook
from nba.decide.triggering.details import Details
from nba.decide.triggering.refills import Refills
from nba.domain import DAY, Instants
from nba.facts.fold import Facts
from nba.facts.stages import Stages

TOLD, SHIPPED, ORDERED = range(3)
"""From what the clock of an order's messages is told: its delivery, shipping, or the order."""


@dataclass(frozen=True, slots=True, eq=False)
class Clock:
    """From when the messages after each order count.

    Attributes:
        at: datetime64[us] per order.
        source: int8 per order: `TOLD`, `SHIPPED` or `ORDERED`.
    """

    at: Instants
    source: NDArray[np.int8]


@dataclass(frozen=True, slots=True, eq=False)
class Situation:
    """What rules and triggers look at.

    Attributes:
        snapshot, playbook, facts: given.
        at: the instant of the decision.
        clock: of the facts' orders.
        calendar: of the facts' time zones.
        coding: between facts and snapshot.
        stages: where every customer is.
        stage: int8 per customer: the stage of it, a code of `stages.STAGES`.
        outlook: what the snapshot's rhythm says of every customer.
        intent_ends: datetime64[us] per intent of the facts: when it stops counting as open.
        details: what messages were about besides orders.
        refills: when products that customers buy again are due.
    """

    snapshot: Snapshot
    playbook: Playbook
    facts: Facts
    at: np.datetime64
    clock: Clock
    calendar: Calendar
    coding: Coding
    stages: Stages
    stage: NDArray[np.int8]
    outlook: Outlook
    intent_ends: Instants
    details: Details
    refills: Refills


def post_purchase_clock(facts: Facts, *, transit_days: float, default_days: float) -> Clock:
    """Give the instant from which an order's messages count, and what tells it.

    It is `delivered_at`; where nobody said, the shipping plus the shop's median transit; else the
    order plus the recipe's default.
    """
    shipped = facts.shipped_at + _span(transit_days)
    ordered = facts.ordered_at + _span(default_days)
    no_delivery, no_shipping = np.isnat(facts.delivered_at), np.isnat(facts.shipped_at)
    at = np.where(no_delivery, np.where(no_shipping, ordered, shipped), facts.delivered_at)
    source = np.where(no_delivery, np.where(no_shipping, ORDERED, SHIPPED), TOLD)
    return Clock(np.asarray(at, "datetime64[us]"), source.astype(np.int8))


def _span(days: float) -> np.timedelta64:
    return np.timedelta64(int(days * (DAY / np.timedelta64(1, "us"))), "us")
