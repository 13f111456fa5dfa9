"""How the storefront writes prices: as the widget does, so that both stand well together."""

from __future__ import annotations

from typing import Final

from nba.vocabulary import decimals

_SIGNS: Final = {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥"}
"""Currencies for which an English page writes a sign before the amount."""


def price(amount: int, currency: str | None) -> str:
    """Write minor units, such as `$1,234.50`, `UAH 12.00` with a blank that breaks no line."""
    digits = decimals(currency or "")
    sign = _SIGNS.get(currency or "", f"{currency}\N{NO-BREAK SPACE}" if currency else "")
    return f"{sign}{amount / 10**digits:,.{digits}f}"
