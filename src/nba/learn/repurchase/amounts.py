"""How much longer a larger purchase lasts."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nba.learn.repurchase.gaps import Gaps
from nba.learn.repurchase.levels import Levels
from nba.learn.repurchase.sums import Floats, add_up

_FIRMNESS = 4.0
"""Inverse variance of the prior of the exponent around 0: half is one standard deviation."""


def relative_amounts(gaps: Gaps, packs: NDArray[np.int32], levels: Levels) -> Floats:
    """Give the logarithm of quantity times pack size over what is usual.

    The usual quantity is the geometric mean of the product's own, so that shops that count grams
    or millilitres need no unit; the usual pack that of the type's purchases. Where no pack size is
    known it counts as usual.

    Returns:
        float64 per gap.
    """
    count = len(packs)
    bought = np.bincount(gaps.product, minlength=count)
    usual = add_up(gaps.product, gaps.log_pieces, count) / np.maximum(bought, 1)
    pack = np.log(np.maximum(packs, 1))
    told = np.where(packs > 0, bought, 0)
    in_type = add_up(levels.type, told * pack, levels.type_count)
    in_type /= np.maximum(add_up(levels.type, told, levels.type_count), 1)
    pack = np.where(packs > 0, pack - in_type[levels.type], 0.0)
    return np.asarray(gaps.log_pieces - usual[gaps.product] + pack[gaps.product])


def learn_exponent(
    gaps: Gaps, amount: Floats, regular: Floats, interval: Floats, levels: Levels
) -> float:
    """Learn to which power of the amount gaps are proportional.

    Two regressions of the logarithm of the interval on that of the amount, weighed by their
    precision: within cells, where quantities vary and taste does not, and between products of one
    type, where packs do. A normal prior around 0 holds the exponent there until the shop tells.

    Args:
        gaps: any.
        amount: of `relative_amounts`.
        regular: probability that the gap ended with a refill.
        interval: logarithm of one interval, where it did.
        levels: the types.

    Returns:
        0 (amounts say nothing) to 1 (proportional).
    """
    cells = int(gaps.cell.max(initial=-1)) + 1
    count = len(levels.type)
    by_cell = _regress(amount, interval, regular, gaps.cell, cells)
    weight = add_up(gaps.product, regular, count)
    mean = [
        add_up(gaps.product, regular * values, count) / np.maximum(weight, 1e-9)
        for values in (amount, interval - levels.cycle[gaps.product])
    ]
    by_type = _regress(mean[0], mean[1], weight, levels.type, levels.type_count)
    information, slope = (sum(parts) for parts in zip(by_cell, by_type, strict=True))
    return float(np.clip(slope / (information + _FIRMNESS), 0.0, 1.0))


def _regress(
    x: Floats, y: Floats, weight: Floats, group: NDArray[np.integer], count: int
) -> tuple[float, float]:
    """Regress within groups; give the precision of the slope, and precision times slope."""
    total = add_up(group, weight, count)
    x, y = (
        values - (add_up(group, weight * values, count) / np.maximum(total, 1e-9))[group]
        for values in (x, y)
    )
    variance = float((weight * x * x).sum())
    if variance < 1e-9:
        return 0.0, 0.0
    product = float((weight * x * y).sum())
    squares = add_up(group, weight**2, count) / np.maximum(total, 1e-9)
    freedom = max(float((total - squares).sum()) - 1, 1.0)
    rest = float((weight * (y - product / variance * x) ** 2).sum()) / freedom
    return variance / max(rest, 1e-3), product / max(rest, 1e-3)
