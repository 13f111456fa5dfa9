"""Maximum likelihood held by a prior that yields to the data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.optimize import minimize

from nba.artifacts.outlook import Floats

Likelihood = Callable[[Floats], tuple[float, Floats]]
"""Parameters -> log-likelihood and its gradient."""

_SPREAD: Final = 1.5
"""Standard deviation of the prior in the logarithm of each parameter."""
_YIELDS: Final = 50
"""Customers who halve the prior's weight."""


@dataclass(frozen=True, slots=True)
class Maximum:
    """Where a penalised likelihood is greatest.

    Attributes:
        params: float64 per parameter.
        log_likelihood, penalty: there; their difference is what was maximised.
        converged: the optimiser found it.
    """

    params: Floats
    log_likelihood: float
    penalty: float
    converged: bool


def maximise(
    likelihood: Likelihood, prior: Floats, least: Floats, most: Floats, customers: int
) -> Maximum:
    """Maximise the log-likelihood less a penalty, in the logarithms of the parameters.

    Args:
        likelihood: of the customers, their sum.
        prior: float64: the middle of the prior of each parameter.
        least: float64: below which none is looked for.
        most: float64: above which none is looked for.
        customers: how many there are; with 0 the prior is the answer.

    The penalty is half the squared distance from the prior in standard deviations, divided by
    1 + customers / `_YIELDS`. The likelihood grows with the customers while the penalty shrinks:
    of two thousand it moves no third digit, but where they cannot tell a parameter (nobody came
    back, everybody comes daily) it keeps it finite.
    """
    if not customers:
        return Maximum(prior.copy(), 0.0, 0.0, True)
    middle = np.log(prior)
    weight = 1 / (1 + customers / _YIELDS)

    def penalty(logs: Floats) -> tuple[float, Floats]:
        distance = (logs - middle) / _SPREAD
        return weight * float((distance * distance).sum()) / 2, weight * distance / _SPREAD

    def loss(logs: Floats) -> tuple[float, Floats]:
        params = np.exp(logs)
        value, slope = likelihood(params)
        held, pull = penalty(logs)
        # A customer's share, so that one tolerance does for any number of them.
        return (held - value) / customers, (pull - slope * params) / customers

    bounds = list(zip(np.log(least), np.log(most), strict=True))
    options = {"maxiter": 1000, "ftol": 1e-13, "gtol": 1e-8}
    found = minimize(loss, middle, jac=True, method="L-BFGS-B", bounds=bounds, options=options)
    params = np.exp(found.x)
    return Maximum(params, likelihood(params)[0], penalty(found.x)[0], bool(found.success))
