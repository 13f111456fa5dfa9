"""The page of data quality: what a check says, and what a server counted and last heard of."""

from __future__ import annotations

import copy
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

import nba
from nba.artifacts.reports import report_path, write_reports
from nba.errors import StateError
from nba.state.latest import latest_rows
from nba.state.store import Store
from nba_api.console import counted
from nba_api.console.counted import LatestRows
from nba_api.settings import Settings
from tests.api.claims import claim_path, client_of
from tests.api.reported import quality
from tests.api.seen import seen

PAGE = "/console/quality"


@pytest.fixture(scope="module")
def real(shop_folder: Path) -> dict[str, Any]:
    return {"quality": quality(shop_folder)}


@pytest.fixture
def models(tmp_path: Path, snapshot: nba.Snapshot) -> Path:
    snapshot.publish(tmp_path / "models")
    return tmp_path / "models"


@pytest.fixture
def asking(own: Settings, models: Path) -> Iterator[TestClient]:
    with client_of(own.model_copy(update={"models": models})) as client:
        yield client


def test_without_a_check_the_page_says_what_makes_one(asking: TestClient, models: Path) -> None:
    text = seen(asking.get(PAGE)).text
    assert f"nba report SHOP --out DIR --models {models}" in text
    assert "What comes in" in text


def test_what_a_check_says_stands_on_the_page(
    asking: TestClient, models: Path, real: dict[str, Any]
) -> None:
    write_reports(models, real)
    page = seen(asking.get(PAGE))
    told = real["quality"]
    for lines in (told["works"], told["grows"], told["would_unlock"], told["remarks"]):
        assert all(one in page.text for one in lines)
    assert all(one in page.text for one in told["figures"].values())
    assert "None is known." in page.text
    assert "Older than what is served" not in page.text


def test_rows_in_quarantine_are_listed_by_reason(
    asking: TestClient, models: Path, real: dict[str, Any]
) -> None:
    bad = copy.deepcopy(real)
    bad["quality"]["as_of"] = "2026-01-01T00:00:00Z"
    bad["quality"]["refused"] = [
        {"source": "<b>.csv", "column": "status", "rule": "unknown_status", "rows": 1234},
        {"source": "b.csv", "column": None, "rule": "too_few_cells", "rows": 1},
    ]
    write_reports(models, bad)
    page = seen(asking.get(PAGE))
    assert "<b>.csv status unknown_status 1\u202f234" in page.text
    assert "b.csv the whole row too_few_cells 1" in page.text
    assert "Older than what is served" in page.text
    report_path(models, "quality").write_text("{}")
    assert "write it anew with: nba report SHOP" in seen(asking.get(PAGE)).text


def test_what_the_server_was_sent_is_counted(asking: TestClient) -> None:
    before = seen(asking.get(PAGE)).text
    assert "Rows posted since this server started None yet." in before
    assert "No webhook came without a valid signature." in before
    event = {"type": "view_item", "at": "2026-03-01T09:00:00Z", "product_id": "kettle"}
    good = {**event, "event_id": "q1", "customer_id": "ann"}
    for events in ([good, {**good, "event_id": "q2", "type": "danced"}], [good]):
        assert asking.post("/v1/events", json=events).status_code == 200
    asking.post(claim_path("ann"), headers={"idempotency-key": "q"})
    text = seen(asking.get(PAGE)).text
    assert "Refused events 1 1 ⚠ 1 " in text
    assert "Answer Count granted 1 repeated 0 none 0" in text


def test_the_latest_rows_are_told_with_how_long_ago_they_happened(asking: TestClient) -> None:
    text = seen(asking.get(PAGE)).text
    assert "Orders 28 Feb 2026, 10:00 1 day ago" in text
    assert "Events 28 Feb 2026, 18:00 18 hours ago" in text
    assert "Messages none yet" in text


def test_latest_rows_are_those_of_the_store(store: Store, tmp_path: Path) -> None:
    found = {name: None if at is None else str(at) for name, at in latest_rows(store).items()}
    assert found["orders"] == "2026-02-28T10:00:00.000000"
    assert found["consents"] == "2026-01-10T10:00:00.000000"
    assert found["message_events"] is None
    empty = Store(f"sqlite:///{tmp_path / 'empty.db'}")
    assert set(latest_rows(empty).values()) == {None}
    empty.close()


def test_a_page_does_not_wait_for_a_large_store(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, may_end = [], threading.Event()

    def slowly(_: Store) -> dict[str, None]:
        asked.append(1)
        may_end.wait(10)
        return {"orders": None}

    monkeypatch.setattr(counted, "latest_rows", slowly)
    monkeypatch.setattr(counted, "PATIENCE_SECONDS", 0.01)
    latest = LatestRows(store)
    assert latest.get() is latest.get() is None
    may_end.set()
    monkeypatch.setattr(counted, "PATIENCE_SECONDS", 10)
    assert latest.get() == {"orders": None}
    assert latest.get() == {"orders": None}
    assert asked == [1], "one look at a time, and kept"


def test_a_store_that_is_away_is_told_and_asked_again(
    asking: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(_: Store) -> dict[str, None]:
        raise StateError("the store is away")

    with monkeypatch.context() as patched:
        patched.setattr(counted, "latest_rows", away)
        answer = asking.get(PAGE)
        assert answer.status_code == 200
        assert "⚠ the store is away" in seen(answer).text
    assert "Orders 28 Feb 2026, 10:00" in seen(asking.get(PAGE)).text


def test_whatever_ended_a_look_the_next_one_is_a_new_one(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: Store) -> dict[str, None]:
        raise OverflowError

    latest = LatestRows(store)
    with monkeypatch.context() as patched:
        patched.setattr(counted, "latest_rows", broken)
        with pytest.raises(OverflowError):
            latest.get()
    assert latest.get() == latest_rows(store)
