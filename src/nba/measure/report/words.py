"""How figures are written for people. What is not known is a dash, never a zero."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Final

from nba.vocabulary import decimals

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


def fine(value: float | None) -> str:
    """Write a number with three digits that say something, however small it is."""
    if not value:
        return DASH if value is None else "0"
    digits = max(2 - math.floor(math.log10(abs(value))), 0)
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


def major(minor: float, currency: str = "") -> float:
    """Give minor units as major ones: 100 are one, but of yen 1 and of dinars 1,000."""
    return minor / 10.0 ** decimals(currency)


def money(minor: float | None, currency: str = "") -> str:
    """Write minor units as major ones: with cents below 1,000.

    Args:
        minor: of the currency.
        currency: its ISO 4217 code, which is not written; empty for one with cents.
    """
    if minor is None:
        return DASH
    value = major(minor, currency)
    digits = 0 if abs(value) >= 1000 else decimals(currency)
    return f"{value:,.{digits}f}".replace(",", _NO_BREAK)


def mixture(currencies: Mapping[str, int]) -> str:
    """Warn of orders in several currencies; empty where there is one at most."""
    if len(currencies) < 2:
        return ""
    listed = ", ".join(f"{code} ({count(orders)})" for code, orders in currencies.items())
    return f"Orders are in {listed}: sums mix them; report each shop apart."


def day(instant: str | None) -> str:
    """Write the day of an instant."""
    return DASH if instant is None else instant[:10]


def words(name: str) -> str:
    """Write the name of a figure as words: "repeat purchase rate"."""
    text = " ".join(_SHORT.get(one, one) for one in name.replace("_", " ").split())
    return text[:1].upper() + text[1:]


FILTERS: Final[Mapping[str, Callable[..., str]]] = {
    one.__name__: one for one in (count, day, decimal, mixture, money, percent, small, words)
}
"""What the template of the page calls them by."""
