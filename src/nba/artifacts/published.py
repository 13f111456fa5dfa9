"""Which snapshot was current when: one line an instant, added and never changed."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import numpy as np

from nba.domain import iso, to_instant
from nba.errors import DataError

LOG: Final = "published"


def remember(models: Path, snapshot_id: str, at: str) -> None:
    """Note that a snapshot is current from an instant on.

    Args:
        models: the folder of snapshots.
        snapshot_id: of the one.
        at: ISO instant with a zone.

    Raises:
        OSError: the file cannot be written.
    """
    with (models / LOG).open("ab") as file:
        # A line that a crash cut short must not swallow this one.
        file.write(f"\n{iso(to_instant(at))} {snapshot_id}\n".encode("ascii"))
        file.flush()
        os.fsync(file.fileno())


def current_at(models: Path, at: np.datetime64) -> str | None:
    """Name the snapshot that was current at an instant; none where nothing was yet.

    Args:
        models: the folder of snapshots.
        at: the instant.
    """
    named: tuple[np.datetime64, str] | None = None
    for since, snapshot_id in _read(models):
        # Of equal instants the later line holds.
        if since <= at and (named is None or since >= named[0]):
            named = since, snapshot_id
    return None if named is None else named[1]


def _read(models: Path) -> list[tuple[np.datetime64, str]]:
    try:
        lines = (models / LOG).read_text("utf-8", "replace").splitlines()
    except OSError:
        return []
    read = []
    for line in lines:
        since, _, snapshot_id = line.partition(" ")
        try:
            instant = to_instant(since)
        except DataError:
            continue
        if snapshot_id:
            read.append((instant, snapshot_id))
    return read
