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
_PRIME: Final = np.uint64(1_099_511_628_211)
_BASIS: Final = np.uint64(14_695_981_039_346_656_037)
_AT_ONCE: Final = 1 << 16


def codes_in(ids: Ids, wanted: Texts) -> NDArray[np.int32]:
    """Give the code that each text has among identifiers, int32; `ABSENT` where it has none.

    Many texts are compared by their FNV-1a hashes first, then byte by byte; no text is decoded.
    """
    if len(wanted) <= _FEW:
        found = (ids.find(one) for one in wanted)
        return np.array([ABSENT if code is None else code for code in found], np.int32)
    if not len(ids):
        return np.full(len(wanted), ABSENT, np.int32)
    theirs, hashed = hashes(ids), hashes(wanted)
    order, asked = np.argsort(theirs).astype(np.int32), np.argsort(hashed).astype(np.int32)
    # In order, neighbours are looked for among neighbours, which the cache still holds.
    theirs, hashed = theirs[order], hashed[asked]
    place = np.minimum(np.searchsorted(theirs, hashed), len(theirs) - 1)
    codes = np.empty(len(wanted), np.int32)
    codes[asked] = np.where(theirs[place] == hashed, order[place], ABSENT)
    met = np.flatnonzero(codes != ABSENT)
    for first in range(0, len(met), _AT_ONCE):
        some = met[first : first + _AT_ONCE]
        # Two texts of one hash are as rare as they are possible.
        for row in some[~_are_equal(ids, codes[some], wanted, some)]:
            code = ids.find(wanted[int(row)])
            codes[row] = ABSENT if code is None else code
    return codes


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
