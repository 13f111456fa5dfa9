"""What the shop's customers taught: the rates of products, and the two chances."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nba.artifacts.customers import DECAY_DAYS, PACE_DAYS, Customers
from nba.artifacts.habits import DISCOVERY_TERMS, REPEAT_TERMS, WEEK_DAYS, Habits
from nba.data.history import Baskets
from nba.domain import DAY
from nba.learn.assortment import Assortment
from nba.statistics.interactions import InteractionMatrix

_BUYERS = 10.0
"""Pseudo-buyers with which the share of returning ones is shrunk."""
_DAYS = 200.0
"""Pseudo-days of exposure with which the rate is shrunk."""
_RECENT_DAYS = 14.0
_LINES = 5.0
"""Pseudo-lines spread as all lines are, beside the recent ones."""
_UNSOLD = 0.1
"""Pseudo-lines of every product, so that what was never sold has a share."""
_NEVER = 1e-6
"""Rate where nobody ever bought anything twice."""

REPEAT_PRIOR = np.array([0.0, *(float(one == "formula") for one in REPEAT_TERMS)])
"""Without rows to learn from, the chance to buy again is that of the formula."""
DISCOVERY_PRIOR = np.array(
    [
        np.log(WEEK_DAYS / PACE_DAYS),
        *(
            {"liking": 0.5, "recent": 0.5, "novelty": 1.0, "size": 1.0, "pace": 1.0}.get(one, 0.0)
            for one in DISCOVERY_TERMS
        ),
    ]
)
"""Without rows to learn from: the new products expected in a week, shared out by the geometric
mean of liking and popularity."""


def customers_of(baskets: Baskets, matrix: InteractionMatrix) -> Customers:
    """Put together what serving knows of customers."""
    count = len(baskets.customer_ids)
    known = baskets.customer < count
    customer = baskets.customer[known]
    age = (baskets.as_of - baskets.at[known]) / DAY
    return Customers(
        baskets.customer_ids,
        np.array([baskets.as_of], "datetime64[us]"),
        matrix.start,
        matrix.product,
        matrix.orders,
        matrix.first_at,
        matrix.last_at,
        matrix.decayed,
        np.bincount(customer, minlength=count).astype(np.int32),
        np.bincount(customer, np.exp(-age / PACE_DAYS), count).astype(np.float32),
    )


def customers_at(baskets: Baskets) -> Customers:
    """Count what customers bought up to the end of the baskets."""
    return customers_of(baskets, InteractionMatrix.of(baskets, decay_days=DECAY_DAYS))


def untaught(baskets: Baskets, customers: Customers, types: Assortment) -> Habits:
    """Count the rates of products, and leave the two chances to the formulas they start from.

    returning = (r + 10 R) / (b + 10), with r of b buyers with two orders or more and R the same
    of its type, shrunk in the same way to the shop's; rate = (n + 200 N) / (e + 200), with n
    repurchases in e days since first purchases, N alike.
    """
    width = len(baskets.product_ids)
    product = customers.product
    again = customers.orders - 1
    exposure = (customers.as_of[0] - customers.first_at) / DAY
    type_ = np.where(types.category >= 0, types.category, len(types.categories)).astype(np.int32)
    kinds = len(types.categories) + 1

    def shrunk(
        events: NDArray[np.number], base: NDArray[np.number], pseudo: float
    ) -> NDArray[np.float32]:
        of_shop = events.sum() / max(base.sum(), 1.0)
        of_type = np.bincount(type_, events, kinds) + pseudo * of_shop
        of_type /= np.bincount(type_, base, kinds) + pseudo
        rate = (events + pseudo * of_type[type_]) / (base + pseudo)
        return np.asarray(np.maximum(rate, _NEVER), np.float32)

    buyers = np.bincount(product, minlength=width).astype(np.float64)
    returned = np.bincount(product, again > 0, width)
    sold = np.bincount(baskets.product, minlength=width) + _UNSOLD
    share = sold / sold.sum()
    age = (baskets.as_of - baskets.at) / DAY
    late = np.bincount(baskets.product, np.repeat(np.exp(-age / _RECENT_DAYS), baskets.size), width)
    lines = max(int(customers.orders.sum()), 1)
    return Habits(
        type_,
        shrunk(returned, buyers, _BUYERS),
        shrunk(np.bincount(product, again, width), np.bincount(product, exposure, width), _DAYS),
        ((late + _LINES * share) / (late.sum() + _LINES)).astype(np.float32),
        share.astype(np.float32),
        np.array([(int(again.sum()) + 0.1) / (lines + 1.0)]),
        np.array([lines / max(int(customers.order_count.sum()), 1)]),
        REPEAT_PRIOR.copy(),
        DISCOVERY_PRIOR.copy(),
    )
