"""What customers bring on a day: the gamma-gamma model of Fader and Hardie (2013)."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln, psi

from nba.artifacts.outlook import Floats
from nba.artifacts.rhythm import SPENDING, Fit
from nba.learn.priors import maximise
from nba.statistics.customers import CustomerSummary

_LEAST_Q: Final = 2.0
"""Below it the profit of a day has no variance, and no interval."""
# p, q - 2 and the mean profit of a day over that of these customers. Likelihoods have ridges along
# which p and v, or q and v, change together; the mean crosses them.
_PRIOR: Final = np.array([2.0, 2.0, 1.0])
_LEAST: Final = np.array([1e-2, 1e-3, 1e-4])
_MOST: Final = np.array([1e3, 1e3, 1e4])


def spending(summary: CustomerSummary, drawn: NDArray[np.int64]) -> Fit:
    """Fit the model on the mean profit of customers' days after the first.

    Args:
        summary: the customers' sums.
        drawn: int64: the rows to fit on. Only customers with such days and a positive profit on
            them have a part; how many of those with such days were left out, the fit says. Where
            there are none, a day brings what days bring on average, first ones included, in the
            spread of the prior.
    """
    x = summary.repeats[drawn]
    total = (summary.profit - summary.first_profit)[drawn]
    fitted = (x > 0) & (total > 0)
    returned, paid = x[fitted].astype(np.float64), total[fitted].astype(np.float64)
    # Parameters of order one, whatever the currency.
    unit = float(paid.sum() / returned.sum()) if len(paid) else _mean_profit(summary)
    mean = paid / unit / returned

    def likelihood(sought: Floats) -> tuple[float, Floats]:
        params, change = _natural(sought)
        value, slope = log_likelihood(returned, mean, params)
        return value, (slope[:, None] * change).sum(axis=0)

    found = maximise(likelihood, _PRIOR, _LEAST, _MOST, len(paid))
    (p, q, v), _ = _natural(found.params)
    return Fit(
        model=SPENDING,
        params={"p": float(p), "q": float(q), "v": float(v * unit)},
        # Of means in minor units: the density shrinks with the unit.
        log_likelihood=found.log_likelihood - len(paid) * float(np.log(unit)),
        penalty=found.penalty,
        chosen=True,
        customers=len(paid),
        left_out=int((summary.repeats > 0).sum()) - len(paid),
        correlation=_correlation(returned, paid / np.maximum(returned, 1)),
        converged=found.converged,
    )


def log_likelihood(x: Floats, mean: Floats, params: Floats) -> tuple[float, Floats]:
    """Give the sum over customers of the log-density of the mean of x days, and its gradient.

    Args:
        x: float64 per customer, 1 or more.
        mean: float64 per customer, positive.
        params: p, q, v.
    """
    p, q, v = params.tolist()
    shape, total = p * x, v + x * mean
    log_mean, log_x, log_total = np.log(mean), np.log(x), np.log(total)
    value = (
        gammaln(shape + q)
        - gammaln(shape)
        - gammaln(q)
        + q * np.log(v)
        + (shape - 1) * log_mean
        + shape * log_x
        - (shape + q) * log_total
    )
    joint = psi(shape + q)
    slope = (
        x * (joint - psi(shape) + log_mean + log_x - log_total),
        joint - psi(q) + np.log(v) - log_total,
        q / v - (shape + q) / total,
    )
    return float(value.sum()), np.array([float(part.sum()) for part in slope])


def _natural(sought: Floats) -> tuple[Floats, Floats]:
    """Give p, q, v of what is sought, and how each of them changes with each of that."""
    p, more, mean = sought.tolist()
    q = _LEAST_Q + more
    v = mean * (q - 1) / p
    change = [[1, 0, 0], [0, 1, 0], [-v / p, mean / p, (q - 1) / p]]
    return np.array([p, q, v]), np.array(change, np.float64)


def _mean_profit(summary: CustomerSummary) -> float:
    days = int(summary.days.sum())
    return max(float(summary.profit.sum()) / days, 1.0) if days else 1.0


def _correlation(x: Floats, mean: Floats) -> float | None:
    if len(x) < 2 or _is_constant(x) or _is_constant(mean):
        return None
    return float(np.corrcoef(x, mean)[0, 1])


def _is_constant(values: NDArray[np.float64]) -> bool:
    return bool((values == values[0]).all())
