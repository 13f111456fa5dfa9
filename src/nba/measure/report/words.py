"""How figures are written for people. What is not known is a dash, never a zero."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

DASH: Final = "\u2013"
_NO_BREAK: Final = "\u202f"
"""A thin space that no line breaks at, between thousands."""
_SHORT: Final = {"arpu": "ARPU", "kpi": "KPI"}


def count(value: float | None) -> str:
    """Write a whole number, thousands apart."""
    return DASH if value is None else f"{value:,.0f}".replace(",", _NO_BREAK)


def decimal(value: float | None) -> str:
    """Write a number with one digit behind the point, or two below 10, none if it is whole."""
    if value is None:
        return DASH
    digits = 0 if value == round(value) else 1 if abs(value) >= 10 else 2
    return f"{value:,.{digits}f}".replace(",", _NO_BREAK)


def small(value: float | None) -> str:
    """Write a chance, however small."""
    return DASH if value is None else f"{value:.2g}"


def percent(value: float | None) -> str:
    """Write a share in percent: two digits behind the point below 1 %, one below 10 %."""
    if value is None:
        return DASH
    shown = 100 * value
    digits = 0 if not shown or abs(shown) >= 10 else 1 if abs(shown) >= 1 else 2
    return f"{shown:.{digits}f}{_NO_BREAK}%"


def money(minor: float | None) -> str:
    """Write minor units as major ones: with cents below 1,000."""
    if minor is None:
        return DASH
    major = minor / 100
    return f"{major:,.{0 if abs(major) >= 1000 else 2}f}".replace(",", _NO_BREAK)


def day(instant: str | None) -> str:
    """Write the day of an instant."""
    return DASH if instant is None else instant[:10]


def words(name: str) -> str:
    """Write the name of a figure as words: "repeat purchase rate"."""
    text = " ".join(_SHORT.get(one, one) for one in name.replace("_", " ").split())
    return text[:1].upper() + text[1:]


FILTERS: Final[Mapping[str, Callable[..., str]]] = {
    one.__name__: one for one in (count, day, decimal, money, percent, small, words)
}
"""What the template of the page calls them by."""
