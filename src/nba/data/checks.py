"""Rules on the cells of an input row, written as SQL over text columns.

Every input, whatever its file type, is first read as text; a row keeps its place and meets the
rules of its table column by column. The first rule it breaks names it in quarantine.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Final

from nba.schema import CHOICES, Column, Kind, Table
from nba.statuses import ALIASES

ID_LENGTH: Final = 256
MONEY: Final = "DECIMAL(18,4)"
EARLIEST, LATEST = "1990-01-01", "2100-01-01"
ZERO_DECIMAL: Final = "'JPY','KRW','VND','CLP','ISK','XAF','XOF','PYG','UGX'"
THREE_DECIMAL: Final = "'BHD','KWD','OMR','JOD','TND','IQD','LYD'"


def quoted(name: str) -> str:
    """Quote an identifier for SQL."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """Quote a text for SQL."""
    return "'" + text.replace("'", "''") + "'"


class Reading:
    """How one table's columns are judged and typed.

    Args:
        table: the contract.
        present: the columns the source has; an absent one reads as null.
        zone: the zone of timestamps that carry none, or None to reject them.
        decimal_money: money columns of which some value has a decimal point; those are major
            units, the others minor ones.
    """

    def __init__(
        self,
        table: Table,
        present: Collection[str],
        *,
        zone: str | None = None,
        decimal_money: Collection[str] = (),
    ) -> None:
        """Keep what the expressions need."""
        self.table = table
        self._present = frozenset(present)
        self._zone = zone
        self._decimal_money = frozenset(decimal_money)

    def verdict(self) -> str:
        """Give the SQL expression `column:rule` of the first broken rule, or null."""
        cases = [
            f"WHEN {condition} THEN {literal(f'{column.name}:{rule}')}"
            for column in self.table.columns
            if column.name in self._present
            for condition, rule in self._rules(column)
        ]
        return f"CASE {' '.join(cases)} END" if cases else "NULL"

    def typed(self, column: Column) -> str:
        """Give the SQL expression of the typed value; null where the source has no such column."""
        sql_type = _SQL_TYPES[column.kind]
        if column.name not in self._present:
            return f"CAST(NULL AS {sql_type})"
        cell = quoted(column.name)
        match column.kind:
            case Kind.INSTANT:
                return self._instant(cell)
            case Kind.COUNT:
                return f"CAST(TRY_CAST({cell} AS {MONEY}) AS BIGINT)"
            case Kind.MONEY:
                return self._minor_units(cell, column.name)
            case Kind.BOOLEAN:
                return f"lower({cell}) IN ('true','t','yes','y','1')"
            case Kind.STATUS:
                return _canonical_status(cell)
            case Kind.AVAILABILITY:
                return f"replace(lower({cell}), ' ', '_')"
            case Kind.LIST:
                return f"trim({cell}, '[] ')"
            case _:
                return cell

    def _rules(self, column: Column) -> Iterator[tuple[str, str]]:
        cell = quoted(column.name)
        if column.required:
            yield f"{cell} IS NULL", "missing_value"
        number = f"TRY_CAST({cell} AS {MONEY})"
        match column.kind:
            case Kind.ID:
                yield f"length({cell}) > {ID_LENGTH}", "too_long"
                yield f"regexp_matches({cell}, '[\\x00-\\x1f]')", "control_character"
            case Kind.INSTANT:
                if self._zone is None:
                    yield (
                        f"{cell} IS NOT NULL AND {_is_naive(cell)} "
                        f"AND TRY_CAST({cell} AS TIMESTAMP) IS NOT NULL",
                        "naive_timestamp",
                    )
                instant = self._instant(cell)
                yield f"{cell} IS NOT NULL AND {instant} IS NULL", "not_an_instant"
                yield (
                    f"{instant} NOT BETWEEN TIMESTAMP '{EARLIEST}' AND TIMESTAMP '{LATEST}'",
                    "instant_out_of_range",
                )
            case Kind.COUNT:
                yield f"{cell} IS NOT NULL AND {number} IS NULL", "not_a_number"
                yield f"{number} <> floor({number})", "not_an_integer"
                yield f"{number} < 0", "negative"
                yield f"{number} > 2147483647", "too_large"
            case Kind.MONEY:
                yield f"{cell} IS NOT NULL AND {number} IS NULL", "not_a_number"
                yield f"{number} < 0", "negative"
                yield f"{number} > 1e12", "too_large"
            case Kind.BOOLEAN:
                known = "'true','t','yes','y','1','false','f','no','n','0'"
                yield f"lower({cell}) NOT IN ({known})", "not_a_boolean"
            case Kind.STATUS | Kind.AVAILABILITY:
                codes = ",".join(literal(code) for code in CHOICES[column.kind])
                yield f"{self.typed(column)} NOT IN ({codes})", f"unknown_{column.name}"
            case _:
                return

    def _instant(self, cell: str) -> str:
        # '+0000' and '+02' are common in exports; DuckDB wants '+00:00'.
        padded = f"regexp_replace({cell}, '\\s*([+-]\\d{{2}}):?(\\d{{2}})?$', '\\1:\\2')"
        padded = f"regexp_replace({padded}, '([+-]\\d{{2}}):$', '\\1:00')"
        aware = f"CAST(TRY_CAST({padded} AS TIMESTAMPTZ) AT TIME ZONE 'UTC' AS TIMESTAMP)"
        if self._zone is None:
            naive = "CAST(NULL AS TIMESTAMP)"
        else:
            local = f"timezone({literal(self._zone)}, TRY_CAST({cell} AS TIMESTAMP))"
            naive = f"CAST({local} AT TIME ZONE 'UTC' AS TIMESTAMP)"
        digits = f"TRY_CAST({cell} AS BIGINT)"
        epoch = (
            f"CASE length({cell}) WHEN 10 THEN make_timestamp({digits} * 1000000) "
            f"WHEN 13 THEN make_timestamp({digits} * 1000) "
            f"WHEN 16 THEN make_timestamp({digits}) END"
        )
        return (
            f"CASE WHEN regexp_full_match({cell}, '\\d+') THEN {epoch} "
            f"WHEN {_is_naive(cell)} THEN {naive} ELSE {aware} END"
        )

    def _minor_units(self, cell: str, name: str) -> str:
        number = f"TRY_CAST({cell} AS {MONEY})"
        if name not in self._decimal_money:
            return f"CAST({number} AS BIGINT)"
        if "currency" in self._present:
            unit = (
                f"CASE WHEN upper(currency) IN ({ZERO_DECIMAL}) THEN 1 "
                f"WHEN upper(currency) IN ({THREE_DECIMAL}) THEN 1000 ELSE 100 END"
            )
        else:
            unit = "100"
        return f"CAST(round({number} * {unit}) AS BIGINT)"


def _is_naive(cell: str) -> str:
    return (
        f"(NOT regexp_matches({cell}, '(Z|z|[+-]\\d{{2}}(:?\\d{{2}})?|[A-Za-z]{{3,}}(/\\w+)?)$') "
        f"OR regexp_full_match({cell}, '\\d{{4}}-\\d{{2}}-\\d{{2}}'))"
    )


def _canonical_status(cell: str) -> str:
    spelled = f"replace(lower({cell}), ' ', '_')"
    cases = " ".join(
        f"WHEN {literal(alias)} THEN {literal(code)}" for alias, code in ALIASES.items()
    )
    return f"CASE {spelled} {cases} ELSE {spelled} END"


_SQL_TYPES: Final = {
    Kind.ID: "VARCHAR",
    Kind.TEXT: "VARCHAR",
    Kind.INSTANT: "TIMESTAMP",
    Kind.COUNT: "BIGINT",
    Kind.MONEY: "BIGINT",
    Kind.BOOLEAN: "BOOLEAN",
    Kind.STATUS: "VARCHAR",
    Kind.AVAILABILITY: "VARCHAR",
    Kind.LIST: "VARCHAR",
}
