"""Folders written aside, beside what stands: of the dead they are removed, the living are told.

Who writes holds a lock inside the folder, which the system drops with the process.
"""

from __future__ import annotations

import fcntl
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

_ASIDE: Final = ".new-"
_LOCK: Final = ".lock"
_ERASED: Final = ".erased"


@contextmanager
def aside(home: Path) -> Iterator[Path]:
    """Give a new folder to write into; it is gone afterwards, unless it was renamed.

    The caller is alone in changing `home` while it is made, and need not be later.

    Raises:
        OSError: the folder cannot be made.
    """
    home.mkdir(parents=True, exist_ok=True)
    sweep(home)
    folder = Path(tempfile.mkdtemp(prefix=_ASIDE, dir=home))
    with (folder / _LOCK).open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def sweep(home: Path, *, erasing: bool = False) -> None:
    """Remove what lies aside of processes that are gone.

    Args:
        home: where it lies.
        erasing: whether somebody is being erased, whom those who still write may have read: they
            are told, and find it in the end (`finished`).

    Raises:
        OSError: one cannot be removed, or somebody not be told.
    """
    for left in home.glob(f"{_ASIDE}*"):
        # Whoever ends meanwhile takes the folder away.
        with suppress(FileNotFoundError), (left / _LOCK).open("ab") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if erasing:
                    (left / _ERASED).touch()
            else:
                shutil.rmtree(left)


def finished(written: Path) -> bool:
    """Take away what is not to stand, and tell whether the rest may: nobody was erased meanwhile.

    Args:
        written: what `aside` gave; the caller is alone in changing the folder around it.
    """
    if (written / _ERASED).exists():
        return False
    (written / _LOCK).unlink()
    return True
