"""A models folder: snapshots side by side and a pointer to the current one.

Publishing writes aside, syncs, verifies what it wrote, renames, and replaces the pointer; a
process killed at any point leaves the old snapshot current.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Final

from nba.artifacts.arrays import to_npy
from nba.artifacts.snapshot import MANIFEST, Manifest, Snapshot, read_manifest
from nba.errors import SnapshotError

KEPT: Final = 5
POINTER: Final = "current"


def publish(snapshot: Snapshot, models: Path) -> Path:
    """Store a snapshot and make it current; of the older ones the last five stay.

    Raises:
        SnapshotError: the folder cannot be written; the current snapshot is untouched.
    """
    home = models / "snapshots"
    target = home / snapshot.id
    aside = home / f".new-{snapshot.id}-{os.getpid()}"
    sequence = 1 + max((one.sequence for one in list_snapshots(models)), default=0)
    try:
        home.mkdir(parents=True, exist_ok=True)
        try:
            _write(snapshot.with_manifest(sequence=sequence), aside)
            Snapshot.read(aside)
            if target.exists():
                # The same content under the same id: the newer manifest takes its place.
                os.replace(aside / MANIFEST, target / MANIFEST)
            else:
                os.rename(aside, target)
            _sync(home)
        finally:
            shutil.rmtree(aside, ignore_errors=True)
        _point(models, snapshot.id)
    except OSError as error:
        raise SnapshotError(
            f"cannot publish into {models}: {error.strerror}; the current snapshot is unchanged"
        ) from None
    _prune(models)
    return target


def current_id(models: str | Path) -> str:
    """Name the current snapshot.

    Raises:
        SnapshotError: nothing has been published there.
    """
    try:
        return (Path(models) / POINTER).read_text("ascii").strip()
    except OSError:
        raise SnapshotError(
            f"{models} holds no published snapshot; make one with: nba train SHOP --models {models}"
        ) from None


def open_snapshot(models: str | Path, snapshot_id: str | None = None) -> Snapshot:
    """Open the current snapshot of a models folder, or the one named.

    Raises:
        SnapshotError: there is none, or it is damaged.
    """
    name = current_id(models) if snapshot_id is None else snapshot_id
    folder = Path(models) / "snapshots" / name
    if not _is_name(name) or not folder.is_dir():
        raise SnapshotError(f"{models} holds no snapshot {name!r}; see: nba models list")
    return Snapshot.read(folder)


def list_snapshots(models: str | Path) -> list[Manifest]:
    """List the stored snapshots, latest published first; damaged folders are left out."""
    manifests = []
    for folder in sorted((Path(models) / "snapshots").glob("[!.]*")):
        try:
            manifests.append(read_manifest(folder))
        except SnapshotError:
            continue
    return sorted(manifests, key=lambda one: -one.sequence)


def rollback(models: str | Path, to: str | None = None) -> str:
    """Make an older snapshot current: the named one, else the one published before the current.

    Raises:
        SnapshotError: there is no such snapshot.
    """
    now = current_id(models)
    stored = [one.snapshot_id for one in list_snapshots(models)]
    if to is None:
        older = stored[stored.index(now) + 1 :] if now in stored else stored
        if not older:
            raise SnapshotError(f"{models} holds nothing older than {now} to roll back to")
        to = older[0]
    open_snapshot(models, to)
    _point(Path(models), to)
    return to


def _write(snapshot: Snapshot, folder: Path) -> None:
    for name, array in snapshot.arrays().items():
        path = folder / f"{name}.npy"
        path.parent.mkdir(parents=True, exist_ok=True)
        _write_synced(path, to_npy(array))
    text = snapshot.manifest.model_dump_json(indent=1)
    _write_synced(folder / MANIFEST, text.encode())
    for inner in [folder, *(path for path in folder.rglob("*") if path.is_dir())]:
        _sync(inner)


def _write_synced(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _point(models: Path, snapshot_id: str) -> None:
    aside = models / f".{POINTER}-{os.getpid()}"
    _write_synced(aside, f"{snapshot_id}\n".encode("ascii"))
    os.replace(aside, models / POINTER)
    _sync(models)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _prune(models: Path) -> None:
    now = current_id(models)
    for old in list_snapshots(models)[KEPT:]:
        if old.snapshot_id != now:
            shutil.rmtree(models / "snapshots" / old.snapshot_id, ignore_errors=True)


def _is_name(text: str) -> bool:
    return bool(text) and not text.startswith(".") and "/" not in text and "\\" not in text
