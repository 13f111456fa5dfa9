"""Compiling the kernels beside the import, so that the first training does not wait for it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import nba


def start_compiling() -> subprocess.Popen[bytes] | None:
    """Fill the on-disk cache of the kernels in a process of its own, unless it is filled.

    Nobody needs to wait for it: a training that comes first compiles for itself.
    """
    folder = Path(nba.__file__).parent / "statistics"
    source = folder / "kernels.py"
    compiled = [file.stat().st_mtime for file in (folder / "__pycache__").glob("kernels.*.nbi")]
    if compiled and min(compiled) >= source.stat().st_mtime:
        return None
    return subprocess.Popen(
        [sys.executable, "-c", "import nba.statistics.kernels"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
