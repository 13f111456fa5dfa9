"""A models folder: snapshots side by side and a pointer to the current one.

Publishing writes aside, syncs, verifies what it wrote, renames, and replaces the pointer; a
process killed at any point leaves the old snapshot current.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from nba.artifacts.arrays import to_npy
from nba.artifacts.snapshot import MANIFEST, Manifest, Snapshot, read_manifest
from nba.errors import SnapshotError

KEPT: Final = 5
POINTER: Final = "current"

_ASIDE: Final = ".new-"


def publish(snapshot: Snapshot, models: Path) -> Path:
    """Store a snapshot and make it current; of the older ones the last five stay.

    Raises:
        SnapshotError: the folder cannot be written; the current snapshot is untouched.
    """
    try:
        with _locked(models) as home:
            sequence = 1 + max((one.sequence for one in list_snapshots(models)), default=0)
            aside = home / f"{_ASIDE}{snapshot.id}"
            try:
                _write(snapshot.with_manifest(sequence=sequence), aside)
                Snapshot.read(aside)
                _place(aside, home / snapshot.id)
            finally:
                shutil.rmtree(aside, ignore_errors=True)
            _point(models, snapshot.id)
            _prune(models)
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


def rollback(models: str | Path, to: str | None = None) -> str:
    """Make an older snapshot current: the named one, else the one published before the current.

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
        with _locked(Path(models)):
            _point(Path(models), to)
    except OSError as error:
        raise SnapshotError(f"cannot write into {models}: {error.strerror}") from None
    return to


@contextmanager
def _locked(models: Path) -> Iterator[Path]:
    """Let one process at a time change the folder; give the place where snapshots stand.

    The system drops the lock with the process, so whatever lies aside under it is of the dead.
    """
    home = models / "snapshots"
    home.mkdir(parents=True, exist_ok=True)
    with (home / ".lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for left in home.glob(f"{_ASIDE}*"):
            shutil.rmtree(left, ignore_errors=True)
        yield home


def _place(aside: Path, target: Path) -> None:
    """Move a snapshot where it belongs; the same content may stand there already."""
    try:
        Snapshot.read(target)
    except SnapshotError:
        # Absent, or damaged and of use to nobody.
        shutil.rmtree(target, ignore_errors=True)
        os.rename(aside, target)
    else:
        # The newer manifest takes the place of the older one.
        os.replace(aside / MANIFEST, target / MANIFEST)
        _sync(target)
    _sync(target.parent)


def _write(snapshot: Snapshot, folder: Path) -> None:
    for name, array in snapshot.arrays().items():
        path = folder / f"{name}.npy"
        path.parent.mkdir(parents=True, exist_ok=True)
        _write_synced(path, to_npy(array))
    _write_synced(folder / MANIFEST, snapshot.manifest.to_json().encode())
    for inner in [folder, *(path for path in folder.rglob("*") if path.is_dir())]:
        _sync(inner)


def _write_synced(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _point(models: Path, snapshot_id: str) -> None:
    aside = models / f".{POINTER}"
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
    # The one just published is the newest, so the current one is never among these.
    for old in list_snapshots(models)[KEPT:]:
        shutil.rmtree(models / "snapshots" / old.snapshot_id, ignore_errors=True)


def _is_name(text: str) -> bool:
    return bool(text) and not text.startswith(".") and "/" not in text and "\\" not in text
