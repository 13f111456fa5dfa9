"""How firmly figures are held to their mean: from how much more they differ than by chance."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln, psi

from nba.artifacts.outlook import Floats
from nba.learn.priors import maximise

_LEAST, _MOST = 0.05, 1e4
_MEANS = np.linspace(-2.0, 2.0, 81)
_DEVIATIONS = np.linspace(0.04, 3.0, 75)


def strength(observed: NDArray[np.int64], expected: Floats, prior: float) -> float:
    """Give the most likely k of factors that are gamma(k, k) over Poisson counts.

    Counts are then negative binomial (DuMouchel 1999, one component),
    log P(n; E) = lgamma(n + k) - lgamma(k) + k log k - (n + k) log(k + E) + what lacks k.

    Args:
        observed: counts, one a unit.
        expected: what they would be if all units were alike; a unit of which nothing is expected
            has no part.
        prior: k where there are few units.
    """
    told = expected > 0
    n, e = observed[told].astype(np.float64), expected[told]

    def likelihood(sought: Floats) -> tuple[float, Floats]:
        k = float(sought[0])
        value = gammaln(n + k) - gammaln(k) + k * np.log(k) - (n + k) * np.log(k + e)
        slope = psi(n + k) - psi(k) + np.log(k) + 1 - np.log(k + e) - (n + k) / (k + e)
        return float(value.sum()), np.array([float(slope.sum())])

    bounds = np.array([_LEAST]), np.array([_MOST])
    return float(maximise(likelihood, np.array([prior]), *bounds, len(n)).params[0])


def spread(found: Floats, error: Floats, *, centre: float, scale: float) -> tuple[float, float]:
    """Learn the mean of figures, and how much they differ beyond their errors.

    Figures are normal around the mean, each told with its own error. Mean and standard deviation
    are integrated over a grid under the priors normal(centre, scale) and half-normal(scale): the
    most likely deviation of few figures is 0, which no evidence on one of them could move.

    Args:
        found: one a unit; with none, centre and prior stand.
        error: the variance of each.
        centre: where the mean is looked for.
        scale: how far from it, and how far apart, figures are expected to be; above 0.

    Returns:
        The posterior means of the mean and of the variance.
    """
    means, deviations = centre + scale * _MEANS[:, None], scale * _DEVIATIONS
    total = error + np.square(deviations)[:, None]
    away = np.square(found - means[:, :, None])
    fit = -0.5 * (away / total + np.log(total)).sum(axis=-1)
    fit -= 0.5 * np.square(_MEANS[:, None])
    fit -= 0.5 * np.square(_DEVIATIONS)
    likely = np.exp(fit - fit.max())
    likely /= likely.sum()
    mean = float((likely * means).sum())
    return mean, float((likely * np.square(deviations)).sum())


def held(found: Floats, error: Floats, mean: Floats | float, variance: float) -> Floats:
    """Give the normal posterior mean of figures, (mean e + found v) / (e + v)."""
    return np.asarray((mean * error + found * variance) / (error + variance), np.float64)
