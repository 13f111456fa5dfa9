"""How many pieces a product is, as its attributes or its title say."""

from __future__ import annotations

import json
import re
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nba.data.catalog import Catalog

_KEYS: Final = ("pack_size", "pieces", "units")
"""Attributes that say it, the first one that does."""
_MOST: Final = 1000
"""Pieces above which a number is something else."""
_LONGEST: Final = 9
"""Digits beyond which none is read: of thousands Python reads no number."""
_WORDS: Final = {
    "single": 1,
    "double": 2,
    "twin": 2,
    "two": 2,
    "triple": 3,
    "three": 3,
    "four": 4,
    "five": 5,
    "six": 6,
    "eight": 8,
    "ten": 10,
    "twelve": 12,
}
_NUMBER: Final = rf"(\d+|{'|'.join(_WORDS)})"
_PATTERNS: Final = tuple(
    re.compile(pattern, flags)
    for pattern, flags in (
        (rf"\b(?:pack|set|box|bundle) of {_NUMBER}\b", re.IGNORECASE),
        (rf"\b{_NUMBER}(?:er)?[ -]?pack\b", re.IGNORECASE),
        # A measure follows, and none of length: 6 x 330 ml, but not 20 x 30 cm.
        (
            r"\b(\d+) ?[x×х] ?\d+(?:[.,]\d+)? ?(?:ml|cl|l|g|kg|oz|мл|л|г|кг)\b",  # noqa: RUF001
            re.IGNORECASE,
        ),
        # First of all, or small and last: 4x filter, filter x4, but not zoom 10x, camera X100.
        (r"^(\d+) ?[x×х] (?!\d)", re.IGNORECASE),  # noqa: RUF001
        (r"\s[x×х](\d{1,2})$", re.NOFLAG),  # noqa: RUF001
        (r"\b(\d+) ?(?:pcs|pieces|pc|count|ct|stück|szt|шт)\b", re.IGNORECASE),
        (r"\b(?:уп|упаковка)\.? ?(\d+)(?! ?(?:мл|л|г|кг)\b)(?!\w)", re.IGNORECASE),  # noqa: RUF001
    )
)
"""Tried in this order on the title; a captured number or word is the pieces."""


def pack_sizes(listing: Catalog) -> NDArray[np.int32]:
    """Read the pieces of each product from its attributes, else from its title.

    Returns:
        int32 per product, 1 to 1000; 0 where neither says.
    """
    pairs = zip(listing.attributes, listing.title, strict=True)
    sizes = (_stated(attributes) or read_title(title) for attributes, title in pairs)
    return np.fromiter(sizes, np.int32, len(listing.product_ids))


def read_title(title: str) -> int:
    """Read the pieces that a title names, such as `6 x 330 ml`, `6-pack`, `pack of four`, `12 шт`.

    Returns:
        1 to 1000, or 0 where it names none.
    """
    for pattern in _PATTERNS:
        if found := pattern.search(title):
            return _size(found[1].lower())
    return 0


def _stated(attributes: str) -> int:
    if not any(key in attributes for key in _KEYS):
        return 0
    try:
        told: Any = json.loads(attributes)
    except (ValueError, RecursionError):
        return 0
    if not isinstance(told, dict):
        return 0
    return next((size for key in _KEYS if (size := _size(str(told.get(key, ""))))), 0)


def _size(text: str) -> int:
    is_number = text.isascii() and text.isdigit() and len(text) <= _LONGEST
    size = _WORDS.get(text) or (int(text) if is_number else 0)
    return size if size <= _MOST else 0
