"""What a page is put together from, and how each figure on it is written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from nba.measure.report import words
from nba.measure.report.picture import Picture


@dataclass(frozen=True, slots=True)
class Tile:
    """A figure at the top of the page.

    Attributes:
        term: its name.
        value: as people read it.
        note: what to hold it against, if anything.
    """

    term: str
    value: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """A table, or steps of a calculation.

    Attributes:
        title, reading: for people.
        part: of the document that the figures are in; its definitions come first.
        terms: the columns, by the names of their definitions.
        rows: one text a column.
        steps: of a calculation.
    """

    title: str
    reading: str = ""
    part: str = ""
    terms: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    steps: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the page.

    Attributes:
        id: its place in the address.
        title: for people.
        pictures, tables: what is in it, in order.
    """

    id: str
    title: str
    pictures: tuple[Picture, ...]
    tables: tuple[Table, ...]


_MONEY: Final = frozenset(
    """
    revenue profit repeat_revenue average_order_value arpu profit_per_customer lifetime_value spend
    profit_to_come profit_to_come_low profit_to_come_high cost acquisition_cost profit_per_buyer
    revenue_per_message average_bill part
    """.split()
)
_DECIMAL: Final = frozenset(
    "purchase_frequency repeats value_to_cost median_days difference treated_mean "
    "held_out_mean effect low high".split()
)
_FRACTION: Final = ("_rate", "_share", "_per_message", "conversion", "margin", "reached")


def written(term: str, value: object) -> str:
    """Write a figure as people read it, by what it is."""
    match value:
        case None:
            return words.DASH
        case bool():
            return "yes" if value else "no"
        case str():
            return value
        case int() | float():
            return _kind_of(term)(value)
        case _:
            return str(value)


def _kind_of(term: str) -> Callable[[float | None], str]:
    if term in _MONEY:
        return words.money
    if term.endswith(_FRACTION):
        return words.percent
    return words.decimal if term in _DECIMAL else words.count
