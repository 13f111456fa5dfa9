"""What customers will still be worth by the planted rates: of themselves, and by messages."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Final

import numpy as np

from nba.data.simulator.world import Customer, Need, World

WEEKS_A_YEAR: Final = 365.25 / 7


class Lifetime:
    """Expected profit of customers, minor units.

        of themselves = orders a week x 52.18 x lines an order x mean margin of what is bought so
        by messages   = sum over needs (1 - share met unasked) x answer x mean margin of the type

    The answer is that of the message that is best at such needs, at full relevance, on the best
    channel, to a customer who is not tired. Who has left is worth nothing.
    """

    def __init__(self, world: World) -> None:
        """Average the margins of a shop."""
        self._world = world
        weights = world.own_weight
        margins = np.array([one.margin for one in world.own_products], np.float64)
        mean = float((margins * weights).sum() / weights.sum()) if weights.sum() > 0 else 0.0
        self._of_order = mean * world.own_lines
        self._margin = cache(world.shelf.mean_margin)
        self._rate = {
            kind: max(one.useful_rate for one in world.responses.rows if kind in one.needs)
            for kind in {kind for one in world.responses.rows for kind in one.needs}
        }

    def left(self, customer: Customer, at: np.datetime64, *, is_contactable: bool) -> float:
        """Give what the year after an instant is worth; by messages only while they may come.

        The needs of the coming year are taken to be as many as those that are planted.
        """
        if customer.is_lost(at):
            return 0.0
        own = customer.orders_per_week * WEEKS_A_YEAR * self._of_order
        needs = self._world.needs[customer.customer_id]
        return own + (self.by_messages(customer, needs) if is_contactable else 0.0)

    def by_messages(self, customer: Customer, needs: Iterable[Need]) -> float:
        """Give what messages about some needs of a customer add."""
        return sum(
            (
                (1 - self._world.natural_share.get(need.kind, 0.0))
                * -np.expm1(-self._rate.get(need.kind, 0.0) * customer.responsiveness)
                * self._margin(need.product_type)
                for need in needs
            ),
            0.0,
        )
