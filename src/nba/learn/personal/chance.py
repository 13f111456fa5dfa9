"""Draws of customers, by the seed and what they are for."""

from __future__ import annotations

import zlib

import numpy as np
from numpy.typing import NDArray


def drawn(count: int, share: float, seed: int, name: str) -> NDArray[np.int64]:
    """Draw a share of `count` codes, ascending; all of them from a share of 1 on."""
    if share >= 1:
        return np.arange(count)
    random = np.random.default_rng([seed, zlib.crc32(name.encode())])
    return np.sort(random.permutation(count)[: max(round(share * count), 1)])
