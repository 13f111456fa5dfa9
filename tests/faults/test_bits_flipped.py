"""One bit of a snapshot that is not as written: it is refused, and what is served stays."""

from __future__ import annotations

import logging
import os
from pathlib import Path

import numpy as np
import pytest

from nba.artifacts.registry import POINTER, open_snapshot, publish
from nba.errors import SnapshotError
from nba_api.live import Live
from nba_api.settings import Settings
from tests.faults.conftest import times
from tests.faults.jobs import version


def flip(path: Path, bit: int) -> None:
    """Turn one bit over; done twice, all is as before."""
    with path.open("r+b") as file:
        file.seek(bit // 8)
        (byte,) = file.read(1)
        file.seek(bit // 8)
        file.write(bytes([byte ^ 1 << bit % 8]))


def test_one_flipped_bit_anywhere_is_refused_and_the_older_snapshot_serves_on(
    tmp_path: Path, chance: np.random.Generator, caplog: pytest.LogCaptureFixture
) -> None:
    models = tmp_path / "models"
    publish(version(1), models)
    live = Live(Settings(models=models, db=f"sqlite:///{tmp_path / 'store.db'}"))
    served = live.serving().snapshot.id
    folder = publish(version(2), models)
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    sizes = np.array([path.stat().st_size for path in files])
    # Every file is as likely, however small.
    chosen = chance.permutation(np.resize(np.arange(len(files)), times(200)))
    told = None
    for number, place in enumerate(chosen.tolist()):
        bit = int(chance.integers(8 * sizes[place]))
        flip(files[place], bit)
        with pytest.raises(SnapshotError):
            open_snapshot(models)
        # As if it had only now been published.
        os.utime(models / POINTER, ns=(number, number))
        caplog.clear()
        with caplog.at_level(logging.WARNING):
            live.refresh()
        assert live.serving().snapshot.id == served
        # What is wrong is said once, so twice of one file only with another between.
        assert place == told or served in caplog.text
        told = place
        flip(files[place], bit)
    assert open_snapshot(models).id != served
    os.utime(models / POINTER)
    live.refresh()
    assert live.serving().snapshot.id == folder.name
    live.store.close()
