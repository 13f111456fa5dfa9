"""What gaps are a mixture of: refills, purchases by chance, and purchases never followed."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_ndtr, ndtr

from nba.artifacts.repurchase import EVIDENCE
from nba.learn.repurchase.gaps import Gaps
from nba.learn.repurchase.sums import Floats, add_up

_CLASSES: Final = len(EVIDENCE)
_SHARE_PRIOR: Final = 20.0
"""Pseudo-purchases by which the share of refills of a type is drawn to that of its class."""
_CLASS_PRIOR: Final = 10.0
"""Pseudo-purchases by which that of a class is drawn to the share of gaps that ended."""
_CHANCE_PRIOR: Final = 5.0
"""Pseudo-purchases by which chance is drawn to that of all types, and of all classes."""
_LEAST_SPREAD: Final = 0.1
_FADES: Final = np.array([1.0, 0.8, 1.25])
"""Steps of the fading."""
_LEAST_FADE: Final = 1.0
_MOST_FADE: Final = 10_000.0
_TINY: Final = 1e-300
_ROOT: Final = float(np.sqrt(2 * np.pi))


@dataclass(frozen=True, slots=True, eq=False)
class Expected:
    """What each gap is, in probability; float64[passed, gaps] by the needs passed unseen.

    Attributes:
        ended: it ended with a refill.
        waiting: it did not end so, but would have, had one waited.
        value: the logarithm of one interval, less location, where it ended so.
        tail: expected value where it is waiting.
        square: expected square of the same.
    """

    ended: Floats
    waiting: Floats
    value: Floats
    tail: Floats
    square: Floats

    @property
    def members(self) -> Floats:
        """Probability of each purchase that the customer refills it, float64 per gap."""
        return np.asarray((self.ended + self.waiting).sum(axis=0))

    def intervals(self, offset: Floats) -> tuple[Floats, Floats]:
        """Give one interval of those refilled.

        Args:
            offset: float64 per gap: what residuals were taken from.

        Returns:
            float64 per gap, the probability that it ended with a refill; and float64 per gap, the
            expected logarithm of one interval where it did, in the units of `offset`.
        """
        regular = self.ended.sum(axis=0)
        value = (self.ended * self.value).sum(axis=0) / np.maximum(regular, 1e-12)
        return regular, value + offset


@dataclass(frozen=True, slots=True, eq=False)
class Mixture:
    """Gaps as refills, chance and silence.

    Of the purchases of type a and class of evidence k, a share is refilled after t days, with
    ln t = location + centre_k + spread z + ln j, z standard normal, where j - 1 needs have passed
    unseen. All the while the product may be bought by chance: by some more than by others, so that
    who made x trips without it does so at chance_a lift_k / (1 + x / fade) a trip, as a gamma
    mixture of Poisson processes does.

    Attributes:
        passed: float64: probability of a refill to be the need after 0, 1, … others.
        centre: float64 per class.
        spread: of every class: where classes have their own, those with much evidence take chance
            for wide refills, and those with none take wide refills for chance.
        share: float64[types, classes].
        chance: float64 per type: purchases a trip.
        lift: float64 per class; 1 in the first.
        fade: trips without the product after which chance is half.
    """

    passed: Floats
    centre: Floats
    spread: float
    share: Floats
    chance: Floats
    lift: Floats
    fade: float

    @classmethod
    def at_first(cls, gaps: Gaps, type_count: int, passed: Floats) -> Self:
        """Guess: nearly every gap that ended was a refill."""
        ended = np.bincount(gaps.evidence[gaps.ended], minlength=_CLASSES)
        seen = np.maximum(np.bincount(gaps.evidence, minlength=_CLASSES), 1)
        return cls(
            passed,
            np.zeros(_CLASSES),
            0.5,
            np.tile(np.clip(ended / seen, 0.001, 0.9), (type_count, 1)),
            np.full(type_count, 2e-3),
            np.ones(_CLASSES),
            100.0,
        )

    def expect(self, gaps: Gaps, types: NDArray[np.integer], residual: Floats) -> Expected:
        """Say what gaps are, by Bayes' rule.

        Args:
            gaps: any.
            types: type code per gap.
            residual: logarithm of the days, less location.
        """
        kind = gaps.evidence
        centre, spread, share = self.centre[kind], self.spread, self.share[types, kind]
        shape = len(self.passed), len(gaps)
        value, density, longer, tail, square = (np.empty(shape) for _ in range(5))
        for passes, weight in enumerate(self.passed.tolist()):
            value[passes] = residual - np.log(passes + 1)
            z = (value[passes] - centre) / spread
            longer[passes] = weight * ndtr(-z)
            # Relative to the survivors, as both vanish far out (the inverse Mills ratio).
            mills = np.exp(-0.5 * z * z - log_ndtr(-z)) / _ROOT
            density[passes] = longer[passes] * mills / spread
            tail[passes] = centre + spread * mills
            square[passes] = spread**2 * (1 + z * mills - mills**2) + tail[passes] ** 2
        refills, silent = density.sum(axis=0), longer.sum(axis=0)
        by_chance = self.chance[types] * self.lift[kind] / (1 + gaps.trips / self.fade)
        by_chance = by_chance * gaps.trip_rate * np.exp(gaps.log_days)
        waiting = share * silent / np.maximum(share * silent + 1 - share, _TINY)
        refilled = share * refills
        chance = (share * silent + 1 - share) * by_chance
        ended = np.where(gaps.ended, refilled / np.maximum(refilled + chance, _TINY), 0.0)
        return Expected(
            density * (ended / np.maximum(refills, _TINY)),
            longer * ((1 - ended) * waiting / np.maximum(silent, _TINY)),
            value,
            tail,
            square,
        )

    def improved(
        self, gaps: Gaps, types: NDArray[np.integer], expected: Expected, *, centred: bool
    ) -> Self:
        """Maximise the likelihood given what gaps are expected to be.

        Args:
            gaps: any.
            types: type code per gap.
            expected: of the gaps.
            centred: no class has a centre beside the location.
        """
        count = len(self.chance)
        cell = types.astype(np.int64) * _CLASSES + gaps.evidence
        seen = np.bincount(cell, minlength=count * _CLASSES).reshape(count, _CLASSES)
        by_chance = gaps.ended - expected.ended.sum(axis=0)
        members, events, exposure = (
            add_up(cell, values, count * _CLASSES).reshape(count, _CLASSES)
            for values in (expected.members, by_chance, faded(gaps.trips, self.fade))
        )
        at_lift = exposure @ self.lift
        overall = max(events.sum(), 1e-6) / max(at_lift.sum(), 1e-6)
        chance = (events.sum(axis=1) + _CHANCE_PRIOR) / (at_lift + _CHANCE_PRIOR / overall)
        lift = (events.sum(axis=0) + _CHANCE_PRIOR) / (chance @ exposure + _CHANCE_PRIOR)
        # In a shop of a few gaps a class is all refills or none; it begins as what ended.
        of_class = members.sum(axis=0) + _CLASS_PRIOR * gaps.ended.mean()
        of_class /= seen.sum(axis=0) + _CLASS_PRIOR
        centre, spread = self._moments(gaps.evidence, expected, centred=centred)
        return replace(
            self,
            centre=centre,
            spread=spread,
            share=drawn(members, seen, of_class),
            chance=chance,
            lift=lift / lift[0],
            fade=self._faded(gaps, chance[types] * lift[gaps.evidence], by_chance),
        )

    def _faded(self, gaps: Gaps, level: Floats, by_chance: Floats) -> float:
        """Move the fading by a step to where purchases by chance are likelier, if anywhere."""
        tried = np.clip(self.fade * _FADES, _LEAST_FADE, _MOST_FADE)
        likelihood = [
            -(by_chance @ np.log1p(gaps.trips / fade)) - level @ faded(gaps.trips, fade)
            for fade in tried.tolist()
        ]
        return float(tried[int(np.argmax(likelihood))])

    def _moments(
        self, kind: NDArray[np.int8], expected: Expected, *, centred: bool
    ) -> tuple[Floats, float]:
        weight, first, second = np.zeros((3, _CLASSES))
        parts = (getattr(expected, field.name) for field in fields(Expected))
        for ended, waiting, value, tail, square in zip(*parts, strict=True):
            weight += add_up(kind, ended + waiting, _CLASSES)
            first += add_up(kind, ended * value + waiting * tail, _CLASSES)
            second += add_up(kind, ended * value**2 + waiting * square, _CLASSES)
        told = (weight >= 1) & (not centred)
        centre = np.where(told, first / np.maximum(weight, 1e-9), 0.0)
        beyond = (second - centre * (2 * first - centre * weight)).sum()
        variance = float(beyond) / max(float(weight.sum()), 1e-9)
        return centre, max(variance, _LEAST_SPREAD**2) ** 0.5


def faded(trips: NDArray[np.floating], fade: float) -> Floats:
    """Give the trips without fading that as many trips are worth: f ln(1 + x / f)."""
    return np.asarray(fade * np.log1p(trips / fade), np.float64)


def drawn(members: Floats, seen: NDArray[np.integer], prior: Floats) -> Floats:
    """Give shares of those seen, drawn to a prior by `_SHARE_PRIOR` purchases."""
    share = (members + _SHARE_PRIOR * prior) / (seen + _SHARE_PRIOR)
    return np.asarray(np.clip(share, 1e-6, 1 - 1e-6))


def passed_unseen(share: float) -> Floats:
    """Give the probability of a refill to be the need after 0, 1, 2 others: geometric, and cut."""
    weight = share ** np.arange(3)
    return np.asarray(weight / weight.sum())
