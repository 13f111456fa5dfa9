"""What answers questions about the past: the snapshot that was current then."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Final, Generic, TypeVar

import numpy as np

from nba.artifacts.homes import Models
from nba.artifacts.registry import manifest_path, snapshot_at

KEPT: Final = 2
"""Snapshots held open besides the current one: who explains old messages asks about a few days."""

T = TypeVar("T")


class Past(Generic[T]):
    """The last few snapshots that somebody asked about, and what was made ready of each."""

    def __init__(self, models: Models, open_: Callable[[str], T]) -> None:
        """Hold none yet.

        Args:
            models: the home of snapshots.
            open_: makes ready the snapshot of an id.
        """
        self._models = models
        self._open = open_
        self._held: OrderedDict[tuple[str, int], T] = OrderedDict()
        self._opening = threading.Lock()

    def at(self, instant: np.datetime64) -> T | None:
        """Give what answered at an instant; None where the current snapshot answers.

        Raises:
            PrunedSnapshotError: that snapshot is no longer stored.
            SnapshotError: it is damaged.
        """
        name = snapshot_at(self._models, instant)
        if name is None:
            return None
        # Whoever was erased since is in a newer copy, which has the same id.
        key = name, manifest_path(self._models, name).stat().st_mtime_ns
        with self._opening:
            if key not in self._held:
                self._held[key] = self._open(name)
                while len(self._held) > KEPT:
                    self._held.popitem(last=False)
            self._held.move_to_end(key)
            return self._held[key]
