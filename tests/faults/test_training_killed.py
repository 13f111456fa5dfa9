"""Training that is killed at any instant: the next run succeeds, and the old model serves on."""

from __future__ import annotations

import json
import time
from pathlib import Path

import numpy as np

from nba.artifacts.registry import current_id, list_snapshots, open_snapshot
from tests.faults.conftest import times
from tests.faults.forks import Forks


def size_of(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def test_after_a_kill_the_old_model_serves_and_the_next_training_succeeds(
    forks: Forks, shop: Path, tmp_path: Path, chance: np.random.Generator
) -> None:
    models = tmp_path / "models"
    recipes = [tmp_path / f"{seed}.toml" for seed in range(4)]
    for seed, recipe in enumerate(recipes):
        recipe.write_text(f"seed = {seed}\n")

    def arguments(turn: int) -> list[str]:
        recipe = recipes[turn % len(recipes)]
        return ["train", str(shop), "--recipe", str(recipe), "--models", str(models), "--json"]

    began = time.monotonic()
    assert forks.run("run", arguments(0))[0] == [0]
    seconds = time.monotonic() - began
    stored = {one.snapshot_id: one.digest for one in list_snapshots(models)}
    one_snapshot = size_of(models / "snapshots" / current_id(models))
    was_killed = []
    for turn in range(times(50)):
        before = current_id(models)
        job = forks.begin("run", arguments(turn + 1))
        job.wait_until_ready()
        # Most of the time goes into learning, and the last of it into publishing.
        job.kill_after(float(chance.uniform(0.2, 1.0)) * seconds)
        opened = open_snapshot(models)
        was_killed.append(opened.id == before)
        stored |= {one.snapshot_id: one.digest for one in list_snapshots(models)}
        kept = [models / "snapshots" / one.snapshot_id for one in list_snapshots(models)]
        left = size_of(models) - sum(map(size_of, kept))
        assert left <= 1.1 * one_snapshot
    assert any(was_killed)
    codes, said = forks.run("run", arguments(1))
    assert codes == [0]
    assert json.loads("\n".join(said[said.index("{") :]))["snapshot_id"] == current_id(models)
    assert not list((models / "snapshots").glob(".new-*"))
