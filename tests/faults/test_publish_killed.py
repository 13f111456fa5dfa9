"""A publisher that is killed at any instant leaves a snapshot that is whole, and never an older."""

from __future__ import annotations

import threading
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from nba.artifacts.registry import open_snapshot, publish
from nba_api.live import Live
from nba_api.settings import Settings
from tests.api.claims import client_of
from tests.faults.conftest import times
from tests.faults.forks import Forks
from tests.faults.jobs import PUBLISHED, version

SIMILAR = "/v1/products/kettle/similar"


class Reader(threading.Thread):
    """Asks a server for what it serves, and looks for what is published, until it is told to stop.

    Attributes:
        statuses: how often which was answered.
        seen: the snapshots that answered, in order.
    """

    def __init__(self, models: Path, store: Path) -> None:
        super().__init__()
        self._settings = Settings(models=models, db=f"sqlite:///{store}")
        self._done = threading.Event()
        self.statuses: Counter[int] = Counter()
        self.seen: list[str] = []

    def run(self) -> None:
        with client_of(self._settings) as client:
            live: Live = client.app.state.live  # type: ignore[attr-defined]
            while not self._done.wait(0.1):
                live.refresh()
                answer = client.get(SIMILAR)
                self.statuses[answer.status_code] += 1
                served = answer.json()["model"]["snapshot_id"]
                if served not in self.seen[-1:]:
                    self.seen.append(served)

    def stop(self) -> None:
        self._done.set()
        self.join()


@pytest.fixture
def models(tmp_path: Path) -> Path:
    publish(version(0), tmp_path / "models")
    return tmp_path / "models"


def test_a_killed_publisher_leaves_a_whole_snapshot_and_no_older_one(
    forks: Forks, models: Path, tmp_path: Path, chance: np.random.Generator
) -> None:
    kills = times(200, default=0.05)
    reader = Reader(models, tmp_path / "store.db")
    reader.start()
    began = time.monotonic()
    assert forks.run("publish_on", [str(models), 1])[0] == [0]
    seconds = (time.monotonic() - began) / PUBLISHED
    current = published = PUBLISHED
    met: set[int] = set()
    try:
        for _ in range(kills):
            job = forks.begin("publish_on", [str(models), published + 1])
            job.wait_until_ready()
            # Somewhere in its first, second or third.
            job.wait_for(int(chance.integers(3)))
            job.kill_after(float(chance.uniform(0, seconds)))
            told = [int(line) for line in job.lines]
            # Reading compares every file with its hash: what is mixed or torn is refused.
            opened = open_snapshot(models)
            number = int(opened.products.price[1])
            assert opened.manifest.digest == version(number).manifest.digest
            assert number >= max([current, *told])
            current = published = number
            met.add(number)
    finally:
        reader.stop()
    assert set(reader.statuses) == {200}
    assert len(met) > kills // 4
    assert len(reader.seen) == len(set(reader.seen)) > 1
    publish(version(published + 1), models)
    assert not list((models / "snapshots").glob(".new-*"))
