"""What messages truly add to what is bought unasked: expectations over the planted chances."""

from __future__ import annotations

import numpy as np

from nba.data.simulator.demand import Demand, Meeting
from nba.data.simulator.lifetime import Lifetime
from nba.data.simulator.world import Customer, World


class Gains:
    """The margins that answers add to a play, minor units."""

    def __init__(self, world: World, demand: Demand) -> None:
        """Look into the needs of a world that is played."""
        self._world = world
        self._demand = demand
        self._lifetime = Lifetime(world)

    def of_answer(self, customer: Customer, meeting: Meeting, at: np.datetime64) -> float:
        """Give what a useful action adds to what is bought unasked.

            margin - share met unasked x margin of what is then bought

        A need whose date has passed will not be met unasked.
        """
        if meeting.product is None:
            return 0.0
        need, margin = meeting.need, float(meeting.product.margin)
        if need is None or need.due_at < at or customer.is_lost(need.due_at):
            return margin
        share = self._world.natural_share.get(need.kind, 0.0)
        unasked = self._demand.wanted(need, at)
        return margin - share * (0.0 if unasked is None else unasked.margin)

    def to_come(self, customer: Customer, at: np.datetime64) -> float:
        """Give what messages about needs that are open or still to come would add."""
        if customer.is_lost(at):
            return 0.0
        needs = [
            one
            for one in self._world.needs[customer.customer_id]
            if at < one.closes_at and not self._demand.is_met(one)
        ]
        return self._lifetime.by_messages(customer, needs)
