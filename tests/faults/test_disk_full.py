"""A disk that is full, or fails: what was there stays, and whoever wrote hears of it."""

from __future__ import annotations

import errno
import os
import resource
from collections.abc import Callable
from pathlib import Path

import pytest

from nba.artifacts import registry
from nba.artifacts.registry import current_id, open_snapshot, publish
from nba.errors import SnapshotError
from nba.state.store import Store
from nba_api.live import Live
from nba_api.settings import Settings
from tests.faults.conftest import times
from tests.faults.forks import Forks
from tests.faults.jobs import version
from tests.faults.serving import begun, order
from tests.servers import caller_of

ROOM = (0, 100, 1_000, 4_000)
"""Bytes that a file may have."""
SIMILAR = "/v1/products/kettle/similar"


def failing(error: int, after: int) -> Callable[[int], None]:
    """Give an `fsync` that fails after so many calls, and for ever then."""
    calls = 0

    def fsync(handle: int) -> None:
        nonlocal calls
        calls += 1
        if calls > after:
            raise OSError(error, os.strerror(error))
        os.fdatasync(handle)

    return fsync


@pytest.mark.parametrize("error", [errno.EIO, errno.ENOSPC])
def test_a_disk_that_fails_while_a_snapshot_is_published_leaves_the_old_one_serving(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: int
) -> None:
    models = tmp_path / "models"
    published = publish(version(1), models)
    live = Live(Settings(models=models, db=f"sqlite:///{tmp_path / 'store.db'}"))
    count = len(list(published.rglob("*.npy"))) + 1
    for after in range(0, count, max(count // times(50), 1)):
        with monkeypatch.context() as broken:
            broken.setattr(registry.os, "fsync", failing(error, after))
            with pytest.raises(SnapshotError, match=os.strerror(error)):
                publish(version(2), models)
        assert open_snapshot(models).id == published.name
        live.refresh()
        assert live.serving().snapshot.id == published.name
        # Nothing is left to fill the disk further.
        assert not list((models / "snapshots").glob(".new-*"))
    publish(version(2), models)
    live.refresh()
    assert live.serving().snapshot.id == current_id(models) != published.name
    live.store.close()


@pytest.mark.parametrize("room", ROOM[1::2])
def test_training_without_room_fails_with_a_sentence_and_keeps_the_old_model(
    forks: Forks, shop: Path, tmp_path: Path, room: int
) -> None:
    models = tmp_path / "models"
    published = publish(version(1), models)
    codes, lines = forks.run(
        "run_without_room", [room, "train", str(shop), "--models", str(models)]
    )
    assert codes == [1]
    said = "\n".join(lines)
    assert "error: " in said
    assert "Traceback" not in said
    assert open_snapshot(models).id == published.name


@pytest.mark.parametrize("room", ROOM)
def test_an_import_without_room_fails_with_a_sentence_and_keeps_the_old_shop(
    forks: Forks, shop: Path, tmp_path: Path, room: int
) -> None:
    before = {path: path.read_bytes() for path in shop.rglob("*") if path.is_file()}
    more = tmp_path / "more.csv"
    rows = [f"n{number},ann,2026-03-01T10:00:00Z,kettle,1,3000" for number in range(2_000)]
    header = "order_id,customer_id,ordered_at,product_id,quantity,unit_price"
    more.write_text("\n".join([header, *rows]))
    codes, lines = forks.run("run_without_room", [room, "import", str(more), "--shop", str(shop)])
    assert codes[0] > 0
    said = "\n".join(lines)
    assert "error: " in said
    assert "Traceback" not in said
    tables = {path: content for path, content in before.items() if path.suffix == ".parquet"}
    assert {path: path.read_bytes() for path in tables} == tables


def test_posts_without_room_are_refused_while_lists_are_answered_and_taken_again_later(
    forks: Forks, tmp_path: Path
) -> None:
    models, url = tmp_path / "models", f"sqlite:///{tmp_path / 'store.db'}"
    publish(version(1), models)
    job, port = begun(forks, models, url)
    (pid,) = job.pids
    statuses = []
    with caller_of(port) as client:
        for number in range(times(100)):
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (4_096, resource.RLIM_INFINITY))
            refused = client.post("/v1/orders", json=[order(2 * number)])
            statuses.append(refused.status_code)
            assert refused.headers["content-type"] == "application/problem+json"
            assert client.get(SIMILAR).status_code == 200
            unlimited = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
            resource.prlimit(pid, resource.RLIMIT_FSIZE, unlimited)
            taken = client.post("/v1/orders", json=[order(2 * number + 1)])
            assert (taken.status_code, taken.json()["accepted"]) == (200, 1)
    job.kill()
    assert set(statuses) == {503}
    store = Store(url)
    assert store.order_count() == times(100)
    store.close()
