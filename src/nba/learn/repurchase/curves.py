"""Curves: how residuals of refills are distributed, with the gaps still open at risk."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_ndtr

from nba.artifacts.repurchase import EVIDENCE
from nba.learn.repurchase.mixture import Expected, Mixture
from nba.learn.repurchase.sums import Floats, add_up

GRID: Final = np.arange(-100, 101) / 20
"""Residuals at which curves are told; a twentieth is five per cent of a gap."""
_PRIOR: Final = 25.0
"""Pseudo-gaps by which the curve is drawn to the log-normal one."""


def hazards(mixture: Mixture, kind: NDArray[np.int8], expected: Expected) -> Floats:
    """Estimate the cumulative hazard of residuals by class of evidence.

    Kaplan and Meier's estimate, each gap weighing what it is expected to be: ended with a refill,
    or waiting for one. It is drawn to the log-normal curve of the mixture by `_PRIOR` gaps, as the
    beta-Stacy process does (Walker and Muliere, Annals of Statistics, 1997), so that it goes on
    where no gap is left at risk.

    Returns:
        float64[classes, `GRID`], ascending from 0.
    """
    classes, bins = len(EVIDENCE), len(GRID) - 1
    ended, waiting = np.zeros((2, classes * bins))
    for weight, open_, value in zip(expected.ended, expected.waiting, expected.value, strict=True):
        place = np.searchsorted(GRID, value, "right") - 1
        place = kind.astype(np.int64) * bins + np.clip(place, 0, bins - 1)
        ended += add_up(place, weight, classes * bins)
        waiting += add_up(place, open_, classes * bins)
    ended, waiting = ended.reshape(classes, bins), waiting.reshape(classes, bins)
    # Those cut off within a bin were at risk for half of it.
    at_risk = np.cumsum((ended + waiting)[:, ::-1], axis=1)[:, ::-1] - waiting / 2
    z = (GRID - mixture.centre[:, None]) / mixture.spread
    log_longer = log_ndtr(-z)
    prior = np.maximum(np.exp(log_longer[:, :-1]) * _PRIOR, 1e-9)
    chance = -np.expm1(np.diff(log_longer, axis=1))
    step = (ended + prior * chance) / (at_risk + prior)
    hazard = np.zeros((classes, len(GRID)))
    np.cumsum(-np.log1p(-np.minimum(step, 1 - 1e-6)), axis=1, out=hazard[:, 1:])
    return hazard
