"""Fans: customers who come often, came lately, speak of the shop and bring others."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nba.data.history import Baskets
from nba.domain import Instants
from nba.learn.segmenting.figures import Figures
from nba.ranges import ranks, starts
from nba.segmentation import FansConfig


def fan_scores(figures: Figures, config: FansConfig) -> NDArray[np.float64]:
    """Score customers, 0 to 1; 0 without a kept purchase.

    score = (w_f F + w_r R + w_v V + w_b B) / (w_f + w_r + w_v + w_b), each capital the share of the
    customers with a kept purchase who have fewer order days (F), an older last order (R), fewer
    reviews and ratings (V), or brought fewer others (B). Where nobody does a thing, its share is 0
    for all, so that a score means the same in every shop.

    Returns:
        float64 per customer.
    """
    here = figures.has_bought
    weighed = (
        (config.frequency, figures.order_days),
        (config.recency, -figures.days_since_last),
        (config.reviews, figures.reviews),
        (config.referrals, figures.referrals),
    )
    total = sum(weight for weight, _ in weighed)
    scores = np.zeros(len(figures))
    if total > 0:
        scores[here] = sum(weight * _share_below(values[here]) for weight, values in weighed)
        scores /= total
    return scores


def fans(figures: Figures, scores: NDArray[np.float64], config: FansConfig) -> NDArray[np.bool_]:
    """Tell who is a fan: a score at or above the threshold, and enough order days."""
    # Scores are sums of fractions: one that reaches the threshold exactly must not fail it.
    reached = scores.round(9) >= config.threshold
    return np.asarray(reached & (figures.order_days >= config.order_days), np.bool_)


def turning_points(baskets: Baskets, order_days: int) -> tuple[NDArray[np.int32], Instants]:
    """Find when customers had ordered on so many days for the first time.

    Returns:
        int32 codes of the baskets' customers who did, ascending, guests left out, and the instant
        of the first order of that day.
    """
    named = int(np.searchsorted(baskets.customer, len(baskets.customer_ids)))
    customer, at = baskets.customer[:named], baskets.at[:named]
    day = at.astype("datetime64[D]")
    opens = np.append(True, (np.diff(customer) != 0) | (day[1:] != day[:-1]))[:named]
    first = np.flatnonzero(opens)
    reached = first[ranks(customer[first]) == order_days - 1]
    return customer[reached], at[reached]


def first_orders(baskets: Baskets) -> Instants:
    """Give the first order; datetime64[us] per customer with an id, NaT where there is none."""
    first = np.full(len(baskets.customer_ids), np.datetime64("NaT", "us"))
    begins = starts(baskets.customer)
    begins = begins[baskets.customer[begins] < len(first)]
    first[baskets.customer[begins]] = baskets.at[begins]
    return first


def _share_below(values: NDArray[Any]) -> NDArray[np.float64]:
    return np.searchsorted(np.sort(values), values) / max(len(values), 1)
