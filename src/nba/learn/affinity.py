"""How strongly two products go together, by the formulas in use elsewhere, over the same counts.

Each takes counts of orders as arrays that broadcast: `both` with the two products, `first` and
`second` with either, `every` of them all; and gives float64. Bought together ranks by none of
these (`evidence.partners.Scoring`): on real orders each finds less of the rest of an order.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Scores = NDArray[np.float64]


def expected(first: ArrayLike, second: ArrayLike, every: ArrayLike) -> Scores:
    """Give the orders with both, if neither product knew of the other: n_i n_j / N."""
    return _real(first) * _real(second) / _real(every)


def lift(both: ArrayLike, first: ArrayLike, second: ArrayLike, every: ArrayLike) -> Scores:
    """Give the orders with both over those expected; 1 = independent."""
    return _real(both) / expected(first, second, every)


def pointwise_information(
    both: ArrayLike, first: ArrayLike, second: ArrayLike, every: ArrayLike
) -> Scores:
    """Give PMI, the natural logarithm of the lift (Church & Hanks 1990); `both` is positive."""
    return np.log(lift(both, first, second, every))


def normalised_information(
    both: ArrayLike, first: ArrayLike, second: ArrayLike, every: ArrayLike
) -> Scores:
    """Give PMI / -ln(n_ij / N), from -1 to 1 = always together (Bouma 2009).

    `both` is positive, and less than `every`.
    """
    share = _real(both) / _real(every)
    return pointwise_information(both, first, second, every) / -np.log(share)


def cosine(
    both: ArrayLike, first: ArrayLike, second: ArrayLike, *, asymmetry: float = 0.5
) -> Scores:
    """Give n_ij / (n_i^a n_j^(1 - a)); a = 0.5 is the cosine, a = 1 is P(j given i).

    Asymmetric: Aiolli 2013.
    """
    return _real(both) / (_real(first) ** asymmetry * _real(second) ** (1 - asymmetry))


def jaccard(both: ArrayLike, first: ArrayLike, second: ArrayLike) -> Scores:
    """Give the orders with both over those with either, from 0 to 1."""
    return _real(both) / (_real(first) + _real(second) - _real(both))


def log_likelihood_ratio(
    both: ArrayLike, first: ArrayLike, second: ArrayLike, every: ArrayLike
) -> Scores:
    """Give the evidence that the two are not independent (Dunning 1993), with the sign of it.

    2 sum of k ln(k / E) over the four cells of the table; negative where the two share fewer
    orders than expected. Above 10.83 the chance of it is below 0.001.
    """
    both, first, second, every = (_real(one) for one in (both, first, second, every))
    cells = (both, first - both, second - both, every - first - second + both)
    margins = (first, every - first, second, every - second)
    ratio = 2 * (sum(map(_x_log_x, cells)) - sum(map(_x_log_x, margins)) + _x_log_x(every))
    fewer = both < expected(first, second, every)
    return np.where(fewer, -1, 1) * np.maximum(ratio, 0)  # rounding leaves less than nothing


def expected_buyers(purchases: ArrayLike, buyers: ArrayLike, share: ArrayLike) -> Scores:
    """Give how many buyers of a product would have bought another one by chance.

    Sum over sizes of buyers (1 - (1 - P)^size): heavy buyers buy everything, which lift forgets
    (Smith & Linden 2017).

    Args:
        purchases: sizes: how many other purchases a buyer made.
        buyers: how many buyers of the product made so many.
        share: of the other product among all purchases; any shape.

    Returns:
        float64, in the shape of `share`.
    """
    missed = np.log1p(-_real(share))[..., None] * _real(purchases)
    return np.asarray((-np.expm1(missed) * _real(buyers)).sum(axis=-1), np.float64)


def _real(counts: ArrayLike) -> Scores:
    return np.asarray(counts, np.float64)


def _x_log_x(counts: Scores) -> Scores:
    return counts * np.log(np.maximum(counts, 1))
