"""Chance: streams and draws that are functions of names, and weighted draws within groups."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Codes = NDArray[np.integer[Any]]

_STEP: Final = np.uint64(0x9E3779B97F4A7C15)
_FIRST: Final = np.uint64(0xBF58476D1CE4E5B9)
_SECOND: Final = np.uint64(0x94D049BB133111EB)


def stream(seed: int, name: str) -> np.random.Generator:
    """Give the generator of one mechanism, so that a change in one leaves the others alone."""
    return np.random.default_rng([seed, _number(name)])


def keyed(seed: int, purpose: str, *keys: Codes) -> Floats:
    """Draw a uniform number for every row of integer keys, the same wherever it is asked for.

    Args:
        seed: of the shop.
        purpose: what the number decides; equal keys of two purposes are independent.
        keys: integer arrays of one length, none negative.

    Returns:
        float64 in (0, 1): the splitmix64 hash of (seed, purpose, keys), Steele et al. 2014.
    """
    with np.errstate(over="ignore"):
        mixed = np.full(len(keys[0]), np.uint64(_number(f"{seed}/{purpose}")))
        for key in keys:
            mixed ^= key.astype(np.uint64)
            mixed += _STEP
            mixed ^= mixed >> np.uint64(30)
            mixed *= _FIRST
            mixed ^= mixed >> np.uint64(27)
            mixed *= _SECOND
            mixed ^= mixed >> np.uint64(31)
    return ((mixed >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53


def _number(name: str) -> int:
    return int.from_bytes(blake2b(name.encode(), digest_size=8).digest(), "little")


@dataclass(frozen=True, slots=True, eq=False)
class Wheel:
    """Weighted members of groups, laid end to end so that one search draws from any group.

    Attributes:
        member: int32, the members of group 0, then those of group 1, and so on.
        start: int64, length groups + 1: group g holds member[start[g]:start[g + 1]].
        edge: float64: g plus the running share of weight within group g, rising to g + 1.
    """

    member: NDArray[np.int32]
    start: NDArray[np.int64]
    edge: Floats

    @classmethod
    def of(cls, group: Codes, member: Codes, weight: Floats, count: int) -> Self:
        """Lay out members by group; those of a group keep their order.

        Args:
            group: of each member.
            member: one row each time it is in a group.
            weight: of each, above 0.
            count: how many groups there are; one without members is never drawn from.
        """
        order = np.argsort(group, kind="stable")
        start = np.zeros(count + 1, np.int64)
        np.cumsum(np.bincount(group, minlength=count), out=start[1:])
        running = np.concatenate([[0.0], np.cumsum(weight[order])])
        sizes = np.diff(start)
        before = np.repeat(running[start[:-1]], sizes)
        total = np.repeat(np.diff(running[start]), sizes)
        edge = np.repeat(np.arange(count), sizes) + (running[1:] - before) / total
        return cls(member[order].astype(np.int32), start, edge)

    @classmethod
    def of_table(cls, weights: Floats) -> Self:
        """Lay out one group a row of a table of weights; a member is the number of a column."""
        group, member = np.nonzero(weights > 0)
        return cls.of(group, member, weights[group, member], len(weights))

    def has(self, group: Codes) -> NDArray[np.bool_]:
        """Tell which groups have a member at all."""
        return np.asarray(self.start[group + 1] > self.start[group])

    def draw(self, group: Codes, chance: Floats) -> NDArray[np.int32]:
        """Draw one member of each group by its uniform number.

        Args:
            group: group numbers, each with a member.
            chance: float64 in (0, 1), one a group number.
        """
        found = np.searchsorted(self.edge, group + chance, side="left")
        # Rounding may lead past the last member of a group.
        return self.member[np.clip(found, self.start[group], self.start[group + 1] - 1)]


def zipf(rank: Codes, *, exponent: float, shift: float) -> Floats:
    """Weigh ranks from 0 by 1 / (rank + shift)^exponent (Zipf and Mandelbrot)."""
    return np.asarray((rank + shift) ** -exponent, np.float64)
