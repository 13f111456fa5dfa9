"""The learner: from purchases to the clock of every customer and product."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from nba.artifacts.repurchase import EVIDENCE, Repurchase
from nba.config import RepurchaseConfig
from nba.data.catalog import Catalog
from nba.data.history import Baskets
from nba.data.purchases import Purchases
from nba.learn.assortment import Assortment
from nba.learn.repurchase.amounts import relative_amounts
from nba.learn.repurchase.curves import GRID
from nba.learn.repurchase.gaps import Gaps, evidence_of
from nba.learn.repurchase.levels import Levels
from nba.learn.repurchase.mixture import drawn, faded
from nba.learn.repurchase.packs import pack_sizes
from nba.learn.repurchase.refills import Observed, Refills
from nba.learn.repurchase.trips import Trips
from nba.ranges import starts


def repurchase(
    placed: Baskets,
    purchases: Purchases,
    listing: Catalog,
    types: Assortment,
    cells: NDArray[np.int32],
    durable: NDArray[np.bool_],
    config: RepurchaseConfig,
) -> Repurchase:
    """Learn when each customer is due to buy each product again.

    Durables have no clock, nor have products of whose category nothing was ever bought twice,
    unless the shop states their cycle; without any gap in the shop there is none at all.

    Args:
        placed: kept purchases until `placed.as_of`.
        purchases: how many pieces they are.
        listing: the catalogue, over the same product codes.
        types: the categories of its products.
        cells: int32: the product of each cell of the same baskets, by customer, then product, as
            `Customers.product`; the order of the answer.
        durable: bool per product: it is replaced, not refilled.
        config: the section of the recipe.
    """
    trips = Trips.of(placed, horizon_days=config.horizon_days)
    gaps = Gaps.of(placed, purchases, ~durable, trips)
    clocks = Repurchase.empty(len(cells))
    if not gaps.ended.any():
        return clocks
    levels = Levels.of(listing, types)
    amount = relative_amounts(gaps, pack_sizes(listing), levels)
    observed = Observed(gaps, levels.type[gaps.product], amount)
    refills = Refills.of(observed, levels, config)
    begins = starts(gaps.cell)
    logs, members = refills.with_own(observed, begins)
    mixture, hazard = refills.fitted(observed, logs, config.sample)

    last = np.append(begins[1:], len(gaps)) - 1
    product, type_, evidence = gaps.product[last], observed.type[last], evidence_of(last - begins)
    share = drawn(members, _seen(gaps, len(durable)), mixture.share[levels.type])
    until, ahead = gaps.trips[last], trips.ahead[gaps.customer[last]]
    worth = faded(until + ahead, mixture.fade) - faded(until, mixture.fade)
    chance = -np.expm1(-mixture.chance[type_] * mixture.lift[evidence] * worth)
    known = _told(observed, levels)[product]
    place = np.flatnonzero(~durable[cells])[known]
    clocks.known[place] = True
    clocks.last_day[place] = np.maximum(gaps.since[last], 0)[known]
    clocks.evidence[place] = evidence[known]
    clocks.location[place] = logs[last][known]
    clocks.share[place] = share[product, evidence][known]
    clocks.chance[place] = chance[known]
    return replace(
        clocks,
        grid=GRID.astype(np.float32),
        hazard=hazard.astype(np.float32),
        passed=mixture.passed.astype(np.float32),
    )


def _told(observed: Observed, levels: Levels) -> NDArray[np.bool_]:
    """Tell, per product, whether a gap of it or its type, or a stated cycle, says where gaps lie.

    Products without a category are not alike for that.
    """
    ended = observed.gaps.product[observed.gaps.ended]
    of_type, own = np.zeros(levels.type_count, np.bool_), np.zeros(len(levels.type), np.bool_)
    of_type[levels.type[ended]], own[ended] = True, True
    of_type[-1] = False
    stated = levels.group == levels.type_count
    return np.asarray(own | of_type[levels.type] | stated, np.bool_)


def _seen(gaps: Gaps, product_count: int) -> NDArray[np.int64]:
    """Count purchases, int64[products, classes of evidence]."""
    place = gaps.product.astype(np.int64) * len(EVIDENCE) + gaps.evidence
    return np.bincount(place, minlength=product_count * len(EVIDENCE)).reshape(-1, len(EVIDENCE))
