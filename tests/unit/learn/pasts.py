"""Customers drawn from the models themselves, and sums written by hand."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nba.domain import Ids
from nba.statistics.customers import CustomerSummary

FIRST = np.datetime64("2020-01-01")
BG, MBG = 0, 1
BUYING = (0.8, 8.0, 0.9, 3.0)
SPENDING = (5.0, 4.0, 1500.0)


@dataclass(frozen=True)
class Drawn:
    """Customers of a model: their sums, and what nobody would know of them.

    Attributes:
        summary: what is known `known_days` after the last of them came.
        is_there: bool: has not left.
        later: int64: days with a purchase within the year after.
        later_profit: int64: what those brought.
    """

    summary: CustomerSummary
    is_there: NDArray[np.bool_]
    later: NDArray[np.int64]
    later_profit: NDArray[np.int64]


def draw(code: int, count: int, seed: int, *, known_days: int = 365) -> Drawn:
    """Draw customers who come within 200 days, buy and leave as the model says."""
    rng = np.random.default_rng(seed)
    r, alpha, a, b = BUYING
    p, q, v = SPENDING
    rate, leaves = rng.gamma(r, 1 / alpha, count), rng.beta(a, b, count)
    worth = rng.gamma(q, 1 / v, count)
    end = 200 + known_days
    days, sums = np.zeros((4, count), np.int64), np.zeros((3, count), np.int64)
    is_there = np.ones(count, np.bool_)
    born = rng.integers(0, 200, count)
    for one in range(count):
        came = [int(born[one])]
        at, stays = float(born[one]), code == BG or rng.random() > leaves[one]
        left_at = np.inf if stays else at
        while stays:
            at += 7 * rng.exponential(1 / rate[one])
            if at >= end + 365:
                break
            came.append(int(at))
            if rng.random() < leaves[one]:
                stays, left_at = False, at
        is_there[one] = left_at > end
        distinct = np.unique(came)
        brought = np.rint(rng.gamma(p, 1 / worth[one], len(distinct))).astype(np.int64)
        known = distinct < end
        days[:, one] = known.sum(), distinct[0], distinct[known][-1], (~known).sum()
        sums[:, one] = brought[known].sum(), brought[0], brought[~known].sum()
    summary = summed(days[0], days[1], days[2], end, profit=sums[0], first_profit=sums[1])
    return Drawn(summary, is_there, days[3], sums[2])


def summed(days, first, last, end, *, profit=None, first_profit=None) -> CustomerSummary:
    """Write sums of customers; days are counted from the first of January 2020."""
    days = np.asarray(days, np.int64)
    profit = days * 1000 if profit is None else np.asarray(profit, np.int64)
    first_profit = np.minimum(profit, 1000) if first_profit is None else first_profit
    return CustomerSummary(
        Ids.of(f"c{number:07}" for number in range(len(days))),
        (FIRST + np.timedelta64(end, "D")).astype("datetime64[us]"),
        days,
        days,
        FIRST + np.asarray(first).astype("timedelta64[D]"),
        FIRST + np.asarray(last).astype("timedelta64[D]"),
        profit,
        profit,
        np.asarray(first_profit, np.int64),
    )
