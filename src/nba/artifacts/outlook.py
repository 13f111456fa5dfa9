"""What a customer who is still there will buy and pay within a horizon: moments and quantiles.

Both models of `rhythm` say of such a customer: purchases come by chance at a rate, and each may be
the last with a probability. Given the past, rate and probability are independent, gamma(R, T') in
weeks and beta(A, B'), with R = r + x, T' = alpha + T, A = a and B' = b + x (BG/NBD) or b + x + 1
(MBG/NBD). The probability is integrated over by the trapezoid rule after p = 1 / (1 + e^-y),
y = log(A / B') + s sinh u. The closed form with 2F1 divides by a - 1 and converges slowly for a
young customer and a long horizon; this does neither.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
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
_NEVER: Final = 1e-9
_HALVINGS: Final = 40
_CERTAIN: Final = 10.0
"""e to the e to this is out of every distribution."""
_SHAPES: Final = np.exp(np.linspace(np.log(0.1), np.log(100), 1024))


@dataclass(frozen=True, slots=True)
class Part:
    """Some of what may happen within a horizon, each float64 per customer.

    Attributes:
        probability: that it happens.
        mean: of a number, 0 where it does not happen.
        square: of the number's square, likewise.
    """

    probability: Floats
    mean: Floats
    square: Floats


def mean_purchases(shape: Floats, a: float, b: Floats, horizons: Floats) -> Floats:
    """Give the mean number of purchases of customers who are there.

    Args:
        shape: R per customer.
        a: A, of all customers.
        b: B' per customer.
        horizons: float64[customers, h]: horizons over T'.

    Returns:
        float64[customers, h]: E[n] = E[(1 - (1 + pu)^-R) / p] over the probability p, u the
        horizon over T'; equal to the 2F1 form of Fader, Hardie and Lee (2005).
    """
    mean = np.empty(horizons.shape)
    for begin in range(0, len(shape), _ROWS):
        rows = slice(begin, begin + _ROWS)
        p, weight = _dropout(a, b[rows])
        for place in range(horizons.shape[1]):
            step = np.log1p(p * horizons[rows, place, None])
            left = -np.expm1(-shape[rows, None] * step)
            mean[rows, place] = (weight * left / p).sum(axis=1)
    return mean


def split_purchases(shape: Floats, a: float, b: Floats, horizon: Floats) -> tuple[Part, Part]:
    """Split the purchases of customers who are there by whether they leave within the horizon.

    Args:
        shape: R per customer.
        a: A, of all customers.
        b: B' per customer.
        horizon: float64 per customer: horizon over T'.

    Returns:
        The numbers of those who buy and stay, and of those who buy and leave; the rest buys
        nothing, with probability (1 + u)^-R, as nobody leaves without a purchase.

    With p the probability and s = (1 + pu)^-R that of staying, purchases of who stays are Poisson
    at (1 - p) of the rate: E[n; stays] = E[s R v] and E[n(n - 1); stays] = E[s R (R + 1) v^2] with
    v = (1 - p) u / (1 + pu). Of both together E[n] = E[(1 - s) / p] and
    E[n(n - 1)] = E[2 (1 - p) / p^2 (1 - s - s R pu / (1 + pu))].
    """
    found = np.empty((6, len(shape)))
    for begin in range(0, len(shape), _ROWS):
        rows = slice(begin, begin + _ROWS)
        found[:, rows] = _moments(shape[rows, None], *_dropout(a, b[rows]), horizon[rows, None])
    stay, stay_mean, stay_pairs, leave, mean, pairs = found
    stay = np.maximum(stay - np.exp(-shape * np.log1p(horizon)), 0)
    # Who leaves has bought at least once, whatever the differences round to.
    leave_mean = np.maximum(mean - stay_mean, leave)
    leave_pairs = np.maximum(pairs - stay_pairs, 0)
    return (
        Part(stay, stay_mean, stay_mean + stay_pairs),
        Part(leave, leave_mean, leave_mean + leave_pairs),
    )


def _moments(shape: Floats, p: Floats, weight: Floats, horizon: Floats) -> Floats:
    y = p * horizon
    left = -np.expm1(-shape * np.log1p(y))
    stays = 1 - left
    each = shape * horizon / (1 + y)
    late = left - stays * p * each
    # Where that difference cancels, its series.
    early = shape * (shape + 1) * y * y * (0.5 - (shape + 2) * y / 3)
    second = np.where(y * (shape + 2) < _SMALL, early, late) / p
    kept = (1 - p) * each
    figures = (
        stays,
        stays * kept,
        stays * kept * kept * (shape + 1) / shape,
        left,
        left / p,
        2 * (1 - p) / p * second,
    )
    return np.array([(weight * figure).sum(axis=1) for figure in figures])


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


def quantile(level: float, parts: Sequence[Part]) -> Floats:
    """Give a quantile of an amount that is 0 where none of the parts happens.

    Args:
        level: the quantile's, in (0, 1).
        parts: the amount's, each taken for a Weibull distribution of that mean and square; beside
            gamma and lognormal it came closest to draws from the models.

    Returns:
        float64 per customer, the mean's unit; 0 where nothing has at least that probability.
    """
    some = np.sum([part.probability for part in parts], axis=0)
    brings = 1 - some < level
    some = np.where(brings, some, 1)
    aim = np.where(brings, (level - 1 + some) / some, 0.5)
    share, log_scale, shape = (
        np.array(columns) for columns in zip(*(_weibull(part, some) for part in parts), strict=True)
    )
    ends = log_scale + np.log(-np.log1p(-aim)) / shape
    low, high = ends.min(axis=0), ends.max(axis=0)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        power = np.exp(np.minimum(shape * (middle - log_scale), _CERTAIN))
        below = (share * -np.expm1(-power)).sum(axis=0) < aim
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return np.where(brings, np.exp(high), 0)


def _weibull(part: Part, some: Floats) -> tuple[Floats, Floats, Floats]:
    """Give a part's share of what happens, and log of scale and shape of its distribution."""
    happens = part.probability > _NEVER * some
    probability = np.where(happens, part.probability, 1)
    mean = np.where(happens, part.mean / probability, 1)
    variation = np.where(happens, part.square / probability / mean**2 - 1, 1)
    variations, log_means = _weibulls()
    # Interpolation wants ascending places, and the shape falls as the variation rises.
    at = np.log(np.clip(variation, variations[-1], variations[0]))
    ascending = np.log(variations[::-1])
    shape = np.exp(np.interp(at, ascending, np.log(_SHAPES[::-1])))
    log_scale = np.log(mean) - np.interp(at, ascending, log_means[::-1])
    return np.where(happens, part.probability / some, 0), log_scale, shape


@cache
def _weibulls() -> tuple[Floats, Floats]:
    """Give, per shape, the squared coefficient of variation and log of mean over scale."""
    first = np.array([lgamma(1 + 1 / shape) for shape in _SHAPES.tolist()])
    second = np.array([lgamma(1 + 2 / shape) for shape in _SHAPES.tolist()])
    return np.array([exp(more) - 1 for more in (second - 2 * first).tolist()]), first
