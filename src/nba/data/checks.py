"""Rules on the cells of an input row, written as SQL over text columns.

Every input, whatever its file type, is first read as text; a row keeps its place and meets the
rules of its table column by column. The first rule it breaks names it in quarantine.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Final

from nba.errors import DataError
from nba.schema import CHOICES, Column, Kind, Table
from nba.statuses import ALIASES, STATUSES
from nba.vocabulary import RELATION_SPELLINGS, THREE_DECIMAL, ZERO_DECIMAL

ID_LENGTH: Final = 256
OURS: Final = "_n_"
"""Columns that begin so carry the reader's own notes; a source may not have any."""
EARLIEST, LATEST = "1990-01-01", "2100-01-01"

_PARSED: Final = {
    Kind.COUNT: "DECIMAL(18,4)",
    Kind.MONEY: "DECIMAL(18,4)",
    Kind.NUMBER: "DOUBLE",
    Kind.DAY: "DATE",
}
"""How the text of a kind is tried."""

_LOCAL: Final = r"\d{4}[-/]\d{1,2}[-/]\d{1,2}([T ]\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?)?"
_ZONE: Final = r" ?([+-]\d{2}(:?\d{2})?|[A-Z][A-Za-z]+(/\w+)*)"


def quoted(name: str) -> str:
    """Quote an identifier for SQL."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """Quote a text for SQL."""
    return "'" + text.replace("'", "''") + "'"


def minor_units_of(currency: str) -> str:
    """Give the SQL of how many minor units make one unit of a currency; 100 of none.

    Args:
        currency: the SQL of its ISO 4217 code, in any capitals.
    """
    without, with_three = (
        ", ".join(map(literal, codes)) for codes in (ZERO_DECIMAL, THREE_DECIMAL)
    )
    return (
        f"CASE WHEN upper({currency}) IN ({without}) THEN 1 "
        f"WHEN upper({currency}) IN ({with_three}) THEN 1000 ELSE 100 END"
    )


def listed(cell: str) -> str:
    """Give the SQL of a list as comma-separated text, however it is written; null of an empty one.

    Args:
        cell: the SQL of a text, such as `a, b`, `["a", "b"]` or `[a, b]`, or of a list of texts.
    """
    text = f"CAST({cell} AS VARCHAR)"
    return f"nullif(coalesce(array_to_string(TRY_CAST({text} AS VARCHAR[]), ','), {text}), '')"


def refuse_ours(columns: Iterable[str], source: object) -> None:
    """Refuse a source whose columns bear names that stand for something else here.

    Raises:
        DataError: naming them.
    """
    taken = [name for name in columns if name.strip().lower().startswith(OURS)]
    if taken:
        raise DataError(
            f"{source} has the column {', '.join(taken)}; names that begin with {OURS} are "
            "reserved, rename it"
        )


class Reading:
    """How one table's columns are judged and typed, in steps that each read the one before.

    Beside its text, a cell of an instant gets its shape (`~name`) and its value (`=name`), and a
    cell of a number its value: rules and types read those.

    Args:
        table: the contract.
        present: the columns the source has; an absent one reads as null.
        zone: the zone of timestamps that carry none, or None to reject them.
        decimal_money: money columns of which some value has a decimal point; those are major
            units, the others minor ones.
        instants: columns at hand as instants too, as `@name` → whether they have a zone.
        fractions: columns whose texts were floating-point numbers.
    """

    def __init__(
        self,
        table: Table,
        present: Collection[str],
        *,
        zone: str | None = None,
        decimal_money: Collection[str] = (),
        instants: Mapping[str, bool] | None = None,
        fractions: Collection[str] = (),
    ) -> None:
        """Keep what the expressions need."""
        self._columns = [column for column in table.columns if column.name in present]
        self._present = frozenset(column.name for column in self._columns)
        self._either = table.either
        self._zone = zone
        self._decimal_money = frozenset(decimal_money)
        self._instants = instants or {}
        self._fractions = frozenset(fractions)

    def shapes(self) -> list[str]:
        """Give the select items that name the shape of the text of each instant."""
        return [
            f"{self._shape(column.name)} AS {_shape(column)}"
            for column in self._columns
            if column.kind is Kind.INSTANT
        ]

    def values(self) -> list[str]:
        """Give the select items that read instants, days and numbers; null where a text is none."""
        items = []
        for column in self._columns:
            if column.kind is Kind.INSTANT:
                items.append(f"{self._instant(column)} AS {_value(column)}")
            elif column.kind in _PARSED:
                items.append(
                    f"TRY_CAST({quoted(column.name)} AS {_PARSED[column.kind]}) AS {_value(column)}"
                )
        return items

    def verdict(self) -> str:
        """Give the SQL expression `column:rule` of the first broken rule, or null."""
        cases = [
            f"WHEN {condition} THEN {literal(f'{column.name}:{rule}')}"
            for column in self._columns
            for condition, rule in self._rules(column)
        ]
        either = [name for name in self._either if name in self._present]
        if either:
            filled = ", ".join(quoted(name) for name in either)
            cases.append(
                f"WHEN coalesce({filled}) IS NULL THEN {literal(f'{either[0]}:missing_value')}"
            )
        return f"CASE {' '.join(cases)} END" if cases else "NULL"

    def typed(self, column: Column) -> str:
        """Give the SQL expression of the typed value; null where the source has no such column."""
        if column.name not in self._present:
            return f"CAST(NULL AS {SQL_TYPES[column.kind]})"
        cell = quoted(column.name)
        match column.kind:
            case Kind.ID if column.name in self._fractions:
                # A frame makes numbers of ids as soon as one is missing: 17 arrives as 17.0.
                return f"regexp_replace({cell}, '\\.0$', '')"
            case Kind.INSTANT:
                return _value(column)
            case Kind.COUNT:
                return f"CAST({_value(column)} AS BIGINT)"
            case Kind.MONEY:
                return self._minor_units(column)
            case Kind.BOOLEAN:
                return f"lower({cell}) IN ('true','t','yes','y','1')"
            case Kind.STATUS:
                return _canonical_status(cell)
            case Kind.DAY | Kind.NUMBER:
                return _value(column)
            case Kind.CURATED_LIST:
                return _curated_list(cell)
            case kind if kind in CHOICES:
                return f"replace(lower({cell}), ' ', '_')"
            case Kind.LIST:
                return listed(cell)
            case _:
                return cell

    def _rules(self, column: Column) -> Iterator[tuple[str, str]]:
        cell, value = self._cell(column.name), _value(column)
        if column.required:
            yield f"{cell} IS NULL", "missing_value"
        match column.kind:
            case Kind.ID:
                yield f"length({cell}) > {ID_LENGTH}", "too_long"
                yield f"regexp_matches({cell}, '[\\x00-\\x1f]')", "control_character"
            case Kind.INSTANT:
                yield from self._instant_rules(column)
            case Kind.COUNT:
                yield from _number_rules(cell, value, limit="2147483647")
                yield f"{value} <> floor({value})", "not_an_integer"
            case Kind.MONEY:
                yield from _number_rules(cell, value, limit="1e12")
            case Kind.BOOLEAN:
                known = "'true','t','yes','y','1','false','f','no','n','0'"
                yield f"lower({cell}) NOT IN ({known})", "not_a_boolean"
            case Kind.NUMBER:
                yield f"{cell} IS NOT NULL AND {value} IS NULL", "not_a_number"
                yield f"NOT isfinite({value})", "too_large"
            case Kind.DAY:
                yield f"{cell} IS NOT NULL AND {value} IS NULL", "not_a_day"
            case kind if kind in CHOICES:
                codes = ",".join(literal(code) for code in CHOICES[column.kind])
                yield f"{self.typed(column)} NOT IN ({codes})", f"unknown_{column.name}"
            case _:
                return

    def _instant_rules(self, column: Column) -> Iterator[tuple[str, str]]:
        cell, value = self._cell(column.name), _value(column)
        shape, local = _shape(column), self._local(column.name)
        if self._zone is None:
            yield f"{shape} = 'local' AND {local} IS NOT NULL", "naive_timestamp"
        elif self._zone != "UTC":
            # The clock of the zone was put forward over this time: it never showed it.
            shown = f"timezone({literal(self._zone)}, timezone('UTC', {value}))"
            yield f"{shape} = 'local' AND {shown} <> {local}", "nonexistent_time"
        yield f"{cell} IS NOT NULL AND {value} IS NULL", "not_an_instant"
        yield (
            f"{value} NOT BETWEEN TIMESTAMP '{EARLIEST}' AND TIMESTAMP '{LATEST}'",
            "instant_out_of_range",
        )

    def _shape(self, name: str) -> str:
        """Name the shape: epoch, local (no zone), utc, zoned; null for any other text."""
        cell = self._cell(name)
        if name in self._instants:
            return (
                f"CASE WHEN {cell} IS NOT NULL THEN {literal(_SHAPE_OF[self._instants[name]])} END"
            )
        return (
            f"CASE WHEN regexp_full_match({cell}, '{_LOCAL}') THEN 'local' "
            f"WHEN regexp_full_match({cell}, '{_LOCAL} ?[Zz]') THEN 'utc' "
            f"WHEN regexp_full_match({cell}, '{_LOCAL}{_ZONE}') THEN 'zoned' "
            f"WHEN regexp_full_match({cell}, '\\d+') THEN 'epoch' END"
        )

    def _cell(self, name: str) -> str:
        return quoted(f"@{name}" if name in self._instants else name)

    def _local(self, name: str) -> str:
        return (
            self._cell(name) if name in self._instants else f"TRY_CAST({quoted(name)} AS TIMESTAMP)"
        )

    def _instant(self, column: Column) -> str:
        name, cell = column.name, quoted(column.name)
        local = self._local(name)
        if self._zone is None:
            at = "CAST(NULL AS TIMESTAMP)"
        elif self._zone == "UTC":
            at = f"CAST({local} AS TIMESTAMP)"
        else:
            at = f"timezone('UTC', timezone({literal(self._zone)}, {local}))"
        if name in self._instants:
            return f"timezone('UTC', {local})" if self._instants[name] else at
        # '+0000' after a blank is common in exports; DuckDB wants none there.
        zoned = f"TRY_CAST(regexp_replace({cell}, ' ([+-])', '\\1') AS TIMESTAMPTZ)"
        digits = f"TRY_CAST({cell} AS BIGINT)"
        return (
            f"CASE {_shape(column)} WHEN 'local' THEN {at} "
            f"WHEN 'utc' THEN TRY_CAST(rtrim({cell}, ' Zz') AS TIMESTAMP) "
            f"WHEN 'zoned' THEN timezone('UTC', {zoned}) "
            f"WHEN 'epoch' THEN CASE length({cell}) "
            f"WHEN 10 THEN make_timestamp({digits} * 1000000) "
            f"WHEN 13 THEN make_timestamp({digits} * 1000) "
            f"WHEN 16 THEN make_timestamp({digits}) END END"
        )

    def _minor_units(self, column: Column) -> str:
        value = _value(column)
        if column.name not in self._decimal_money:
            return f"CAST({value} AS BIGINT)"
        unit = "100"
        if "currency" in self._present:
            unit = minor_units_of("currency")
        return f"CAST(round({value} * {unit}) AS BIGINT)"


def _shape(column: Column) -> str:
    return quoted(f"~{column.name}")


def _value(column: Column) -> str:
    return quoted(f"={column.name}")


def _number_rules(cell: str, value: str, *, limit: str) -> Iterator[tuple[str, str]]:
    beyond = f"coalesce(isfinite(TRY_CAST({cell} AS DOUBLE)), FALSE)"
    yield f"{cell} IS NOT NULL AND {value} IS NULL AND NOT {beyond}", "not_a_number"
    yield f"{cell} IS NOT NULL AND {value} IS NULL OR {value} > {limit}", "too_large"
    yield f"{value} < 0", "negative"


def _curated_list(cell: str) -> str:
    word = f"translate(lower({cell}), ' -', '__')"
    spelled = " ".join(
        f"WHEN {literal(spelling)} THEN {literal(name)}"
        for spelling, name in RELATION_SPELLINGS.items()
    )
    return f"CASE {word} {spelled} ELSE {word} END"


def _canonical_status(cell: str) -> str:
    """Say in SQL what `statuses.canonical` says; an unknown status stays as it is spelled."""
    spelled = f"replace(replace(lower({cell}), '-', ' '), 'ё', 'е')"
    spelled = rf"regexp_replace({spelled}, '\s+', '_', 'g')"
    cases = " ".join(
        f"WHEN {literal(alias)} THEN {literal(code)}" for alias, code in ALIASES.items()
    )
    # Almost every cell is canonical already, and a look-up among hundreds of words is dear.
    codes = ", ".join(literal(code) for code in STATUSES)
    return (
        f"CASE WHEN {cell} IN ({codes}) THEN {cell} ELSE CASE {spelled} {cases} ELSE {cell} END END"
    )


_SHAPE_OF: Final = {True: "zoned", False: "local"}

SQL_TYPES: Final = {
    Kind.ID: "VARCHAR",
    Kind.TEXT: "VARCHAR",
    Kind.INSTANT: "TIMESTAMP",
    Kind.DAY: "DATE",
    Kind.COUNT: "BIGINT",
    Kind.NUMBER: "DOUBLE",
    Kind.MONEY: "BIGINT",
    Kind.BOOLEAN: "BOOLEAN",
    Kind.LIST: "VARCHAR",
    **dict.fromkeys(CHOICES, "VARCHAR"),
}
