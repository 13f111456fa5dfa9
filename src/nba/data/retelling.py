"""What is told of other customers loses the ids of who was erased, such as of who brought them."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final

import duckdb

from nba.data.checks import OURS, quoted
from nba.data.records import Rejected
from nba.data.tombstones import KINDS, Tombstones
from nba.mentions import unnaming, values_in
from nba.schema import CUSTOMERS

_BETWEEN: Final = re.compile(r"[\s\"',;|:\\]+")
_TOLD: Final = frozenset(CUSTOMERS.names) - {"attributes"}


def retold_cells(
    connection: duckdb.DuckDBPyConnection, customers: str, ids: Collection[str]
) -> dict[str, tuple[str, str]]:
    """Find where a table of customers names any of some ids, and what shall stand there instead.

    The ids are looked for in `attributes` and in the columns that the contract does not know.

    Args:
        connection: gets the table `retold`, which the SQL reads.
        customers: the name of the table, or a query in brackets.
        ids: of customers.

    Returns:
        Column, quoted → the SQL that tells whether a row names one, and that of the new cell.
    """
    unnamed = unnaming(ids)
    cells = _cells(connection, customers)
    retold = {
        before: after
        for cell in cells
        for before in _texts(connection, customers, cell)
        if (after := unnamed(before)) != before
    }
    connection.execute("CREATE OR REPLACE TEMP TABLE retold (before VARCHAR, after VARCHAR)")
    connection.execute(
        "INSERT INTO retold SELECT unnest(?::VARCHAR[]), unnest(?::VARCHAR[])",
        [[*retold], [*retold.values()]],
    )
    return {
        cell: (
            f"{cell} IN (SELECT before FROM retold)",
            f"(SELECT after FROM retold WHERE before = {cell})",
        )
        for cell in cells
    }


def unname(connection: duckdb.DuckDBPyConnection, customers: str, tombstones: Tombstones) -> None:
    """Take the ids of erased customers out of a table of others."""
    told = {
        value
        for cell in _cells(connection, customers)
        for text in _texts(connection, customers, cell)
        for value in values_in(text)
    }
    gone = {one for one in told if tombstones.holds("customer", one)}
    if not gone:
        return
    for cell, (is_named, left) in retold_cells(connection, customers, gone).items():
        connection.execute(f"UPDATE {customers} SET {cell} = {left} WHERE {is_named}")


def silenced(row: Rejected, tombstones: Tombstones) -> Rejected:
    """Give a rejected row without what it said, if that names anybody, or anything, erased."""
    line, column, rule, value, raw = row
    cells = {part for told in (value or "", raw or "") for part in values_in(told)}
    # A row that could not be read is one text of several cells.
    words = {word for cell in cells for part in values_in(cell) for word in _BETWEEN.split(part)}
    if any(tombstones.holds(kind, one) for one in words | cells for kind in KINDS):
        return line, column, rule, None, None
    return row


def _cells(connection: duckdb.DuckDBPyConnection, customers: str) -> list[str]:
    """Name the columns in which others may be named, quoted."""
    held = connection.execute(f"DESCRIBE SELECT * FROM {customers}").fetchall()
    return [
        quoted(name)
        for name, kind, *_ in held
        if kind == "VARCHAR" and name not in _TOLD and not name.startswith(OURS)
    ]


def _texts(connection: duckdb.DuckDBPyConnection, customers: str, cell: str) -> list[str]:
    found = connection.execute(
        f"SELECT DISTINCT {cell} FROM {customers} WHERE {cell} IS NOT NULL ORDER BY ALL"
    ).fetchall()
    return [text for (text,) in found]
