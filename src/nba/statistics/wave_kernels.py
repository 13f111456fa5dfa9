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
    bucket_count, tries = events.shape[1], tried.shape[1]
    told = np.empty(bucket_count, np.int64)
    risk = np.empty((bucket_count, tries))
    exposed, by_level, by_wave = np.empty(tries), np.empty(tries), np.empty(tries)
    for pair in range(len(events)):
        total, happened, count = other[pair], 0.0, 0
        exposed[:] = 0.0
        for bucket in range(bucket_count):
            total += expected[pair, bucket]
            happened += events[pair, bucket]
            # Without events a bucket counts by its exposure alone, the same in every step.
            for one in range(tries):
                risk[count, one] = at_risk[pair, bucket] * shapes[tried[pair, one], bucket]
                exposed[one] += risk[count, one]
            if events[pair, bucket] > 0:
                told[count] = bucket
                count += 1
        for one in range(tries):
            exposed[one] = max(exposed[one], _LEAST)
            level[pair, one] = flat[pair]
            share[pair, one] = 0.2 * happened / exposed[one]
        for _ in range(steps):
            by_level[:] = 0.0
            by_wave[:] = 0.0
            for number in range(count):
                bucket = told[number]
                mean = expected[pair, bucket]
                for one in range(tries):
                    fitted = level[pair, one] * mean + share[pair, one] * risk[number, one]
                    ratio = events[pair, bucket] / fitted
                    by_level[one] += ratio * mean
                    by_wave[one] += ratio * risk[number, one]
            for one in range(tries):
                level[pair, one] = (level[pair, one] * by_level[one] + own[pair]) / total
                share[pair, one] *= by_wave[one] / exposed[one]
        for one in range(tries):
            rise = own[pair] * log(level[pair, one] / flat[pair])
            rise -= (level[pair, one] - flat[pair]) * total + share[pair, one] * exposed[one]
            for number in range(count):
                mean = expected[pair, told[number]]
                fitted = level[pair, one] * mean + share[pair, one] * risk[number, one]
                rise += events[pair, told[number]] * log(fitted / (flat[pair] * mean))
            gain[pair, one] = rise
