"""Which snapshots the log of messages refers to."""

from __future__ import annotations

from pathlib import Path

import duckdb
import numpy as np

from nba.data.checks import literal
from nba.data.conforming import conform
from nba.data.readers import connect
from nba.data.shop import shop_tables
from nba.domain import iso
from nba.errors import DataError
from nba.schema import MESSAGES


def logged_snapshots(folder: Path, since: np.datetime64) -> set[str]:
    """Name the snapshots by which the messages of a shop were decided.

    Args:
        folder: of the shop.
        since: messages decided before do not count.

    Raises:
        DataError: the table of messages breaks its contract.
    """
    source = shop_tables(folder).get(MESSAGES.name)
    if source is None:
        return set()
    with connect() as connection:
        try:
            connection.execute(f"CREATE TEMP VIEW {MESSAGES.name} AS {source}")
            found = connection.execute(
                f"SELECT DISTINCT snapshot_id FROM {conform(connection, MESSAGES)} "
                "WHERE snapshot_id IS NOT NULL "
                f"AND decided_at >= CAST({literal((iso(since) or '')[:19])} AS TIMESTAMP)"
            ).fetchall()
        except duckdb.Error as error:
            raise DataError(
                f"the messages of {folder} cannot be read: {str(error).splitlines()[0]}"
            ) from None
    return {name for (name,) in found}
