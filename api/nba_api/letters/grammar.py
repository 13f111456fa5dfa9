"""How languages write counts, shares, money and dates.

Three rules of a few lines each are all that letters need; a library of all the world's locales
would be a hundred times their size.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from nba.vocabulary import decimals

NO_BREAK: Final = "\u00a0"


@dataclass(frozen=True, slots=True)
class Money:
    """An amount.

    Attributes:
        minor: in minor units.
        currency: its ISO 4217 code; None where the shop does not say.
    """

    minor: int
    currency: str | None


@dataclass(frozen=True, slots=True)
class Share:
    """A part of a whole, 0 to 1."""

    value: float


Value = str | int | Money | Share | date


def one_other(count: int) -> int:
    """Give the place of the form of a noun beside a count: 1 order, 2 orders."""
    return 0 if count == 1 else 1


def one_few_many(count: int) -> int:
    """Give the place of the form of a noun beside a count, as Ukrainian and Russian have it.

    The rule of CLDR for whole numbers: 1, 21, 31 … (not 11); 2 to 4, 22 to 24 … (not 12 to 14); and
    all others.
    """
    tens = count % 100
    if 11 <= tens <= 14:
        return 2
    return {1: 0, 2: 1, 3: 1, 4: 1}.get(count % 10, 2)


FORMS: Final[Mapping[str, tuple[int, Callable[[int], int]]]] = {
    "one_other": (2, one_other),
    "one_few_many": (3, one_few_many),
}
"""The rules by name: how many forms a noun has, and which of them stands beside a count."""


@dataclass(frozen=True, slots=True)
class Notation:
    """How a language writes figures; each is a word of `words/*.toml`.

    Attributes:
        forms: a rule of `FORMS`.
        decimal, thousands: what stands between digits.
        money: `{symbol}` and `{amount}` in their order.
        percent: around `{number}`.
        date: `{day}`, `{month}` and `{year}` in their order.
        months: as they stand in a date.
        units: noun → its forms.
        symbols: currency → its sign; one without stands as its code, behind the amount.
    """

    forms: str
    decimal: str
    thousands: str
    money: str
    percent: str
    date: str
    months: Sequence[str]
    units: Mapping[str, Sequence[str]]
    symbols: Mapping[str, str]

    def shown(self, value: Value, unit: str = "") -> str:
        """Write a value.

        Args:
            value: a text stays as it is.
            unit: the noun behind a count, one of `units`; none where it is empty.
        """
        match value:
            case str():
                return value
            case int():
                number = self._number(f"{value:d}")
                return f"{number}{NO_BREAK}{self._noun(value, unit)}" if unit else number
            case Money():
                return self._money(value)
            case Share():
                number = f"{100 * value.value:.0f}"
                return self.percent.format(number=number).replace(" ", NO_BREAK)
            case date():
                month = self.months[value.month - 1]
                told = self.date.format(day=value.day, month=month, year=value.year)
                return told.replace(" ", NO_BREAK)

    def _noun(self, count: int, unit: str) -> str:
        return self.units[unit][FORMS[self.forms][1](count)]

    def _money(self, money: Money) -> str:
        digits = decimals(money.currency or "")
        whole, rest = divmod(money.minor, 10**digits)
        amount = self._number(str(whole))
        if digits:
            amount += f"{self.decimal}{rest:0{digits}d}"
        symbol = self.symbols.get(money.currency or "")
        if symbol is None:
            return f"{amount}{NO_BREAK}{money.currency}" if money.currency else amount
        return self.money.format(symbol=symbol, amount=amount).replace(" ", NO_BREAK)

    def _number(self, digits: str) -> str:
        separated = f"{int(digits):,d}".replace(",", "\0")
        return separated.replace("\0", self.thousands.replace(" ", NO_BREAK))


def plain(text: str) -> str:
    """Give a text of somebody else's as one line that every mail can carry."""
    # Half of a pair of surrogates, or a control character, is no character of a mail.
    whole = text.encode("utf-8", "replace").decode()
    kept = (" " if unicodedata.category(one) == "Cc" else one for one in whole)
    return " ".join("".join(kept).split())
