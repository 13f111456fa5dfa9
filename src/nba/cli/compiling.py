"""Compiling the kernels beside the import, so that the first training does not wait for it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from threading import Thread

import nba


def start_compiling() -> None:
    """Fill the on-disk cache of the kernels in a process of its own, unless it is filled.

    Nobody needs to wait for it: a training that comes first compiles for itself.
    """
    folder = Path(nba.__file__).parent / "statistics"
    sources = sorted(folder.glob("*_kernels.py"))
    if all(_is_compiled(source) for source in sources):
        return
    modules = ", ".join(f"nba.statistics.{source.stem}" for source in sources)
    process = subprocess.Popen(
        [sys.executable, "-c", f"import {modules}"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    # Somebody must take note of its end, or Python complains that nobody did.
    Thread(target=process.wait, daemon=True).start()


def _is_compiled(source: Path) -> bool:
    cached = (source.parent / "__pycache__").glob(f"{source.stem}.*.nbi")
    # The indexes of functions that moved or are gone stay behind, older than the source.
    return max((file.stat().st_mtime for file in cached), default=0.0) >= source.stat().st_mtime
