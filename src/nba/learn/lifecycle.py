"""Learn how often customers buy and when they leave, from what came after their first purchase."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final, Self
from zlib import crc32

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaln, gammaln, psi

from nba.artifacts.outlook import Floats
from nba.artifacts.rhythm import LONGEST_DAYS, MODELS, STATES, Fit, Rhythm
from nba.config import RhythmConfig
from nba.domain import Ids
from nba.learn.priors import Maximum, maximise
from nba.learn.spending import spending
from nba.statistics.customers import CustomerSummary

_PARAMS: Final = ("r", "alpha", "a", "b")
_PRIOR: Final = np.array([1.0, 1 / 12, 1.0, 2.0])
"""r, r / alpha, a, b: once in twelve weeks, and every third purchase is the last.

The rate crosses the ridge of the likelihood, along which r and alpha grow together.
"""
_LEAST: Final = np.array([1e-4, 1e-6, 5e-2, 1e-2])
_MOST: Final = np.array([1e4, 1e2, 1e3, 1e5])

_BETTER: Final = 2e-3
"""Log-likelihood a customer by which BG/NBD must be better to be chosen.

It claims that nobody leaves after the first order, and so takes every one-time buyer for a customer
for ever: that needs evidence, the claim that some do needs none. Two units are what one takes for
evidence between models of equally many parameters. They are asked for in every thousand customers,
as in a large shop both are wrong enough for any difference of the sums.
"""
_FEWEST: Final = 1000
"""Fewer customers must show as much."""


@dataclass(frozen=True, slots=True, eq=False)
class Pasts:
    """Distinct pasts of customers.

    Attributes:
        x: int64: days with a purchase after the first.
        recency, age: float64, weeks: from the first day to the last, and to the present.
        customers: float64: how many have this past.
    """

    x: NDArray[np.int64]
    recency: Floats
    age: Floats
    customers: Floats

    @classmethod
    def of(cls, x: NDArray[np.int64], recency: Floats, age: Floats) -> Self:
        """Group customers, one a row of each array."""
        order = np.lexsort((age, recency, x))
        x, recency, age = x[order], recency[order], age[order]
        differs = (np.diff(x) != 0) | (np.diff(recency) != 0) | (np.diff(age) != 0)
        first = np.flatnonzero(np.append(np.ones(min(len(x), 1), np.bool_), differs))
        customers = np.diff(np.append(first, len(x))).astype(np.float64)
        return cls(x[first], recency[first], age[first], customers)


def rhythm(
    summary: CustomerSummary, customer_ids: Ids, config: RhythmConfig
) -> tuple[Rhythm, tuple[Fit, ...]]:
    """Fit both models of purchases and the one of spending; the better describes the customers.

    Args:
        summary: the customers' sums; all of them fit the models.
        customer_ids: the ids that codes refer to, which hold all customers of the sums; the others
            have no rhythm.
        config: limits, discount and sample.

    Returns:
        What is asked of customers from then on, and what each fit found: the models in the order
        of `rhythm.MODELS`, then the spending.

    Raises:
        DataError: a customer is not among `customer_ids`.
    """
    drawn = _drawn(summary, config.sample)
    pasts = Pasts.of(summary.repeats[drawn], summary.recency[drawn], summary.age[drawn])
    found = [_maximum(code, pasts, len(drawn)) for code in range(len(MODELS))]
    better = found[0].log_likelihood - found[1].log_likelihood
    code = 0 if better > _BETTER * max(len(drawn), _FEWEST) else 1
    left_out = len(summary) - len(drawn)
    fits = [
        _fit(model, most, chosen=model == MODELS[code], customers=len(drawn), left_out=left_out)
        for model, most in zip(MODELS, found, strict=True)
    ]
    paid = spending(summary, drawn)

    place, count = customer_ids.codes_of(summary.customer_ids), len(customer_ids)
    profit = summary.profit - summary.first_profit
    learned = Rhythm(
        np.array([code], np.int8),
        found[code].params,
        np.array(list(paid.params.values())),
        np.array(
            [config.at_risk_below, config.lost_below, config.at_risk_alive, config.lost_alive]
        ),
        np.array([config.discount]),
        _spread(summary.days.astype(np.int32), place, count),
        _spread(summary.first_day, place, count),
        _spread(summary.last_day, place, count),
        _spread(profit, place, count),
        np.zeros(count, "datetime64[D]"),
        np.zeros(count),
    )
    return learned, (*fits, paid)


def looking_ahead(rhythm: Rhythm, as_of: np.datetime64) -> Rhythm:
    """Work out beforehand what decisions ask of every customer: at what day, for how much.

    Args:
        rhythm: as learned.
        as_of: from when on the coming year counts.
    """
    everybody = np.arange(len(rhythm))
    return replace(
        rhythm,
        at_risk_day=_at_risk_days(rhythm),
        year_profit=rhythm.profit_while_there(everybody, as_of),
    )


def _at_risk_days(rhythm: Rhythm) -> NDArray[np.datetime64]:
    """Find the first day of each silence that is a sign: a longer one is one all the more."""
    buyers = np.flatnonzero(rhythm.days > 0)
    last = rhythm.last_day[buyers]
    low, high = np.zeros(len(buyers), np.int64), np.full(len(buyers), LONGEST_DAYS)
    while (high - low > 1).any():
        middle = (low + high) // 2
        at = (last + middle).astype("datetime64[us]")
        is_sign = rhythm.state(buyers, at) >= STATES.index("at_risk")
        low, high = np.where(is_sign, low, middle), np.where(is_sign, middle, high)
    days = np.zeros(len(rhythm), "datetime64[D]")
    days[buyers] = last + high
    return days


def log_likelihood(code: int, pasts: Pasts, params: Floats) -> tuple[float, Floats]:
    """Give the log-likelihood of customers' pasts, and its gradient.

    Args:
        code: of the model, as in `rhythm.MODELS`.
        pasts: the customers.
        params: r, alpha, a, b.

    With B' = b + x + code and D = a / (B' - 1) ((alpha + T) / (alpha + t_x))^(r + x), but D = 0
    for x = 0 under BG/NBD, both models (Fader, Hardie and Lee 2005; Batislam, Denizel and
    Filiztekin 2007) are
    L = Gamma(r + x) / Gamma(r) alpha^r / (alpha + T)^(r + x) B(a, B') / B(a, b) (1 + D).
    """
    r, alpha, a, b = params.tolist()
    total = float(pasts.customers.sum())
    # What x alone decides is computed once a value of x.
    first = np.flatnonzero(np.diff(pasts.x, prepend=-1))
    x = pasts.x[first].astype(np.float64)
    customers = np.add.reduceat(pasts.customers, first) if len(first) else pasts.customers
    stays = b + x + code
    value = float((customers * (gammaln(r + x) + betaln(a, stays))).sum())
    value += total * float(r * np.log(alpha) - gammaln(r) - betaln(a, b))
    joint = psi(a + b) - psi(a + stays)

    shape = r + pasts.x
    old, young = alpha + pasts.age, alpha + pasts.recency
    log_old, log_ratio = np.log(old), np.log(old / young)
    may_leave = pasts.x + code > 0
    odds = np.log(a / np.where(may_leave, b + pasts.x + code - 1, a)) + shape * log_ratio
    left = np.where(may_leave, np.logaddexp(0, odds), 0)
    share = np.where(may_leave, np.exp(odds - left), 0) * pasts.customers
    value += float((pasts.customers * (left - shape * log_old)).sum())
    slope = (
        (customers * psi(r + x)).sum()
        + total * (np.log(alpha) - psi(r))
        + (share * log_ratio - pasts.customers * log_old).sum(),
        total * r / alpha + (shape * ((share - pasts.customers) / old - share / young)).sum(),
        (customers * joint).sum() + share.sum() / a,
        (customers * (joint + psi(stays) - psi(b))).sum()
        - (share / np.where(may_leave, b + pasts.x + code - 1, 1)).sum(),
    )
    return value, np.array([float(part) for part in slope])


def _maximum(code: int, pasts: Pasts, customers: int) -> Maximum:
    """Give the most likely r, alpha, a, b."""

    def likelihood(sought: Floats) -> tuple[float, Floats]:
        r, rate, a, b = sought.tolist()
        value, slope = log_likelihood(code, pasts, np.array([r, r / rate, a, b]))
        by_r, by_alpha = slope[:2].tolist()
        return value, np.append([by_r + by_alpha / rate, -by_alpha * r / rate**2], slope[2:])

    found = maximise(likelihood, _PRIOR, _LEAST, _MOST, customers)
    params = found.params.copy()
    params[1] = params[0] / params[1]
    return replace(found, params=params)


def _fit(model: str, most: Maximum, *, chosen: bool, customers: int, left_out: int) -> Fit:
    return Fit(
        model=model,
        params=dict(zip(_PARAMS, most.params.tolist(), strict=True)),
        log_likelihood=most.log_likelihood,
        penalty=most.penalty,
        chosen=chosen,
        customers=customers,
        left_out=left_out,
        converged=most.converged,
    )


def _drawn(summary: CustomerSummary, sample: int) -> NDArray[np.int64]:
    """Give the rows of the customers whose ids have the lowest hashes, ascending."""
    if len(summary) <= sample:
        return np.arange(len(summary))
    hashes = (crc32(one.encode("utf-8", "surrogatepass")) for one in summary.customer_ids)
    order = np.argsort(np.fromiter(hashes, np.int64, len(summary)), kind="stable")
    return np.sort(order[:sample])


def _spread(values: NDArray[Any], place: NDArray[np.int32], count: int) -> NDArray[Any]:
    """Put values at their places among `count`; all others are 0."""
    spread = np.zeros(count, values.dtype)
    spread[place] = values
    return spread
