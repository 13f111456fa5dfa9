"""Statistics that a training keeps, and adds to the next day."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nba.statistics.engines.incremental import Incremental
    from nba.statistics.kept.folders import Kept

CURRENT = "current"
"""What stands for the id of the current snapshot."""


@dataclass(frozen=True, slots=True)
class Keeping:
    """What a training counts, on disk.

    Attributes:
        models: the folder of snapshots.
        engine: who counts.
        before: what it adds to; None where it counts everything.
        lacks: why it does, though it was to add to something.
        keeps: whether what it counted is kept.
    """

    models: Path
    engine: Incremental
    before: Kept | None
    lacks: str | None
    keeps: bool

    def keep(self, snapshot_id: str) -> dict[str, Any]:
        """Keep what was counted as the statistics of a snapshot; tell what became of it.

        Raises:
            SnapshotError: the folder cannot be written; the snapshot is published all the same.
        """
        from nba.artifacts.files import locked
        from nba.artifacts.registry import KEPT, list_snapshots
        from nba.errors import SnapshotError
        from nba.statistics.kept.folders import place

        why = "" if self.lacks is None else f", {self.lacks}"
        levels = {level: f"{how}{why}" for level, how in self.engine.told.items()}
        told: dict[str, Any] = {"since": self.engine.since, "levels": levels, "keeps": self.keeps}
        path: Path | None = None
        if self.keeps:
            try:
                with locked(self.models):
                    # Who was erased from them since would come back with what was taken over.
                    if self.before is None or self.before.stands():
                        stored = [one.snapshot_id for one in list_snapshots(self.models)[:KEPT]]
                        folder = self.engine.folder
                        path = place(folder, self.models, snapshot_id, stored=stored)
            except OSError as error:
                raise SnapshotError(
                    f"{snapshot_id} is published, but its statistics cannot be kept in "
                    f"{self.models}: {error.strerror}; make room and train again"
                ) from None
        return told | {"kept": None if path is None else str(path)}


@contextmanager
def keeping(
    models: str, since: str | None, *, keeps: bool, threads: int | None
) -> Iterator[Keeping | None]:
    """Give who counts on disk; None where nothing is kept and nothing added to.

    Args:
        models: the folder of snapshots.
        since: id of a snapshot, or `current`, whose statistics are added to; None to count all.
        keeps: whether what is counted is kept; all is then counted where nothing is of `current`.
        threads: processors to use; all by default.

    Raises:
        ConfigError: no statistics of the snapshot are kept, or the snapshots are kept elsewhere.
        SnapshotError: the folder cannot be written.
    """
    if since is None and not keeps:
        yield None
        return
    from nba.artifacts.files import locked
    from nba.errors import SnapshotError
    from nba.statistics.engines.incremental import Incremental
    from nba.statistics.engines.this_machine import ThisMachine
    from nba.statistics.kept.folders import aside, hold

    home = _folder(models)
    before, lacks = (None, None) if since is None else _before(home, since, keeps=keeps)
    with ExitStack() as until_here:
        try:
            with locked(home):
                folder = until_here.enter_context(aside(home))
                held = None if before is None else hold(before, folder)
        except OSError as error:
            raise SnapshotError(
                f"statistics cannot be written into {models}: {error.strerror}; let the folder be "
                "written, or train without --keep-statistics and --since"
            ) from None
        engine = Incremental(
            folder,
            held,
            None if held is None else held.name,
            machine=ThisMachine(threads or os.cpu_count() or 1),
        )
        yield Keeping(home, engine, before, lacks, keeps)


def described(told: Mapping[str, Any]) -> list[str]:
    """Say in lines what `Keeping.keep` tells."""
    lines = [f"pairs of {level}: {how}" for level, how in told["levels"].items()]
    if told["kept"] is not None:
        lines.append(
            f"statistics kept as {told['kept']}; the next day: nba train --since current "
            "--keep-statistics"
        )
    elif told["keeps"]:
        lines.append(
            "the statistics were not kept, as somebody was erased meanwhile; keep those of the "
            "next training"
        )
    return lines


def erase_kept(models: str | Path, customers: Collection[str]) -> tuple[list[str], list[str]]:
    """Take customers out of the statistics that a folder of snapshots keeps, if it is one.

    Returns:
        The ids of snapshots from whose statistics somebody was erased, and the names of those that
        were removed.

    Raises:
        SnapshotError: the folder cannot be written.
    """
    from nba.artifacts.files import locked
    from nba.artifacts.homes import Folder, home_of
    from nba.artifacts.registry import list_snapshots
    from nba.errors import SnapshotError
    from nba.statistics.kept.folders import erase
    from nba.vocabulary import STATISTICS

    home = home_of(models)
    if not isinstance(home, Folder) or not (home.path / STATISTICS).is_dir():
        return [], []
    try:
        with locked(home.path):
            latest = [one.snapshot_id for one in list_snapshots(home.path)]
            erased = erase(home.path, customers, latest_first=latest)
    except OSError as error:
        raise SnapshotError(
            f"customers cannot be erased from the statistics in {models}: {error.strerror}; make "
            "room, or let the folder be written, and erase them again"
        ) from None
    return [*erased.changed], [*erased.removed]


def _folder(models: str) -> Path:
    from nba.artifacts.homes import Folder, home_of
    from nba.errors import ConfigError

    home = home_of(models)
    if not isinstance(home, Folder):
        raise ConfigError(
            f"statistics are kept in a folder of this machine, and {home} is none; train with "
            "--models DIR, or without --keep-statistics and --since"
        )
    return home.path


def _before(models: Path, since: str, *, keeps: bool) -> tuple[Kept | None, str | None]:
    """Give what is added to; or None and why, where this training is to be the first kept one."""
    from nba.artifacts.files import POINTER
    from nba.artifacts.registry import current_id
    from nba.errors import ConfigError, SnapshotError
    from nba.statistics.kept.folders import Kept, kept_ids

    if since == CURRENT:
        if keeps and not (models / POINTER).exists():
            return None, "as there was no snapshot yet"
        try:
            since = current_id(models)
        except SnapshotError as error:
            raise ConfigError(f"--since current: {error}") from None
        if keeps and since not in kept_ids(models):
            return None, f"as nothing was kept of {since}"
    return Kept.of(models, since), None
