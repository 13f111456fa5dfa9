"""Carts, wish lists and waiting lists: what customers want and buy later, or never."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nba.data.simulator.assortment import TYPES
from nba.data.simulator.baskets import wanted
from nba.data.simulator.calendar import (
    DAY,
    ENDS_AT,
    HISTORY_DAYS,
    HORIZON_DAYS,
    HOUR,
    MONTH,
    STARTS_AT,
    Micros,
    day_of,
    to_monday,
)
from nba.data.simulator.chance import Codes, Floats, Wheel, stream
from nba.data.simulator.choosing import Chooser
from nba.data.simulator.columns import CAUSE_CODE, Columns, Needs, Wants
from nba.data.simulator.customers import type_wheel

CART_SHARE: Final = 0.20
WISH_SHARE: Final = 0.10
WAITLIST_SHARE: Final = 0.05
"""Intents an own order of the customer."""
AWAY_DAYS: Final = (2.0, 35.0)
"""Days from that order to the intent."""
CART_DAYS: Final = 2.0
CART_OPEN_DAYS: Final = 10
"""Mean days until a cart is bought, exponential, and days until it is forgotten."""
WISH_DAYS: Final = (20.0, 0.8)
WISH_OPEN_DAYS: Final = 30
"""Median days and sigma until a wish is bought, and days it stays open after that."""
WAITLIST_DAYS: Final = 2.0
WAITLIST_OPEN_DAYS: Final = 14
"""Mean days from the product's return to its purchase, and days it stays open after that."""
UPTAKE: Final = {"cart": 0.35, "wish": 0.30, "waitlist": 0.40}
"""Intents that are bought in the end."""


@dataclass(frozen=True, slots=True, eq=False)
class Intents(Columns):
    """Products laid aside, one row each, by kind.

    Attributes:
        customer, product: int32. kind: int8, a code of `CAUSES`.
        at: int64 microseconds, when it was laid aside, up to the horizon.
        due_at, closes_at: int64 microseconds, when it is bought if it is, and when it is forgotten.
        is_bought: bool: bought within the history.
    """

    customer: NDArray[np.int32]
    product: NDArray[np.int32]
    kind: NDArray[np.int8]
    at: Micros
    due_at: Micros
    closes_at: Micros
    is_bought: NDArray[np.bool_]

    def needs(self, chooser: Chooser) -> Needs:
        """Give the need each is."""
        none = np.full(len(self), -1, np.int32)
        types = chooser.catalogue.type[self.product]
        return Needs(self.customer, types, self.kind, none, self.at, self.due_at, self.closes_at)

    def wants(self, chooser: Chooser) -> Wants:
        """Give the order lines of those that are bought."""
        bought = self.take(self.is_bought)
        rng = stream(chooser.seed, "intent quantities")
        lines = wanted(rng, chooser, bought.customer, day_of(bought.due_at), bought.product, 0)
        return Wants(
            lines.customer, lines.day, lines.product, lines.quantity, bought.kind, lines.main
        )


def make_intents(chooser: Chooser, customer: Codes, day: Codes) -> Intents:
    """Lay products aside some days after own orders.

    Args:
        chooser: the shelves.
        customer: of each own order of named customers, up to the horizon.
        day: of each.
    """
    rng = stream(chooser.seed, "intents")
    carts = _sampled(rng, chooser, customer, day, CART_SHARE)
    cart_due = carts.at + _days(rng.exponential(CART_DAYS, len(carts.at)))
    wishes = _sampled(rng, chooser, customer, day, WISH_SHARE)
    median, sigma = WISH_DAYS
    wish_days = median * np.exp(rng.normal(0.0, sigma, len(wishes.at)))
    waits, back_at = _waits(rng, chooser, customer, day)
    return Intents.joined(
        [
            _intents(rng, chooser, "cart", carts, cart_due, carts.at + CART_OPEN_DAYS * DAY),
            _intents(
                rng,
                chooser,
                "wish",
                wishes,
                wishes.at + _days(wish_days),
                wishes.at + _days(wish_days + WISH_OPEN_DAYS),
            ),
            _intents(
                rng,
                chooser,
                "waitlist",
                waits,
                back_at + _days(rng.exponential(WAITLIST_DAYS, len(back_at))),
                back_at + WAITLIST_OPEN_DAYS * DAY,
            ),
        ]
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Laid(Columns):
    """Products at the instants at which customers look at them."""

    customer: NDArray[np.int32]
    product: NDArray[np.int32]
    at: Micros


def _sampled(
    rng: np.random.Generator, chooser: Chooser, customer: Codes, day: Codes, share: float
) -> _Laid:
    """Lay a product that is on sale aside some days after a share of the orders."""
    customers = chooser.customers
    rows = np.flatnonzero(rng.random(len(customer)) < share)
    who, later = customer[rows], day[rows] + rng.uniform(*AWAY_DAYS, len(rows))
    at = STARTS_AT + np.floor(later).astype(np.int64) * DAY + _daytime(rng, len(rows))
    here = (later < HORIZON_DAYS - 1) & (at < customers.lost_at[who])
    who, at, seen = who[here], at[here], later[here].astype(np.int32)
    group = customers.archetype[who].astype(np.int64) * 12 + MONTH[seen]
    types = type_wheel().draw(group, rng.random(len(who)))
    product = chooser.of_type(rng, types, who, seen)
    found = product >= 0
    return _Laid(who[found].astype(np.int32), product[found], at[found])


def _waits(
    rng: np.random.Generator, chooser: Chooser, customer: Codes, day: Codes
) -> tuple[_Laid, Micros]:
    """Wait for products during their times out of stock; beside it, when each is back."""
    customers, spells = chooser.customers, chooser.states.spells
    types = chooser.catalogue.type[spells.product]
    wheel = Wheel.of(
        types,
        np.arange(len(types)),
        chooser.catalogue.weight[spells.product],
        len(TYPES),
    )
    rows = np.flatnonzero(rng.random(len(customer)) < WAITLIST_SHARE)
    who = customer[rows]
    group = customers.archetype[who].astype(np.int64) * 12 + MONTH[day[rows]]
    asked = type_wheel().draw(group, rng.random(len(rows)))
    has = wheel.has(asked)
    who, asked = who[has], asked[has]
    spell = wheel.draw(asked, rng.random(len(asked)))
    length = spells.ends_at[spell] - spells.starts_at[spell]
    at = spells.starts_at[spell] + (length * rng.random(len(spell))).astype(np.int64)
    at -= at % 1_000_000
    here = (at < customers.lost_at[who]) & (day_of(at) >= customers.begins_day[who])
    here &= (at >= ENDS_AT) | ~chooser.states.orderable(spells.product[spell], at)
    who, spell, at = who[here], spell[here], at[here]
    return (
        _Laid(who.astype(np.int32), spells.product[spell], at),
        spells.ends_at[spell],
    )


def _intents(
    rng: np.random.Generator,
    chooser: Chooser,
    kind: str,
    laid: _Laid,
    due_at: Micros,
    closes_at: Micros,
) -> Intents:
    """Decide which are bought: some, of those that can be ordered when they are due."""
    due_day = day_of(due_at)
    # The order of the day must not come before the product was laid aside.
    due_day = np.where(due_day <= day_of(laid.at), day_of(laid.at) + 1, due_day)
    due_day = due_day + to_monday(due_day, chooser.customers.is_company[laid.customer])
    due_at = np.maximum(due_at, STARTS_AT + due_day * DAY)
    wanted_still = (rng.random(len(due_at)) < UPTAKE[kind]) & (due_at < closes_at)
    alive = (due_day < HISTORY_DAYS) & (due_at < chooser.customers.lost_at[laid.customer])
    is_bought = wanted_still & alive
    is_bought &= chooser.orderable(laid.product, laid.customer, due_day)
    code = np.full(len(due_at), CAUSE_CODE[kind], np.int8)
    return Intents(laid.customer, laid.product, code, laid.at, due_at, closes_at, is_bought)


def _daytime(rng: np.random.Generator, count: int) -> NDArray[np.int64]:
    """Draw instants of a day from 7 to 23 o'clock, in whole seconds."""
    return rng.integers(7 * 3600, 23 * 3600, count) * (HOUR // 3600)


def _days(days: Floats) -> NDArray[np.int64]:
    return (days * 86_400).astype(np.int64) * 1_000_000
