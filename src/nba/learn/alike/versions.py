"""Versions: what a title says of a product's family, and of its place in it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from nba.learn.alike.text import WORD

_MODEL: Final = re.compile(r"([^\W_]*[^\W\d_])([1-9]\d{0,4})([^\W\d_]*)")
_ROMAN: Final = re.compile(r"(?=[IVX]{2})(X{0,2})(IX|IV|V?I{0,3})|V|X")
_MARKS: Final = frozenset("v version gen generation mk mark series".split())
_YEARS: Final = range(1980, 2100)
_MANY: Final = 100
"""Nothing has had so many versions: such a number is a code."""
_DIGITS: Final = {"I": 1, "V": 5, "X": 10}


class Version(NamedTuple):
    """One number of a title that may tell generations apart.

    Attributes:
        family: the title's words, casefolded, with a gap where the number stood.
        number: it.
        is_clear: a model (AX15), a year, a Roman numeral or a number marked as a version (Gen 2)
            is clear; a mere number may as well be a size, and that of a long model a code.
    """

    family: tuple[str, ...]
    number: int
    is_clear: bool


def versions(brand: str, title: Sequence[str]) -> list[Version]:
    """Read the versions a title may stand for, clear ones alone where there is any.

    Words such as Pro or Max stay in the family: they name a tier, and the Pro does not replace
    the plain one. Mere numbers of three digits and more that are no years, and those with a
    leading zero, count things or name shades; a number with a unit (128GB) is a word.

    Args:
        brand: part of the family even where the title leaves it out.
        title: its words as the shop writes them, without those that tell variants apart.
    """
    read = [
        (place, *number)
        for place, (before, written) in enumerate(zip(["", *title], title, strict=False))
        if (number := _number(written, before)) is not None
    ]
    if not read:
        return []
    words = [one.casefold() for one in title]
    unsaid = [one for one in WORD.findall(brand.casefold()) if one not in words]
    found = [
        Version((*unsaid, *words[:place], gap, *words[place + 1 :]), number, is_clear)
        for place, gap, number, is_clear in read
    ]
    return [one for one in found if one.is_clear] or found


@lru_cache(maxsize=1 << 16)
def _number(written: str, before: str) -> tuple[str, int, bool] | None:
    """Read a word, given the one before: what remains of it, the number, whether it is clear."""
    model = _MODEL.fullmatch(written.casefold())
    if model:
        return f"{model[1]}#{model[3]}", int(model[2]), int(model[2]) < _MANY
    if before and _ROMAN.fullmatch(written):
        return "#", _from_roman(written), True
    if not (written.isascii() and written.isdigit()) or written.startswith("0"):
        return None
    number = int(written)
    is_clear = number in _YEARS or (number < _MANY and before.casefold() in _MARKS)
    return ("#", number, is_clear) if is_clear or number < _MANY else None


def _from_roman(numeral: str) -> int:
    values = [_DIGITS[letter] for letter in numeral]
    # A smaller digit before a greater one is taken away.
    return sum(
        -value if value < following else value
        for value, following in zip(values, [*values[1:], 0], strict=True)
    )
