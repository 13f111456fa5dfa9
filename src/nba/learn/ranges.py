"""Ragged ranges of row numbers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def crossed(
    begin: NDArray[np.int64], end: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """List the numbers of every range begin:end.

    Returns:
        Two int64 arrays: which range, and the number.
    """
    length = end - begin
    row = np.repeat(np.arange(len(begin)), length)
    number = np.arange(len(row)) - np.repeat(np.cumsum(length) - length - begin, length)
    return row, number
