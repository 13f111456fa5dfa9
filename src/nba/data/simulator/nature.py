"""What customers do without any message: needs met when due, orders in a rhythm of their own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.special import gammainc, gammaincinv

from nba.data.simulator.shelf import drawn
from nba.data.simulator.world import Customer, Need, World
from nba.domain import DAY, uniform

FAVOURITE_SHARE: Final = 0.3
"""Share of own baskets that are about the customer's favourite type."""
DEFAULT_TRANSIT_DAYS: Final = 3.0
WEEK_DAYS: Final = 7
_ALMOST_ALL: Final = 1 - 1e-12


@dataclass(frozen=True, slots=True, order=True)
class Purchase:
    """A purchase that is to come, ordered by instant, customer and name.

    Attributes:
        name: within the customer; an order of this purchase carries it.
        need: what it meets, or None for an order of the customer's own accord.
        products: what will be bought; empty where the need decides that when it comes to it.
        message: the id of the message that brought it about, or None.
    """

    at: np.datetime64
    customer_id: str
    name: str
    need: Need | None = None
    products: tuple[str, ...] = ()
    message: str | None = None


def natural_purchases(
    world: World, customer: Customer, last_at: np.datetime64, end: np.datetime64, seed: int
) -> Iterator[Purchase]:
    """Foresee what a customer buys unasked from the start of the play up to `end`, excluded.

    A need is met about its due date, with the share of such needs that were met so in the past.
    Own orders are a renewal process: gamma gaps of the customer's rate and regularity, the first
    one conditioned on the time since the last order. A customer who is lost buys nothing.

    Args:
        world: the shop.
        customer: of its sample.
        last_at: the customer's last order, or when they joined.
        end: of the play.
        seed: of the play; every draw is by name.
    """
    if customer.is_lost(world.starts_at):
        return
    until = end if np.isnat(customer.lost_at) else min(end, customer.lost_at)
    for need in world.needs[customer.customer_id]:
        if world.starts_at <= need.due_at < until:
            chance = uniform(seed, customer.customer_id, need.kind, need.name, "met unasked")
            if chance < world.natural_share.get(need.kind, 0.0):
                yield Purchase(need.due_at, customer.customer_id, need.name, need)
    for number, at in enumerate(_own_instants(customer, last_at, world.starts_at, until, seed)):
        products = _basket(world, customer, str(number), seed)
        if products:
            yield Purchase(at, customer.customer_id, f"own{number}", None, products)


def transit(world: World, customer_id: str, order: str, seed: int) -> np.timedelta64:
    """Draw the time from order to delivery from those of the shop's history."""
    days = DEFAULT_TRANSIT_DAYS
    if len(world.transit_days):
        chance = uniform(seed, customer_id, "order", order, "transit")
        days = float(world.transit_days[int(chance * len(world.transit_days))])
    return _span(days)


def _own_instants(
    customer: Customer,
    last_at: np.datetime64,
    start: np.datetime64,
    end: np.datetime64,
    seed: int,
) -> Iterator[np.datetime64]:
    if not customer.orders_per_week > 0:
        return
    shape = customer.regularity
    scale_days = WEEK_DAYS / (customer.orders_per_week * shape)
    waited = max(float((start - last_at) / DAY), 0.0)
    passed = float(gammainc(shape, waited / scale_days))
    at, number = start - _span(waited), 0
    while True:
        chance = uniform(seed, customer.customer_id, "order", str(number), "gap")
        quantile = min(passed + chance * (1 - passed), _ALMOST_ALL)
        at = at + _span(float(gammaincinv(shape, quantile)) * scale_days)
        if at >= end:
            return
        # Who waited longer than their rhythm can explain orders at once.
        yield max(at, start)
        passed, number = 0.0, number + 1


def _basket(world: World, customer: Customer, number: str, seed: int) -> tuple[str, ...]:
    """Fill a basket: popular products, or those of a favourite type, and what goes with them."""

    def chance(purpose: str) -> float:
        return uniform(seed, customer.customer_id, "order", number, purpose)

    products, weights = world.own_products, world.own_weight
    favourite = world.own_types == (customer.favourite_type or "")
    if favourite.any() and chance("favourite") < FAVOURITE_SHARE:
        weights = weights * favourite
    # Geometric, so that its mean is that of the history.
    further = 1 - 1 / world.own_lines
    basket: dict[str, None] = {}
    for line in range(len(products)):
        chosen = products[drawn(weights, chance(f"line {line}"))]
        basket.setdefault(chosen.product_id)
        for second, share in world.together.get(chosen.type, ()):
            if chance(f"with line {line}: {second}") < share:
                beside = world.shelf.draw(
                    second, chosen.product_id, set(basket), chance(f"beside {line}: {second}")
                )
                if beside is not None:
                    basket.setdefault(beside.product_id)
        if chance(f"more than {line}") >= further:
            break
    return tuple(basket)


def _span(days: float) -> np.timedelta64:
    return np.timedelta64(round(days * 86_400_000_000), "us")
