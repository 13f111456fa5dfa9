"""How firmly factors are held at 1: from how much more counts differ than by chance."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln, psi

from nba.artifacts.outlook import Floats
from nba.learn.priors import maximise

_LEAST, _MOST = 0.05, 1e4


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
