"""Timing: whether an order of one type comes in a wave some days after another, and when."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import erfc, gammaincinv, ndtr

from nba.statistics.lags import LAG_DAYS, LagCounts

Floats = NDArray[np.float64]

_MEDIANS: Final = np.exp(np.arange(np.log(1.5), np.log(800), 0.08))
_SPREADS: Final = np.array([0.2, 0.3, 0.42, 0.6])
"""The waves tried: log-normal, every median with every spread."""
_POSITIONS: Final = 14.0
"""Independent waves among those tried: with it a twentieth of the pairs without any need has a
p-value below a twentieth (measured on simulated shops)."""
_SEASON_PRIOR: Final = 5.0
"""Pseudo-events by which a type's season is drawn to none."""
_LIFT_PRIOR: Final = 1.0
"""Pseudo-events by which a wave's lift is drawn to one."""
_TELLING: Final = 5.0
"""Expected events from which on a pair tells how levels vary."""
_USUAL: Final = 6.0
"""Ratio that one pair in ten exceeds without any wave, by the p-value below."""
_CONTROL_PAIRS: Final = 200
"""Pairs of about equal expectation that together tell how ratios vary."""
_SCREEN: Final = 4.0
"""Score statistic below which a wave is not fitted: far from any threshold that counts."""
_LEAST_EVENTS: Final = 2
"""Events without which there is no wave."""
_TRIED: Final = 24
"""Waves fitted a pair, those of highest score."""
_BLOCK: Final = 256
"""Pairs fitted at once, which bounds the memory."""
_STEPS: Final = 40
"""Steps of expectation and maximisation; the likelihood moves by less than 0.1 after them."""


@dataclass(frozen=True, slots=True, eq=False)
class Waves:
    """The best wave of every pair of types, float64 per pair.

    Attributes:
        ratio: twice the gain in log-likelihood over no wave; 0 where none was found.
        median: days from the arrival of the first type, in the middle of the wave.
        spread: standard deviation of the logarithm of those days.
        share: owners at risk who come to need the second type, 0 to 1.
        level: events outside the wave over the expected ones.
        lift: lower 5 % bound of events over expectation within the wave.
    """

    ratio: Floats
    median: Floats
    spread: Floats
    share: Floats
    level: Floats
    lift: Floats

    def p_value(self) -> Floats:
        """Chance of so high a ratio without any wave: one side of chi-square, times positions."""
        chance = 0.5 * _POSITIONS * erfc(np.sqrt(self.ratio / 2))
        return np.where(self.ratio > 0, np.minimum(chance, 1.0), 1.0)


@dataclass(frozen=True, slots=True, eq=False)
class _Evidence:
    """What is known of some pairs: events, owners at risk and expectation by bucket.

    `own` and `other` are events and expectation that tell the level besides; `flat` is the level
    without a wave.
    """

    events: Floats
    at_risk: NDArray[np.int64]
    expected: Floats
    own: Floats
    other: Floats
    flat: Floats

    def where(self, kept: NDArray[np.bool_]) -> _Evidence:
        return _Evidence(
            self.events[kept],
            self.at_risk[kept],
            self.expected[kept],
            self.own[kept],
            self.other[kept],
            self.flat[kept],
        )


def expect(counts: LagCounts, wanted: NDArray[np.bool_]) -> Floats:
    """Say how many events pairs would have in each bucket, had the first type no part in them.

    E_ab(m) = s_ab(m) * sum over classes k of at_risk_abk(m) * h_bk(m), with h_bk(m) the hazard of
    b at lag m after any other type, among customers who order as often: how busy they are, that
    they leave and that histories end cancels out. s_ab(m) is the season of b in the calendar
    periods in which the owners of a are at that lag.

    Args:
        counts: of all types.
        wanted: bool per pair: for which to say it.

    Returns:
        float64[wanted pairs, buckets].
    """
    pairs = np.flatnonzero(wanted)
    types, place = np.unique(counts.second[pairs], return_inverse=True)
    taken, calendar = counts.taken[types].astype(np.float64), counts.calendar[types]
    others = counts.owners.sum(axis=0, dtype=np.int64) - counts.owners[types] - counts.missed[types]
    hazard = taken / np.maximum(others, 1)
    elsewhere = (counts.calendar.sum(axis=0, dtype=np.int64) - calendar).astype(np.float64)
    elsewhere /= np.maximum(elsewhere.sum(axis=2, keepdims=True), 1)
    usual = np.einsum("bm,bmq->bq", taken.sum(axis=1), elsewhere)
    season = (counts.seasons[types] + _SEASON_PRIOR) / (usual + _SEASON_PRIOR)
    expected = np.zeros((len(pairs), counts.events.shape[1]))
    begin = np.flatnonzero(np.diff(counts.first[pairs], prepend=-1))
    for low, high in pairwise([*begin.tolist(), len(pairs)]):
        first, second = counts.first[pairs[low]], place[low:high]
        at_risk = counts.at_risk(pairs[low:high])
        within = counts.calendar[first].astype(np.float64)
        within /= np.maximum(within.sum(axis=1, keepdims=True), 1)
        expected[low:high] = np.einsum("pkm,pkm->pm", hazard[second], at_risk)
        expected[low:high] *= season[second] @ within.T
    return expected


def find_waves(counts: LagCounts, expected: Floats, wanted: NDArray[np.bool_]) -> Waves:
    """Fit the events of pairs as a level of the expected ones and one wave.

    Events in bucket m are Poisson with mean T E(m) + R(m) share g(m): R the owners at risk, g the
    log-normal probability of the bucket. The level T is what taste makes of the pair: it is the
    same in the reverse direction, whose events tell it too, and is drawn to 1 as firmly as levels
    of all pairs lie around 1. The ratio compares with share = 0.

    Args:
        counts: events and owners at risk.
        expected: from `expect`.
        wanted: bool per pair: which to fit; the others have no wave.
    """
    events = counts.events.astype(np.float64)
    shapes = _shapes()
    own, other = _level_evidence(counts, events, expected)
    flat = (events.sum(axis=1) + own) / np.maximum(expected.sum(axis=1) + other, 1e-9)
    ratio, median, spread, share, lift = np.zeros((5, len(counts)))
    level = flat.copy()
    places = np.flatnonzero(wanted)
    for begin in range(0, len(places), _BLOCK):
        some = places[begin : begin + _BLOCK]
        known = _Evidence(
            events[some],
            counts.at_risk(some).sum(axis=1),
            expected[some],
            own[some],
            other[some],
            flat[some],
        )
        hopeful, tried = _screen(known, shapes)
        some = some[hopeful]
        levels, shares, gains = _fit(known.where(hopeful), shapes, tried)
        row, best = np.arange(len(some)), gains.argmax(axis=1)
        middle, width = np.divmod(tried[row, best], len(_SPREADS))
        ratio[some] = np.maximum(2 * gains[row, best], 0.0)
        median[some], spread[some] = _MEDIANS[middle], _SPREADS[width]
        level[some], share[some] = levels[row, best], shares[row, best]
        near = _within(median[some], spread[some])
        found = (events[some] * near).sum(axis=1) + _LIFT_PRIOR
        lift[some] = gammaincinv(found, 0.05) / (
            level[some] * (expected[some] * near).sum(axis=1) + _LIFT_PRIOR
        )
    return Waves(ratio, median, spread, share, level, lift)


def control(waves: Waves, expected: Floats, usual: NDArray[np.bool_]) -> Waves:
    """Put ratios into units in which one pair in ten exceeds 6 by chance alone.

    With many events the smallest error of the expectation is significant. Most pairs have no
    wave, so their ratios show it (genomic control, Devlin and Roeder 1999), among pairs that
    expect about as many events. Ratios never rise, and those of pairs that are not `usual`, of
    which many have a wave, neither tell nor change.
    """
    inflation = np.ones(len(waves.ratio))
    by_size = np.argsort(expected.sum(axis=1), kind="stable")
    by_size = by_size[usual[by_size]]
    for some in np.array_split(by_size, max(len(by_size) // _CONTROL_PAIRS, 1)):
        if len(some) >= _CONTROL_PAIRS:
            inflation[some] = max(float(np.quantile(waves.ratio[some], 0.9)) / _USUAL, 1.0)
    return replace(waves, ratio=waves.ratio / inflation)


def _shapes() -> Floats:
    """Give the probability of every bucket under every wave, float64[waves, buckets]."""
    with np.errstate(divide="ignore"):
        bound = np.log(LAG_DAYS)
    standard = (bound - np.log(_MEDIANS)[:, None, None]) / _SPREADS[:, None]
    return np.asarray(np.diff(ndtr(standard), axis=2).reshape(-1, len(LAG_DAYS) - 1))


def _within(median: Floats, spread: Floats) -> NDArray[np.bool_]:
    """Choose, per wave, the buckets within a spread of the median."""
    low, high = (median * np.exp(sign * spread) for sign in (-1, 1))
    near = (LAG_DAYS[1:] > low[:, None]) & (LAG_DAYS[:-1] < high[:, None])
    return np.asarray(near, np.bool_)


def _level_evidence(counts: LagCounts, events: Floats, expected: Floats) -> tuple[Floats, Floats]:
    """Give what is known of each pair's level besides its own events: events and expectation."""
    width = max(len(counts.types), 1)
    keys = counts.first.astype(np.int64) * width + counts.second
    reverse = counts.second.astype(np.int64) * width + counts.first
    total, mean = events.sum(axis=1), expected.sum(axis=1)
    if not len(keys):
        return total, mean
    place = np.minimum(np.searchsorted(keys, reverse), len(keys) - 1)
    found = keys[place] == reverse
    # A gamma prior whose variance is that of the levels beyond Poisson noise, by moments.
    enough = mean > _TELLING
    beyond = ((total - mean) ** 2 - total)[enough].sum()
    firmness = float(np.clip((mean[enough] ** 2).sum() / max(beyond, 1e-9), 1.0, 1000.0))
    own = np.where(found, total[place], 0.0) + firmness
    return own, np.where(found, mean[place], 0.0) + firmness


def _screen(known: _Evidence, shapes: Floats) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """Find the pairs worth fitting, and the waves to try on them.

    Returns:
        bool per pair; int64[pairs worth fitting, `_TRIED`]: the waves of highest score.
    """
    mean = known.flat[:, None] * known.expected
    with np.errstate(divide="ignore", invalid="ignore"):
        slope = np.where(mean > 0, known.events / mean - 1, 0.0) * known.at_risk
        steep = np.where(mean > 0, known.at_risk**2 / mean, 0.0) @ (shapes**2).T
    # What the level, fitted as well, takes away from the information.
    total = mean.sum(axis=1) + known.flat * known.other
    shared = (known.at_risk @ shapes.T) ** 2 / np.maximum(total, 1e-9)[:, None]
    score = slope @ shapes.T / np.sqrt(np.maximum(steep - shared, 1e-12))
    enough = known.events.sum(axis=1) >= _LEAST_EVENTS
    hopeful = (score.max(axis=1, initial=0.0) > np.sqrt(_SCREEN)) & enough
    tried = np.argpartition(-score[hopeful], _TRIED, axis=1)[:, :_TRIED]
    return hopeful, np.sort(tried, axis=1)


def _fit(
    known: _Evidence, shapes: Floats, tried: NDArray[np.int64]
) -> tuple[Floats, Floats, Floats]:
    """Maximise the likelihood by expectation and maximisation.

    Args:
        known: the pairs.
        shapes: float64[waves, buckets].
        tried: int64[pairs, waves of each]: the waves to try.

    Returns:
        Level, share and gain in log-likelihood over the flat level, each float64 as `tried`.
    """
    from nba.statistics import wave_kernels

    level, share, gain = np.empty((3, *tried.shape))
    wave_kernels.fit_waves(
        known.events,
        np.maximum(known.expected, 1e-12),
        known.at_risk.astype(np.float64),
        known.own,
        known.other,
        known.flat,
        shapes,
        tried,
        _STEPS,
        level,
        share,
        gain,
    )
    return level, share, gain
