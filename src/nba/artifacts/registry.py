"""A models home: snapshots side by side and a pointer to the current one.

Publishing writes aside, syncs, verifies what it wrote, renames, and replaces the pointer; a
process killed at any point leaves the old snapshot current. `homes` says where a home may be.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Final

import numpy as np

from nba.artifacts.arrays import npy_parts
from nba.artifacts.editions import current_of
from nba.artifacts.files import ASIDE, POINTER, SNAPSHOTS, is_name, put, sync, write_synced
from nba.artifacts.homes import Home, Models, home_of
from nba.artifacts.published import current_at, remember
from nba.artifacts.snapshot import MANIFEST, Manifest, Snapshot, array_of, read_manifest
from nba.domain import iso
from nba.errors import HomeAwayError, PrunedSnapshotError, SnapshotError

KEPT: Final = 5


def publish(
    snapshot: Snapshot,
    models: Models,
    *,
    keep: Collection[str] = (),
    review: Callable[[Snapshot], Snapshot] = lambda one: one,
) -> Path:
    """Store a snapshot and make it current; of the older ones the last five stay.

    Args:
        snapshot: to publish; from its `trained_at` on, if it has one, it is known as current.
        models: the home of snapshots.
        keep: ids of older ones that stay too.
        review: gives what is published in its place, under the same id, from when on nobody else
            can change the home: who is erased later is erased from what is published.

    Raises:
        SnapshotError: the home cannot be written; the current snapshot is untouched.
    """
    home = home_of(models)
    try:
        with home.changing() as folder:
            snapshot = review(snapshot)
            sequence = 1 + max((one.sequence for one in list_snapshots(folder)), default=0)
            place = folder / SNAPSHOTS / snapshot.id
            aside = place.with_name(f"{ASIDE}{snapshot.id}")
            try:
                _write(snapshot.with_manifest(sequence=sequence), aside)
                Snapshot.read(aside)
                _fetch_sound(home, snapshot.id)
                _place(aside, place)
            finally:
                shutil.rmtree(aside, ignore_errors=True)
            point(folder, snapshot.id)
            if snapshot.manifest.trained_at is not None:
                remember(folder, snapshot.id, snapshot.manifest.trained_at)
            _prune(folder, keep)
    except OSError as error:
        raise SnapshotError(
            f"cannot publish into {home}: {error.strerror}; the current snapshot is unchanged"
        ) from None
    return place


def current_id(models: Models) -> str:
    """Name the current snapshot.

    Raises:
        SnapshotError: nothing has been published there.
    """
    home = home_of(models)
    pointer = home.here() / POINTER
    try:
        name = current_of(pointer.read_bytes())
    except OSError:
        raise SnapshotError(
            f"{home} holds no published snapshot; make one with: nba train SHOP --models {home}"
        ) from None
    if not (is_name(name) and name.isascii()):
        raise SnapshotError(f"{pointer} is damaged; choose a snapshot with: nba models rollback ID")
    return name


def open_snapshot(models: Models, snapshot_id: str | None = None) -> Snapshot:
    """Open the current snapshot of a models home, or the one named.

    Raises:
        SnapshotError: there is none, or it is damaged.
    """
    home = home_of(models)
    name = current_id(home) if snapshot_id is None else snapshot_id
    folder = home.here() / SNAPSHOTS / name
    if not is_name(name) or not folder.is_dir():
        raise SnapshotError(f"{home} holds no snapshot {name!r}; see: nba models list")
    snapshot = read_sound(home, folder)
    if snapshot.id != name:
        raise SnapshotError(f"{folder} holds snapshot {snapshot.id}; a folder is named as its id")
    return snapshot


def read_sound(home: Home, place: Path) -> Snapshot:
    """Read a snapshot of a home; one that is damaged here alone is brought anew.

    Args:
        home: where it is kept.
        place: its folder on this machine.

    Raises:
        HomeAwayError: a remote home cannot be reached.
        SnapshotError: it is damaged where it is kept.
    """
    try:
        home.fetch(place.name)
        return Snapshot.read(place)
    except HomeAwayError:
        raise
    except SnapshotError:
        if not home.mend(place.name):
            raise
        return Snapshot.read(place)


def verify(models: Models, snapshot_id: str | None = None) -> Manifest:
    """Compare every file of the current snapshot, or of the one named, with its hash.

    Those of a remote home are read there.

    Raises:
        SnapshotError: there is none, or it is damaged.
    """
    home = home_of(models)
    manifest = open_snapshot(home, snapshot_id).manifest
    home.check(manifest.snapshot_id)
    return manifest


def list_snapshots(models: Models) -> list[Manifest]:
    """List the stored snapshots, latest published first; damaged folders are left out."""
    manifests = []
    for folder in sorted((home_of(models).here() / SNAPSHOTS).glob("[!.]*")):
        try:
            manifest = read_manifest(folder)
        except SnapshotError:
            continue
        if manifest.snapshot_id == folder.name:
            manifests.append(manifest)
    return sorted(manifests, key=lambda one: -one.sequence)


def damaged_snapshots(models: Models) -> dict[str, str]:
    """Say what is wrong with each folder that `list_snapshots` leaves out, by its name."""
    found = {}
    for folder in sorted((home_of(models).here() / SNAPSHOTS).glob("[!.]*")):
        try:
            named = read_manifest(folder).snapshot_id
        except SnapshotError as error:
            found[folder.name] = str(error)
        else:
            if named != folder.name:
                found[folder.name] = f"it holds snapshot {named}; a folder is named as its id"
    return found


def snapshot_at(models: Models, at: np.datetime64) -> str | None:
    """Name the snapshot that was current at an instant, if it is not the one that is current now.

    None where nothing was published yet, too: then the current one is all there is to ask.

    Raises:
        PrunedSnapshotError: it is no longer stored.
        SnapshotError: nothing has been published there.
    """
    home = home_of(models)
    name = current_at(home.here(), at)
    if name is None or name == current_id(home):
        return None
    if not manifest_path(home, name).is_file():
        raise PrunedSnapshotError(
            f"snapshot {name}, which was current at {iso(at)}, is no longer stored; ask about an "
            "instant at which one of these was current: nba models list"
        )
    return name


def manifest_path(models: Models, snapshot_id: str) -> Path:
    """Give the place of a snapshot's manifest on this machine."""
    return home_of(models).here() / SNAPSHOTS / snapshot_id / MANIFEST


def pointer_path(models: Models) -> Path:
    """Give the place of the pointer on this machine; it is replaced whenever one is to be read."""
    return home_of(models).here() / POINTER


def rollback(models: Models, to: str | None = None, *, at: str | None = None) -> str:
    """Make an older snapshot current: the named one, else the one published before the current.

    Args:
        models: the home of snapshots.
        to: id of the one.
        at: ISO instant from which on it is known as current, from a caller who has a clock.

    Raises:
        SnapshotError: there is no such snapshot.
    """
    home = home_of(models)
    stored = [one.snapshot_id for one in list_snapshots(home)]
    if to is None:
        now = current_id(home)
        older = stored[stored.index(now) + 1 :] if now in stored else stored
        if not older:
            raise SnapshotError(f"{home} holds nothing older than {now} to roll back to")
        to = older[0]
    open_snapshot(home, to)
    try:
        with home.changing() as folder:
            if not manifest_path(folder, to).is_file():
                raise SnapshotError(f"snapshot {to} was pruned just now; see: nba models list")
            point(folder, to)
            if at is not None:
                remember(folder, to, at)
    except OSError as error:
        raise SnapshotError(f"cannot write into {home}: {error.strerror}") from None
    return to


def _fetch_sound(home: Home, snapshot_id: str) -> None:
    """Bring what is stored under an id already; one that is damaged is not missed."""
    try:
        home.fetch(snapshot_id)
    except HomeAwayError:
        raise
    except SnapshotError:
        return


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
        write_synced(path, *npy_parts(arrays[array_of(name) or ""]))
    write_synced(folder / MANIFEST, snapshot.manifest.to_json().encode())
    for inner in [folder, *(path for path in folder.rglob("*") if path.is_dir())]:
        sync(inner)


def point(models: Path, snapshot_id: str) -> None:
    """Make a snapshot current; whoever serves another, or this one, opens it anew."""
    put(models / POINTER, f"{snapshot_id}\n".encode())


def _prune(models: Path, keep: Collection[str]) -> None:
    # The one just published is the newest, so the current one is never among these.
    for old in list_snapshots(models)[KEPT:]:
        if old.snapshot_id not in keep:
            shutil.rmtree(models / SNAPSHOTS / old.snapshot_id, ignore_errors=True)
