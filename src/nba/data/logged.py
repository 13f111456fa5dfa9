"""Which snapshots and playbooks the log of messages refers to."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from nba.data.asking import ask, timestamp
from nba.domain import to_instant
from nba.schema import MESSAGES


def logged_snapshots(folder: Path, since: np.datetime64) -> set[str]:
    """Name the snapshots by which the messages of a shop were decided.

    Args:
        folder: of the shop.
        since: messages decided before do not count.

    Raises:
        DataError: the table of messages breaks its contract.
    """
    found = ask(
        folder,
        MESSAGES,
        "DISTINCT snapshot_id",
        f"snapshot_id IS NOT NULL AND decided_at >= {timestamp(since)}",
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
    found = ask(
        folder,
        MESSAGES,
        "strftime(min(decided_at), '%Y-%m-%dT%H:%M:%S.%fZ') AS first, playbook_id",
        f"playbook_id IS NOT NULL AND decided_at < {timestamp(until)} "
        "GROUP BY playbook_id ORDER BY first, playbook_id",
    )
    return [(to_instant(first), name) for first, name in found]
