"""What customers buy of their own accord: own wants, planted baskets, and decoys beside them."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from nba.data.simulator.assortment import TYPE_CODE, TYPES
from nba.data.simulator.calendar import HISTORY_DAYS, MONTH
from nba.data.simulator.chance import Codes, keyed, stream
from nba.data.simulator.choosing import Chooser
from nba.data.simulator.columns import CAUSE_CODE, Wants
from nba.data.simulator.customers import ARCHETYPES, type_wheel
from nba.data.simulator.pairs import DECOYS, TOGETHER, DecoyPair

FAVOURITE_SHARE: Final = 0.16
"""Own lines that go to the customer's favourite type."""
DURABLE_PAUSE: Final = 0.4
"""Private customers buy no second durable of a type within this share of its mean life."""
AUDIENCE_SHARE: Final = 0.10
"""Customers who like both types of a `same_customers` decoy."""
PROMOTION_SHARE: Final = 0.05
"""Days on which a `same_day_promotion` decoy is promoted."""


def own_wants(chooser: Chooser, customer: Codes, day: Codes) -> Wants:
    """Fill own orders: lines of types by archetype and month, or of the favourite type.

    Args:
        chooser: the shelves.
        customer: of each own order within the history, guests included.
        day: of each.
    """
    rng = stream(chooser.seed, "own lines")
    customers = chooser.customers
    extra = np.array([one.extra_lines for one in ARCHETYPES])[customers.archetype[customer]]
    lines = rng.geometric(1.0 / (1.0 + extra))
    customer, day = np.repeat(customer, lines), np.repeat(day, lines)
    group = customers.archetype[customer].astype(np.int64) * 12 + MONTH[day]
    types = type_wheel().draw(group, rng.random(len(group)))
    likes = rng.random(len(group)) < FAVOURITE_SHARE
    types = np.where(likes, customers.favourite_type[customer], types)
    product = chooser.of_type(rng, types, customer, day)
    kept = (product >= 0) & ~_is_too_soon(chooser, types, customer, day)
    return wanted(rng, chooser, customer[kept], day[kept], product[kept], CAUSE_CODE["own"])


def _is_too_soon(chooser: Chooser, types: Codes, customer: Codes, day: Codes) -> NDArray[np.bool_]:
    """Tell which lines are a second durable soon after one of the same type."""
    pause = np.array([one.life_days for one in TYPES]) * DURABLE_PAUSE
    order = np.lexsort((day, types, customer))
    same = (np.diff(customer[order]) == 0) & (np.diff(types[order]) == 0)
    soon = np.zeros(len(order), np.bool_)
    soon[order[1:]] = same & (np.diff(day[order]) < pause[types[order[1:]]])
    return soon & ~chooser.customers.is_company[customer]


def together_wants(chooser: Chooser, wants: Wants) -> Wants:
    """Give the lines that planted basket pairs add to the orders of `wants`."""
    rng = stream(chooser.seed, "together")
    types = chooser.catalogue.type[wants.product]
    parts = []
    for pair in TOGETHER:
        rows = np.flatnonzero(types == TYPE_CODE[pair.first])
        rows = rows[rng.random(len(rows)) < pair.share]
        main = wants.product[rows]
        second = TYPE_CODE[pair.second]
        if TYPES[second].fits:
            model = chooser.catalogue.fit_model[main]
            group = chooser.catalogue.fit_group(second, np.maximum(model, 0))
            product = chooser.fitting(rng, group, wants.customer[rows], wants.day[rows])
        else:
            asked = np.full(len(rows), second)
            product = chooser.of_type(rng, asked, wants.customer[rows], wants.day[rows])
        found = product >= 0
        parts.append(
            wanted(
                rng,
                chooser,
                wants.customer[rows[found]],
                wants.day[rows[found]],
                product[found],
                CAUSE_CODE["together"],
                main=main[found],
            )
        )
    return Wants.joined(parts)


def decoy_wants(chooser: Chooser, customer: Codes, day: Codes) -> Wants:
    """Give the lines of decoys: either type of a pair, independently, while its reason holds.

    Args:
        chooser: the shelves.
        customer: of each own order within the history, guests included.
        day: of each.
    """
    rng = stream(chooser.seed, "decoys")
    parts = []
    for number, pair in enumerate(DECOYS):
        holds = np.flatnonzero(_holds(chooser.seed, number, pair, customer, day))
        for name in (pair.first, pair.second):
            rows = holds[rng.random(len(holds)) < pair.share]
            asked = np.full(len(rows), TYPE_CODE[name])
            product = chooser.of_type(rng, asked, customer[rows], day[rows])
            found = product >= 0
            parts.append(
                wanted(
                    rng,
                    chooser,
                    customer[rows[found]],
                    day[rows[found]],
                    product[found],
                    CAUSE_CODE["decoy"],
                )
            )
    return Wants.joined(parts)


def _holds(
    seed: int, number: int, pair: DecoyPair, customer: Codes, day: Codes
) -> NDArray[np.bool_]:
    """Tell in which orders the reason of a decoy holds."""
    which = np.full(len(customer), number)
    if pair.why == "season":
        return np.isin(MONTH[day] + 1, pair.months)
    if pair.why == "same_customers":
        return np.asarray(keyed(seed, "audience", customer, which) < AUDIENCE_SHARE)
    if pair.why == "same_day_promotion":
        days = np.arange(HISTORY_DAYS)
        promoted = keyed(seed, "promotion", days, np.full(HISTORY_DAYS, number)) < PROMOTION_SHARE
        return np.asarray(promoted[day])
    return np.ones(len(customer), np.bool_)


def wanted(
    rng: np.random.Generator,
    chooser: Chooser,
    customer: Codes,
    day: Codes,
    product: NDArray[np.int32],
    cause: int,
    *,
    main: NDArray[np.int32] | None = None,
) -> Wants:
    """Make wants of one cause, with as many pieces as such customers take."""
    return Wants(
        customer.astype(np.int32),
        day.astype(np.int32),
        product,
        chooser.pieces(rng, product, customer),
        np.full(len(product), cause, np.int8),
        np.full(len(product), -1, np.int32) if main is None else main,
    )
