"""What the customers of a play want just now, and how well shown products meet it."""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from nba.data.simulator.journal import Journal
from nba.data.simulator.responses import NEAR_DAYS, NEAR_RELEVANCE, Response
from nba.data.simulator.shelf import Product
from nba.data.simulator.world import Need, World
from nba.domain import DAY, uniform


@dataclass(frozen=True, slots=True)
class Meeting:
    """What the products of a message mean to its customer.

    Attributes:
        relevance: 0..1.
        product: what a useful action buys; None where it is a look, a rating or a review.
        need: what that purchase meets, or None.
    """

    relevance: float
    product: Product | None = None
    need: Need | None = None


class Demand:
    """The needs of the sample, open until they close or a purchase meets them."""

    def __init__(self, world: World, journal: Journal, seed: int) -> None:
        """Take the needs of the world, less those that earlier purchases met."""
        self._world = world
        self._journal = journal
        self._seed = seed
        self._met: set[tuple[str, str]] = set()
        for customer_id, needs in world.needs.items():
            bought = [
                (product, at)
                for one, at in journal.bought(customer_id, world.starts_at)
                if (product := world.shelf.get(one)) is not None
            ]
            for need in needs:
                if any(at >= need.opens_at and self.fits(need, one) for one, at in bought):
                    self.meet(need)

    def meet(self, need: Need) -> None:
        """Close a need: something was bought for it, or is about to be."""
        self._met.add((need.customer_id, need.name))

    def supply(self, customer_id: str, product: Product, at: np.datetime64) -> None:
        """Close the open needs that a purchase meets, whatever it was made for."""
        for need in self.open(customer_id, at):
            if self.fits(need, product):
                self.meet(need)

    def is_met(self, need: Need) -> bool:
        """Tell whether a need was closed by a purchase."""
        return (need.customer_id, need.name) in self._met

    def open(self, customer_id: str, at: np.datetime64, *, within_days: int = 0) -> list[Need]:
        """List the needs that are open, or open within some days."""
        return [
            need
            for need in self._world.needs[customer_id]
            if need.opens_at <= at + within_days * DAY
            and at < need.closes_at
            and not self.is_met(need)
        ]

    def wanted(self, need: Need, at: np.datetime64) -> Product | None:
        """Give the product that would meet a need: it fits, is not owned, and can be ordered."""
        chance = uniform(self._seed, need.customer_id, need.kind, need.name, "product")
        owned = self.owned(need.customer_id, at)
        return self._world.shelf.draw(need.product_type, need.main_product_id, owned, chance)

    def look(self, customer_id: str, at: np.datetime64) -> Situation:
        """See what a customer wants at an instant, for any number of messages."""
        near = self.open(customer_id, at, within_days=NEAR_DAYS)
        return Situation(self, customer_id, at, near)

    def owned(self, customer_id: str, at: np.datetime64) -> Set[str]:
        """List what a customer wants no second of."""
        lives = self._world.owned[customer_id]
        owned = {one for one, ended_at in lives.items() if not ended_at <= at}
        for one, _ in self._journal.bought(customer_id, at):
            product = self.product(one)
            if one not in lives and product is not None and product.is_owned_once:
                owned.add(one)
        return owned

    def product(self, product_id: str) -> Product | None:
        """Give a product of the shelf."""
        return self._world.shelf.get(product_id)

    def fits(self, need: Need, product: Product) -> bool:
        """Tell whether a product is what a need is for."""
        shelf = self._world.shelf
        return product.type == need.product_type and shelf.fits(product, need.main_product_id)


class Situation:
    """What one customer wants and owns at an instant."""

    def __init__(
        self, demand: Demand, customer_id: str, at: np.datetime64, near: Sequence[Need]
    ) -> None:
        """Note the needs that are open, or open within 14 days."""
        self._demand = demand
        self._customer_id = customer_id
        self._at = at
        self._near = near
        self.open_kinds = {need.kind for need in near if need.opens_at <= at}

    def weigh(self, shown: Sequence[str], response: Response) -> Meeting:
        """Judge the products of a message; what cannot be ordered counts as not shown.

        Args:
            shown: product ids, best first.
            response: the planted row of the message; its `needs` say which kinds matter.

        Returns:
            Relevance 1 for the first product that meets an open need; 0.35 where one is of the
            right type and does not fit, or comes up to 14 days early; else the relevance of a
            broadcast, and what is bought without a need, if anything.
        """
        if not response.needs:
            return Meeting(response.broadcast_relevance)
        products = [
            one for name in shown if (one := self._demand.product(name)) is not None and one.on_sale
        ]
        needs = [need for need in self._near if need.kind in response.needs]
        near: Meeting | None = None
        for product in products:
            for need in needs:
                if product.type != need.product_type:
                    continue
                does = self._demand.fits(need, product) and product.product_id not in self._owned
                if does and need.opens_at <= self._at:
                    return Meeting(1.0, product, need)
                # Who is shown the wrong one of what they want looks for the right one.
                found = product if does else self._demand.wanted(need, self._at)
                near = near or Meeting(NEAR_RELEVANCE, found, need if found else None)
        return near or Meeting(response.broadcast_relevance, self._tempting(products))

    def _tempting(self, shown: Sequence[Product]) -> Product | None:
        """Choose what is bought without a need: cheap, no durable, of use with what is owned."""
        able = [
            one
            for one in shown
            if one.nature != "durable"
            and one.product_id not in self._owned
            and (not one.fits or one.fits & self._have)
        ]
        return min(able, key=lambda one: (one.price, one.product_id), default=None)

    @cached_property
    def _owned(self) -> Set[str]:
        return self._demand.owned(self._customer_id, self._at)

    @cached_property
    def _have(self) -> Set[str]:
        """List the names of what is owned, as other products call it."""
        products = (self._demand.product(one) for one in self._owned)
        return {name for one in products if one is not None for name in one.names}
