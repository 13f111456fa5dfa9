"""The small files of a models home, and the pointer that says of which edition they are."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

from nba.artifacts.files import POINTER, SNAPSHOTS, is_name, put
from nba.artifacts.published import LOG
from nba.artifacts.snapshot import MANIFEST

REPORTS: Final = "reports"
"""The folder of reports in a models home."""


def small_files(folder: Path) -> dict[str, bytes]:
    """Give the pointer, the log, the reports and the manifests of a folder, by path."""
    found = [folder / POINTER, folder / LOG]
    found += (folder / REPORTS).glob("[!.]*")
    found += (folder / SNAPSHOTS).glob(f"[!.]*/{MANIFEST}")
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in found if path.is_file()
    }


def manifest_name(snapshot_id: str) -> str:
    """Give the path of a snapshot's manifest."""
    return f"{SNAPSHOTS}/{snapshot_id}/{MANIFEST}"


def current_of(pointer: bytes) -> str:
    """Give the id on the first line of a pointer; empty where there is none."""
    return pointer.partition(b"\n")[0].decode("utf-8", "replace").strip()


def edition_of(pointer: bytes) -> str:
    """Give the edition on the second line of a pointer; empty where there is none."""
    return pointer.partition(b"\n")[2].decode("utf-8", "replace").strip()


def forget_edition(folder: Path) -> None:
    """Leave the pointer of a folder without an edition, as another will be there at once.

    Whoever mirrors the folder by its URL looks at all of it then.
    """
    pointer = folder / POINTER
    with suppress(FileNotFoundError):
        told = pointer.read_bytes()
        if edition_of(told):
            put(pointer, told.partition(b"\n")[0] + b"\n")


def local_pointer(current: str) -> bytes | None:
    """Give the pointer as a folder has it; None where nothing was published."""
    return f"{current}\n".encode() if is_name(current) else None


def remote_pointer(small: Mapping[str, bytes]) -> bytes:
    """Give the pointer as a remote home has it, with its edition: a hash of all other small files.

    Args:
        small: as `small_files` gives them.
    """
    edition = hashlib.sha256()
    for path, content in sorted(small.items()):
        if path != POINTER:
            edition.update(f"{path} {hashlib.sha256(content).hexdigest()}\n".encode())
    return f"{current_of(small.get(POINTER, b''))}\n{edition.hexdigest()}\n".encode()


def put_or_remove(path: Path, content: bytes | None) -> None:
    """Put a file in the place of another, or none."""
    if content is None:
        path.unlink(missing_ok=True)
    else:
        put(path, content)
