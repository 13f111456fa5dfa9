"""The simulated customers: archetypes with a rhythm of their own, and when they join and leave."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nba.data.simulator.assortment import LEVELS, SEASONS, TYPES
from nba.data.simulator.calendar import (
    HISTORY_DAYS,
    NEVER,
    STARTS_AT,
    Micros,
    SeasonalClock,
    demand,
    order_instant,
)
from nba.data.simulator.chance import Floats, Wheel, stream


@dataclass(frozen=True, slots=True)
class Archetype:
    """One kind of customer.

    Attributes:
        share: of the named customers.
        orders_per_week: median of the own rate while alive; rate_sigma: of its logarithm.
        regularity: gamma shape of the gaps between own orders; 1 is Poisson.
        weeks: mean time until they leave, exponential.
        extra_lines: mean lines of an own order beyond the first.
        before: share who had joined before the shop's first day.
        tastes: department → factor on the weight of its types.
    """

    name: str
    account: str
    share: float
    orders_per_week: float
    rate_sigma: float
    regularity: float
    weeks: float
    extra_lines: float
    before: float
    tastes: dict[str, float] = field(default_factory=dict)


_GADGETS: Final = dict.fromkeys(("computers", "phones", "wear", "sound", "screens"), 1.8)
_HOME: Final = dict.fromkeys(("coffee", "cleaning", "kitchen", "care", "light"), 2.0)
_OFFICE: Final = {"computers": 2.5, "printing": 4.0, "coffee": 2.0, "light": 1.5, "care": 0.1}
ARCHETYPES: Final = (
    Archetype("passer_by", "b2c", 0.40, 0.02, 0.4, 1.0, 8, 0.8, 0.02),
    Archetype("occasional", "b2c", 0.27, 0.075, 0.5, 1.3, 70, 1.0, 0.35),
    Archetype("gadget_fan", "b2c", 0.09, 0.17, 0.5, 1.4, 110, 1.3, 0.40, _GADGETS),
    Archetype("homemaker", "b2c", 0.12, 0.19, 0.4, 4.0, 130, 1.6, 0.40, _HOME),
    Archetype("photographer", "b2c", 0.03, 0.10, 0.5, 1.2, 100, 1.2, 0.40, {"photo": 7.0}),
    Archetype("gamer", "b2c", 0.045, 0.14, 0.5, 1.5, 80, 1.0, 0.35, {"games": 5.0}),
    Archetype("small_office", "b2b", 0.03, 0.25, 0.4, 5.0, 150, 1.8, 0.40, _OFFICE),
    Archetype("company", "b2b", 0.015, 0.80, 0.5, 8.0, 200, 3.0, 0.45, _OFFICE),
)
GUEST: Final = 1
"""Guests buy what the archetype of this code buys, once."""
ORDERS_PER_CUSTOMER: Final = 7.4
"""Orders a named customer, measured; the number of customers follows from the orders asked for."""
GUEST_SHARE: Final = 0.11
"""Orders without a customer id."""
GROWTH: Final = 1.6
"""New customers and guests a day at the end of the history over those at its start."""
FIRST_ORDER_NOW: Final = 0.75
FIRST_ORDER_DAYS: Final = 12.0
"""Share who order on the day they join, and mean days until then for the others."""
RESPONSIVENESS_SHAPE: Final = 4.0
ANNOYANCE_SHAPE: Final = 3.0
"""Gamma shapes of factors whose mean is 1."""
PRICE_SENSITIVITY: Final = (2.0, 2.5)
CHANNELS: Final = ("email", "sms", "push", "call")
BEST_CHANNEL: Final = (0.70, 0.14, 0.11, 0.05)


@dataclass(frozen=True, slots=True, eq=False)
class Customers:
    """Named customers by when they joined, then guests, one each for their one order.

    Attributes:
        named_count: rows before the guests.
        archetype: int8, a code of `ARCHETYPES`. is_company: bool.
        orders_per_week, regularity: float64; 0 and 1 for guests.
        begins_day: int32, the day from which they may order.
        joined_at: int64 microseconds; before the shop's first day for some.
        lost_at: int64 microseconds; NEVER where they are alive at the end.
        responsiveness, annoyance: float64, means 1. price_sensitivity: float64, 0..1.
        favourite_type: int32. best_channel: int8, a code of `CHANNELS`.
    """

    named_count: int
    archetype: NDArray[np.int8]
    is_company: NDArray[np.bool_]
    orders_per_week: Floats
    regularity: Floats
    begins_day: NDArray[np.int32]
    joined_at: Micros
    lost_at: Micros
    responsiveness: Floats
    annoyance: Floats
    price_sensitivity: Floats
    favourite_type: NDArray[np.int32]
    best_channel: NDArray[np.int8]

    def __len__(self) -> int:
        """Count customers and guests."""
        return len(self.archetype)


def make_customers(seed: int, orders: int) -> Customers:
    """Make about as many customers and guests as place `orders` orders in the history."""
    rng = stream(seed, "customers")
    guests = round(orders * GUEST_SHARE)
    named = max(round((orders - guests) / ORDERS_PER_CUSTOMER), 1)
    count = named + guests
    archetype = _archetypes(rng, named)
    begins = _begins(rng, named, np.array([one.before for one in ARCHETYPES])[archetype])
    order = np.argsort(begins, kind="stable")
    begins = begins[order]
    guest_day = _guest_days(rng, guests)
    code = np.append(archetype[order], np.full(guests, GUEST)).astype(np.int8)
    is_named = np.arange(count) < named
    is_company = np.array([one.account == "b2b" for one in ARCHETYPES])[code] & is_named
    begins_day = np.append(np.floor(np.maximum(begins, 0.0)), guest_day).astype(np.int32)
    codes = np.arange(count)
    first = order_instant(seed, codes, begins_day, is_company)
    signed_up = np.maximum(first - rng.integers(5, 90, count) * 60_000_000, STARTS_AT)
    early = STARTS_AT + (np.append(begins, np.ones(guests)) * 86_400).astype(np.int64) * 1_000_000
    weeks = np.array([one.weeks for one in ARCHETYPES])[code]
    lost_day = begins_day + rng.exponential(1.0, count) * weeks * 7 + 0.5
    is_lost = is_named & (lost_day < HISTORY_DAYS)
    lost_at = STARTS_AT + (np.where(is_lost, lost_day, 0.0) * 86_400).astype(np.int64) * 1_000_000
    rate = np.array([one.orders_per_week for one in ARCHETYPES])[code]
    sigma = np.array([one.rate_sigma for one in ARCHETYPES])[code]
    regularity = np.array([one.regularity for one in ARCHETYPES])[code]
    return Customers(
        named,
        code,
        is_company,
        np.where(is_named, rate * np.exp(rng.normal(0.0, 1.0, count) * sigma), 0.0),
        np.where(is_named, regularity, 1.0),
        begins_day,
        np.where(early < STARTS_AT, early, signed_up),
        np.where(is_lost, lost_at, NEVER),
        rng.gamma(RESPONSIVENESS_SHAPE, 1.0 / RESPONSIVENESS_SHAPE, count),
        rng.gamma(ANNOYANCE_SHAPE, 1.0 / ANNOYANCE_SHAPE, count),
        rng.beta(*PRICE_SENSITIVITY, count),
        Wheel.of_table(_favourites()).draw(code.astype(np.int64), rng.random(count)),
        rng.choice(len(CHANNELS), count, p=BEST_CHANNEL).astype(np.int8),
    )


def _archetypes(rng: np.random.Generator, count: int) -> NDArray[np.int64]:
    """Deal out the archetypes by their shares, in any order; a draw would shake small shops."""
    edges = np.cumsum([one.share for one in ARCHETYPES])
    places = (np.arange(count) + 0.5) / count * edges[-1]
    return rng.permutation(np.searchsorted(edges, places, side="right"))


def _begins(rng: np.random.Generator, count: int, before: Floats) -> Floats:
    """Draw the day each customer joins, negative before the shop's first day."""
    early = -rng.uniform(0.0, HISTORY_DAYS, count)
    late = _growing(rng.random(count)) * (HISTORY_DAYS - 0.01)
    return np.where(rng.random(count) < before, early, late)


def _growing(chance: Floats) -> Floats:
    """Turn uniform numbers into positions 0..1 whose density rises linearly to GROWTH."""
    return np.asarray((np.sqrt(1 + chance * (GROWTH**2 - 1)) - 1) / (GROWTH - 1), np.float64)


def _guest_days(rng: np.random.Generator, count: int) -> NDArray[np.int64]:
    seasonal = demand("b2c")[:HISTORY_DAYS]
    weight = seasonal * np.linspace(1.0, GROWTH, HISTORY_DAYS)
    days: NDArray[np.int64] = rng.choice(HISTORY_DAYS, count, p=weight / weight.sum())
    return days


def _tastes() -> Floats:
    """Weigh every type for every archetype."""
    departments = list(LEVELS)
    table = np.ones((len(ARCHETYPES), len(departments)))
    for row, one in enumerate(ARCHETYPES):
        for department, factor in one.tastes.items():
            table[row, departments.index(department)] = factor
    at = np.array([departments.index(one.department) for one in TYPES])
    return np.asarray(table[:, at] * np.array([one.weight for one in TYPES]), np.float64)


def _favourites() -> Floats:
    """Weigh the types that one can like: those bought again and again that fit anything."""
    likeable = np.array(
        [one.nature in ("consumable", "accessory") and not one.fits for one in TYPES]
    )
    consumable = np.array([one.nature == "consumable" for one in TYPES])
    return np.asarray(_tastes() * likeable * np.where(consumable, 2.0, 1.0), np.float64)


def type_wheel() -> Wheel:
    """Lay out types by archetype x month of the year: group 12 x archetype + month."""
    seasons = np.array([SEASONS[one.season] for one in TYPES]).T
    table = _tastes()[:, None, :] * seasons[None, :, :]
    return Wheel.of_table(table.reshape(len(ARCHETYPES) * 12, len(TYPES)))


def own_days(
    seed: int, customers: Customers, until_day: Floats
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Draw the days on which named customers order of their own accord.

    Gaps are gamma with the customer's shape and a mean of 7 / orders_per_week days, in own time
    that runs with the seasons.

    Args:
        seed: of the shop.
        customers: of whom the named ones are drawn.
        until_day: float64 a customer, the day on which they stop.

    Returns:
        customer code and day, by customer and day; at most one row a customer and day.
    """
    rng = stream(seed, "own orders")
    named = customers.named_count
    is_new = customers.joined_at[:named] >= STARTS_AT
    gap = 7.0 / customers.orders_per_week[:named]
    begins, ends = np.empty(named), np.empty(named)
    clocks = {False: SeasonalClock("b2c"), True: SeasonalClock("b2b")}
    for is_company, clock in clocks.items():
        one = customers.is_company[:named] == is_company
        begins[one] = clock.own(customers.begins_day[:named][one] + 0.5)
        ends[one] = clock.own(until_day[:named][one])
    waits = np.where(
        rng.random(named) < FIRST_ORDER_NOW, 0.0, rng.exponential(FIRST_ORDER_DAYS, named)
    )
    # Who had joined before is somewhere within a gap on the first day.
    first = begins + np.where(is_new, waits, gap * rng.random(named))
    expected = np.maximum(ends - first, 0.0) / gap
    counts = np.ceil(expected + 4 * np.sqrt(expected) + 3).astype(np.int64)
    code = np.repeat(np.arange(named, dtype=np.int32), counts)
    shape = customers.regularity[:named][code]
    gaps = rng.standard_gamma(shape) * (gap[code] / shape)
    starts = np.cumsum(counts) - counts
    gaps[starts] = first
    own = np.cumsum(gaps)
    own -= np.repeat(own[starts] - first, counts)
    inside = own < ends[code]
    code, own = code[inside], own[inside]
    day = np.empty(len(code), np.int32)
    for is_company, clock in clocks.items():
        one = customers.is_company[code] == is_company
        day[one] = np.floor(clock.calendar(own[one]))
    is_first = np.append(True, (np.diff(code) != 0) | (np.diff(day) != 0))[: len(code)]
    return code[is_first], day[is_first]
