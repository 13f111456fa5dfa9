"""What a customer who is still there will buy and pay within a horizon: moments and quantiles.

Both models of `rhythm` say of such a customer: purchases come by chance at a rate, and each may be
the last with a probability. Given the past, rate and probability are independent, gamma(R, T') in
weeks and beta(A, B'), with R = r + x, T' = alpha + T, A = a and B' = b + x (BG/NBD) or b + x + 1
(MBG/NBD). The probability is integrated over by the trapezoid rule after p = 1 / (1 + e^-y),
y = log(A / B') + s sinh u. The closed form with 2F1 divides by a - 1 and converges slowly for a
young customer and a long horizon; this does neither.
"""

from __future__ import annotations

from functools import cache
from math import exp, lgamma
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_NODES: Final = np.linspace(-4.5, 4.5, 128)
_ROWS: Final = 2048
"""Customers at once, so that their nodes stay in the processor's cache."""
_LEAST: Final = 1e-250
"""Below this probability nobody leaves in any horizon."""
_SMALL: Final = 1e-4
_SHAPES: Final = np.exp(np.linspace(np.log(0.1), np.log(100), 1024))


def count_moments(
    shape: Floats, a: float, b: Floats, horizons: Floats
) -> tuple[Floats, Floats, Floats]:
    """Integrate over the purchases of customers who are there.

    Args:
        shape: R per customer.
        a: A, of all customers.
        b: B' per customer.
        horizons: float64[customers, h]: ascending horizons over T'.

    Returns:
        The mean number of purchases within each horizon, float64[customers, h]; of those within
        the last the mean of n(n - 1), and the probability of none, float64 per customer.

    With p the probability and u the horizon over T' (Fader, Hardie and Lee 2005 have the mean as
    2F1): E[n] = E[(1 - (1 + pu)^-R) / p], P(n = 0) = (1 + u)^-R and
    E[n(n - 1)] = E[2 (1 - p) / p^2 (1 - (1 + pu)^-R - R pu (1 + pu)^-(R + 1))].
    """
    mean, pairs = np.empty(horizons.shape), np.empty(len(shape))
    for begin in range(0, len(shape), _ROWS):
        rows = slice(begin, begin + _ROWS)
        mean[rows], pairs[rows] = _moments(shape[rows, None], a, b[rows], horizons[rows])
    none = np.exp(-shape * np.log1p(horizons[:, -1]))
    return mean, pairs, none


def _moments(shape: Floats, a: float, b: Floats, horizons: Floats) -> tuple[Floats, Floats]:
    p, weight = _dropout(a, b)
    mean = np.empty(horizons.shape)
    for place in range(horizons.shape[1]):
        y = p * horizons[:, place, None]
        step = np.log1p(y)
        left = -np.expm1(-shape * step)
        mean[:, place] = (weight * left / p).sum(axis=1)
    late = left - shape * y * np.exp(-(shape + 1) * step)
    # Where that difference cancels, its series.
    early = shape * (shape + 1) * y * y * (0.5 - (shape + 2) * y / 3)
    second = np.where(y * (shape + 2) < _SMALL, early, late) / p
    return mean, (weight * 2 * (1 - p) / p * second).sum(axis=1)


def _dropout(a: float, b: Floats) -> tuple[Floats, Floats]:
    """Give nodes and weights over beta(a, b), a row a customer; only b tells them apart."""
    distinct, which = np.unique(b, return_inverse=True)
    b = distinct[:, None]
    centre = np.log(a / b)
    spread = np.sqrt(1 / a + 0.5 / a**2 + 1 / b + 0.5 / b**2)
    y = centre + spread * np.sinh(_NODES)
    density = a * (y - centre) - (a + b) * (np.logaddexp(0, y) - np.logaddexp(0, centre))
    weight = np.exp(density) * np.cosh(_NODES)
    weight /= weight.sum(axis=1, keepdims=True)
    p = np.exp(np.maximum(-np.logaddexp(0, -y), np.log(_LEAST)))
    return p[which], weight[which]


def paid_quantile(level: float, none: Floats, mean: Floats, square: Floats) -> Floats:
    """Give a quantile of what customers bring: nothing, or a Weibull amount.

    Args:
        level: the quantile's, in (0, 1).
        none: the probability of nothing, per customer.
        mean: that of the amount, nothing included.
        square: the mean of its square.

    Returns:
        float64 per customer, the mean's unit; 0 where `none` reaches the level.

    The Weibull distribution has the mean and the square of the amount given that there is one;
    beside gamma and lognormal it came closest to draws from the models.
    """
    brings = none < level
    some = 1 - np.where(brings, none, 0)
    given = np.where(brings, mean, 1) / some
    variation = square / (some * given * given) - 1
    variations, log_scales = _weibulls()
    # Interpolation wants ascending places, and the shape falls as the variation rises.
    at = np.log(np.clip(variation, variations[-1], variations[0]))
    ascending = np.log(variations[::-1])
    shape = np.exp(np.interp(at, ascending, np.log(_SHAPES[::-1])))
    scale = given * np.exp(-np.interp(at, ascending, log_scales[::-1]))
    above = np.maximum(level - none, 0) / some
    return np.asarray(scale * (-np.log1p(-above)) ** (1 / shape))


@cache
def _weibulls() -> tuple[Floats, Floats]:
    """Give, per shape, the squared coefficient of variation and log of mean over scale."""
    first = np.array([lgamma(1 + 1 / shape) for shape in _SHAPES.tolist()])
    second = np.array([lgamma(1 + 2 / shape) for shape in _SHAPES.tolist()])
    return np.array([exp(more) - 1 for more in (second - 2 * first).tolist()]), first
