"""Where bad rows go: each keeps its source, line, column, the rule it broke and its value."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import duckdb

from nba.data.checks import Reading, quoted
from nba.data.mapping import FileMapping
from nba.data.readers import Raw
from nba.errors import DataError
from nba.schema import Kind, Table

Rejected = tuple[int, str | None, str, str | None, str | None]
"""(line, column, rule, value, raw row)."""

SHOWN: Final = 5


def judge(
    connection: duckdb.DuckDBPyConnection,
    raw: Raw,
    mapping: FileMapping,
    zone: str | None,
    good: str,
) -> list[Rejected]:
    """Type the good rows of one input into the table `good` and give back the bad ones, by line.

    Raises:
        DataError: the source lacks a column that every row must fill.
    """
    table = mapping.table
    _require_columns(raw, mapping)
    staged = f"{good}_staged"
    cells = ", ".join(f"{sql} AS {quoted(name)}" for name, sql in mapping.columns.items())
    connection.execute(f"CREATE TEMP TABLE {staged} AS SELECT {cells}, _row FROM {raw.view}")
    reading = Reading(
        table,
        mapping.columns,
        zone=zone,
        decimal_money=_decimal_money(connection, staged, mapping),
    )
    connection.execute(
        f"CREATE TEMP TABLE {staged}_judged AS SELECT *, {reading.verdict()} AS _verdict "
        f"FROM {staged}"
    )
    typed = ", ".join(f"{reading.typed(c)} AS {quoted(c.name)}" for c in table.columns)
    connection.execute(
        f"CREATE TEMP TABLE {good} AS SELECT {typed}, _row FROM {staged}_judged "
        "WHERE _verdict IS NULL"
    )
    cursor = connection.execute(
        f"SELECT * FROM {staged}_judged WHERE _verdict IS NOT NULL ORDER BY _row"
    )
    names = [column[0] for column in cursor.description or ()]
    broken = [dict(zip(names, values, strict=True)) for values in cursor.fetchall()]
    rows = [int(row["_row"]) for row in broken]
    texts = raw_texts(connection, raw.view, rows)
    bad: list[Rejected] = list(raw.rejects)
    for row, line in zip(broken, raw.lines_of(rows), strict=True):
        column, rule = str(row["_verdict"]).split(":", 1)
        bad.append((line, column, rule, row[column], texts[row["_row"]]))
    for used in (staged, f"{staged}_judged"):
        connection.execute(f"DROP TABLE {used}")
    return sorted(bad, key=lambda row: row[0])


def type_frame(
    connection: duckdb.DuckDBPyConnection, raw: Raw, table: Table, good: str, zone: str | None
) -> None:
    """Type the rows of a frame into the table `good`, or refuse them all.

    Raises:
        DataError: a required column is missing or any row breaks a rule; each problem is named.
    """
    bad = judge(connection, raw, FileMapping.identity(table, raw.columns), zone, good)
    if bad:
        more = [f"and {len(bad) - SHOWN} more"] if len(bad) > SHOWN else []
        raise DataError(
            f"{len(bad)} of {raw.row_count} rows are bad",
            *(sentence(raw.source, row) for row in bad[:SHOWN]),
            *more,
        )


def raw_texts(
    connection: duckdb.DuckDBPyConnection, view: str, rows: Sequence[int]
) -> dict[int, str]:
    """Give rows of an input as they came, as JSON texts by row number."""
    if not rows:
        return {}
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE wanted AS SELECT unnest(?) AS _row", [list(rows)]
    )
    found = connection.execute(
        f"SELECT r._row, to_json(r) FROM {view} r SEMI JOIN wanted w ON w._row = r._row"
    ).fetchall()
    return dict(found)


def sentence(source: str, row: Rejected) -> str:
    """Say what is wrong with a row, for people."""
    line, column, rule, value, _ = row
    shown = "" if value is None else f" ({value[:60]!r})"
    return f"{source} line {line}: {column or 'row'} {rule}{shown}"


def _require_columns(raw: Raw, mapping: FileMapping) -> None:
    unfilled = [name for name in mapping.table.required if name not in mapping.columns]
    absent = sorted(name for name in mapping.uses if name not in raw.columns)
    if unfilled or absent:
        raise DataError(
            f"{raw.source} lacks the column {', '.join(unfilled or absent)} of a "
            f"{mapping.table.name} file; it has {', '.join(raw.columns)}"
        )


def _decimal_money(
    connection: duckdb.DuckDBPyConnection, staged: str, mapping: FileMapping
) -> list[str]:
    names = [
        column.name
        for column in mapping.table.columns
        if column.kind is Kind.MONEY and column.name in mapping.columns
    ]
    if not names:
        return []
    tests = ", ".join(f"coalesce(bool_or(contains({quoted(n)}, '.')), FALSE)" for n in names)
    found = connection.execute(f"SELECT {tests} FROM {staged}").fetchone() or ()
    return [name for name, has_point in zip(names, found, strict=True) if has_point]
