"""Finding needs: which type of product makes its owners need which other, and how long after."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from nba.artifacts.needs import NEED_KINDS, Needs
from nba.artifacts.products import Products
from nba.config import AccessoriesConfig
from nba.data.catalog import Catalog
from nba.data.history import Baskets
from nba.domain import Texts
from nba.learn.assortment import NONE, Assortment
from nba.learn.compatibility import Compatibility
from nba.learn.needs.companions import Companions, find_companions
from nba.learn.needs.fitting import FittingLags
from nba.learn.needs.timing import Floats, Waves, control, expect, find_waves
from nba.ranges import distinct
from nba.statistics.engines.protocol import Engine
from nba.statistics.lags import LAG_DAYS, Followed, LagCounts, lag_counts, shared_customers
from nba.statistics.portions import AT_ONCE, tally

TYPE_LIMIT: Final = 3000
"""Types that are looked at, the most ordered ones: a matrix of them fits in memory."""
_LEAST_SHARED: Final = 3
"""Customers with both types below which nothing can be learned of a pair."""
_LINKED_WEIGHT: Final = 200.0
"""How much sooner a pair that the catalogue links is believed (weight of its p-value)."""
_KIN_WEIGHT: Final = 8.0
"""The same for a pair of types that stand side by side in the category tree."""
_DEARER_WEIGHT: Final = 0.05
"""The same for a pair whose second type is too dear for an accessory of the first."""
_LINKED_SHARE: Final = 0.1
"""Share of a type's products whose lists name the main type, from which on they are linked."""
_OWNED_ORDERS: Final = 3.0
"""Orders a customer, in the mean, above which a type is used up and bought anew, not owned."""
_QUARTILE: Final = 0.6745
"""Quartile of the standard normal distribution."""


@dataclass(frozen=True, slots=True, eq=False)
class _Types:
    """What is known of types besides orders.

    Attributes:
        code: int32 per product: its type; -1 none, or one too rarely ordered.
        price: float64 per type: the median, NaN where unknown.
        linked: bool[types, types]: lists of the second type name products of the first.
        weight: float64[types, types]: how plausible the second is as an accessory of the first.
        is_consumable: bool per type: most of its products are used up.
    """

    code: NDArray[np.int32]
    price: Floats
    linked: NDArray[np.bool_]
    weight: Floats
    is_consumable: NDArray[np.bool_]

    @classmethod
    def of(
        cls,
        products: Products,
        listing: Catalog,
        types: Assortment,
        fits: Compatibility,
        config: AccessoriesConfig,
    ) -> Self:
        width = len(types.categories)
        orders = np.zeros(width, np.int64)
        np.add.at(
            orders, types.category[types.category != NONE], products.orders[types.category != NONE]
        )
        frequent = np.zeros(width + 1, np.bool_)
        frequent[np.lexsort((np.arange(width), -orders))[:TYPE_LIMIT]] = True
        code = np.where(frequent[types.category], types.category, NONE).astype(np.int32)
        price = _median_price(products, code, width)
        with np.errstate(invalid="ignore"):
            dearer = price[None, :] > config.price_ratio * price[:, None]
        weight = np.where(dearer, _DEARER_WEIGHT, 1.0)
        weight[_side_by_side(types.categories)] *= _KIN_WEIGHT
        linked = _linked(fits, code, width)
        weight[linked] = _LINKED_WEIGHT
        used_up = np.bincount(code[(listing.is_consumable == 1) & (code != NONE)], minlength=width)
        sold = np.bincount(code[code != NONE], minlength=width)
        return cls(code, price, linked, weight, used_up * 2 > sold)


def learn_needs(
    placed: Baskets,
    products: Products,
    listing: Catalog,
    types: Assortment,
    fits: Compatibility,
    config: AccessoriesConfig,
    engine: Engine,
    *,
    delivery_days: int,
) -> Needs:
    """Learn which pairs of types are main and accessory.

    A pair is one when orders of the second come in a wave after arrivals of the first (see
    `timing`), a type that is owned, not used up and bought anew. False discoveries are held down
    by Benjamini and Hochberg's procedure over all pairs with weights (Genovese, Roeder and
    Wasserman 2006): a pair that the catalogue links weighs more, one whose second type is too dear
    less. Siblings, such as case and power bank, which both follow from a phone, are explained
    away: of each second type the pair of the highest ratio is believed, and its owners no longer
    count for the others; again, until nothing is left.

    Args:
        placed: kept orders over the product codes.
        products: for orders and prices.
        listing: for what is used up.
        types: the type of each product.
        fits: for the catalogue's links.
        config: thresholds.
        engine: who counts lags before anything is explained away.
        delivery_days: days from order to delivery where nobody said.
    """
    if not len(types.categories):
        return Needs.empty(len(products))
    known = _Types.of(products, listing, types, fits, config)
    followed = Followed.of(
        placed.coarsened(known.code, types.categories), delivery_days=delivery_days
    )
    mains = ~known.is_consumable & (_orders_each(followed) <= _OWNED_ORDERS)
    shared = shared_customers(followed)
    plain = engine.lag_counts(followed, min_shared=_LEAST_SHARED, mains=mains, shared=shared)
    pairs = np.array(np.nonzero(known.linked & mains[:, None]))
    fitting = FittingLags.none()
    # Where no list says what fits what, the orders of products are not asked.
    if pairs.size:
        by_product = Followed.of(placed, delivery_days=delivery_days)
        fitting = FittingLags.of(by_product, known.code, fits, pairs)
        del by_product
    counts, chance = fitting.sharpen(plain)
    every = np.ones(len(counts), np.bool_)
    expected = expect(counts, every) * chance[:, None]
    waves = find_waves(counts, expected, every)
    settling = np.zeros(known.weight.shape, np.int64)
    while True:
        controlled = control(waves, expected, ~known.linked[counts.first, counts.second])
        passed = _believed(counts, controlled, known.weight, config)
        new = passed & (settling[counts.first, counts.second] == 0)
        if not new.any():
            break
        best = _best_of_each(counts.second, np.where(new, controlled.ratio, 0.0))
        reach = np.ceil(waves.median[best] * np.exp(2 * waves.spread[best]))
        settling[counts.first[best], counts.second[best]] = reach
        changed = np.isin(np.arange(len(types.categories)), counts.second[best])
        renewed = counts.renewed(
            lag_counts(
                followed,
                settling=settling,
                min_shared=_LEAST_SHARED,
                mains=mains,
                wanted=changed,
                shared=shared,
            ),
            changed,
        )
        recounted, chance = fitting.sharpen(renewed)
        anew = changed[recounted.second]
        stays, place = _unchanged(recounted, counts, anew)
        before, expected = expected, np.zeros(recounted.events.shape)
        expected[stays] = before[place]
        expected[anew] = expect(recounted, anew) * chance[anew, None]
        waves = _joined(find_waves(recounted, expected, anew), stays, waves, place)
        counts = recounted
    # What was believed first may have been explained away since.
    kept = passed & (settling[counts.first, counts.second] > 0)
    companions = find_companions(
        placed,
        known.code,
        known.price,
        min_lift=config.min_lift,
        price_ratio=config.price_ratio,
    )
    return _needs(plain, counts, waves, expected, kept, companions, known, types, config)


def _orders_each(followed: Followed, *, at_once: int = AT_ONCE) -> Floats:
    """Give the mean orders of each type by those who bought it; 0 where nobody did."""
    width = max(len(followed.types), 1)
    bounds = followed.start[followed.customer_start]
    buyers = np.zeros(width, np.int64)
    marks = np.searchsorted(bounds, np.arange(0, len(followed.bought), at_once), "right") - 1
    for first, last in pairwise([*np.unique(marks).tolist(), len(bounds) - 1]):
        customer = np.repeat(np.arange(last - first), np.diff(bounds[first : last + 1]))
        cells = customer * np.int64(width) + followed.bought[bounds[first] : bounds[last]]
        keys = distinct(cells.astype(np.int64, copy=False))
        buyers += np.bincount(keys % width, minlength=width)
    orders = tally(followed.bought, width)
    return (orders / np.maximum(buyers, 1))[: len(followed.types)]


def _unchanged(
    counts: LagCounts, before: LagCounts, anew: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Give the pairs that were not counted anew, and the place of each among those before."""
    stays = np.flatnonzero(~anew)
    place, found = _places(before, counts.first[stays], counts.second[stays])
    return stays[found], place[found]


def _joined(fresh: Waves, stays: NDArray[np.int64], old: Waves, place: NDArray[np.int64]) -> Waves:
    """Take over the waves of pairs for which nothing changed."""
    for name in ("ratio", "median", "spread", "share", "level", "lift"):
        getattr(fresh, name)[stays] = getattr(old, name)[place]
    return fresh


def _places(
    counts: LagCounts, first: NDArray[np.int32], second: NDArray[np.int32]
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Find pairs among those of `counts`: where, and whether they are there."""
    width = len(counts.types)
    known = counts.first.astype(np.int64) * width + counts.second
    wanted = first.astype(np.int64) * width + second
    place = np.minimum(np.searchsorted(known, wanted), max(len(known) - 1, 0))
    return place, known[place] == wanted


def _believed(
    counts: LagCounts, waves: Waves, weight: Floats, config: AccessoriesConfig
) -> NDArray[np.bool_]:
    """Choose pairs by weighted Benjamini-Hochberg, with a floor under the size of the effect."""
    weights = weight[counts.first, counts.second]
    value = waves.p_value() / (weights / max(weights.mean(), 1e-9)) if len(counts) else np.empty(0)
    order = np.argsort(value, kind="stable")
    allowed = config.false_discoveries * np.arange(1, len(value) + 1) / max(len(value), 1)
    found = np.flatnonzero(value[order] <= allowed)
    chosen = np.zeros(len(value), np.bool_)
    chosen[order[: found[-1] + 1 if len(found) else 0]] = True
    return chosen & (waves.share >= config.min_share) & (waves.lift >= config.min_lift)


def _best_of_each(second: NDArray[np.int32], ratio: Floats) -> NDArray[np.int64]:
    """Give, of each second type with any, the place of the pair of highest ratio."""
    order = np.lexsort((np.arange(len(ratio)), -ratio, second))
    order = order[ratio[order] > 0]
    return np.asarray(order[np.diff(second[order], prepend=-1) != 0], np.int64)


def _needs(
    plain: LagCounts,
    counts: LagCounts,
    waves: Waves,
    expected: Floats,
    kept: NDArray[np.bool_],
    companions: Companions,
    known: _Types,
    types: Assortment,
    config: AccessoriesConfig,
) -> Needs:
    first, second = counts.first[kept], counts.second[kept]
    width = np.int64(len(types.categories))
    timed = np.concatenate([first * width + second, second * width + first])
    paired = companions.main * width + companions.accessory
    companions = companions.where(~np.isin(paired, timed))
    # Figures that anybody can count again are those before anything was explained away.
    place, _ = _places(plain, first, second)
    events = plain.events[place]
    at_risk = plain.at_risk(place).sum(axis=1, dtype=np.int32)
    median, spread = waves.median[kept], waves.spread[kept]
    main = np.concatenate([first, companions.main])
    accessory = np.concatenate([second, companions.accessory])
    order = np.lexsort((accessory, main))
    never = np.zeros(len(companions.main), np.int32)
    nobody = np.zeros((len(never), len(LAG_DAYS) - 1), np.int32)

    def joined(timed: NDArray[Any], untimed: NDArray[Any]) -> NDArray[Any]:
        return np.concatenate([timed, untimed])[order]

    lag = joined(_days(median), never)
    kind = np.where(lag >= config.part_days, NEED_KINDS.index("spare_part"), 0)
    kind[known.is_consumable[accessory[order]]] = NEED_KINDS.index("refill")
    mean = waves.level[kept] * expected[kept].sum(axis=1)
    return Needs(
        # The empty path, of products without a category, stands before all others.
        types=Texts.of(["", *types.categories]),
        product_type=types.category + np.int32(1),
        main=main[order] + np.int32(1),
        accessory=accessory[order] + np.int32(1),
        kind=kind.astype(np.int8),
        owners=joined(at_risk[:, 0].astype(np.int64), companions.owners),
        buyers=joined(events.sum(axis=1, dtype=np.int64), companions.buyers),
        expected=joined(mean, companions.expected).astype(np.float32),
        lag_days=lag,
        lag_low=joined(_days(median * np.exp(-_QUARTILE * spread)), never),
        lag_high=joined(_days(median * np.exp(_QUARTILE * spread)), never),
        offer_day=joined(_days(_offer(median, spread)), never),
        window_days=np.maximum(2 * lag, np.int32(config.window_days)),
        bucket_days=LAG_DAYS,
        events=joined(events, nobody),
        at_risk=joined(at_risk, nobody),
    )


def _days(days: Floats) -> NDArray[np.int32]:
    return np.maximum(np.rint(days), 1).astype(np.int32)


def _offer(median: Floats, spread: Floats) -> Floats:
    """Find the day at which the density of the lag first reaches half its peak.

    The log-normal density peaks at median * exp(-spread^2) and is half as high at that day times
    exp(-spread * sqrt(2 ln 2)).
    """
    return np.asarray(median * np.exp(-(spread**2) - spread * np.sqrt(2 * np.log(2))), np.float64)


def _median_price(products: Products, code: NDArray[np.int32], width: int) -> Floats:
    """Give the median price of each type in minor units; NaN where none has one."""
    priced = np.flatnonzero(products.has_price & (code != NONE))
    order = priced[np.lexsort((products.price[priced], code[priced]))]
    start = np.searchsorted(code[order], np.arange(width + 1))
    median = np.full(width, np.nan)
    some = np.diff(start) > 0
    middle = (start[:-1] + start[1:])[some]
    price = products.price[order].astype(np.float64)
    median[some] = (price[(middle - 1) // 2] + price[middle // 2]) / 2
    return median


def _side_by_side(categories: Iterable[str]) -> NDArray[np.bool_]:
    """Tell, per pair of category paths, whether they differ in the last step alone."""
    names: dict[str, int] = {"": 0}
    parents = (path.rpartition(">")[0].strip() for path in categories)
    parent = np.array([names.setdefault(name, len(names)) for name in parents], np.int32)
    return np.asarray((parent[:, None] == parent[None, :]) & (parent[:, None] != 0), np.bool_)


def _linked(fits: Compatibility, code: NDArray[np.int32], width: int) -> NDArray[np.bool_]:
    """Tell, per pair of types, whether lists of the second name products of the first."""
    accessory = np.repeat(np.arange(len(code)), np.diff(fits.start))
    known = fits.goes_with < len(code)
    main, accessory = fits.goes_with[known], accessory[known]
    usable = (code[main] != NONE) & (code[accessory] != NONE)
    # One vote a product and main type, however many of its models the product fits.
    vote = np.unique(accessory[usable] * np.int64(width) + code[main[usable]])
    voter, main_type = np.divmod(vote, max(width, 1))
    votes = np.zeros((width, width))
    np.add.at(votes, (main_type, code[voter]), 1)
    members = np.bincount(code[code != NONE], minlength=width)
    return np.asarray(votes > _LINKED_SHARE * np.maximum(members, 1)[None, :], np.bool_)
