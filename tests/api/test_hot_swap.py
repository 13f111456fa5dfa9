"""A snapshot is swapped between two answers: each is whole and of one snapshot."""

from __future__ import annotations

import gc
import os
import threading
import weakref
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

import nba
from nba_api.live import Live
from nba_api.settings import Settings
from tests.api.hot_shop import app_with, post, settings_in, state, trained

SWAPS = 20 if os.environ.get("NBA_FAULTS") else 4
PATHS = tuple(f"/v1/products/p{number:02}/bought-together" for number in range(6))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return settings_in(tmp_path)


@pytest.fixture
def client(settings: Settings) -> Iterator[TestClient]:
    with TestClient(app_with(settings, hot=True), raise_server_exceptions=False) as client:
        yield client


def reseeded(snapshot: nba.Snapshot) -> nba.Snapshot:
    """Give the same products under another id."""
    config = snapshot.manifest.config.model_copy(update={"seed": 99})
    return nba.Snapshot.of(
        snapshot,
        config=config,
        data_from=None,
        data_until=snapshot.customers.as_of[0],
        engines={},
        counts=snapshot.manifest.counts,
        coverage={},
    )


def live_of(client: TestClient) -> Live:
    live: Live = client.app.state.live  # type: ignore[attr-defined]
    return live


def test_after_a_publish_every_list_is_of_the_new_snapshot_and_has_another_tag(
    client: TestClient, settings: Settings
) -> None:
    before = client.get(PATHS[1])
    other = reseeded(trained())
    other.publish(settings.models)
    live_of(client).refresh()
    for query in ("", "?explain=1", "?in_basket=p02"):
        model = client.get(PATHS[1] + query).json()["model"]
        assert model["snapshot_id"] == other.id
    assert client.get(PATHS[1]).headers["etag"] != before.headers["etag"]
    assert client.post("/v1/models:rollback").status_code == 200
    assert client.get(PATHS[1]).content == before.content


def test_nothing_of_the_old_snapshot_stays_in_memory(
    client: TestClient, settings: Settings
) -> None:
    live = live_of(client)
    client.get(PATHS[1])
    serving = live.serving()
    old = [weakref.ref(one) for one in (serving.hot, serving.recommender, serving.opened.shelved)]
    del serving
    reseeded(trained()).publish(settings.models)
    live.refresh()
    client.get(PATHS[1])
    gc.collect()
    assert [one() for one in old] == [None] * 3


def test_no_stand_of_the_shelf_before_the_last_stays_in_memory(client: TestClient) -> None:
    live = live_of(client)
    client.get(PATHS[1])
    old = weakref.ref(live.serving().hot)
    post(live.store, [state("p03", price=8)])
    live.posted("products")
    for path in PATHS:
        client.get(path)
    gc.collect()
    assert old() is None


def test_swaps_under_load_give_whole_answers_of_one_snapshot_each(
    client: TestClient, settings: Settings
) -> None:
    live, snapshots = live_of(client), [trained(), reseeded(trained())]
    whole: dict[tuple[str, str], bytes] = {}
    for snapshot in reversed(snapshots):
        snapshot.publish(settings.models)
        live.refresh()
        whole |= {(snapshot.id, path): client.get(path).content for path in PATHS}
    is_over = threading.Event()

    def swap() -> None:
        for number in range(SWAPS):
            snapshots[number % 2].publish(settings.models)
            live.refresh()
        is_over.set()

    swapping = threading.Thread(target=swap)
    swapping.start()
    seen: set[str] = set()
    while not is_over.is_set():
        for path in PATHS:
            answer = client.get(path)
            assert answer.status_code == 200
            named = answer.json()["model"]["snapshot_id"]
            assert answer.content == whole[named, path]
            seen.add(named)
    swapping.join()
    assert seen == {one.id for one in snapshots}
