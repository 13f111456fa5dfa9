"""Where bad rows go: each keeps its source, line, column, the rule it broke and its value."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import duckdb

from nba.data.checks import Reading, quoted
from nba.data.mapping import FileMapping, folded
from nba.data.readers import NATIVE, Raw
from nba.data.records import Rejected
from nba.errors import ConfigError, DataError
from nba.schema import Kind, Table

SHOWN: Final = 5


def judge(
    connection: duckdb.DuckDBPyConnection,
    raw: Raw,
    mapping: FileMapping,
    zone: str | None,
    good: str,
    kept: Mapping[str, str] | None = None,
) -> list[Rejected]:
    """Type the good rows of one input into the table `good` and give back the bad ones, by line.

    Args:
        connection: where the input is.
        raw: the input.
        mapping: how its columns become those of a table.
        zone: the zone of timestamps that carry none.
        good: the table to make: the columns of the contract, those of `kept`, and `_n_row`.
        kept: name → the source's column that is kept under it, as text.

    Raises:
        DataError: the source lacks a column that every row must fill.
        ConfigError: the SQL of the mapping does not fit the source.
    """
    _require_columns(raw, mapping)
    try:
        cells = _type_rows(connection, raw, mapping, zone, good, kept or {})
    except duckdb.Error as error:
        problem = str(error).splitlines()[0]
        raise ConfigError(
            f"the mapping of {raw.source} does not fit it: {problem}; mend its SQL, for example "
            "with TRY_CAST"
        ) from None
    bad = [*raw.rejects, *_take_broken(connection, raw, good, cells)]
    return sorted(bad, key=lambda row: row[0])


def _type_rows(
    connection: duckdb.DuckDBPyConnection,
    raw: Raw,
    mapping: FileMapping,
    zone: str | None,
    good: str,
    kept: Mapping[str, str],
) -> list[str]:
    """Make the table `good` of all rows, each with its verdict; give the cells it is read from."""
    table = mapping.table
    instants = {
        name: raw.instants[source]
        for name, source in mapping.plain.items()
        if source in raw.instants
    }
    cells = [f"{sql} AS {quoted(name)}" for name, sql in mapping.columns.items()]
    cells += [
        f"{quoted(NATIVE + mapping.plain[name])} AS {quoted(NATIVE + name)}" for name in instants
    ]
    others = [f"{quoted(source)} AS {quoted(name)}" for name, source in kept.items()]
    reading = Reading(
        table,
        mapping.columns,
        zone=zone,
        decimal_money=_decimal_money(connection, raw, mapping),
        instants=instants,
        fractions=[name for name, source in mapping.plain.items() if source in raw.fractions],
    )
    typed = [f"{reading.typed(column)} AS {quoted(column.name)}" for column in table.columns]
    typed += [quoted(name) for name in kept]
    connection.execute(f"""
        CREATE TEMP TABLE {good} AS
        WITH cells AS (SELECT {_items([*cells, *others])}, _n_row FROM {raw.view}),
            shaped AS (SELECT {_items(["*", *reading.shapes()])} FROM cells),
            valued AS (SELECT {_items(["*", *reading.values()])} FROM shaped)
        SELECT {_items(typed)}, _n_row, {reading.verdict()} AS _n_verdict FROM valued
    """)
    return cells


def _take_broken(
    connection: duckdb.DuckDBPyConnection, raw: Raw, good: str, cells: Sequence[str]
) -> list[Rejected]:
    """Remove the rows with a verdict from `good` and give them back."""
    cursor = connection.execute(f"""
        SELECT _n_verdict, c.* FROM (SELECT {_items(cells)}, _n_row FROM {raw.view}) c
        JOIN {good} g USING (_n_row) WHERE _n_verdict IS NOT NULL ORDER BY _n_row
    """)
    names = [column[0] for column in cursor.description or ()]
    broken = [dict(zip(names, values, strict=True)) for values in cursor.fetchall()]
    if broken:
        connection.execute(f"DELETE FROM {good} WHERE _n_verdict IS NOT NULL")
    rows = [int(row["_n_row"]) for row in broken]
    texts = _raw_texts(connection, raw, rows)
    rejected: list[Rejected] = []
    for line, row in zip(raw.lines_of(rows), broken, strict=True):
        column, rule = str(row["_n_verdict"]).split(":", 1)
        rejected.append((line, column, rule, row[column], texts[row["_n_row"]]))
    return rejected


def locate(
    connection: duckdb.DuckDBPyConnection,
    raw: Raw,
    mapping: FileMapping,
    column: str,
    rule: str,
    rows: Sequence[int],
) -> list[Rejected]:
    """Turn rows of an input that broke a rule into rejected ones, with their line and value."""
    if not rows:
        return []
    texts = _raw_texts(connection, raw, rows)
    found = connection.execute(
        f"SELECT _n_row, CAST({mapping.columns.get(column, 'NULL')} AS VARCHAR) "
        f"FROM {raw.view} SEMI JOIN wanted USING (_n_row)"
    ).fetchall()
    values = dict(found)
    return [
        (line, column, rule, values[row], texts[row])
        for line, row in zip(raw.lines_of(rows), rows, strict=True)
    ]


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


def sentence(source: str, row: Rejected) -> str:
    """Say what is wrong with a row, for people."""
    line, column, rule, value, _ = row
    shown = "" if value is None else f" ({value[:60]!r})"
    return f"{source} line {line}: {column or 'row'} {rule}{shown}"


def _raw_texts(
    connection: duckdb.DuckDBPyConnection, raw: Raw, rows: Sequence[int]
) -> dict[int, str]:
    """Give rows of an input as they came, as JSON texts by row number."""
    if not rows:
        return {}
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE wanted AS SELECT unnest(?) AS _n_row", [list(rows)]
    )
    cells = _items(f"{quoted(name)} := {quoted(name)}" for name in raw.columns)
    found = connection.execute(
        f"SELECT _n_row, to_json(struct_pack({cells})) FROM {raw.view} "
        "SEMI JOIN wanted USING (_n_row)"
    ).fetchall()
    return dict(found)


def _require_columns(raw: Raw, mapping: FileMapping) -> None:
    header = folded(raw.columns)
    unfilled = mapping.table.lacks(mapping.columns)
    absent = sorted(name for name in mapping.uses if name.casefold() not in header)
    if unfilled or absent:
        raise DataError(
            f"{raw.source} lacks the column {', '.join(unfilled or absent)} of a "
            f"{mapping.table.name} file; it has {', '.join(raw.columns)}"
        )


def _decimal_money(
    connection: duckdb.DuckDBPyConnection, raw: Raw, mapping: FileMapping
) -> list[str]:
    """Name the money columns that hold major units: some number in them has a decimal point."""
    names = [
        column.name
        for column in mapping.table.columns
        if column.kind is Kind.MONEY and column.name in mapping.columns
    ]
    if not names:
        return []
    cells = _items(f"{mapping.columns[name]} AS {quoted(name)}" for name in names)
    tests = _items(
        f"coalesce(bool_or(contains({quoted(name)}, '.') "
        f"AND TRY_CAST({quoted(name)} AS DOUBLE) IS NOT NULL), FALSE)"
        for name in names
    )
    found = connection.execute(f"SELECT {tests} FROM (SELECT {cells} FROM {raw.view})").fetchone()
    return [name for name, has_point in zip(names, found or (), strict=True) if has_point]


def _items(items: Iterable[str]) -> str:
    return ", ".join(items)
