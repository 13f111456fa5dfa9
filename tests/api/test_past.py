"""Questions about the past are answered by the snapshot that was current then."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from fastapi.testclient import TestClient

import nba
from nba.artifacts.published import remember
from nba.artifacts.registry import publish
from nba_api.app import create_app
from nba_api.past import KEPT, Past
from nba_api.settings import Settings
from tests.api.shop import is_problem, path_of

ANN = path_of("customers", "ann", "recommendations")


@pytest.fixture(scope="module")
def newer(shop_folder: Path) -> nba.Snapshot:
    shop = nba.read_shop(shop_folder)
    return nba.train(shop.history, shop.catalog, nba.TrainConfig(seed=8))


@pytest.fixture
def models(snapshot: nba.Snapshot, newer: nba.Snapshot, tmp_path: Path) -> Path:
    snapshot.publish(tmp_path / "models", trained_at="2026-02-01T00:00:00Z")
    newer.publish(tmp_path / "models", trained_at="2026-02-15T00:00:00Z")
    return tmp_path / "models"


@pytest.fixture
def client(models: Path, settings: Settings) -> Iterator[TestClient]:
    app = create_app(settings.model_copy(update={"models": models}))
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


def answered_by(client: TestClient, as_of: str | None = None) -> str:
    answer = client.get(ANN, params=None if as_of is None else {"as_of": as_of})
    assert answer.status_code == 200, answer.text
    return str(answer.json()["model"]["snapshot_id"])


def test_each_instant_has_its_snapshot(
    client: TestClient, snapshot: nba.Snapshot, newer: nba.Snapshot
) -> None:
    assert snapshot.id != newer.id
    assert answered_by(client) == newer.id
    assert answered_by(client, "2026-02-10T00:00Z") == snapshot.id
    assert answered_by(client, "2026-02-20T00:00Z") == newer.id


def test_before_anything_was_published_the_current_snapshot_answers(
    client: TestClient, newer: nba.Snapshot
) -> None:
    assert answered_by(client, "2026-01-15T00:00Z") == newer.id


def test_a_snapshot_that_is_gone_is_gone(
    client: TestClient, models: Path, snapshot: nba.Snapshot
) -> None:
    shutil.rmtree(models / "snapshots" / snapshot.id)
    for route in ("recommendations", "profile", "next-message", "plan"):
        path = path_of("customers", "ann", route)
        answer = client.get(path, params={"as_of": "2026-02-10T00:00Z"})
        assert is_problem(answer, 410)
        assert snapshot.id in answer.json()["detail"]
    assert client.get(ANN).status_code == 200


def test_after_a_rollback_the_instants_before_it_keep_their_snapshot(
    client: TestClient, snapshot: nba.Snapshot, newer: nba.Snapshot
) -> None:
    assert client.post("/v1/models:rollback", json={}).json()["current"] == snapshot.id
    assert answered_by(client) == snapshot.id
    assert answered_by(client, "2026-02-20T00:00Z") == newer.id


def test_no_more_than_a_few_are_held_open(snapshot: nba.Snapshot, tmp_path: Path) -> None:
    first = snapshot.with_manifest(trained_at=None)
    for number in range(KEPT + 2):
        made = first.manifest.model_copy(update={"snapshot_id": f"s{number}"})
        publish(replace(first, manifest=made), tmp_path)
        remember(tmp_path, f"s{number}", f"2026-02-{number + 1:02}T00:00:00Z")
    opened: list[str] = []

    def open_(name: str) -> str:
        opened.append(name)
        return name

    past = Past(tmp_path, open_)
    asked = [past.at(np.datetime64(f"2026-02-{day:02}T12:00", "us")) for day in (1, 2, 2, 3, 2, 1)]
    assert asked == ["s0", "s1", "s1", "s2", "s1", "s0"]
    assert opened == ["s0", "s1", "s2", "s0"]
