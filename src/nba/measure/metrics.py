"""Metrics of ranked lists, with intervals by customer."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


def recall(ranked: Sequence[str], truth: Collection[str], n: int) -> float:
    """Share of the truth that the first n of a list hold: hits / |truth|.

    Raises:
        ZeroDivisionError: the truth is empty; such customers are left out before.
    """
    return sum(product in truth for product in ranked[:n]) / len(truth)


def ndcg(ranked: Sequence[str], truth: Collection[str], n: int) -> float:
    """Discounted gain of the first n over that of an ideal list of min(n, |truth|) hits.

    DCG = sum over hits of 1 / log2(1 + rank) (Järvelin and Kekäläinen 2002).
    """
    gains = 1 / np.log2(np.arange(2, n + 2))
    hits = np.fromiter((product in truth for product in ranked[:n]), np.bool_)
    return float(gains[: len(hits)][hits].sum() / gains[: min(n, len(truth))].sum())


def coverage(lists: Iterable[Collection[str]], catalogue_size: int) -> float:
    """Share of the catalogue that at least one list shows."""
    shown = {product for one in lists for product in one}
    return len(shown) / catalogue_size if catalogue_size else 0.0


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean over customers and its 95 % bootstrap interval."""

    mean: float
    low: float
    high: float


def bootstrap(values: NDArray[np.float64], *, seed: int, draws: int = 1000) -> Interval:
    """Resample customers with replacement (percentile bootstrap, one value a customer).

    Args:
        values: float64, one a customer.
        seed: the same seed draws the same customers, so that methods are compared in pairs.
        draws: resamples.
    """
    random = np.random.default_rng(seed)
    count = len(values)
    means = np.fromiter(
        (values[random.integers(0, count, count)].mean() for _ in range(draws)), np.float64, draws
    )
    low, high = np.quantile(means, [0.025, 0.975])
    return Interval(float(values.mean()), float(low), float(high))
