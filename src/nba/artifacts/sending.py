"""What changed in the mirror of a remote models home is sent there."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from nba.artifacts.editions import REPORTS, remote_pointer, small_files
from nba.artifacts.files import POINTER, SNAPSHOTS
from nba.artifacts.remote import Remote
from nba.artifacts.snapshot import MANIFEST, Manifest, read_manifest
from nba.errors import HomeAwayError, SnapshotError


def send(
    remote: Remote, folder: Path, before: Mapping[str, bytes], confirm: Callable[[], None]
) -> tuple[bytes, list[str]]:
    """Send arrays, then what names them, then the pointer.

    Args:
        remote: where to.
        folder: the mirror.
        before: its small files, as the remote home has them.
        confirm: sees, before anything that was there is replaced, that nobody else is about to.

    Returns:
        The pointer that is there now, and the files there that nothing names any more.

    Raises:
        HomeAwayError: the remote home cannot be written.
        SnapshotError: what was sent is not what arrived.
    """
    after = small_files(folder)
    changed = [path for path, one in after.items() if before.get(path) != one]
    for path in changed:
        if path.endswith(f"/{MANIFEST}"):
            _send_arrays(remote, (folder / path).parent, before.get(path))
    confirm()
    for path in changed:
        if path != POINTER:
            remote.replace(path, after[path])
    pointer = remote_pointer(after)
    # Listed before, so that what the next one sends, if this one is taken for dead, is not there.
    unnamed = _unnamed(remote, folder, after)
    confirm()
    remote.replace(POINTER, pointer)
    return pointer, unnamed


def clear(remote: Remote, unnamed: Sequence[str]) -> None:
    """Remove remote files that nothing names any more.

    Raises:
        HomeAwayError: they stay, and all else is done.
    """
    try:
        remote.remove(unnamed)
    except HomeAwayError as error:
        raise HomeAwayError(
            f"what was changed is current in {remote.url}, but old files that nothing names stay "
            f"there until the next change: {error}"
        ) from error


def verify(remote: Remote, expected: Mapping[str, str]) -> None:
    """Read remote files, path → SHA-256, and see that they are as written.

    Raises:
        HomeAwayError: the remote home cannot be reached.
        SnapshotError: one is not there, or is another.
    """
    try:
        found = remote.hashes([*expected])
    except FileNotFoundError as error:
        raise damaged(f"{error} in {remote.url}") from None
    for path, one in expected.items():
        if found[path] != one:
            raise damaged(f"{remote.url}/{path}")


def damaged(path: str) -> SnapshotError:
    """Say that a remote file is not as written."""
    return SnapshotError(
        f"{path} is damaged: its hash is not the manifest's; publish the snapshot again, or roll "
        "back with nba models rollback"
    )


def _send_arrays(remote: Remote, place: Path, before: bytes | None) -> None:
    """Send the arrays of a snapshot that are not there yet, and read them back."""
    new = read_manifest(place)
    known: Mapping[str, str] = {}
    if before is not None:
        with suppress(SnapshotError):
            old = Manifest.from_json(before, place)
            # One that is published again may mend what is damaged there.
            known = old.files if old.sequence == new.sequence else {}
    sent = {path: one for path, one in new.files.items() if known.get(path) != one}
    named = f"{SNAPSHOTS}/{new.snapshot_id}"
    remote.send({place / path: f"{named}/{path}" for path in sent})
    verify(remote, {f"{named}/{path}": one for path, one in sent.items()})


def _unnamed(remote: Remote, folder: Path, after: Mapping[str, bytes]) -> list[str]:
    """List the remote files of snapshots and reports that nothing in the mirror names.

    They are of snapshots that were pruned, of customers who were erased, or of a publisher that
    was killed. What stands beside a manifest that nobody can read may be named by it.
    """
    named, unreadable = set(after), set()
    for place in (folder / SNAPSHOTS).glob("[!.]*"):
        try:
            named |= {f"{SNAPSHOTS}/{place.name}/{one}" for one in read_manifest(place).files}
        except SnapshotError:
            unreadable.add(place.name)
    return [
        path
        for path in (*remote.files(SNAPSHOTS), *remote.files(REPORTS))
        if path not in named
        and path.split("/")[1] not in unreadable
        # Of a folder on a disk that others use as such.
        and not path.split("/")[1].startswith(".")
    ]
