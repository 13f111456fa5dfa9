"""Which snapshots and playbooks the log of messages refers to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import numpy as np

from nba.data.checks import literal
from nba.data.conforming import conform
from nba.data.readers import connect
from nba.data.shop import shop_tables
from nba.domain import iso, to_instant
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
    found = _ask(
        folder,
        "DISTINCT snapshot_id",
        f"snapshot_id IS NOT NULL AND decided_at >= {_timestamp(since)}",
    )
    return {name for (name,) in found}


def logged_playbooks(folder: Path, until: np.datetime64) -> list[tuple[np.datetime64, str]]:
    """Say when each playbook first decided about a message of a shop, the first one first.

    Args:
        folder: of the shop.
        until: messages decided from then on do not count.

    Raises:
        DataError: the table of messages breaks its contract.
    """
    found = _ask(
        folder,
        "strftime(min(decided_at), '%Y-%m-%dT%H:%M:%S.%fZ') AS first, playbook_id",
        f"playbook_id IS NOT NULL AND decided_at < {_timestamp(until)} "
        "GROUP BY playbook_id ORDER BY first, playbook_id",
    )
    return [(to_instant(first), name) for first, name in found]


def _timestamp(at: np.datetime64) -> str:
    return f"CAST({literal((iso(at) or '').removesuffix('Z'))} AS TIMESTAMP)"


def _ask(folder: Path, what: str, where: str) -> list[tuple[Any, ...]]:
    source = shop_tables(folder).get(MESSAGES.name)
    if source is None:
        return []
    with connect() as connection:
        try:
            connection.execute(f"CREATE TEMP VIEW {MESSAGES.name} AS {source}")
            return connection.execute(
                f"SELECT {what} FROM {conform(connection, MESSAGES)} WHERE {where}"
            ).fetchall()
        except duckdb.Error as error:
            raise DataError(
                f"the messages of {folder} cannot be read: {str(error).splitlines()[0]}"
            ) from None
