"""The page of models: what is stored, how two differ, and the way back by a form."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

import nba
from nba.artifacts.comparing import ListsChanged, lists_changed
from nba.artifacts.registry import current_id
from nba.vocabulary import Relation
from nba_api.console import comparison
from nba_api.console.writing import NOTHING
from nba_api.settings import Settings
from tests.api.claims import client_of
from tests.api.keyed import OTHER_SITE, Keyed, serving
from tests.api.seen import Seen, seen
from tests.api.shop import is_problem, path_of

HOME = "/console/models"
ROLLBACK = f"{HOME}/rollback"
HERE = {"origin": "http://testserver"}
BACKTEST = {
    "test_from": "2026-02-01T00:00:00Z",
    "n": 10,
    "horizon_days": 28,
    "customers": 4,
    "new_customers": 0,
    "methods": {
        "picks": {"recall@10": {"mean": 0.5, "low": 0.25, "high": 0.75}, "coverage": 0.4},
    },
}


@pytest.fixture(scope="module")
def other(shop_folder: Path) -> nba.Snapshot:
    """A snapshot of the same shop by another recipe, and tested."""
    shop = nba.read_shop(shop_folder)
    config = nba.TrainConfig.model_validate({"seed": 8, "copurchase": {"top_k": 3}})
    return nba.train(shop.history, shop.catalog, config).with_manifest(backtest=BACKTEST)


@pytest.fixture
def models(tmp_path: Path, snapshot: nba.Snapshot, other: nba.Snapshot) -> Path:
    folder = tmp_path / "models"
    other.publish(folder, trained_at="2026-03-01T10:00:00Z")
    snapshot.publish(folder, trained_at="2026-03-01T11:00:00Z")
    return folder


@pytest.fixture
def asking(own: Settings, models: Path) -> Iterator[TestClient]:
    with client_of(own.model_copy(update={"models": models})) as client:
        client.follow_redirects = False
        yield client


def served(client: TestClient) -> str:
    answer = client.get(path_of("products", "kettle", "bought-together"))
    return str(answer.json()["model"]["snapshot_id"])


def fields_of(page: Seen) -> dict[str, str]:
    """Give what a form of the page would send."""
    return {one["name"]: one["value"] for one in page.all("input") if one.get("type") == "hidden"}


def compare(client: TestClient, before: str, after: str) -> Seen:
    answer = client.get(f"{HOME}/compare", params={"before": before, "after": after})
    assert answer.status_code == 200
    return seen(answer)


def test_stored_snapshots_are_listed_and_the_current_one_is_marked(
    asking: TestClient, snapshot: nba.Snapshot, other: nba.Snapshot
) -> None:
    page = seen(asking.get(HOME))
    assert page.text.count("● current") == 1
    assert page.text.index(snapshot.id) < page.text.index("● current") < page.text.index(other.id)
    assert "1 Mar 2026, 11:00" in page.text
    assert "recall@10: 50.00\u202f% (25.00\u202f% to 75.00\u202f%)" in page.text
    offered = [one["href"] for one in page.all("a") if "rollback" in one["href"]]
    assert offered == [f"{ROLLBACK}?to={other.id}"]
    # The one before is what the current one is held against, unless people choose otherwise.
    assert [one["value"] for one in page.all("option") if "selected" in one] == [
        other.id,
        snapshot.id,
    ]


def test_one_button_and_a_question_bring_an_older_snapshot_back(
    asking: TestClient, models: Path, snapshot: nba.Snapshot, other: nba.Snapshot
) -> None:
    assert served(asking) == snapshot.id
    asked = seen(asking.get(f"{ROLLBACK}?to={other.id}"))
    assert "Make this model current?" in asked.text
    assert current_id(models) == snapshot.id, "to ask changes nothing"
    answer = asking.post(ROLLBACK, data=fields_of(asked), headers=HERE)
    assert (answer.status_code, answer.headers["location"]) == (303, f"{HOME}?rolled={other.id}")
    assert answer.headers["cache-control"] == "private, no-store"
    assert current_id(models) == served(asking) == other.id
    page = seen(asking.get(answer.headers["location"]))
    assert f"✓ Snapshot {other.id} is current now." in page.text
    assert "is current already" in seen(asking.get(f"{ROLLBACK}?to={other.id}")).text
    assert "is current now" not in seen(asking.get(f"{HOME}?rolled={snapshot.id}")).text


def test_a_form_of_elsewhere_or_without_its_token_rolls_nothing_back(
    asking: TestClient, models: Path, snapshot: nba.Snapshot, other: nba.Snapshot
) -> None:
    form = fields_of(seen(asking.get(f"{ROLLBACK}?to={other.id}")))
    for sent, headers in (
        (form, {"origin": OTHER_SITE}),
        ({**form, "form": "x"}, HERE),
        ({"to": other.id}, HERE),
    ):
        assert is_problem(asking.post(ROLLBACK, data=sent, headers=headers), 403)
    assert is_problem(asking.get(f"{ROLLBACK}?to=nothing"), 404)
    assert is_problem(asking.post(ROLLBACK, data={**form, "to": "../x"}, headers=HERE), 404)
    assert is_problem(asking.get(ROLLBACK), 422)
    assert current_id(models) == served(asking) == snapshot.id


def test_who_may_only_read_is_offered_no_rollback(
    shop_folder: Path, settings: Settings, models: Path, tmp_path: Path, other: nba.Snapshot
) -> None:
    changed = settings.model_copy(update={"models": models})
    with serving(shop_folder, changed, tmp_path) as keyed:
        assert not _offers(keyed, "read", other)
        assert is_problem(_posted(keyed, "read", other), 403)
        assert current_id(models) != other.id
        # A key alone is proof enough where no browser sends it of its own accord.
        assert _posted(keyed, "admin", other).status_code == 303
        assert current_id(models) == other.id


def _offers(keyed: Keyed, key: str, other: nba.Snapshot) -> bool:
    page = seen(keyed.client.get(HOME, headers=keyed.secret(key)))
    asked = seen(keyed.client.get(f"{ROLLBACK}?to={other.id}", headers=keyed.secret(key)))
    assert ("lacks the scope admin" in asked.text) != ("Make it current" in asked.text)
    return "Make current" in page.text or "Make it current" in asked.text


def _posted(keyed: Keyed, key: str, other: nba.Snapshot) -> Any:
    return keyed.client.post(
        ROLLBACK, data={"to": other.id}, headers=keyed.secret(key), follow_redirects=False
    )


def test_two_snapshots_are_compared_figure_by_figure(
    asking: TestClient, snapshot: nba.Snapshot, other: nba.Snapshot
) -> None:
    text = compare(asking, other.id, snapshot.id).text
    assert "copurchase.top_k 3 50" in text
    assert "seed 8 7" in text
    assert "smoothing" not in text
    assert f"Picks: recall@10 50.00\u202f% (25.00\u202f% to 75.00\u202f%) {NOTHING}" in text
    assert "not tested alike" in text
    assert "Trained 1 Mar 2026, 10:00 1 Mar 2026, 11:00" in text
    assert "Kept orders 11 11" in text
    edges = [one.manifest.counts["bought_together_edges"] for one in (other, snapshot)]
    assert edges[0] < edges[1]
    assert f"Bought together edges {edges[0]} {edges[1]} +{edges[1] - edges[0]}" in text
    lists = [[_partners(one, code) for code in range(7)] for one in (other, snapshot)]
    differ = sum(was != now for was, now in zip(*lists, strict=True))
    assert 0 < differ < sum(map(bool, lists[0]))
    assert f"Bought together {sum(map(bool, lists[1]))} {differ} " in text


def _partners(snapshot: nba.Snapshot, code: int) -> set[int]:
    graph = snapshot.graphs[Relation.BOUGHT_TOGETHER]
    return set(graph.neighbours[graph.span(code)][:5].tolist())


def test_a_snapshot_is_the_same_as_itself(asking: TestClient, snapshot: nba.Snapshot) -> None:
    text = compare(asking, snapshot.id, snapshot.id).text
    assert "held against itself" in text
    assert "None: both were trained with the same recipe." in text
    assert "Neither was tested" in text
    assert is_problem(asking.get(f"{HOME}/compare?before={snapshot.id}&after=nothing"), 404)


def test_two_snapshots_are_read_once_however_many_look_at_them(
    asking: TestClient, snapshot: nba.Snapshot, other: nba.Snapshot, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared: list[int] = []
    inside = threading.Semaphore(1)

    def counting(before: nba.Snapshot, after: nba.Snapshot) -> list[ListsChanged]:
        assert inside.acquire(blocking=False)
        compared.append(1)
        # While they are compared, the others ask.
        threading.Event().wait(0.05)
        inside.release()
        return lists_changed(before, after)

    monkeypatch.setattr(comparison, "lists_changed", counting)
    with ThreadPoolExecutor(4) as pool:
        pairs = [(other.id, snapshot.id), (snapshot.id, other.id)] * 2
        texts = list(pool.map(lambda pair: compare(asking, *pair).text, pairs))
    assert len(compared) == 2
    assert texts[0] == texts[2] != texts[1]
    assert all("Not compared" not in text for text in texts)


def test_lists_of_snapshots_that_are_too_large_are_not_compared(
    asking: TestClient,
    snapshot: nba.Snapshot,
    other: nba.Snapshot,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(comparison, "MOST_PRODUCTS", 3)
    assert "too large for a page" in compare(asking, other.id, snapshot.id).text


def test_damaged_snapshots_are_shown_as_such_and_nothing_breaks(
    asking: TestClient, models: Path, snapshot: nba.Snapshot, other: nba.Snapshot
) -> None:
    folder = models / "snapshots" / other.id
    array = folder / "products" / "orders.npy"
    array.write_bytes(b"")
    assert "Not compared: " in compare(asking, other.id, snapshot.id).text
    form = fields_of(seen(asking.get(f"{ROLLBACK}?to={other.id}")))
    refused = asking.post(ROLLBACK, data=form, headers=HERE)
    assert refused.status_code == 409
    assert "Nothing changed." in seen(refused).text
    assert "is damaged" in seen(refused).text
    assert current_id(models) == served(asking) == snapshot.id
    (folder / "manifest.json").write_text("{")
    page = seen(asking.get(HOME))
    assert f"{other.id} ✕ damaged" in page.text
    assert not [one for one in page.all("a") if "rollback" in one["href"]]
    assert is_problem(asking.get(f"{ROLLBACK}?to={other.id}"), 404)


def test_a_current_snapshot_that_cannot_be_served_is_told(
    asking: TestClient, models: Path, snapshot: nba.Snapshot, other: nba.Snapshot
) -> None:
    (models / "snapshots" / other.id / "products" / "orders.npy").write_bytes(b"")
    (models / "current").write_text(f"{other.id}\n")
    page = seen(asking.get(HOME))
    assert f"{other.id} cannot be served; {snapshot.id} answers meanwhile" in page.text


def test_a_folder_without_snapshots_says_how_to_make_one(own: Settings, tmp_path: Path) -> None:
    with client_of(own.model_copy(update={"models": tmp_path / "none"})) as client:
        page = seen(client.get(HOME))
        assert f"nba train SHOP --models {tmp_path / 'none'}" in page.text
        shutil.rmtree(tmp_path / "none", ignore_errors=True)
        assert client.get(HOME).status_code == 200
