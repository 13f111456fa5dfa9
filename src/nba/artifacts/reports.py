"""A models home's reports: figures that `nba report` worked out, one JSON document a file."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import orjson

from nba.artifacts.editions import REPORTS as FOLDER
from nba.artifacts.files import sync, write_synced
from nba.artifacts.homes import Models, home_of
from nba.errors import SnapshotError

REPORTS: Final = ("kpis", "cohorts", "experiments")
"""What a report is about, which is what its file is named by."""
SHOWN: Final = ("figures", "quality")
"""What is written beside them for a page of the server: texts and pictures, no interface."""
MAX_BYTES: Final = 64_000_000
"""The largest report: a server holds each of them in memory."""

_HOW: Final = "nba report SHOP --out DIR --models"


def report_path(models: Models, name: str) -> Path:
    """Give the place of a report on this machine.

    Raises:
        ValueError: nothing is ever reported under such a name.
    """
    if name not in (*REPORTS, *SHOWN):
        raise ValueError(f"{name!r} is none of {', '.join((*REPORTS, *SHOWN))}")
    return home_of(models).here() / FOLDER / f"{name}.json"


def to_bytes(document: Mapping[str, Any]) -> bytes:
    """Give a document as a report's file holds it: its keys in their order, no NaN.

    Raises:
        ValueError: a value is NaN or infinite.
    """
    return f"{json.dumps(document, ensure_ascii=False, indent=1, allow_nan=False)}\n".encode()


def write_reports(models: Models, documents: Mapping[str, Mapping[str, Any]]) -> None:
    """Store reports in place of those of the same names; whoever reads one gets it whole.

    Args:
        models: the home; a folder is made where it is not there.
        documents: name, one of `REPORTS` or `SHOWN` → figures.

    Raises:
        ValueError: a name is none of them, or a value is NaN or infinite; nothing has changed.
        SnapshotError: a report is too large, or the home cannot be written.
    """
    home = home_of(models)
    contents = {report_path(home, name): to_bytes(one) for name, one in documents.items()}
    for path, content in contents.items():
        if len(content) > MAX_BYTES:
            raise SnapshotError(f"{path} would take {len(content):,} bytes, over {MAX_BYTES:,}")
    try:
        # Two that write at a time would use the same places aside.
        with home.changing() as models_folder:
            folder = models_folder / FOLDER
            folder.mkdir(exist_ok=True)
            aside = {path.with_name(f".{path.name}"): path for path in contents}
            for written, path in aside.items():
                write_synced(written, contents[path])
            for written, path in aside.items():
                os.replace(written, path)
            sync(folder)
            sync(folder.parent)
    except OSError as error:
        raise SnapshotError(
            f"reports cannot be written into {home}: {error.strerror}; make room, or let the "
            "folder be written, and report again"
        ) from None


def read_report(models: Models, name: str) -> bytes | None:
    """Give a report's file as it stands, a JSON object; None where it is not there.

    Raises:
        SnapshotError: it cannot be read, is no JSON object, or is too large.
        ValueError: nothing is ever reported under such a name.
    """
    path = report_path(models, name)
    try:
        is_file = stat.S_ISREG(path.stat().st_mode)
        if is_file:
            with path.open("rb") as file:
                content = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _damaged(path, models, f"cannot be read ({error.strerror})") from None
    if not is_file:
        raise _damaged(path, models, "is no file")
    if len(content) > MAX_BYTES:
        raise _damaged(path, models, f"has more than {MAX_BYTES:,} bytes")
    if not _is_object(content):
        raise _damaged(path, models, "is no JSON object")
    return content


def remove_reports(models: Models) -> list[str]:
    """Remove every report of a models home; give their names.

    Raises:
        OSError: one cannot be removed.
        SnapshotError: a remote home cannot be reached or written.
    """
    with home_of(models).changing() as folder:
        return clear_reports(folder)


def clear_reports(folder: Path) -> list[str]:
    """Remove the files of the reports in a folder, also what a crash left aside; give their names.

    Args:
        folder: of a models home, which nobody else changes meanwhile.

    Raises:
        OSError: one cannot be removed.
    """
    reports = folder / FOLDER
    found = sorted(path for path in reports.glob("*") if path.is_symlink() or path.is_file())
    for path in found:
        path.unlink(missing_ok=True)
    if found:
        sync(reports)
    return [f"{FOLDER}/{path.name}" for path in found]


def how_to_report(models: Models) -> str:
    """Give the command that writes the reports of a models home."""
    return f"{_HOW} {home_of(models)}"


def _is_object(content: bytes) -> bool:
    try:
        return isinstance(orjson.loads(content), dict)
    except orjson.JSONDecodeError:
        return False


def _damaged(path: Path, models: Models, fault: str) -> SnapshotError:
    return SnapshotError(f"{path} {fault}; write it anew with: {how_to_report(models)}")
