"""Counts, shares and names as reasons write them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import takewhile
from typing import Final

LEVEL: Final = " > "
_WORD: Final = re.compile(r"\w+")


def counted(count: int, noun: str) -> str:
    """Write `1 order`, `2 orders`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def percent(share: float) -> str:
    """Write a share as a whole percent, or `under 1 %`."""
    return "under 1 %" if share < 0.01 else f"{100 * share:.0f} %"


def listed(parts: Sequence[str]) -> str:
    """Write `a`, `a and b`, `a, b and c`."""
    return " and ".join(filter(None, (", ".join(parts[:-1]), *parts[-1:])))


def leaf(path: str) -> str:
    """Give the last level of a category path."""
    return path.rpartition(LEVEL)[2]


def shared_path(first: str, second: str) -> str:
    """Give the levels that two category paths begin with."""
    levels = zip(first.split(LEVEL), second.split(LEVEL), strict=False)
    return LEVEL.join(level for level, _ in takewhile(lambda pair: pair[0] == pair[1], levels))


def words(text: str) -> frozenset[str]:
    """Give the distinct words of a text: runs of letters and digits, in capitals or not."""
    return frozenset(_WORD.findall(text.casefold()))
