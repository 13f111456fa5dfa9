"""A models folder: snapshots side by side and a pointer to the current one.

Publishing writes aside, syncs, verifies what it wrote, renames, and replaces the pointer; a
process killed at any point leaves the old snapshot current.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

import numpy as np

from nba.artifacts.arrays import to_npy
from nba.artifacts.published import current_at, remember
from nba.artifacts.snapshot import MANIFEST, Manifest, Snapshot, array_of, read_manifest
from nba.domain import iso
from nba.errors import PrunedSnapshotError, SnapshotError

KEPT: Final = 5
POINTER: Final = "current"

_ASIDE: Final = ".new-"


def publish(
    snapshot: Snapshot,
    models: Path,
    *,
    keep: Collection[str] = (),
    review: Callable[[Snapshot], Snapshot] = lambda one: one,
) -> Path:
    """Store a snapshot and make it current; of the older ones the last five stay.

    Args:
        snapshot: to publish; from its `trained_at` on, if it has one, it is known as current.
        models: the folder of snapshots.
        keep: ids of older ones that stay too.
        review: gives what is published in its place, under the same id, from when on nobody else
            can change the folder: who is erased later is erased from what is published.

    Raises:
        SnapshotError: the folder cannot be written; the current snapshot is untouched.
    """
    try:
        with locked(models) as home:
            snapshot = review(snapshot)
            sequence = 1 + max((one.sequence for one in list_snapshots(models)), default=0)
            aside = home / f"{_ASIDE}{snapshot.id}"
            try:
                _write(snapshot.with_manifest(sequence=sequence), aside)
                Snapshot.read(aside)
                _place(aside, home / snapshot.id)
            finally:
                shutil.rmtree(aside, ignore_errors=True)
            point(models, snapshot.id)
            if snapshot.manifest.trained_at is not None:
                remember(models, snapshot.id, snapshot.manifest.trained_at)
            _prune(models, keep)
    except OSError as error:
        raise SnapshotError(
            f"cannot publish into {models}: {error.strerror}; the current snapshot is unchanged"
        ) from None
    return home / snapshot.id


def current_id(models: str | Path) -> str:
    """Name the current snapshot.

    Raises:
        SnapshotError: nothing has been published there.
    """
    try:
        name = (Path(models) / POINTER).read_text("ascii").strip()
    except OSError:
        raise SnapshotError(
            f"{models} holds no published snapshot; make one with: nba train SHOP --models {models}"
        ) from None
    except ValueError:
        name = ""
    if not _is_name(name):
        raise SnapshotError(
            f"{Path(models) / POINTER} is damaged; choose a snapshot with: nba models rollback ID"
        )
    return name


def open_snapshot(models: str | Path, snapshot_id: str | None = None) -> Snapshot:
    """Open the current snapshot of a models folder, or the one named.

    Raises:
        SnapshotError: there is none, or it is damaged.
    """
    name = current_id(models) if snapshot_id is None else snapshot_id
    folder = Path(models) / "snapshots" / name
    if not _is_name(name) or not folder.is_dir():
        raise SnapshotError(f"{models} holds no snapshot {name!r}; see: nba models list")
    snapshot = Snapshot.read(folder)
    if snapshot.id != name:
        raise SnapshotError(f"{folder} holds snapshot {snapshot.id}; a folder is named as its id")
    return snapshot


def list_snapshots(models: str | Path) -> list[Manifest]:
    """List the stored snapshots, latest published first; damaged folders are left out."""
    manifests = []
    for folder in sorted((Path(models) / "snapshots").glob("[!.]*")):
        try:
            manifest = read_manifest(folder)
        except SnapshotError:
            continue
        if manifest.snapshot_id == folder.name:
            manifests.append(manifest)
    return sorted(manifests, key=lambda one: -one.sequence)


def damaged_snapshots(models: str | Path) -> dict[str, str]:
    """Say what is wrong with each folder that `list_snapshots` leaves out, by its name."""
    found = {}
    for folder in sorted((Path(models) / "snapshots").glob("[!.]*")):
        try:
            named = read_manifest(folder).snapshot_id
        except SnapshotError as error:
            found[folder.name] = str(error)
        else:
            if named != folder.name:
                found[folder.name] = f"it holds snapshot {named}; a folder is named as its id"
    return found


def snapshot_at(models: str | Path, at: np.datetime64) -> str | None:
    """Name the snapshot that was current at an instant, if it is not the one that is current now.

    None where nothing was published yet, too: then the current one is all there is to ask.

    Raises:
        PrunedSnapshotError: it is no longer stored.
        SnapshotError: nothing has been published there.
    """
    name = current_at(Path(models), at)
    if name is None or name == current_id(models):
        return None
    if not manifest_path(models, name).is_file():
        raise PrunedSnapshotError(
            f"snapshot {name}, which was current at {iso(at)}, is no longer stored; ask about an "
            "instant at which one of these was current: nba models list"
        )
    return name


def manifest_path(models: str | Path, snapshot_id: str) -> Path:
    """Give the place of a snapshot's manifest."""
    return Path(models) / "snapshots" / snapshot_id / MANIFEST


def rollback(models: str | Path, to: str | None = None, *, at: str | None = None) -> str:
    """Make an older snapshot current: the named one, else the one published before the current.

    Args:
        models: the folder of snapshots.
        to: id of the one.
        at: ISO instant from which on it is known as current, from a caller who has a clock.

    Raises:
        SnapshotError: there is no such snapshot.
    """
    stored = [one.snapshot_id for one in list_snapshots(models)]
    if to is None:
        now = current_id(models)
        older = stored[stored.index(now) + 1 :] if now in stored else stored
        if not older:
            raise SnapshotError(f"{models} holds nothing older than {now} to roll back to")
        to = older[0]
    open_snapshot(models, to)
    try:
        with locked(Path(models)):
            point(Path(models), to)
            if at is not None:
                remember(Path(models), to, at)
    except OSError as error:
        raise SnapshotError(f"cannot write into {models}: {error.strerror}") from None
    return to


@contextmanager
def locked(models: Path) -> Iterator[Path]:
    """Let one process at a time change the folder; give the place where snapshots stand.

    The system drops the lock with the process, so whatever lies aside under it is of the dead.
    """
    home = models / "snapshots"
    home.mkdir(parents=True, exist_ok=True)
    with (home / ".lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for left in home.glob(f"{_ASIDE}*"):
            shutil.rmtree(left, ignore_errors=True)
        for folder in home.glob("[!.]*"):
            sweep(folder)
        yield home


def sweep(folder: Path) -> None:
    """Remove what stands in a snapshot's folder and is not of it: it has been blanked since."""
    with suppress(SnapshotError):
        named = {folder / path for path in (MANIFEST, *read_manifest(folder).files)}
        for path in sorted(folder.rglob("*"), reverse=True):
            if path.is_file() and path not in named:
                path.unlink()
            elif path.is_dir() and not any(path.iterdir()):
                path.rmdir()


def _place(aside: Path, target: Path) -> None:
    """Move a snapshot where it belongs; the same content may stand there already.

    If customers have been erased from that since, it stays as it is.
    """
    try:
        there = Snapshot.read(target)
    except SnapshotError:
        # Absent, or damaged and of use to nobody.
        shutil.rmtree(target, ignore_errors=True)
        os.rename(aside, target)
    else:
        if there.manifest.digest == read_manifest(aside).digest:
            # The newer manifest takes the place of the older one.
            os.replace(aside / MANIFEST, target / MANIFEST)
            sync(target)
    sync(target.parent)


def _write(snapshot: Snapshot, folder: Path) -> None:
    arrays = snapshot.arrays()
    for name in snapshot.manifest.files:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        write_synced(path, to_npy(arrays[array_of(name) or ""]))
    write_synced(folder / MANIFEST, snapshot.manifest.to_json().encode())
    for inner in [folder, *(path for path in folder.rglob("*") if path.is_dir())]:
        sync(inner)


def write_synced(path: Path, content: bytes) -> None:
    """Write a file so that it outlives a power cut."""
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def point(models: Path, snapshot_id: str) -> None:
    """Make a snapshot current; whoever serves another, or this one, opens it anew."""
    aside = models / f".{POINTER}"
    write_synced(aside, f"{snapshot_id}\n".encode("ascii"))
    os.replace(aside, models / POINTER)
    sync(models)


def sync(folder: Path) -> None:
    """Write down which files a folder has, so that it outlives a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _prune(models: Path, keep: Collection[str]) -> None:
    # The one just published is the newest, so the current one is never among these.
    for old in list_snapshots(models)[KEPT:]:
        if old.snapshot_id not in keep:
            shutil.rmtree(models / "snapshots" / old.snapshot_id, ignore_errors=True)


def _is_name(text: str) -> bool:
    return bool(text) and not text.startswith(".") and "/" not in text and "\\" not in text
