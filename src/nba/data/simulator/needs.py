"""What owning brings with it: accessories, spare parts, refills, replacements, and their orders."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nba.data.simulator.assortment import TYPE_CODE, TYPES
from nba.data.simulator.baskets import wanted
from nba.data.simulator.calendar import (
    DAY,
    ENDS_AT,
    HISTORY_DAYS,
    HORIZON_DAYS,
    STARTS_AT,
    Micros,
    day_of,
    to_monday,
)
from nba.data.simulator.chance import Codes, Floats, keyed, stream
from nba.data.simulator.choosing import Chooser
from nba.data.simulator.columns import CAUSE_CODE, Columns, Needs, Wants
from nba.data.simulator.flows import arrive
from nba.data.simulator.pairs import ACCESSORIES, AccessoryPair

WAVES: Final = 4
"""A need may bring a product that brings needs; so often is this followed."""
UPTAKE: Final = {"accessory": 0.85, "spare_part": 0.85, "refill": 0.85, "replacement": 0.80}
"""Needs that are bought here when they are due; the others are met elsewhere or pass."""
ACCESSORY_OPEN: Final = (0.5, 30.0, 0.75, 7.0, 45.0)
"""A need opens at most half its lag, and 30 days, before it is due; it closes 0.75 lags after, at
least 7 and at most 45 days."""
REFILL_SHARE: Final = 0.18
REFILL_STOP: Final = 0.12
REFILL_OWN: Final = 0.25
REFILL_SHAPE: Final = 8.0
REFILL_SAME: Final = 0.8
"""Buyers of a consumable who come to need it regularly; chance after each time that it was the
last; sigma of the logarithm of their own interval over the type's; gamma shape of the gaps; share
who take the same product again."""
REFILL_OPEN: Final = (0.25, 0.5)
"""Gaps before it is due that a refill opens, and after which it closes."""
LIFE_SHAPE: Final = 9.0
REPLACED_SHARE: Final = 0.25
SUCCESSOR_SHARE: Final = 0.7
REPLACEMENT_OPEN_DAYS: Final = (45, 60)
"""Gamma shape of the life of durables; owners of a worn-out one who replace it here; of those, who
take the newest of its successors; days before and after it is due that the need is open."""

_LIFE: Final = np.array([one.life_days for one in TYPES])
_REFILL: Final = np.array([one.refill_days for one in TYPES])
_FITS: Final = np.array([TYPE_CODE.get(one.fits, -1) for one in TYPES])


@dataclass(frozen=True, slots=True, eq=False)
class Owned(Columns):
    """Durables that customers own, one row each.

    Attributes:
        customer, product: int32.
        since, ended_at: int64 microseconds; the end may lie far beyond the horizon.
    """

    customer: NDArray[np.int32]
    product: NDArray[np.int32]
    since: Micros
    ended_at: Micros


@dataclass(frozen=True, slots=True, eq=False)
class Consequences:
    """What follows from a list of wants: more wants, the needs behind them, and what is owned."""

    wants: Wants
    needs: Needs
    owned: Owned


def follow(chooser: Chooser, wants: Wants) -> Consequences:
    """Follow what owning brings with it, wave after wave.

    Args:
        chooser: the shelves.
        wants: what is bought for other reasons.
    """
    rng = stream(chooser.seed, "needs")
    all_wants: list[Wants] = []
    all_needs: list[Needs] = []
    all_owned: list[Owned] = []
    in_chain = np.empty(0, np.int64)
    frontier = wants
    for wave in range(WAVES):
        frontier, delivered_at = _kept(chooser, frontier)
        owned = _own(rng, chooser, frontier, delivered_at)
        refills, in_chain = _refills(rng, chooser, frontier, delivered_at, in_chain)
        waves = [
            *(_accessories(rng, chooser, pair, frontier, delivered_at) for pair in ACCESSORIES),
            _replacements(rng, chooser, owned),
        ]
        frontier = Wants.joined([one.wants for one in waves])
        all_wants += [frontier, refills.wants]
        all_needs += [one.needs for one in (*waves, refills)]
        all_owned.append(owned)
        if not len(frontier) or wave == WAVES - 1:
            break
    return Consequences(Wants.joined(all_wants), Needs.joined(all_needs), Owned.joined(all_owned))


@dataclass(frozen=True, slots=True, eq=False)
class _Wave:
    wants: Wants
    needs: Needs


def _kept(chooser: Chooser, wants: Wants) -> tuple[Wants, Micros]:
    """Give what named customers got and kept, with the instants of delivery."""
    wants = wants.take(wants.customer < chooser.customers.named_count)
    is_company = chooser.customers.is_company[wants.customer]
    arrivals = arrive(chooser.seed, wants.customer, wants.day, wants.product, is_company)
    # Needs of what arrives after the history belong to whoever plays on.
    kept = arrivals.stays & (arrivals.delivered_at < ENDS_AT)
    return wants.take(kept), arrivals.delivered_at[kept]


def _accessories(
    rng: np.random.Generator,
    chooser: Chooser,
    pair: AccessoryPair,
    wants: Wants,
    delivered_at: Micros,
) -> _Wave:
    """Let some owners of a main product need what goes with it, a lag after its delivery."""
    catalogue = chooser.catalogue
    rows = np.flatnonzero(catalogue.type[wants.product] == TYPE_CODE[pair.main])
    rows = rows[rng.random(len(rows)) < pair.share]
    code, since = TYPE_CODE[pair.accessory], delivered_at[rows]
    lag = pair.lag_days * np.exp(rng.normal(0.0, pair.spread, len(rows)))
    opens, opens_most, closes, closes_least, closes_most = ACCESSORY_OPEN
    due_at = since + _micros(lag)
    needs = Needs(
        wants.customer[rows],
        np.full(len(rows), code, np.int32),
        np.full(len(rows), CAUSE_CODE[pair.relation], np.int8),
        wants.product[rows],
        due_at - _micros(np.minimum(opens * lag, opens_most)),
        due_at,
        due_at + _micros(np.clip(closes * lag, closes_least, closes_most)),
    )
    day = np.maximum(day_of(due_at), day_of(since) + 1)
    group = (
        catalogue.fit_group(code, catalogue.model[needs.main]) if pair.needs_model else needs.type
    )
    return _wave(rng, chooser, pair.relation, needs, day, group, fits=pair.needs_model)


def _own(rng: np.random.Generator, chooser: Chooser, wants: Wants, delivered_at: Micros) -> Owned:
    """Make owners of those who got a durable, and let it wear out."""
    life = _LIFE[chooser.catalogue.type[wants.product]]
    rows = np.flatnonzero(life > 0)
    lasts = rng.gamma(LIFE_SHAPE, 1.0 / LIFE_SHAPE, len(rows)) * life[rows]
    since = delivered_at[rows]
    return Owned(wants.customer[rows], wants.product[rows], since, since + _micros(lasts))


def _replacements(rng: np.random.Generator, chooser: Chooser, owned: Owned) -> _Wave:
    """Let some owners replace what wore out, most by the newest of its successors."""
    rows = np.flatnonzero(rng.random(len(owned)) < REPLACED_SHARE)
    main, due_at = owned.product[rows], owned.ended_at[rows]
    types = chooser.catalogue.type[main]
    before, after = REPLACEMENT_OPEN_DAYS
    needs = Needs(
        owned.customer[rows],
        types,
        np.full(len(rows), CAUSE_CODE["replacement"], np.int8),
        main,
        due_at - before * DAY,
        due_at,
        due_at + after * DAY,
    )
    day = np.maximum(day_of(due_at), day_of(owned.since[rows]) + 1)
    known = np.minimum(day, HORIZON_DAYS - 1)
    newest = _newest(chooser, main, needs.customer, known)
    takes = (newest != main) & (rng.random(len(rows)) < SUCCESSOR_SHARE)
    return _wave(
        rng, chooser, "replacement", needs, day, types, preferred=np.where(takes, newest, -1)
    )


def _newest(
    chooser: Chooser, product: NDArray[np.int32], customer: Codes, day: Codes
) -> NDArray[np.int32]:
    """Follow chains of successors to the last product that can be ordered on a day."""
    newest, step = product.copy(), product
    while (more := chooser.catalogue.next_product[step] >= 0).any():
        step = np.where(more, chooser.catalogue.next_product[step], step)
        live = more & chooser.orderable(step, customer, day)
        newest = np.where(live, step, newest)
    return newest


def _refills(
    rng: np.random.Generator,
    chooser: Chooser,
    wants: Wants,
    delivered_at: Micros,
    in_chain: NDArray[np.int64],
) -> tuple[_Wave, NDArray[np.int64]]:
    """Let some buyers of a consumable need it again and again, once a customer and type."""
    catalogue = chooser.catalogue
    types = catalogue.type[wants.product]
    key = wants.customer.astype(np.int64) * len(TYPES) + types
    order = np.lexsort((delivered_at, key))
    first = order[np.append(True, np.diff(key[order]) != 0)[: len(order)]]
    first = first[(_REFILL[types[first]] > 0) & ~np.isin(key[first], in_chain)]
    customer, code = wants.customer[first].astype(np.int64), types[first]
    chance = keyed(chooser.seed, "refills", customer, code)
    rows = first[chance < REFILL_SHARE]

    own = _REFILL[types[rows]] * np.exp(rng.normal(0.0, REFILL_OWN, len(rows)))
    room = (STARTS_AT + HORIZON_DAYS * DAY - delivered_at[rows]) / DAY
    counts = np.minimum(rng.geometric(REFILL_STOP, len(rows)), np.ceil(2 * room / own) + 2)
    counts = counts.astype(np.int64)
    chain = np.repeat(np.arange(len(rows)), counts)
    gaps = rng.gamma(REFILL_SHAPE, 1.0 / REFILL_SHAPE, len(chain)) * own[chain]
    starts = np.cumsum(counts) - counts
    passed = np.cumsum(gaps)
    passed -= np.repeat(passed[starts] - gaps[starts], counts)
    product = wants.product[rows]
    since = delivered_at[rows][chain]
    due_at = since + _micros(passed)
    needs = Needs(
        wants.customer[rows][chain],
        types[rows][chain],
        np.full(len(chain), CAUSE_CODE["refill"], np.int8),
        _devices(rng, chooser, product, wants.main[rows])[chain],
        due_at - _micros(REFILL_OPEN[0] * gaps),
        due_at,
        due_at + _micros(REFILL_OPEN[1] * gaps),
    )
    same = np.where(rng.random(len(chain)) < REFILL_SAME, product[chain], -1)
    fit_model = catalogue.fit_model[product][chain]
    day = np.maximum(day_of(due_at), day_of(since) + 1)
    by_fit, by_type = fit_model >= 0, fit_model < 0
    groups = np.where(by_fit, needs.type * np.int64(len(catalogue.models)) + fit_model, needs.type)
    waves = [
        _wave(
            rng,
            chooser,
            "refill",
            needs.take(part),
            day[part],
            groups[part],
            preferred=same[part],
            fits=fits,
        )
        for part, fits in ((by_fit, True), (by_type, False))
    ]
    joined = _Wave(
        Wants.joined([one.wants for one in waves]), Needs.joined([one.needs for one in waves])
    )
    return joined, np.append(in_chain, key[first])


def _devices(
    rng: np.random.Generator,
    chooser: Chooser,
    product: NDArray[np.int32],
    main: NDArray[np.int32],
) -> NDArray[np.int32]:
    """Give what a refill is for: the device it fits, else the consumable itself.

    Who bought a cartridge without having bought a printer here has one from elsewhere.
    """
    catalogue = chooser.catalogue
    devices = np.where(main >= 0, main, product)
    fit_model = catalogue.fit_model[product]
    is_known = (main >= 0) & (catalogue.type[main] == _FITS[catalogue.type[product]])
    unknown = np.flatnonzero((fit_model >= 0) & ~is_known)
    devices[unknown] = catalogue.by_model.draw(fit_model[unknown], rng.random(len(unknown)))
    return devices.astype(np.int32)


def _wave(
    rng: np.random.Generator,
    chooser: Chooser,
    kind: str,
    needs: Needs,
    day: Codes,
    group: Codes,
    *,
    preferred: NDArray[np.int32] | None = None,
    fits: bool = False,
) -> _Wave:
    """Let customers who are still there buy what they need, on its day.

    A group is a type, or with `fits` a group of `Catalogue.by_fit`; a preferred product, where
    there is one, is taken if it can be ordered.
    """
    waits = to_monday(day, chooser.customers.is_company[needs.customer])
    needs = replace(
        needs, due_at=needs.due_at + waits * DAY, closes_at=needs.closes_at + waits * DAY
    )
    day = day + waits
    lost_at = chooser.customers.lost_at[needs.customer]
    lives = (needs.opens_at < lost_at) & (needs.opens_at < STARTS_AT + HORIZON_DAYS * DAY)
    buys = lives & (needs.due_at < lost_at) & (day < HISTORY_DAYS)
    rows = np.flatnonzero(buys & (rng.random(len(needs)) < UPTAKE[kind]))
    customer, when = needs.customer[rows], day[rows].astype(np.int32)
    choose = chooser.fitting if fits else chooser.of_type
    product = choose(rng, group[rows], customer, when)
    if preferred is not None:
        asked = np.maximum(preferred[rows], 0)
        takes = (preferred[rows] >= 0) & chooser.orderable(asked, customer, when)
        product = np.where(takes, asked, product).astype(np.int32)
    found = product >= 0
    wants = wanted(
        rng,
        chooser,
        customer[found],
        when[found],
        product[found],
        CAUSE_CODE[kind],
        main=needs.main[rows[found]],
    )
    return _Wave(wants, needs.take(lives))


def _micros(days: Floats) -> NDArray[np.int64]:
    return (days * 86_400).astype(np.int64) * 1_000_000
