"""Kept statistics: below a folder of snapshots, one folder for each snapshot that they are of.

`statistics/<snapshot id>/<level>/` is outside every digest. It is written aside and renamed, so
that what stands under a snapshot's id is whole (`asides`). Whoever places, prunes or erases holds
the lock of the folder of snapshots.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Collection, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from nba import asides
from nba.errors import ConfigError, DataError
from nba.statistics.engines.changes import Update
from nba.statistics.kept.levels import DOCUMENT, Level, link
from nba.vocabulary import STATISTICS

_HELD: Final = ".before"


@dataclass(frozen=True, slots=True)
class Kept:
    """The statistics kept of a snapshot, as they were when they were looked up.

    Attributes:
        folder: where they are.
        documents: what each of its levels said of itself, by name.
    """

    folder: Path
    documents: dict[str, bytes]

    @classmethod
    def of(cls, models: Path, snapshot_id: str) -> Kept:
        """Look up what is kept of a snapshot.

        Raises:
            ConfigError: nothing is.
        """
        known = kept_ids(models)
        if snapshot_id not in known:
            listed = f"; they are of {', '.join(known)}" if known else ""
            raise ConfigError(
                f"{models} keeps no statistics of snapshot {snapshot_id!r}{listed}; they are kept "
                "by: nba train SHOP --keep-statistics"
            )
        folder = models / STATISTICS / snapshot_id
        return cls(folder, _documents(folder))

    def stands(self) -> bool:
        """Tell whether they still are what they were: a customer may have been erased from them."""
        return _documents(self.folder) == self.documents


@dataclass(frozen=True, slots=True)
class Erased:
    """What became of kept statistics.

    Attributes:
        changed: ids of the snapshots from whose statistics somebody was erased.
        removed: names of those that are gone, as only the latest are written anew, or as nobody can
            read them.
    """

    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()


def kept_ids(models: Path) -> list[str]:
    """List the snapshots of which statistics are kept, by id."""
    return sorted(path.name for path in (models / STATISTICS).glob("[!.]*") if path.is_dir())


def aside(models: Path) -> AbstractContextManager[Path]:
    """Give a new folder to write statistics into; it is gone afterwards, unless it was placed.

    The caller holds the lock of the folder of snapshots while it is made, and need not later.

    Raises:
        OSError: the folder cannot be made.
    """
    return asides.aside(models / STATISTICS)


def hold(kept: Kept, folder: Path) -> Path:
    """Give where statistics stay as they are, whoever is erased or pruned, for as long as `folder`.

    Args:
        kept: what is there now.
        folder: what `aside` gave.

    Raises:
        OSError: they are gone, or the folder cannot be written.
    """
    held = folder / _HELD / kept.folder.name
    link(kept.folder, held)
    return held


def place(written: Path, models: Path, snapshot_id: str, *, stored: Collection[str]) -> Path | None:
    """Let statistics that were written aside be those of a snapshot; older ones are pruned.

    None where somebody was erased meanwhile, who may have been counted.

    Args:
        written: the folder that `aside` gave.
        models: the folder of snapshots, whose lock the caller holds.
        snapshot_id: of which snapshot.
        stored: ids of the snapshots whose statistics may stay.

    Raises:
        OSError: the folder cannot be written.
    """
    if not asides.finished(written):
        return None
    shutil.rmtree(written / _HELD, ignore_errors=True)
    home = models / STATISTICS
    for one in set(kept_ids(models)) - {*stored, snapshot_id}:
        shutil.rmtree(home / one)
    target = home / snapshot_id
    # The same orders give the same snapshot, whose statistics may be there.
    shutil.rmtree(target, ignore_errors=True)
    _sync(written)
    os.rename(written, target)
    _sync_folder(home)
    return target


def erase(models: Path, customers: Collection[str], *, latest_first: Sequence[str]) -> Erased:
    """Take customers out of all kept statistics: what they added, their baskets and their ids.

    They are in statistics that have a basket of theirs, and in those that had one and added its
    going away: a run from which something is only taken away still tells of it. The latest of
    these are written anew, all runs added up; the older ones are removed; so is what cannot be
    read, as nobody can be erased from it. A process killed at any point leaves each of them as it
    was, as it is to be, or removed; asked again, the rest is done. A training that is writing some
    keeps nothing.

    Args:
        models: the folder of snapshots, whose lock the caller holds.
        customers: ids of all accounts of those to erase.
        latest_first: ids of the snapshots.

    Raises:
        OSError: the folder cannot be written.
    """
    home = models / STATISTICS
    changed: list[str] = []
    removed: list[str] = []
    known = kept_ids(models)
    asides.sweep(home, erasing=True)
    for one in sorted(known, key=[*latest_first, *known].index):
        try:
            levels = [Level.read(path) for path in sorted((home / one).iterdir()) if path.is_dir()]
            updates = [Update.without(level, customers) for level in levels]
            if not any(updates):
                continue
            if one in latest_first and not changed:
                with aside(models) as folder:
                    for level, update in zip(levels, updates, strict=True):
                        _write(level, update, folder / level.folder.name)
                    place(folder, models, one, stored=known)
                changed.append(one)
                continue
        except DataError:
            pass
        shutil.rmtree(home / one)
        removed.append(f"{STATISTICS}/{one}")
    return Erased(tuple(changed), tuple(removed))


def _write(level: Level, update: Update | None, folder: Path) -> None:
    if update is None:
        link(level.folder, folder)
    else:
        update.write(folder, whole=True)


def _documents(folder: Path) -> dict[str, bytes]:
    return {path.parent.name: path.read_bytes() for path in folder.glob(f"*/{DOCUMENT}")}


def _sync(folder: Path) -> None:
    """Write down which files a folder and those in it have; the files are synced already."""
    for inner in [*(path for path in folder.rglob("*") if path.is_dir()), folder]:
        _sync_folder(inner)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
