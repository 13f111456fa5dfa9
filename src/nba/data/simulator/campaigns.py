"""Which messages the shop's old calendar had in mind for whom, when, and with which products."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nba.data.simulator.assortment import TYPE_CODE, TYPES
from nba.data.simulator.calendar import (
    DAY,
    ENDS_AT,
    HISTORY_DAYS,
    HOUR,
    MONTH,
    NEVER,
    STARTS_AT,
    Micros,
    day_of,
)
from nba.data.simulator.chance import Codes, Floats, Wheel, stream
from nba.data.simulator.choosing import Chooser
from nba.data.simulator.columns import CAUSE_CODE, Columns, Wants
from nba.data.simulator.customers import type_wheel
from nba.data.simulator.flows import settled
from nba.data.simulator.intents import Intents
from nba.data.simulator.orders import order_key
from nba.data.simulator.pairs import ACCESSORIES
from nba.statuses import DELIVERED, RETURNED

PROGRAMME_DAY: Final = 365
"""The shop began to write in its second year."""
CALENDAR: Final = (
    "service-rating",
    "accessories",
    "product-review",
    "replacement",
    "refill",
    "cart-reminder",
    "wishlist-reminder",
    "back-in-stock",
    "digest",
)
"""The messages of the calendar; the position of one is its code."""
CODE: Final = {name: code for code, name in enumerate(CALENDAR)}
AFTER_DELIVERY_DAYS: Final = {
    "service-rating": 3.0,
    "accessories": 5.0,
    "product-review": 14.0,
    "replacement": 90.0,
}
REFILL_PART: Final = 0.85
"""Part of a consumable's interval after which its refill is offered."""
CART_DAYS: Final = 1.0
WISH_DAYS: Final = 12.0
DIGEST_DAYS: Final = 28
DIGEST_SHARE: Final = 0.4
"""Days between digests, and the share of the customers who are on its list."""
SHOWN: Final = 3
PLANTED_SHOWN: Final = 0.7
FITTING_SHOWN: Final = 0.7
"""Products of an accessory message that go with the main product, and of those that must fit, the
ones that do; the others are any popular product."""


@dataclass(frozen=True, slots=True, eq=False)
class Candidates(Columns):
    """Messages the calendar had in mind, by customer and instant.

    Attributes:
        customer: int32. at: int64 microseconds. message: int8, a code of `CALENDAR`.
        key: int64, the `order_key` it speaks of; -1 where it speaks of none.
        intent: int32, the row of `Intents` it speaks of; -1 where it speaks of none.
        days: float64, since delivery; NaN where it speaks of none.
        shown: int32, (n, SHOWN) products; -1 where fewer are shown.
    """

    customer: NDArray[np.int32]
    at: Micros
    message: NDArray[np.int8]
    key: NDArray[np.int64]
    intent: NDArray[np.int32]
    days: Floats
    shown: NDArray[np.int32]


@dataclass(frozen=True, slots=True, eq=False)
class _Delivered(Columns):
    """Orders of named customers that arrived, with the product messages speak of."""

    key: NDArray[np.int64]
    customer: NDArray[np.int32]
    delivered_at: Micros
    returned_at: Micros
    main: NDArray[np.int32]


def plan_campaigns(chooser: Chooser, wants: Wants, intents: Intents) -> Candidates:
    """List all messages of the calendar from the programme's first day on."""
    rng = stream(chooser.seed, "campaigns")
    delivered = _delivered(chooser, wants)
    candidates = Candidates.joined(
        [
            *(_after_delivery(rng, chooser, name, delivered) for name in AFTER_DELIVERY_DAYS),
            _refills(rng, chooser, delivered),
            *(_reminders(rng, chooser, intents, kind) for kind in _REMINDERS),
            _digests(rng, chooser),
        ]
    )
    return candidates.take(np.lexsort((candidates.message, candidates.at, candidates.customer)))


_HAS_PAIRS: Final = np.isin(np.arange(len(TYPES)), [TYPE_CODE[pair.main] for pair in ACCESSORIES])


def _delivered(chooser: Chooser, wants: Wants) -> _Delivered:
    customers, catalogue = chooser.customers, chooser.catalogue
    wants = wants.take(wants.customer < customers.named_count)
    key = order_key(wants.customer, wants.day)
    has_pairs = _HAS_PAIRS[catalogue.type[wants.product]]
    order = np.lexsort((wants.product, -catalogue.price[wants.product], ~has_pairs, key))
    order = order[np.diff(key[order], prepend=-1) != 0]
    customer, day = wants.customer[order], wants.day[order]
    at, returned_at = np.empty(len(order), np.int64), np.empty(len(order), np.int64)
    is_test = np.empty(len(order), np.bool_)
    for piece, flows in settled(chooser.seed, customer, day, customers.is_company[customer]):
        at[piece], returned_at[piece] = flows.at[:, DELIVERED], flows.at[:, RETURNED]
        is_test[piece] = flows.is_test
    found = _Delivered(key[order], customer, at, returned_at, wants.product[order])
    return found.take((at < ENDS_AT) & ~is_test)


def _after_delivery(
    rng: np.random.Generator, chooser: Chooser, name: str, delivered: _Delivered
) -> Candidates:
    due = delivered.delivered_at + int(AFTER_DELIVERY_DAYS[name] * DAY)
    at = _working_hours(rng, due)
    timely = _is_timely(at) & (at < delivered.returned_at)
    if name == "replacement":
        life = np.array([one.life_days for one in TYPES])
        timely &= life[chooser.catalogue.type[delivered.main]] > 0
    delivered, at = delivered.take(timely), at[timely]
    if name == "accessories":
        shown = _accessories(rng, chooser, delivered, day_of(at))
    elif name == "replacement":
        types = chooser.catalogue.type[delivered.main]
        shown = _slots(
            [chooser.of_type(rng, types, delivered.customer, day_of(at)) for _ in range(SHOWN)]
        )
    else:
        shown = np.full((len(at), SHOWN), -1, np.int32)
    return _candidates(name, delivered, at, shown)


def _refills(rng: np.random.Generator, chooser: Chooser, delivered: _Delivered) -> Candidates:
    interval = np.array([one.refill_days for one in TYPES])[chooser.catalogue.type[delivered.main]]
    due = delivered.delivered_at + (REFILL_PART * interval * DAY).astype(np.int64)
    at = _working_hours(rng, due)
    timely = _is_timely(at) & (at < delivered.returned_at) & (interval > 0)
    delivered, at = delivered.take(timely), at[timely]
    return _candidates("refill", delivered, at, _slots([delivered.main]))


def _candidates(
    name: str, delivered: _Delivered, at: Micros, shown: NDArray[np.int32]
) -> Candidates:
    return Candidates(
        delivered.customer,
        at,
        np.full(len(at), CODE[name], np.int8),
        delivered.key,
        np.full(len(at), -1, np.int32),
        (at - delivered.delivered_at) / DAY,
        shown,
    )


def _accessories(
    rng: np.random.Generator, chooser: Chooser, delivered: _Delivered, day: Codes
) -> NDArray[np.int32]:
    """Choose what to show with each main product: mostly what goes with it, not always fitting."""
    catalogue = chooser.catalogue
    mains = np.array([TYPE_CODE[pair.main] for pair in ACCESSORIES])
    second = np.array([TYPE_CODE[pair.accessory] for pair in ACCESSORIES])
    needs_model = np.array([pair.needs_model for pair in ACCESSORIES])
    shares = np.array([pair.share for pair in ACCESSORIES])
    wheel = Wheel.of(mains, np.arange(len(mains)), shares, len(TYPES))
    main_type = catalogue.type[delivered.main].astype(np.int64)
    archetype = chooser.customers.archetype[delivered.customer].astype(np.int64)
    popular = type_wheel()
    slots = []
    for _ in range(SHOWN):
        asked = popular.draw(archetype * 12 + MONTH[day], rng.random(len(day)))
        planted = wheel.has(main_type) & (rng.random(len(day)) < PLANTED_SHOWN)
        pair = wheel.draw(main_type[planted], rng.random(int(planted.sum())))
        asked[planted] = second[pair]
        slot = chooser.of_type(rng, asked, delivered.customer, day)
        rows = np.flatnonzero(planted)[needs_model[pair]]
        rows = rows[rng.random(len(rows)) < FITTING_SHOWN]
        group = asked[rows] * np.int64(len(catalogue.models))
        group += catalogue.model[delivered.main[rows]]
        slot[rows] = chooser.fitting(rng, group, delivered.customer[rows], day[rows])
        slots.append(slot)
    return _slots(slots)


@dataclass(frozen=True, slots=True)
class _Reminder:
    message: str
    after: str
    days: float


_REMINDERS: Final = {
    "cart": _Reminder("cart-reminder", "at", CART_DAYS),
    "wish": _Reminder("wishlist-reminder", "at", WISH_DAYS),
    "waitlist": _Reminder("back-in-stock", "due_at", -1.5),
}
"""Kind of intent → its message, and how long after which instant it is sent."""


def _reminders(
    rng: np.random.Generator, chooser: Chooser, intents: Intents, kind: str
) -> Candidates:
    """Remind of what was laid aside, unless it was bought before."""
    reminder = _REMINDERS[kind]
    start = intents.at if reminder.after == "at" else intents.due_at
    at = _working_hours(rng, start + int(reminder.days * DAY))
    bought_at = np.where(intents.is_bought, intents.due_at, NEVER)
    timely = _is_timely(at) & (at > intents.at) & (at < bought_at)
    timely &= intents.kind == CAUSE_CODE[kind]
    rows = np.flatnonzero(timely)
    rows = rows[chooser.states.orderable(intents.product[rows], at[rows])]
    return Candidates(
        intents.customer[rows],
        at[rows],
        np.full(len(rows), CODE[reminder.message], np.int8),
        np.full(len(rows), -1, np.int64),
        rows.astype(np.int32),
        np.full(len(rows), np.nan),
        _slots([intents.product[rows]]),
    )


def _digests(rng: np.random.Generator, chooser: Chooser) -> Candidates:
    """Send popular products every four weeks to those on the list."""
    customers = chooser.customers
    named = np.arange(customers.named_count, dtype=np.int32)
    listed = named[rng.random(len(named)) < DIGEST_SHARE]
    days = np.arange(PROGRAMME_DAY, HISTORY_DAYS, DIGEST_DAYS)
    customer, day = np.repeat(listed, len(days)), np.tile(days, len(listed))
    at = _working_hours(rng, STARTS_AT + day * DAY)
    timely = _is_timely(at) & (at > customers.joined_at[customer])
    customer, day, at = customer[timely], day[timely], at[timely]
    group = customers.archetype[customer].astype(np.int64) * 12 + MONTH[day]
    slots = [
        chooser.of_type(rng, type_wheel().draw(group, rng.random(len(group))), customer, day)
        for _ in range(SHOWN)
    ]
    return Candidates(
        customer,
        at,
        np.full(len(at), CODE["digest"], np.int8),
        np.full(len(at), -1, np.int64),
        np.full(len(at), -1, np.int32),
        np.full(len(at), np.nan),
        _slots(slots),
    )


def _slots(products: list[NDArray[np.int32]]) -> NDArray[np.int32]:
    """Put the products of each slot side by side; the slots beyond them are empty."""
    empty = [np.full(len(products[0]), -1, np.int32)] * (SHOWN - len(products))
    return np.stack([*products, *empty], axis=1)


def _working_hours(rng: np.random.Generator, at: Micros) -> Micros:
    """Move instants to between 7 and 18 o'clock of their day, in whole seconds."""
    seconds = rng.integers(7 * 3600, 18 * 3600, len(at))
    return at - (at - STARTS_AT) % DAY + seconds * (HOUR // 3600)


def _is_timely(at: Micros) -> NDArray[np.bool_]:
    return (at >= STARTS_AT + PROGRAMME_DAY * DAY) & (at < ENDS_AT)
