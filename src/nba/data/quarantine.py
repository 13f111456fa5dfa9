"""Where bad rows go: each keeps its source, line, column, the rule it broke and its value."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Final

import duckdb

from nba.data.checks import Reading, literal, quoted
from nba.data.entries import FileMapping, folded
from nba.data.readers import NATIVE, Raw
from nba.data.records import Rejected
from nba.data.staging import Staged, require_columns
from nba.errors import ConfigError, DataError
from nba.schema import QUARANTINE, Kind, Table

SHOWN: Final = 5

_SIGN: Final = "[=+@\uff1d\uff0b\uff20\uff0d-]"
"""What a formula begins with; a spreadsheet reads full-width signs as the plain ones."""
_IN_FRONT: Final = rf"^\s*{_SIGN}|^[\t\r]"
_INSIDE: Final = rf'([;|\t\r\n][\s"\\]*)({_SIGN})'
_APART: Final = r"\1'\2"

Broken = tuple[int, Rejected]
"""A row of the source, and how it is rejected."""


def judge(
    connection: duckdb.DuckDBPyConnection,
    staged: Staged,
    zone: str | None,
    good: str,
    kept: Mapping[str, str] | None = None,
) -> list[Broken]:
    """Type the good rows of one input into the table `good` and give back the bad ones, by line.

    Args:
        connection: where the input is.
        staged: the input.
        zone: the zone of timestamps that carry none.
        good: the table to make: the columns of the contract, those of `kept`, `_n_row`, `_n_place`
            and `_n_returns`.
        kept: name → the source's column that is kept under it, as text.

    Raises:
        ConfigError: the SQL of the mapping does not fit the source.
    """
    try:
        _type_rows(connection, staged, zone, good, kept or {})
        return _take_broken(connection, staged, good)
    except duckdb.Error as error:
        problem = str(error).splitlines()[0]
        raise ConfigError(
            f"the mapping of {staged.raw.source} does not fit it: {problem}; mend its SQL, for "
            "example with TRY_CAST"
        ) from None


def _type_rows(
    connection: duckdb.DuckDBPyConnection,
    staged: Staged,
    zone: str | None,
    good: str,
    kept: Mapping[str, str],
) -> None:
    """Make the table `good` of all rows, each with its verdict."""
    mapping, table = staged.mapping, staged.mapping.table
    plain = {name: rule.plain for name, rule in mapping.columns.items() if rule.plain is not None}
    spelled = {name.casefold(): name for name in staged.instants}
    instants = {
        name: spelled[source.casefold()]
        for name, source in plain.items()
        if source.casefold() in spelled
    }
    fractions = folded(staged.raw.fractions)
    cells = _cells(mapping)
    cells += [
        f"{quoted(NATIVE + source)} AS {quoted(NATIVE + name)}" for name, source in instants.items()
    ]
    others = [f"{quoted(source)} AS {quoted(name)}" for name, source in kept.items()]
    reads = partial(
        Reading,
        table,
        mapping.columns,
        zone=zone,
        instants={name: staged.instants[source] for name, source in instants.items()},
        fractions=[name for name, source in plain.items() if source.casefold() in fractions],
    )
    judging = reads()
    verdict = judging.verdict()
    ours = "_n_row, _n_place, _n_returns"
    valued = f"""
        WITH cells AS (SELECT {_items([*cells, *others])}, {ours} FROM {staged.view}),
            shaped AS (SELECT {_items(["*", *judging.shapes()])} FROM cells),
            valued AS (SELECT {_items(["*", *judging.values()])} FROM shaped)
    """
    good_money = [
        name
        for name in _decimal_money(connection, staged)
        # A row that is bad anyway decides nothing about the others; the first good one does.
        if connection.execute(
            f"{valued} SELECT 1 FROM valued WHERE {_is_decimal(name)} AND {verdict} IS NULL LIMIT 1"
        ).fetchall()
    ]
    reading = reads(decimal_money=good_money)
    typed = [f"{reading.typed(column)} AS {quoted(column.name)}" for column in table.columns]
    typed += [quoted(name) for name in kept]
    connection.execute(
        f"CREATE TEMP TABLE {good} AS {valued} "
        f"SELECT {_items(typed)}, {ours}, {verdict} AS _n_verdict FROM valued"
    )


def _take_broken(connection: duckdb.DuckDBPyConnection, staged: Staged, good: str) -> list[Broken]:
    """Remove the rows with a verdict from `good` and give them back."""
    found = connection.execute(
        f"SELECT _n_verdict, _n_row FROM {good} WHERE _n_verdict IS NOT NULL ORDER BY _n_row"
    ).fetchall()
    if found:
        connection.execute(f"DELETE FROM {good} WHERE _n_verdict IS NOT NULL")
    verdicts: dict[str, list[int]] = {}
    for verdict, row in found:
        verdicts.setdefault(verdict, []).append(row)
    broken: list[Broken] = []
    for verdict, rows in verdicts.items():
        column, rule = verdict.split(":", 1)
        broken += locate(connection, staged, column, rule, rows)
    return broken


def locate(
    connection: duckdb.DuckDBPyConnection,
    staged: Staged,
    column: str,
    rule: str,
    rows: Sequence[int],
) -> list[Broken]:
    """Turn rows of an input that broke a rule into rejected ones, with their line and value.

    Columns that must not be stored are in neither the value nor the raw row.
    """
    if not rows:
        return []
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE wanted AS SELECT unnest(?) AS _n_row", [list(rows)]
    )
    filled = staged.mapping.columns.get(column)
    is_shown = filled is not None and not folded(filled.shows) & folded(staged.personal)
    value = filled.sql if filled is not None and is_shown else "NULL"
    cells = _items(
        f"{quoted(name)} := {quoted(name)}"
        for name in staged.columns
        if name not in staged.personal
    )
    raw = f"CAST(to_json(struct_pack({cells})) AS VARCHAR)" if cells else "NULL"
    # The rule may look at other rows too, so it runs over all of them.
    found = connection.execute(f"""
        SELECT _n_place, value, raw
        FROM (SELECT _n_row, CAST({value} AS VARCHAR) AS value FROM {staged.view})
        JOIN (SELECT _n_row, _n_place, {raw} AS raw FROM {staged.view} SEMI JOIN wanted
            USING (_n_row)) USING (_n_row)
        ORDER BY _n_row
    """).fetchall()
    lines = staged.raw.lines_of([place for place, _, _ in found])
    return [
        (place, (line, column, rule, shown, text))
        for line, (place, shown, text) in zip(lines, found, strict=True)
    ]


def type_frame(
    connection: duckdb.DuckDBPyConnection, raw: Raw, table: Table, good: str, zone: str | None
) -> None:
    """Type the rows of a frame into the table `good`, or refuse them all.

    Raises:
        DataError: a required column is missing or any row breaks a rule; each problem is named.
    """
    mapping = FileMapping.identity(table, raw.columns)
    require_columns(raw.source, raw.columns, mapping)
    broken = judge(connection, Staged.whole(raw, mapping), zone, good)
    bad = sorted((row for _, row in broken), key=lambda row: row[0])
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


def write_quarantine_csv(connection: duckdb.DuckDBPyConnection, folder: Path) -> None:
    """Write the table `quarantine` as CSV for people beside its Parquet.

    A spreadsheet runs a cell that begins with = + - @, also in full width, with a tab or a carriage
    return: such cells get an apostrophe in front. So does what follows a semicolon, bar, tab or
    line end inside a cell, since a spreadsheet may take that for the end of the cell.

    Raises:
        DataError: the folder cannot be written.
    """
    cells = _items(
        f"{_harmless(quoted(column.name))} AS {quoted(column.name)}"
        if column.kind is Kind.TEXT
        else quoted(column.name)
        for column in QUARANTINE.columns
    )
    new = folder / "quarantine.csv.new"
    try:
        connection.execute(
            f"COPY (SELECT {cells} FROM quarantine ORDER BY ALL) "
            f"TO {literal(str(new))} (FORMAT csv, HEADER)"
        )
        new.replace(folder / "quarantine.csv")
    except (OSError, duckdb.Error) as error:
        problem = str(error).splitlines()[0]
        raise DataError(f"the quarantine cannot be written to {folder}: {problem}") from None


def _harmless(cell: str) -> str:
    """Say in SQL what a spreadsheet does not run."""
    inside = f"regexp_replace({cell}, {literal(_INSIDE)}, {literal(_APART)}, 'g')"
    return (
        f"CASE WHEN regexp_matches({cell}, {literal(_IN_FRONT)}) "
        f"THEN chr(39) || {inside} ELSE {inside} END"
    )


def _cells(mapping: FileMapping) -> list[str]:
    return [f"{rule.sql} AS {quoted(name)}" for name, rule in mapping.columns.items()]


def _decimal_money(connection: duckdb.DuckDBPyConnection, staged: Staged) -> list[str]:
    """Name the money columns of which some number, be its row good or bad, has a decimal point."""
    columns = staged.mapping.columns
    names = [
        column.name
        for column in staged.mapping.table.columns
        if column.kind is Kind.MONEY and column.name in columns
    ]
    if not names:
        return []
    cells = _items(f"{columns[name].sql} AS {quoted(name)}" for name in names)
    tests = _items(f"coalesce(bool_or({_is_decimal(name)}), FALSE)" for name in names)
    found = connection.execute(
        f"SELECT {tests} FROM (SELECT {cells} FROM {staged.view})"
    ).fetchone()
    return [name for name, has_point in zip(names, found or (), strict=True) if has_point]


def _is_decimal(name: str) -> str:
    """Say in SQL that a cell is a number with a decimal point: an amount in major units."""
    return f"(contains({quoted(name)}, '.') AND TRY_CAST({quoted(name)} AS DOUBLE) IS NOT NULL)"


def _items(items: Iterable[str]) -> str:
    return ", ".join(items)
