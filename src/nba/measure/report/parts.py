"""What a page is put together from, and how each figure on it is written."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

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

    @property
    def is_prose(self) -> bool:
        """Whether its cells are sentences, not figures."""
        return bool({"hypothesis", "source"}.intersection(self.terms[1:2]))


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


@dataclass(frozen=True, slots=True)
class Shown:
    """What stands on a page, whichever page that is.

    Attributes:
        tiles: the figures at the top.
        alarms: what those of newer cohorts say that are raised.
        sections: pictures and tables, in order.
        drawn: picture name → its SVG, by `theme.svg`.
        meanings: figure, or part of the document and figure with a point between → definition.
    """

    tiles: Sequence[Tile]
    alarms: Sequence[str]
    sections: Sequence[Section]
    drawn: Mapping[str, str]
    meanings: Mapping[str, str]

    def meaning(self, term: str, part: str = "") -> str:
        """Give the definition of a figure; empty where it needs none.

        Args:
            term: its name.
            part: of the document that it is in, whose own definition comes first.
        """
        return self.meanings.get(f"{part}.{term}") or self.meanings.get(term, "")


_MONEY: Final = frozenset(
    """
    revenue profit repeat_revenue average_order_value arpu profit_per_customer lifetime_value spend
    profit_to_come profit_to_come_low profit_to_come_high cost acquisition_cost profit_per_buyer
    revenue_per_message average_bill part
    """.split()
)
_DECIMAL: Final = frozenset("purchase_frequency repeats value_to_cost median_days".split())
_FINE: Final = frozenset("treated_mean held_out_mean effect low high".split())
_COMPARED: Final = frozenset("mean other_mean difference low high".split())
"""What a comparison has in the unit of its metric."""
_FRACTION: Final = ("_rate", "_share", "_per_message", "conversion", "margin", "reached")


def written(term: str, value: object, currency: str = "") -> str:
    """Write a figure as people read it, by what it is.

    Args:
        term: its name.
        value: the figure; money in minor units.
        currency: of money, an ISO 4217 code; empty for one with cents.
    """
    match value:
        case None:
            return words.DASH
        case bool():
            return "yes" if value else "no"
        case str():
            return value
        case int() | float():
            return words.money(value, currency) if term in _MONEY else _kind_of(term)(value)
        case _:
            return str(value)


def _kind_of(term: str) -> Callable[[float | None], str]:
    if term.endswith(_FRACTION):
        return words.percent
    if term in _FINE:
        return words.fine
    return words.decimal if term in _DECIMAL else words.count


def compared(term: str, row: Mapping[str, Any], currency: str = "") -> str:
    """Write a figure of a comparison in the unit of its metric: percent, or money.

    Args:
        term: its name.
        row: the comparison.
        currency: of money.
    """
    value = row[term]
    if term not in _COMPARED:
        return written(term, value, currency)
    if row["metric"] == "conversion":
        return words.percent(value)
    return words.money(value, currency)
