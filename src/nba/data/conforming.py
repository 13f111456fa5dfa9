"""The tables of a shop as the data contract has them, whoever wrote the files."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import duckdb

from nba.data.checks import SQL_TYPES, listed, literal, quoted
from nba.errors import DataError
from nba.schema import CHOICES, ORDER_LINES, Column, Kind, Table
from nba.statuses import canonical
from nba.vocabulary import RELATION_SPELLINGS

ADVICE: Final = "import the files it was made of again, into another folder"
_ALSO_REQUIRED: Final = {ORDER_LINES.name: ("product_id",)}
"""What the rows of a shop have to fill beyond what those of a file must."""


def conform(connection: duckdb.DuckDBPyConnection, table: Table) -> str:
    """Make a view of a table with all columns of its contract, and give its name.

    A column that the table lacks is empty; cells have the type of their kind, statuses are codes
    however they are spelled.

    Raises:
        DataError: a required column is absent or empty in some row, or a word is none of those
            that its column may hold.
    """
    present = _present(connection, table)
    required = (*table.required, *_ALSO_REQUIRED.get(table.name, ()))
    absent = [name for name in required if name not in present]
    if absent:
        raise DataError(f"{table.name}.parquet has no column {', '.join(absent)}; {ADVICE}")
    _refuse_empty(connection, table, required)
    cells = ", ".join(
        f"{_cell(connection, table, column) if column.name in present else 'NULL'}"
        f"::{SQL_TYPES[column.kind]} AS {quoted(column.name)}"
        for column in table.columns
    )
    name = f"conforming_{table.name}"
    connection.execute(f"CREATE OR REPLACE TEMP VIEW {name} AS SELECT {cells} FROM {table.name}")
    return name


def _refuse_empty(
    connection: duckdb.DuckDBPyConnection, table: Table, required: Iterable[str]
) -> None:
    names = list(required)
    counts = ", ".join(f"count(*) - count({quoted(name)})" for name in names)
    found = connection.execute(f"SELECT {counts} FROM {table.name}").fetchall()
    for name, empty in zip(names, found[0], strict=True):
        if empty:
            place = _first_place(connection, table, f"{quoted(name)} IS NULL")
            raise DataError(
                f"{table.name}.parquet has no {name} in {empty} of its rows, such as {place}; "
                f"fill it, or {ADVICE}"
            )


def _cell(connection: duckdb.DuckDBPyConnection, table: Table, column: Column) -> str:
    """Give the SQL of a cell, in which every known spelling of a word is that word's code."""
    cell = quoted(column.name)
    if column.kind is Kind.LIST:
        return listed(cell)
    if column.kind not in CHOICES:
        return cell
    words = connection.execute(f"""
        SELECT DISTINCT {cell}::VARCHAR AS word FROM {table.name} WHERE word IS NOT NULL ORDER BY 1
    """).fetchall()
    cases = []
    for (word,) in words:
        code = _code(column.kind, word)
        if code is None:
            place = _first_place(connection, table, f"{cell}::VARCHAR = {literal(word)}")
            raise DataError(
                f"{table.name}.parquet has the {column.name} {word!r}, such as at {place}; "
                f"write one of {', '.join(CHOICES[column.kind])}, or {ADVICE}"
            )
        if code != word:
            cases.append(f"WHEN {literal(word)} THEN {literal(code)}")
    return f"CASE {cell} {' '.join(cases)} ELSE {cell} END" if cases else cell


def _code(kind: Kind, word: str) -> str | None:
    if kind is Kind.STATUS:
        return canonical(word)
    if kind is Kind.CURATED_LIST:
        word = word.strip().lower().replace("-", "_").replace(" ", "_")
        word = RELATION_SPELLINGS.get(word, word)
    return word if word in CHOICES[kind] else None


def _first_place(connection: duckdb.DuckDBPyConnection, table: Table, condition: str) -> str:
    """Name the key of the first row that meets a condition."""
    present = _present(connection, table)
    key = [name for name in table.key if name in present]
    row = connection.execute(
        f"SELECT {', '.join(map(quoted, key))} FROM {table.name} WHERE {condition} "
        "ORDER BY ALL LIMIT 1"
    ).fetchall()[0]
    return ", ".join(f"{name} {cell}" for name, cell in zip(key, row, strict=True))


def _present(connection: duckdb.DuckDBPyConnection, table: Table) -> set[str]:
    described = connection.execute(f"DESCRIBE {table.name}").fetchall()
    return {name.casefold() for name, *_ in described}
