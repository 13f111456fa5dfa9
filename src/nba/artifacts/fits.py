"""Compatibility: which products fit which, as the catalogue says. A hard filter, never a score."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from nba.ranges import listed

_CHUNK: Final = 1 << 20
"""Pairs compared at once, which bounds the memory."""


@dataclass(frozen=True, eq=False)
class Fits:
    """What the catalogue's lists of requirements name.

    Attributes:
        start: int64[products + 1]: what product p goes with is at start[p]:start[p + 1].
        goes_with: int64: product codes that its list names, ascending; a requirement that names
            no product is a number beyond them.
        specific: bool per product: it has a list.
        named: bool per product: somebody's list names it.
    """

    start: NDArray[np.int64]
    goes_with: NDArray[np.int64]
    specific: NDArray[np.bool_]
    named: NDArray[np.bool_]

    @classmethod
    def none(cls, product_count: int) -> Self:
        """No list, so that everything fits everything."""
        no = np.zeros(product_count, np.bool_)
        return cls(np.zeros(product_count + 1, np.int64), np.empty(0, np.int64), no, no)

    def fits(self, source: NDArray[np.integer], target: NDArray[np.integer]) -> NDArray[np.bool_]:
        """Tell, per pair, whether the two products may be offered together.

        The answer is the same in both directions. A product with a list fits what the list
        names, and does not fit what only other lists name (a case for another phone). Of two
        products with lists either names the other, or the lists have an entry in common. Two
        products without lists, and one with a list beside one that no list names (coffee beans
        beside a phone case), have nothing against each other.

        Args:
            source: product codes, one a pair.
            target: the same.
        """
        answer = np.ones(len(source), np.bool_)
        asked = (self.specific[source] & (self.specific | self.named)[target]) | (
            self.specific[target] & self.named[source]
        )
        places = np.flatnonzero(asked)
        for begin in range(0, len(places), _CHUNK):
            some = places[begin : begin + _CHUNK]
            first, second = source[some].astype(np.int64), target[some].astype(np.int64)
            answer[some] = (
                self._names(first, second) | self._names(second, first) | self._meets(first, second)
            )
        return answer

    def belongs(
        self, main: NDArray[np.integer], accessory: NDArray[np.integer]
    ) -> NDArray[np.bool_]:
        """Tell, per pair, whether the second product may be an accessory of the first.

        Besides fitting, an accessory with a list needs a main product that some list speaks of: a
        case for one phone is no accessory of coffee beans.
        """
        spoken_of = self.named | self.specific
        able = self.fits(main, accessory) & (~self.specific[accessory] | spoken_of[main])
        return np.asarray(able, np.bool_)

    def _names(self, owner: NDArray[np.int64], other: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Whether the list of the first names the second."""
        return self._holds(self._keys, owner, other)

    def _meets(self, first: NDArray[np.int64], second: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Whether two lists have an entry in common."""
        length = np.diff(self.start)
        # Walk the shorter list, look up in the longer.
        swap = length[first] > length[second]
        short, long = np.where(swap, second, first), np.where(swap, first, second)
        pair, place = listed(self.start, short)
        found = self._holds(self._keys, long[pair], self.goes_with[place])
        answer = np.zeros(len(first), np.bool_)
        answer[pair[found]] = True
        return answer

    @cached_property
    def _keys(self) -> NDArray[np.int64]:
        """Give (owner, entry) of every list as one ascending number."""
        owner = np.repeat(np.arange(len(self.specific)), np.diff(self.start))
        return owner * self._width() + self.goes_with

    def _width(self) -> int:
        return int(self.goes_with.max(initial=0)) + len(self.specific) + 1

    def _holds(
        self, keys: NDArray[np.int64], owner: NDArray[np.int64], entry: NDArray[np.int64]
    ) -> NDArray[np.bool_]:
        if not len(keys):
            return np.zeros(len(owner), np.bool_)
        wanted = owner * self._width() + entry
        place = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
        return np.asarray(keys[place] == wanted, np.bool_)
