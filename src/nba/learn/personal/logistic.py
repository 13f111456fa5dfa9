"""Logistic regression that starts from a formula and leaves it as far as the shop's rows say so."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

_ROUNDS: Final = 50
_LONGEST_STEP: Final = 2.0
_CLOSE: Final = 1e-7


def fit(
    terms: NDArray[np.float64],
    happened: NDArray[np.bool_],
    weight: NDArray[np.float64],
    prior: NDArray[np.float64],
    *,
    strength: float,
) -> NDArray[np.float64]:
    """Fit ln(p / (1 - p)) = c_0 + terms · c by penalised maximum likelihood (Newton's method).

    The penalty is strength / 2 times the sum of the squares of (c_k - prior_k) times the standard
    deviation of term k; the intercept is held half as firmly. With few rows the answer is the
    prior, with many it is that of maximum likelihood.

    Args:
        terms: float64[rows, terms].
        happened: bool per row.
        weight: float64 per row: how many rows it stands for.
        prior: float64[1 + terms]: intercept and coefficients.
        strength: pseudo-events by which a coefficient is held at its prior, per standard deviation
            of its term.

    Returns:
        float64[1 + terms].
    """
    if not len(terms):
        return prior.copy()
    # Standardised, so that the steps and the penalty mean the same for every term.
    total = weight.sum()
    mean = (weight @ terms) / total
    spread = np.sqrt(np.maximum(weight @ (terms - mean) ** 2 / total, 1e-12))
    design = np.empty((len(terms), terms.shape[1] + 1))
    design[:, 0] = 1.0
    np.divide(terms - mean, spread, out=design[:, 1:])
    start = np.append(prior[0] + mean @ prior[1:], prior[1:] * spread)
    held = np.full(len(start), strength)
    held[0] /= 2
    found = start.copy()
    for _ in range(_ROUNDS):
        chance = 1 / (1 + np.exp(-np.clip(design @ found, -500, 500)))
        slope = (weight * (chance - happened)) @ design + held * (found - start)
        curve = (design * (weight * chance * (1 - chance))[:, None]).T @ design + np.diag(held)
        step = np.linalg.solve(curve, slope)
        longest = float(np.abs(step).max())
        found -= step * min(1.0, _LONGEST_STEP / max(longest, 1e-300))
        if longest < _CLOSE:
            break
    slopes = found[1:] / spread
    return np.append(found[0] - mean @ slopes, slopes)
