"""Kept statistics that somebody is to be erased from, where nobody is there who can count."""

from __future__ import annotations

import shutil
from collections.abc import Collection
from pathlib import Path

import numpy as np

from nba.artifacts.files import sync
from nba.asides import sweep
from nba.domain import Ids
from nba.vocabulary import STATISTICS

_IDS = ("customer_ids", "left_ids")
"""Columns of a level: who has baskets there, and who is only counted there still."""


def clear_statistics(models: Path, customers: Collection[str]) -> list[str]:
    """Remove the kept statistics that customers are in, or nobody can read; give their names.

    A training that is writing some is told: it publishes, and keeps nothing, whoever is erased.
    `nba erase`, which can count, has taken the customers out of the latest ones before, so that
    these stay.

    Args:
        models: the folder of snapshots, whose lock the caller holds.
        customers: ids of all accounts of those to erase.

    Raises:
        OSError: the folder cannot be written.
    """
    home = models / STATISTICS
    sweep(home, erasing=True)
    found = [path for path in sorted(home.glob("[!.]*")) if path.is_dir()]
    removed = [path for path in found if _holds(path, customers)]
    for path in removed:
        shutil.rmtree(path)
    if removed:
        sync(home)
    return [f"{STATISTICS}/{path.name}" for path in removed]


def _holds(folder: Path, customers: Collection[str]) -> bool:
    for level in sorted(path for path in folder.iterdir() if path.is_dir()):
        try:
            for name in _IDS:
                data, ends = (
                    np.load(level / f"{name}.{part}.npy", allow_pickle=False)
                    for part in ("bytes", "offsets")
                )
                if any(Ids(data, ends).find(one) is not None for one in customers):
                    return True
        except (OSError, ValueError, EOFError, IndexError, TypeError):
            return True
    return False
