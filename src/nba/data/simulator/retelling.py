"""A play as a history: what the shop has by now, in the form in which shops are learned from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import duckdb
import numpy as np

from nba.data.checks import SQL_TYPES, quoted
from nba.data.history import OrderHistory
from nba.data.readers import connect
from nba.data.simulator.journal import Seen
from nba.data.told import Told
from nba.schema import CUSTOMERS, MESSAGE_EVENTS, MESSAGES, Table


def history_of(seen: Seen) -> OrderHistory:
    """Give the orders of a play and the messages beside them, as far as they are known."""
    with connect() as connection:
        for table in (CUSTOMERS, MESSAGES, MESSAGE_EVENTS):
            _write(connection, table, seen.table(table.name))
        told = Told.from_tables(connection)
    return OrderHistory(seen.rows(), seen.as_of, told=told)


def _write(
    connection: duckdb.DuckDBPyConnection, table: Table, rows: Sequence[Mapping[str, Any]]
) -> None:
    """Write rows as a table with all columns of its contract."""
    cells = [[_cell(row.get(column.name)) for row in rows] for column in table.columns]
    typed = ", ".join(
        f"unnest(?::{SQL_TYPES[column.kind]}[]) AS {quoted(column.name)}"
        for column in table.columns
    )
    connection.execute(f"CREATE TABLE {quoted(table.name)} AS SELECT {typed}", cells)


def _cell(cell: object) -> object:
    return cell.item() if isinstance(cell, np.datetime64) else cell
