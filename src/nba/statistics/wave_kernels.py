"""The compiled loop that fits waves; importing this module compiles it once a machine."""

from __future__ import annotations

from math import log
from typing import Final

import numpy as np
from numba import types
from numpy.typing import NDArray

from nba.statistics.basket_kernels import LONG, REAL, REALS, compiled

_LEAST: Final = 1e-12
"""What stands for owners at risk where there are none."""
_TABLE = types.Array(REAL, 2, "C")
_NUMBERS = types.Array(LONG, 2, "C")


@compiled(
    types.void(
        _TABLE, _TABLE, _TABLE, REALS, REALS, REALS, _TABLE, _NUMBERS, LONG, _TABLE, _TABLE, _TABLE
    )
)
def fit_waves(
    events: NDArray[np.float64],
    expected: NDArray[np.float64],
    at_risk: NDArray[np.float64],
    own: NDArray[np.float64],
    other: NDArray[np.float64],
    flat: NDArray[np.float64],
    shapes: NDArray[np.float64],
    tried: NDArray[np.int64],
    steps: int,
    level: NDArray[np.float64],
    share: NDArray[np.float64],
    gain: NDArray[np.float64],
) -> None:
    """Maximise likelihoods of a level and a wave by expectation and maximisation.

    Args:
        events: float64[pairs, buckets].
        expected: float64[pairs, buckets], none of them 0.
        at_risk: float64[pairs, buckets].
        own: float64 per pair: events that tell the level besides.
        other: float64 per pair: their expectation.
        flat: float64 per pair: the level without a wave.
        shapes: float64[waves, buckets]: the probability of every bucket.
        tried: int64[pairs, tries]: the waves to fit.
        steps: how often to expect and maximise.
        level: float64[pairs, tries], written.
        share: float64[pairs, tries], written.
        gain: float64[pairs, tries], written: log-likelihood over that of the flat level.
    """
    bucket_count = events.shape[1]
    told = np.empty(bucket_count)
    mean = np.empty(bucket_count)
    risk = np.empty(bucket_count)
    for pair in range(len(events)):
        for one in range(tried.shape[1]):
            total, happened, exposed, count = other[pair], 0.0, 0.0, 0
            for bucket in range(bucket_count):
                total += expected[pair, bucket]
                # Without events a bucket counts by its exposure alone, the same in every step.
                mean[count] = expected[pair, bucket]
                risk[count] = at_risk[pair, bucket] * shapes[tried[pair, one], bucket]
                told[count] = events[pair, bucket]
                exposed += risk[count]
                happened += told[count]
                count += told[count] > 0
            exposed = max(exposed, _LEAST)
            now, part = flat[pair], 0.2 * happened / exposed
            for _ in range(steps):
                by_level, by_wave = 0.0, 0.0
                for number in range(count):
                    ratio = told[number] / (now * mean[number] + part * risk[number])
                    by_level += ratio * mean[number]
                    by_wave += ratio * risk[number]
                now = (now * by_level + own[pair]) / total
                part *= by_wave / exposed
            rise = own[pair] * log(now / flat[pair]) - (now - flat[pair]) * total - part * exposed
            for number in range(count):
                fitted = now * mean[number] + part * risk[number]
                rise += told[number] * log(fitted / (flat[pair] * mean[number]))
            level[pair, one], share[pair, one], gain[pair, one] = now, part, rise
