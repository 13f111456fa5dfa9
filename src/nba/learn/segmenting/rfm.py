"""Recency, frequency and money: scores from 1 to 5, and the ten segments they make.

The grid is the usual one of marketing practice, by recency and the mean of the other two.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal, Self

import numpy as np
from numpy.typing import NDArray

from nba.learn.segmenting.figures import Figures
from nba.palette import SEGMENT_LOOKS

SEGMENTS: Final = tuple(SEGMENT_LOOKS)
"""Code order of a segment."""
GRID: Final = (
    ("hibernating", "hibernating", "at_risk", "at_risk", "cannot_lose"),
    ("hibernating", "hibernating", "at_risk", "at_risk", "cannot_lose"),
    ("about_to_sleep", "about_to_sleep", "need_attention", "loyal", "loyal"),
    ("promising", "potential_loyalist", "potential_loyalist", "loyal", "loyal"),
    ("new", "potential_loyalist", "potential_loyalist", "champions", "champions"),
)
"""The segment of every cell: rows are recency 1 to 5, columns (frequency + money) / 2, rounded up,
1 to 5."""
_CODES: Final = np.array([[SEGMENTS.index(name) for name in row] for row in GRID], np.int8)


@dataclass(frozen=True, slots=True, eq=False)
class Rfm:
    """Scores and segments, one row a customer.

    Attributes:
        recency, frequency, money: int8, 1 (worst) to 5 (best); 0 without a kept purchase.
        segment: int8, a code of `SEGMENTS`; 0 without a kept purchase.
    """

    recency: NDArray[np.int8]
    frequency: NDArray[np.int8]
    money: NDArray[np.int8]
    segment: NDArray[np.int8]

    @classmethod
    def of(cls, figures: Figures, monetary: Literal["revenue", "profit"]) -> Self:
        """Score every customer with a kept purchase among all of them.

        Recency is by days since the last order, frequency by order days, money by the revenue or
        profit of all purchases.
        """
        here = figures.has_bought
        money = figures.revenue if monetary == "revenue" else figures.profit
        scores = []
        for values in (-figures.days_since_last, figures.order_days, money):
            score = np.zeros(len(figures), np.int8)
            score[here] = quintiles(values[here])
            scores.append(score)
        recency, frequency, worth = scores
        segment = np.zeros(len(figures), np.int8)
        segment[here] = segments_at(recency[here], frequency[here], worth[here])
        return cls(recency, frequency, worth, segment)


def quintiles(values: NDArray[Any]) -> NDArray[np.int8]:
    """Score values from 1 to 5 by the share that is smaller: 1 + floor(5 x smaller / all).

    Equal values have equal scores, whatever the order of the rows; so a score may be absent, and
    where most customers ordered once, those have the lowest score and nobody is drawn by lot.
    """
    smaller = np.searchsorted(np.sort(values), values)
    return (1 + 5 * smaller // max(len(values), 1)).astype(np.int8)


def segments_at(
    recency: NDArray[np.int8], frequency: NDArray[np.int8], money: NDArray[np.int8]
) -> NDArray[np.int8]:
    """Look scores from 1 to 5 up in the grid; int8 codes of `SEGMENTS`."""
    return np.asarray(_CODES[recency - 1, (frequency + money + 1) // 2 - 1], np.int8)
