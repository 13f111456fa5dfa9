"""What every customer did, as plain figures: the ground that all segments stand on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from nba.data.contacts import Replies
from nba.data.history import Baskets
from nba.data.profiles import Profiles
from nba.data.purchases import Purchases
from nba.domain import DAY, MICROSECOND, Ids
from nba.learn.segmenting.attributes import attribute
from nba.ranges import offsets, starts
from nba.segmentation import SegmentsConfig
from nba.statistics.customers import CustomerSummary
from nba.statistics.portions import portions

ABSENT = -1


@dataclass(frozen=True, slots=True, eq=False)
class Figures:
    """One row a customer who has an id and an order, or whom the shop describes.

    Attributes:
        customer_ids: the customers.
        has_bought: bool: has a kept purchase; without one all figures of purchases are 0.
        orders, order_days: int64: orders with a kept purchase, and distinct days (UTC) with one.
        days_since_first, days_since_last: int64: days (UTC) before the day of the last fact.
        revenue, profit: int64, minor units: of all kept purchases.
        spend: int64, minor units: revenue of the period before the last fact.
        reviews: int64: reviews and ratings.
        referrals: int64: customers whose attributes name this one as who brought them.
    """

    customer_ids: Ids
    has_bought: NDArray[np.bool_]
    orders: NDArray[np.int64]
    order_days: NDArray[np.int64]
    days_since_first: NDArray[np.int64]
    days_since_last: NDArray[np.int64]
    revenue: NDArray[np.int64]
    profit: NDArray[np.int64]
    spend: NDArray[np.int64]
    reviews: NDArray[np.int64]
    referrals: NDArray[np.int64]

    @classmethod
    def of(
        cls,
        baskets: Baskets,
        purchases: Purchases,
        summary: CustomerSummary,
        profiles: Profiles,
        replies: Replies,
        config: SegmentsConfig,
    ) -> Self:
        """Gather them.

        Args:
            baskets: the kept purchases; ages and periods end at their `as_of`.
            purchases: their money, cell by cell.
            summary: the sums of the same purchases.
            profiles: the customers known at the same instant.
            replies: what was said until then.
            config: the period, and which attribute tells who brought a customer.
        """
        ids = baskets.customer_ids
        if len(profiles) and profiles.customer_ids != ids:
            ids = ids.union(profiles.customer_ids)
        bought = places(ids, summary.customer_ids)
        today = (baskets.as_of - MICROSECOND).astype("datetime64[D]")
        count = len(ids)

        def spread(values: NDArray[np.int64]) -> NDArray[np.int64]:
            whole = np.zeros(count, np.int64)
            whole[bought] = values
            return whole

        spend = np.zeros(count, np.int64)
        spend[places(ids, baskets.customer_ids)] = _spend(baskets, purchases, config.period_days)
        has_bought = np.zeros(count, np.bool_)
        has_bought[bought] = True
        return cls(
            customer_ids=ids,
            has_bought=has_bought,
            orders=spread(summary.orders),
            order_days=spread(summary.days),
            days_since_first=spread((today - summary.first_day).astype(np.int64)),
            days_since_last=spread((today - summary.last_day).astype(np.int64)),
            revenue=spread(summary.revenue),
            profit=spread(summary.profit),
            spend=spend,
            reviews=_counted(ids, replies.customer_ids, replies.counts("review", "rating")),
            referrals=_referrals(ids, profiles, config.fans.referred_by),
        )

    def __len__(self) -> int:
        """Count the customers."""
        return len(self.customer_ids)


def places(ids: Ids, others: Ids) -> NDArray[np.int64]:
    """Find ids among others' codes; int64 per id of `others`, `ABSENT` where it is not there."""
    if ids is others or ids == others:
        return np.arange(len(others))
    code = {one: number for number, one in enumerate(ids)}
    return np.fromiter((code.get(one, ABSENT) for one in others), np.int64, len(others))


def _spend(baskets: Baskets, purchases: Purchases, period_days: int) -> NDArray[np.int64]:
    """Sum up the period's revenue; int64 per customer with an id."""
    spend = np.zeros(len(baskets.customer_ids), np.int64)
    since = baskets.as_of - period_days * DAY
    for cells, some in portions(baskets, named=True):
        paid = np.diff(offsets(purchases.revenue[cells])[some.start])
        paid[some.at < since] = 0
        first = starts(some.customer)
        spend[some.customer[first]] = np.add.reduceat(paid, first)
    return spend


def _counted(ids: Ids, others: Ids, counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Spread counts over customers; those of nobody here are left out."""
    place = places(ids, others)
    whole = np.zeros(len(ids), np.int64)
    whole[place[place != ABSENT]] = counts[place != ABSENT]
    return whole


def _referrals(ids: Ids, profiles: Profiles, key: str) -> NDArray[np.int64]:
    named = attribute(profiles.attributes, key)
    code = {one: number for number, one in enumerate(ids)} if named else {}
    # Nobody brings themselves.
    brought = [
        code[by]
        for place, by in named.items()
        if isinstance(by, str) and by in code and by != profiles.customer_ids[place]
    ]
    return np.bincount(np.array(brought, np.int64), minlength=len(ids))
