"""How methods answer and are tuned: scores of customers by products, cut to the best.

Equal scores are broken by the orders of the product, then by its code.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product
from typing import Any

import numpy as np
from cuts import SHOWN, Answer, Cut, Lists
from grading import Grades, grade
from numba import njit
from numpy.typing import NDArray

BLOCK = 256
TRIALS = 20

Setting = Mapping[str, float]

Scorer = Callable[[NDArray[np.int32]], NDArray[np.float64]]
"""Scores float64[customers, products] for codes of customers; -inf is never shown."""


@dataclass(frozen=True)
class Method:
    """What is asked side by side.

    Attributes:
        learn: takes a cut, and a setting by keyword; gives what ranks for the customers asked.
        grid: what it is tuned over on validation cuts, `TRIALS` settings at most.
    """

    learn: Callable[..., Answer]
    grid: Mapping[str, tuple[float, ...]] = field(default_factory=dict)

    def settings(self) -> Iterator[Setting]:
        """Give what it is tuned over; one empty setting where there is no grid."""
        settings = [dict(zip(self.grid, one, strict=True)) for one in product(*self.grid.values())]
        assert len(settings) <= TRIALS, "every method has the same budget"
        return iter(settings)


@dataclass(frozen=True)
class Timed:
    """Figures of one method on one cut, and what they cost.

    Attributes:
        grades: the figures.
        learning, ranking: wall seconds.
    """

    grades: Grades
    learning: float
    ranking: float


def measure(cut: Cut, method: Method, setting: Setting) -> Timed:
    """Learn, rank and grade."""
    begin = time.perf_counter()
    answer = method.learn(cut, **setting)
    learned = time.perf_counter()
    lists = answer()
    return Timed(grade(cut, lists), learned - begin, time.perf_counter() - learned)


def tune(cut: Cut, method: Method, figure: str) -> Setting:
    """Choose the setting with the best mean of a figure on a validation cut."""
    settings = list(method.settings())
    if len(settings) == 1:
        return settings[0]
    reached = [
        float(np.nanmean(measure(cut, method, one).grades.figures[figure])) for one in settings
    ]
    return settings[int(np.argmax(reached))]


def by_scores(cut: Cut, score: Scorer) -> Answer:
    """Rank by scores, a block of customers at a time."""

    def answer() -> Lists:
        lists = np.empty((len(cut.customer), SHOWN), np.int32)
        for begin in range(0, len(lists), BLOCK):
            some = slice(begin, begin + BLOCK)
            lists[some] = _best(score(cut.customer[some]), cut.popularity, SHOWN)
        return lists

    return answer


def some_only(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Leave out what has no positive score."""
    return np.where(scores > 0, scores, -np.inf)


def chosen(names: list[str] | None, registry: Mapping[str, Any]) -> list[str]:
    """Give the methods asked for by name, all of them where none is."""
    unknown = set(names or ()) - set(registry)
    if unknown:
        raise SystemExit(f"no method {sorted(unknown)}; there are {sorted(registry)}")
    return [name for name in registry if not names or name in names]


@njit(cache=True)
def _best(score, tie, shown):  # noqa: ANN001, ANN202 - compiled
    out = np.full((score.shape[0], shown), -1, np.int32)
    for row in range(score.shape[0]):
        count = 0
        for column in range(score.shape[1]):
            value = score[row, column]
            if value == -np.inf:
                continue
            if count == shown:
                last = out[row, shown - 1]
                if value < score[row, last] or (
                    value == score[row, last] and tie[column] <= tie[last]
                ):
                    continue
            place = min(count, shown - 1)
            count = min(count + 1, shown)
            while place > 0:
                other = out[row, place - 1]
                if score[row, other] > value or (
                    score[row, other] == value and tie[other] >= tie[column]
                ):
                    break
                out[row, place] = other
                place -= 1
            out[row, place] = column
    return out
