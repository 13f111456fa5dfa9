"""Intervals that hold at every look, however often one looks."""

from __future__ import annotations

import math
from collections.abc import Callable


def reach(variance: float, mixing: float, alpha: float) -> float:
    """Give half the width of an interval around a difference that holds at all looks together.

    The mixture sequential probability ratio test with a normal mixture N(0, t) of effects, t the
    mixing variance and V that of the difference: sqrt(V (V + t) / t (ln((V + t) / V) - 2 ln
    alpha)) (Robbins 1970; Johari, Pekelis and Walsh 2015). At no look of all does the truth lie
    outside with more than a chance of alpha, as long as customers are counted once and for good.

    Args:
        variance: of the difference, above 0.
        mixing: square of the effect for which the interval is narrowest, fixed beforehand.
        alpha: 0..1.
    """
    total = variance + mixing
    return math.sqrt(variance * total / mixing * (math.log(total / variance) - 2 * math.log(alpha)))


def p_value(difference: float, variance: float, mixing: float) -> float:
    """Give the always-valid p-value of a look, 1 / likelihood ratio, at most 1.

    The ratio is sqrt(V / (V + t)) exp(t d^2 / (2 V (V + t))); the least of all looks so far is
    valid too. Arguments as for `reach`.
    """
    total = variance + mixing
    log_ratio = math.log(variance / total) / 2 + mixing * difference * difference / (
        2 * variance * total
    )
    return math.exp(min(-log_ratio, 0.0))


def share_interval(successes: int, subjects: int, alpha: float) -> tuple[float, float]:
    """Give the bounds of a share that hold at all looks together.

    All p with B(s + 1/2, f + 1/2) / B(1/2, 1/2) < p^s (1 - p)^f / alpha: the beta mixture of
    likelihood ratios is a martingale at the true share, and by Ville's inequality it ever reaches
    1 / alpha with a chance of alpha at most (Robbins 1970; Howard et al. 2021). It is exact: it
    asks for no number of subjects. Without subjects it is 0 to 1.

    Args:
        successes: 0..subjects.
        subjects: customers counted.
        alpha: 0..1.
    """
    failures = subjects - successes
    mixture = _log_beta(successes + 0.5, failures + 0.5) - _log_beta(0.5, 0.5)

    def is_inside(share: float) -> bool:
        return mixture - _log_likelihood(share, successes, failures) < -math.log(alpha)

    best = successes / subjects if subjects else 0.5
    return _bound(is_inside, best, 0.0), _bound(is_inside, best, 1.0)


def _bound(is_inside: Callable[[float], bool], inner: float, outer: float) -> float:
    if is_inside(outer):
        return outer
    for _ in range(60):
        middle = (inner + outer) / 2
        inner, outer = (middle, outer) if is_inside(middle) else (inner, middle)
    return inner


def _log_likelihood(share: float, successes: int, failures: int) -> float:
    one = successes * _log(share) if successes else 0.0
    return one + (failures * _log(1 - share) if failures else 0.0)


def _log(value: float) -> float:
    return math.log(value) if value > 0 else -math.inf


def _log_beta(one: float, other: float) -> float:
    return math.lgamma(one) + math.lgamma(other) - math.lgamma(one + other)
