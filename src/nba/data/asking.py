"""One question to one table of a shop folder, which nobody else reads that way."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import numpy as np

from nba.data.checks import literal
from nba.data.conforming import conform
from nba.data.readers import connect
from nba.data.shop import shop_tables
from nba.domain import iso
from nba.errors import DataError
from nba.schema import Table


def ask(folder: Path, table: Table, what: str, where: str) -> list[tuple[Any, ...]]:
    """Give the rows that a table has for a question; none where the shop lacks it.

    Args:
        folder: of the shop.
        table: of its contract.
        what: SQL of the columns.
        where: SQL of the condition, and of groups and order behind it.

    Raises:
        DataError: the table breaks its contract.
    """
    source = shop_tables(folder).get(table.name)
    if source is None:
        return []
    with connect() as connection:
        try:
            connection.execute(f"CREATE TEMP VIEW {table.name} AS {source}")
            return connection.execute(
                f"SELECT {what} FROM {conform(connection, table)} WHERE {where}"
            ).fetchall()
        except duckdb.Error as error:
            raise DataError(
                f"the {table.name} of {folder} cannot be read: {str(error).splitlines()[0]}"
            ) from None


def timestamp(at: np.datetime64) -> str:
    """Write an instant as SQL."""
    return f"CAST({literal((iso(at) or '').removesuffix('Z'))} AS TIMESTAMP)"
