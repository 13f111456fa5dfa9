"""Files of a models folder that outlive a power cut, and the room that one process has alone."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from nba.artifacts.snapshot import MANIFEST, read_manifest
from nba.errors import SnapshotError

POINTER: Final = "current"
SNAPSHOTS: Final = "snapshots"
ASIDE: Final = ".new-"
"""What begins the name of something that is not yet, and that a crash may have left."""


@contextmanager
def locked(models: Path, *, wait: bool = True) -> Iterator[Path]:
    """Let one process at a time change the folder; give the place where snapshots stand.

    The system drops the lock with the process, so whatever lies aside under it is of the dead.

    Args:
        models: the folder, which is made where it is not there.
        wait: until whoever changes it is done.

    Raises:
        BlockingIOError: somebody changes it, and nobody was to wait.
        OSError: it cannot be written.
    """
    home = models / SNAPSHOTS
    home.mkdir(parents=True, exist_ok=True)
    with (home / ".lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        for left in home.glob(f"{ASIDE}*"):
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


def write_synced(path: Path, *parts: bytes | memoryview) -> None:
    """Write a file, one part behind the other, so that it outlives a power cut."""
    with path.open("wb") as file:
        for part in parts:
            file.write(part)
        file.flush()
        os.fsync(file.fileno())


def put(path: Path, content: bytes) -> None:
    """Put a file in the place of another; whoever reads it gets one of them whole."""
    aside = path.with_name(f".{path.name}")
    write_synced(aside, content)
    os.replace(aside, path)
    sync(path.parent)


def sync(folder: Path) -> None:
    """Write down which files a folder has, so that it outlives a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def is_name(text: str) -> bool:
    """Tell whether a text can be the name of a snapshot's folder, which leads nowhere else."""
    return bool(text) and not text.startswith(".") and "/" not in text and "\\" not in text
