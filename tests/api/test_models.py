"""Snapshots under a running server: published, damaged, rolled back, absent."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

import nba
from nba.state.store import Store
from nba_api.app import create_app
from nba_api.live import CHECK_SECONDS
from nba_api.settings import Settings
from tests.api.shop import CUSTOMER_ROUTES, PRODUCT_ROUTES, is_problem, path_of

KETTLE = path_of("products", "kettle", "bought-together")


@pytest.fixture(scope="module")
def other(shop_folder: Path) -> nba.Snapshot:
    """A snapshot of the same shop by another recipe."""
    shop = nba.read_shop(shop_folder)
    return nba.train(shop.history, shop.catalog, nba.TrainConfig(seed=8))


@pytest.fixture
def models(tmp_path: Path, snapshot: nba.Snapshot) -> Path:
    snapshot.publish(tmp_path / "models")
    return tmp_path / "models"


@pytest.fixture
def live(models: Path, settings: Settings) -> Iterator[TestClient]:
    app = create_app(settings.model_copy(update={"models": models}))
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


def served(client: TestClient) -> str:
    return str(client.get(KETTLE).json()["model"]["snapshot_id"])


def eventually(claim: Callable[[], bool]) -> bool:
    until = time.monotonic() + 10 * CHECK_SECONDS
    while time.monotonic() < until:
        if claim():
            return True
        time.sleep(0.05)
    return False


def damage(models: Path, snapshot: nba.Snapshot) -> None:
    array = models / "snapshots" / snapshot.id / "products" / "orders.npy"
    content = bytearray(array.read_bytes())
    content[-1] ^= 1
    array.write_bytes(content)


def test_a_snapshot_published_meanwhile_is_picked_up_and_changes_the_tag(
    live: TestClient, models: Path, snapshot: nba.Snapshot, other: nba.Snapshot
) -> None:
    assert served(live) == snapshot.id
    tag = live.get(KETTLE).headers["etag"]
    other.publish(models)
    assert eventually(lambda: served(live) == other.id)
    assert live.get(KETTLE, headers={"if-none-match": tag}).status_code == 200
    assert live.get("/health/ready").json()["snapshot_id"] == other.id


def test_publishing_under_way_never_fails_a_request_or_mixes_two_snapshots(
    live: TestClient, models: Path, snapshot: nba.Snapshot, other: nba.Snapshot
) -> None:
    whole = {snapshot.id: live.get(KETTLE).content}
    other.publish(models)
    assert eventually(lambda: served(live) == other.id)
    whole[other.id] = live.get(KETTLE).content
    for _ in range(3):
        for one in (snapshot, other):
            one.publish(models)
            until = time.monotonic() + 0.3
            while time.monotonic() < until:
                answer = live.get(KETTLE)
                assert answer.status_code == 200
                assert answer.content == whole[answer.json()["model"]["snapshot_id"]]


def test_a_rollback_is_served_by_the_very_next_answer(
    live: TestClient, models: Path, snapshot: nba.Snapshot, other: nba.Snapshot
) -> None:
    other.publish(models)
    assert eventually(lambda: served(live) == other.id)
    answer = live.post("/v1/models:rollback")
    assert answer.status_code == 200
    assert answer.json()["current"] == snapshot.id
    assert {one["snapshot_id"] for one in answer.json()["snapshots"]} == {snapshot.id, other.id}
    assert answer.headers["cache-control"] == "private, no-store"
    assert served(live) == snapshot.id
    named = live.post("/v1/models:rollback", json={"snapshot_id": other.id})
    assert named.json()["current"] == other.id
    assert served(live) == other.id


def test_a_rollback_to_nowhere_is_refused_and_changes_nothing(
    live: TestClient, models: Path, snapshot: nba.Snapshot, other: nba.Snapshot
) -> None:
    for unknown in ("unheard-of", "", "..", "../../etc", "nul\0nul", "x" * 100):
        answer = live.post("/v1/models:rollback", json={"snapshot_id": unknown})
        assert is_problem(answer, 404)
    assert is_problem(live.post("/v1/models:rollback"), 409)
    other.publish(models)
    damage(models, snapshot)
    answer = live.post("/v1/models:rollback", json={"snapshot_id": snapshot.id})
    assert is_problem(answer, 409)
    assert eventually(lambda: served(live) == other.id)
    assert live.get("/v1/models").json()["current"] == other.id


def test_a_damaged_new_snapshot_leaves_the_old_one_serving_until_it_is_published_whole(
    live: TestClient,
    models: Path,
    snapshot: nba.Snapshot,
    other: nba.Snapshot,
    caplog: pytest.LogCaptureFixture,
) -> None:
    aside = models.parent / "aside"
    other.publish(aside)
    damage(aside, other)
    shutil.copytree(aside / "snapshots" / other.id, models / "snapshots" / other.id)
    (models / "current").write_text(f"{other.id}\n")
    assert eventually(lambda: "is damaged" in caplog.text)
    assert served(live) == snapshot.id
    assert live.get("/health/ready").json()["snapshot_id"] == snapshot.id
    time.sleep(1.5 * CHECK_SECONDS)
    assert caplog.text.count("is damaged") == 1
    shutil.rmtree(models / "snapshots" / other.id)
    other.publish(models)
    assert eventually(lambda: served(live) == other.id)


def test_a_pointer_that_leads_nowhere_leaves_the_old_snapshot_serving(
    live: TestClient, models: Path, snapshot: nba.Snapshot, caplog: pytest.LogCaptureFixture
) -> None:
    for pointer in ("", "unheard-of\n", "../../etc\n", "é\n", "nul\0nul"):
        (models / "current").write_text(pointer, "utf-8")
        time.sleep(2 * CHECK_SECONDS)
        assert served(live) == snapshot.id
        assert f"serving {snapshot.id}" in caplog.text
    snapshot.publish(models)
    time.sleep(2 * CHECK_SECONDS)
    assert served(live) == snapshot.id


def test_without_a_snapshot_the_server_lives_but_is_not_ready_until_one_is_published(
    tmp_path: Path, settings: Settings, snapshot: nba.Snapshot
) -> None:
    models = tmp_path / "models"
    app = create_app(settings.model_copy(update={"models": models}))
    with TestClient(app, raise_server_exceptions=False) as client:
        assert client.get("/health/live").json() == {"status": "live"}
        asked = ["/health/ready"]
        asked += [path_of("products", "kettle", route) for route in PRODUCT_ROUTES]
        asked += [path_of("customers", "ann", route) for route in CUSTOMER_ROUTES]
        for path in asked:
            answer = client.get(path)
            assert is_problem(answer, 503)
            assert int(answer.headers["retry-after"]) > 0
            assert "nba train" in answer.json()["detail"]
        assert client.get("/v1/models").json() == {"current": None, "snapshots": []}
        assert is_problem(client.post("/v1/models:rollback"), 409)
        snapshot.publish(models)
        assert eventually(lambda: client.get("/health/ready").status_code == 200)
        assert served(client) == snapshot.id


def test_a_store_that_goes_away_is_a_503_for_customers_and_nothing_for_products(
    tmp_path: Path, settings: Settings, database: Path
) -> None:
    copy = tmp_path / "store.db"
    shutil.copy(database, copy)
    app = create_app(settings.model_copy(update={"db": f"sqlite:///{copy}"}))
    with TestClient(app, raise_server_exceptions=False) as client:
        ann = path_of("customers", "ann", "next-message")
        whole = client.get(ann).content
        # The connections alone are let go, as if each had broken.
        Store.close(app.state.live.store)
        copy.write_bytes(b"no database at all" * 100)
        for suffix in ("-wal", "-shm"):
            Path(f"{copy}{suffix}").unlink(missing_ok=True)
        answer = client.get(ann)
        assert is_problem(answer, 503)
        assert answer.headers["retry-after"]
        assert client.get(KETTLE).status_code == 200
        assert client.get("/health/ready").status_code == 200
        Store.close(app.state.live.store)
        shutil.copy(database, copy)
        assert client.get(ann).content == whole


def test_a_misspelt_rollback_changes_nothing(live: TestClient, snapshot: nba.Snapshot) -> None:
    assert is_problem(live.post("/v1/models:rollback", json={"snapshot": snapshot.id}), 422)
    assert live.get("/v1/models").json()["current"] == snapshot.id


@pytest.mark.parametrize("origin", ["http://[", "http://[::1", "http://a]b", "nonsense", ""])
def test_an_origin_that_is_none_is_refused(live: TestClient, origin: str) -> None:
    headers = {"origin": origin}
    assert is_problem(live.post("/v1/models:rollback", headers=headers), 403)


def test_a_folder_that_is_no_snapshot_disturbs_nobody(
    live: TestClient, models: Path, snapshot: nba.Snapshot
) -> None:
    stray = models / "snapshots" / "stray"
    stray.mkdir()
    (stray / "manifest.json").write_text("[" * 100_000)
    assert live.get("/v1/models").json()["current"] == snapshot.id
