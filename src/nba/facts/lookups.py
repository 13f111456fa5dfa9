"""Where texts stand among identifiers, for a handful as for millions."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from nba.domain import Ids, Texts

ABSENT: Final = -1
"""The code of what is not among the ids."""
_FEW: Final = 2048
"""Up to so many texts are searched for one by one."""
_NEAR: Final = 1 << 16
"""Hashes of so many ids stay in the cache, in whatever order they are looked for."""
_PRIME: Final = np.uint64(1_099_511_628_211)
_BASIS: Final = np.uint64(14_695_981_039_346_656_037)
_AT_ONCE: Final = 1 << 16


class Lookup:
    """Identifiers in which many groups of texts are looked up: it remembers their hashes."""

    def __init__(self, ids: Ids) -> None:
        """Remember nothing yet."""
        self.ids = ids
        self._hashed: tuple[NDArray[np.uint64], NDArray[np.int32]] | None = None

    def codes(self, wanted: Texts) -> NDArray[np.int32]:
        """Give the code that each text has among the identifiers, int32; `ABSENT` for none.

        Many texts are compared by their FNV-1a hashes first, then byte by byte; no text is decoded.
        """
        ids = self.ids
        if len(wanted) <= _FEW:
            found = (ids.find(one) for one in wanted)
            return np.array([ABSENT if code is None else code for code in found], np.int32)
        if not len(ids):
            return np.full(len(wanted), ABSENT, np.int32)
        (theirs, order), hashed = self._sorted(), hashes(wanted)
        if len(ids) <= _NEAR:
            codes = _met(theirs, order, hashed)
        else:
            # In order, neighbours are looked for among neighbours, which the cache still holds.
            asked = np.argsort(hashed).astype(np.int32)
            codes = np.empty(len(wanted), np.int32)
            codes[asked] = _met(theirs, order, hashed[asked])
        met = np.flatnonzero(codes != ABSENT)
        for first in range(0, len(met), _AT_ONCE):
            some = met[first : first + _AT_ONCE]
            # Two texts of one hash are as rare as they are possible.
            for row in some[~_are_equal(ids, codes[some], wanted, some)]:
                code = ids.find(wanted[int(row)])
                codes[row] = ABSENT if code is None else code
        return codes

    def _sorted(self) -> tuple[NDArray[np.uint64], NDArray[np.int32]]:
        """Give the hashes of the identifiers, ascending, and the code of each."""
        # One reference is read and written as a whole, whatever other threads do.
        known = self._hashed
        if known is None:
            theirs = hashes(self.ids)
            order = np.argsort(theirs).astype(np.int32)
            self._hashed = known = theirs[order], order
        return known


def codes_in(ids: Ids, wanted: Texts) -> NDArray[np.int32]:
    """Give the code that each text has among identifiers, int32; `ABSENT` where it has none."""
    return Lookup(ids).codes(wanted)


def _met(
    theirs: NDArray[np.uint64], code: NDArray[np.int32], wanted: NDArray[np.uint64]
) -> NDArray[np.int32]:
    place = np.minimum(np.searchsorted(theirs, wanted), len(theirs) - 1)
    return np.where(theirs[place] == wanted, code[place], np.int32(ABSENT))


def hashes(texts: Texts) -> NDArray[np.uint64]:
    """Hash each text by FNV-1a, 64 bits: h = (h xor byte) x prime, byte after byte."""
    start, length = texts.offsets[:-1], np.diff(texts.offsets)
    hashed = np.full(len(texts), _BASIS, np.uint64)
    for first in range(0, len(texts), _AT_ONCE):
        part = slice(first, first + _AT_ONCE)
        some, byte, longer = hashed[part], start[part], length[part]
        shared = int(longer.min())
        for place in range(shared):
            some[:] = (some ^ texts.data[byte + place]) * _PRIME
        row = np.flatnonzero(longer > shared)
        while len(row):
            some[row] = (some[row] ^ texts.data[byte[row] + shared]) * _PRIME
            shared += 1
            row = row[longer[row] > shared]
    return hashed


def _are_equal(
    ids: Texts, code: NDArray[np.int32], texts: Texts, row: NDArray[np.int64]
) -> NDArray[np.bool_]:
    mine, other = ids.take(code), texts.take(row)
    equal: NDArray[np.bool_] = np.diff(mine.offsets) == np.diff(other.offsets)
    if not equal.all():
        mine, other = mine.take(np.flatnonzero(equal)), other.take(np.flatnonzero(equal))
    differing = np.flatnonzero(mine.data != other.data)
    unequal = np.searchsorted(mine.offsets, differing, "right") - 1
    equal[np.flatnonzero(equal)[unequal]] = False
    return equal
