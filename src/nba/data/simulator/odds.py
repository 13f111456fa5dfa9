"""How likely customers are to answer the messages of one instant: the truth, nothing drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from nba.data.simulator.demand import Demand, Meeting
from nba.data.simulator.journal import Journal
from nba.data.simulator.offers import Offer
from nba.data.simulator.responses import TRANSACTIONAL, Contacts, Floats
from nba.data.simulator.world import Customer, World
from nba.domain import DAY
from nba.vocabulary import NOTHING_SENT

_DAY: Final = 86_400_000_000

Sent = tuple[Customer, Offer]


@dataclass(frozen=True, slots=True, eq=False)
class Weighed:
    """Messages about to be sent, in the order given.

    Attributes:
        meetings: what their products mean to their customers.
        useful: probability of a useful action within 7 days.
        unsubscribe: probability that the channel is withdrawn.
    """

    meetings: Sequence[Meeting]
    useful: Floats
    unsubscribe: Floats


class Odds:
    """The planted answers at work: who is in which state, and tired by how many messages."""

    def __init__(self, world: World, journal: Journal, demand: Demand) -> None:
        """Remember the messages of the history: they tire."""
        self._world = world
        self._journal = journal
        self._demand = demand
        # Microseconds.
        self._sent_at: dict[str, list[int]] = {one: [] for one in world.customers}
        for row in world.tables["messages"]:
            if row["message"] != NOTHING_SENT and row["message"] not in TRANSACTIONAL:
                self.tire(
                    row["customer_id"], row["acked_at"] or row["claimed_at"] or row["decided_at"]
                )

    def tire(self, customer_id: str, at: np.datetime64) -> None:
        """Remember that a marketing message was sent."""
        self._sent_at[customer_id].append(int(at.astype(np.int64)))

    def weigh(self, sent: Sequence[Sent], at: np.datetime64) -> Weighed:
        """Weigh messages sent at an instant; several to one customer are weighed apart.

        Raises:
            ConfigError: a message has no planted response.
        """
        responses = self._world.responses
        customers = {one.customer_id for one, _ in sent}
        looks = {one: self._demand.look(one, at) for one in customers}
        states = {one: self._journal.state(one, at, look.open_kinds) for one, look in looks.items()}
        loads = {one: self._load(one, at) for one in customers}
        rows = np.array(
            [responses.find(offer.message, states[one.customer_id]) for one, offer in sent],
            np.int64,
        )
        meetings = [
            looks[one.customer_id].weigh(offer.products, responses.rows[row])
            for (one, offer), row in zip(sent, rows.tolist(), strict=True)
        ]
        contacts = Contacts(
            rows,
            np.array([one.relevance for one in meetings]),
            np.array([self._days_since(one, offer, at) for one, offer in sent]),
            np.array([loads[one.customer_id] for one, _ in sent]),
            np.array([one.responsiveness for one, _ in sent]),
            np.array([one.annoyance for one, _ in sent]),
            np.array([one.channel == offer.channel for one, offer in sent]),
            np.array([one.is_lost(at) for one, _ in sent]),
        )
        return Weighed(meetings, responses.useful(contacts), responses.unsubscribe(contacts))

    def _days_since(self, customer: Customer, offer: Offer, at: np.datetime64) -> float:
        delivered_at = self._journal.delivered_at(customer.customer_id, offer.anchor, at)
        return float((at - delivered_at) / DAY)

    def _load(self, customer_id: str, at: np.datetime64) -> float:
        ages = int(at.astype(np.int64)) - np.array(self._sent_at[customer_id], np.int64)
        return float(self._world.responses.fatigue.load(ages / _DAY).sum())
