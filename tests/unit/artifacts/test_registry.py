"""A models folder: publishing, rolling back, pruning."""

from __future__ import annotations

import fcntl
import os
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

import pytest

import nba
from nba.artifacts.registry import (
    KEPT,
    current_id,
    damaged_snapshots,
    list_snapshots,
    open_snapshot,
    publish,
    rollback,
)
from nba.artifacts.snapshot import Snapshot
from nba.errors import SnapshotError
from tests.shops import SIX_ORDERS, catalog, history


@cache
def trained(seed: int = 1) -> Snapshot:
    return nba.train(history(SIX_ORDERS), catalog(), nba.TrainConfig(seed=seed))


def ids(models: Path) -> list[str]:
    return [one.snapshot_id for one in list_snapshots(models)]


def test_what_was_published_last_is_current(tmp_path):
    first, second = trained(1), trained(2)
    publish(first, tmp_path)
    publish(second, tmp_path)
    assert current_id(tmp_path) == open_snapshot(tmp_path).id == second.id
    assert ids(tmp_path) == [second.id, first.id]
    assert open_snapshot(tmp_path, first.id).manifest.digest == first.manifest.digest


def test_the_same_snapshot_published_again_is_stored_once_with_its_newer_words(tmp_path):
    publish(trained(1), tmp_path)
    publish(trained(2), tmp_path)
    publish(trained(1).with_manifest(trained_at="2026-02-01T00:00:00Z"), tmp_path)
    assert ids(tmp_path) == [trained(1).id, trained(2).id]
    assert open_snapshot(tmp_path).manifest.trained_at == "2026-02-01T00:00:00Z"


def test_what_is_published_is_reviewed_last_while_nobody_else_can_change_the_folder(tmp_path):
    def reviewed(snapshot: Snapshot) -> Snapshot:
        with (tmp_path / "snapshots" / ".lock").open("ab") as lock, pytest.raises(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return snapshot.with_manifest(trained_at="2026-02-01T00:00:00Z")

    publish(trained(), tmp_path, review=reviewed)
    assert open_snapshot(tmp_path).manifest.trained_at == "2026-02-01T00:00:00Z"


def test_publishing_again_repairs_a_damaged_snapshot(tmp_path):
    file = publish(trained(), tmp_path) / "products" / "price.npy"
    file.write_bytes(file.read_bytes()[:-1] + b"\x01")
    with pytest.raises(SnapshotError, match="damaged"):
        open_snapshot(tmp_path)
    publish(trained(), tmp_path)
    assert open_snapshot(tmp_path).id == trained().id


def test_a_folder_without_snapshots_says_how_to_make_one(tmp_path):
    with pytest.raises(SnapshotError, match="nba train SHOP"):
        open_snapshot(tmp_path)
    assert list_snapshots(tmp_path / "nowhere") == []
    with pytest.raises(SnapshotError, match="nba train SHOP"):
        rollback(tmp_path)


@pytest.mark.parametrize("pointer", [b"", b"\xff\xfe", b"../../elsewhere\n", b".\n", b"..\n"])
def test_a_damaged_pointer_is_refused_and_repaired_by_a_rollback(tmp_path, pointer):
    snapshot = trained()
    publish(snapshot, tmp_path)
    (tmp_path / "current").write_bytes(pointer)
    with pytest.raises(SnapshotError, match="damaged"):
        open_snapshot(tmp_path)
    assert rollback(tmp_path, snapshot.id) == open_snapshot(tmp_path).id == snapshot.id


@pytest.mark.parametrize(
    "name", ["", ".", "..", "../snapshots", "/", "a/../b", "..\\up", ".new-x", "nothing", "a\0b"]
)
def test_no_name_leads_out_of_the_folder(tmp_path, name):
    publish(trained(), tmp_path / "models")
    for asked in (name, f"{name}/../{trained().id}"):
        with pytest.raises(SnapshotError, match="holds no snapshot"):
            open_snapshot(tmp_path / "models", asked)
        with pytest.raises(SnapshotError, match="holds no snapshot"):
            rollback(tmp_path / "models", asked)


def test_a_snapshot_in_a_folder_of_another_name_is_not_taken_for_it(tmp_path):
    stored = publish(trained(), tmp_path)
    stored.rename(stored.parent / "precious")
    assert ids(tmp_path) == []
    with pytest.raises(SnapshotError, match="named as its id"):
        open_snapshot(tmp_path, "precious")


def test_what_is_left_out_of_the_list_is_named_with_what_is_wrong(tmp_path):
    assert damaged_snapshots(tmp_path) == {}
    first = publish(trained(1), tmp_path)
    moved = publish(trained(2), tmp_path)
    publish(trained(3), tmp_path)
    (first / "manifest.json").write_text("{}")
    moved.rename(moved.parent / "precious")
    found = damaged_snapshots(tmp_path)
    assert sorted(found) == sorted([trained(1).id, "precious"])
    assert "format None" in found[trained(1).id]
    assert f"it holds snapshot {trained(2).id}" in found["precious"]
    assert ids(tmp_path) == [trained(3).id]


def test_the_last_five_published_stay_and_the_current_one_is_among_them(tmp_path):
    snapshots = [trained(seed) for seed in range(1, KEPT + 4)]
    for snapshot in snapshots:
        publish(snapshot, tmp_path)
    last = [one.id for one in reversed(snapshots)][:KEPT]
    assert ids(tmp_path) == last
    rollback(tmp_path, last[-1])
    publish(trained(99), tmp_path)
    assert ids(tmp_path) == [trained(99).id, *last[:-1]]
    rollback(tmp_path, last[-2])
    publish(snapshots[-2], tmp_path)
    assert current_id(tmp_path) == ids(tmp_path)[0] == snapshots[-2].id
    assert len(ids(tmp_path)) == KEPT


def test_rolling_back_goes_one_publication_back_each_time(tmp_path):
    snapshots = [trained(seed) for seed in (1, 2, 3)]
    for snapshot in snapshots:
        publish(snapshot, tmp_path)
    assert rollback(tmp_path) == current_id(tmp_path) == snapshots[1].id
    assert rollback(tmp_path) == current_id(tmp_path) == snapshots[0].id
    with pytest.raises(SnapshotError, match="nothing older"):
        rollback(tmp_path)
    assert rollback(tmp_path, snapshots[2].id) == current_id(tmp_path) == snapshots[2].id


def test_a_damaged_snapshot_is_not_rolled_back_to(tmp_path):
    first, second = trained(1), trained(2)
    file = publish(first, tmp_path) / "products" / "price.npy"
    publish(second, tmp_path)
    file.write_bytes(b"")
    with pytest.raises(SnapshotError, match="damaged"):
        rollback(tmp_path)
    assert current_id(tmp_path) == second.id


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "models").write_text("a file, not a folder")
    with pytest.raises(SnapshotError, match="cannot publish into"):
        publish(trained(), tmp_path / "models")


def test_a_publication_that_fails_leaves_the_current_one_and_no_remains(tmp_path, monkeypatch):
    publish(trained(1), tmp_path)

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(SnapshotError, match="No space left"):
        publish(trained(2), tmp_path)
    monkeypatch.undo()
    assert open_snapshot(tmp_path).id == trained(1).id
    assert remains(tmp_path) == []


def test_publishers_at_the_same_time_take_turns(tmp_path):
    snapshots = [trained(seed) for seed in (1, 2, 3, 4)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda snapshot: publish(snapshot, tmp_path), snapshots))
    assert [one.sequence for one in list_snapshots(tmp_path)] == [4, 3, 2, 1]
    assert set(ids(tmp_path)) == {one.id for one in snapshots}
    assert current_id(tmp_path) == ids(tmp_path)[0]


def remains(models: Path) -> list[Path]:
    return [one for one in models.rglob(".*") if one.name != ".lock"]
