"""Export and erasure over HTTP: what is handed out, and that nothing is left afterwards."""

from __future__ import annotations

import csv
import shutil
import warnings
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import orjson
import pytest
from sqlalchemy import insert

with warnings.catch_warnings():
    # As in the fixtures of this folder.
    warnings.simplefilter("ignore")
    from fastapi.testclient import TestClient

import nba
from nba.state.store import Store
from nba.state.tables import IDEMPOTENCY_KEYS
from nba_api.app import create_app
from nba_api.live import Live
from nba_api.settings import Settings
from tests.api.shop import AS_OF, CUSTOMER_ROUTES, ODD_CUSTOMER, is_problem, path_of

BATCH = "/v1/next-messages:batch"
BEFORE = "2026-02-20T12:00:00Z"
LATER = "2026-03-05T12:00:00Z"


@pytest.fixture
def own(snapshot: nba.Snapshot, database: Path, tmp_path: Path) -> Settings:
    """Settings of a server with a store and snapshots of its own."""
    shutil.copy(database, tmp_path / "own.db")
    snapshot.publish(tmp_path / "models")
    url = f"sqlite:///{tmp_path / 'own.db'}"
    return Settings(models=tmp_path / "models", db=url, as_of=AS_OF)


@pytest.fixture
def asking(own: Settings) -> Iterator[TestClient]:
    with TestClient(create_app(own), raise_server_exceptions=False) as client:
        yield client


def customer(identifier: str) -> str:
    """Give the path of a customer."""
    return path_of("customers", identifier, "").removesuffix("/")


def personal(client: TestClient, identifier: str, **query: str) -> list[Any]:
    """Ask every personal route; what echoes the question is left out."""
    answers = []
    for route in CUSTOMER_ROUTES:
        answer = client.get(path_of("customers", identifier, route), params=query)
        assert answer.status_code == 200, answer.text
        answers.append(answer.text.replace(identifier, "somebody"))
    return answers


def test_an_export_is_all_that_the_store_holds_and_no_cache_keeps_it(asking):
    answer = asking.get(path_of("customers", "ann", "export"))
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "private, no-store"
    document = answer.json()
    assert document["customer_id"] == "ann"
    assert document["exported_at"] == "2026-03-01T12:00:00Z"
    assert [one["event_id"] for one in document["events"]] == ["e1", "e2", "e3"]
    assert [(one["channel"], one["granted"]) for one in document["consents"]] == [("email", True)]
    first = document["orders"][0]
    assert (first["order_id"], first["ordered_at"]) == ("o01", "2026-01-05T10:00:00Z")
    assert {one["product_id"] for one in first["lines"]} == {"kettle", "filter", "cup"}


def test_of_one_nobody_knows_an_export_is_empty(asking):
    document = asking.get(path_of("customers", "nobody", "export")).json()
    assert document.pop("accounts") == [document.pop("customer_id")] == ["nobody"]
    assert document.pop("exported_at")
    assert not any(document.values())


def test_erasing_says_what_was_removed_and_nothing_the_second_time(asking, snapshot):
    answer = asking.delete(customer("ann"))
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "private, no-store"
    erased = answer.json()
    assert (erased["customer_id"], erased["accounts"]) == ("ann", 1)
    assert erased["snapshots"] == [snapshot.id]
    assert erased["erased"]["events"] == 3
    assert erased["erased"]["orders"] > 1
    again = asking.delete(customer("ann")).json()
    assert again == {"customer_id": "ann", "accounts": 1, "erased": {}, "snapshots": []}


@pytest.mark.parametrize("identifier", ["ann", ODD_CUSTOMER], ids=["plain", "odd"])
def test_the_next_answer_about_an_erased_customer_is_that_about_a_stranger(asking, identifier):
    assert asking.delete(customer(identifier)).status_code == 200
    documents = [
        asking.get(path_of("customers", one, route)).json()
        for route in CUSTOMER_ROUTES
        for one in (identifier, "nobody")
    ]
    echoed = {"customer_id", "recommendation_id", "decision_id", "request", "missing_ids"}
    for erased, stranger in zip(documents[::2], documents[1::2], strict=True):
        assert without(erased, echoed) == without(stranger, echoed)


def without(document: Any, names: set[str]) -> Any:
    """Leave fields out of a document, however deep."""
    if isinstance(document, dict):
        return {name: without(cell, names) for name, cell in document.items() if name not in names}
    return [without(one, names) for one in document] if isinstance(document, list) else document


def test_everybody_else_is_answered_byte_for_byte_as_before(asking):
    before = [personal(asking, one, as_of=BEFORE) for one in ("bob", "eve")]
    asking.delete(customer("ann"))
    assert [personal(asking, one, as_of=BEFORE) for one in ("bob", "eve")] == before


def test_the_past_of_an_erased_customer_is_gone_and_the_present_is_not(asking):
    for route in CUSTOMER_ROUTES:
        path = path_of("customers", "ann", route)
        assert asking.get(path, params={"as_of": BEFORE}).status_code == 200
    asking.delete(customer("ann"))
    for route in CUSTOMER_ROUTES:
        path = path_of("customers", "ann", route)
        refused = asking.get(path, params={"as_of": BEFORE})
        assert is_problem(refused, 410)
        assert "was erased at 2026-03-01T12:00:00Z" in refused.json()["detail"]
        for as_of in (AS_OF, LATER):
            assert asking.get(path, params={"as_of": as_of}).status_code == 200


def test_a_line_about_the_past_of_an_erased_customer_says_so_and_the_others_stay(asking):
    asked = ["bob", "ann", "eve"]
    before = asking.post(BATCH, json={"customer_ids": asked, "as_of": BEFORE})
    asking.delete(customer("ann"))
    after = asking.post(BATCH, json={"customer_ids": asked, "as_of": BEFORE})
    lines = after.content.splitlines()
    assert [lines[0], lines[2]] == before.content.splitlines()[::2]
    single = asking.get(path_of("customers", "ann", "next-message"), params={"as_of": BEFORE})
    said = {**single.json(), "request_id": after.headers["x-request-id"]}
    assert orjson.loads(lines[1]) == {"customer_id": "ann", **said}
    for body in ({}, {"as_of": AS_OF}, {"as_of": LATER}):
        now = asking.post(BATCH, json={"customer_ids": ["ann"], **body}).json()
        assert (now["customer_id"], now["stage"]) == ("ann", "acquaintance")


def test_a_row_about_the_past_of_an_erased_customer_says_so(asking):
    asking.delete(customer("ann"))
    body = {"customer_ids": ["ann", "bob"], "as_of": BEFORE, "format": "csv"}
    ann, bob = csv.DictReader(StringIO(asking.post(BATCH, json=body).text, newline=""))
    assert {name for name, cell in ann.items() if cell} == {"customer_id", "why"}
    assert "was erased at" in ann["why"]
    assert bob["message"]


def test_an_id_with_blanks_around_it_is_the_one_without(asking, own):
    told = asking.get(f"{customer(' ann ')}/export").json()
    assert told == asking.get(f"{customer('ann')}/export").json()
    assert asking.delete(customer("ann ")).json()["erased"]["orders"] > 1
    posted = asking.post("/v1/customers", json=[{"customer_id": " ann\u00a0"}]).json()
    assert [one["rule"] for one in posted["errors"]] == ["erased"]
    for path in (customer("ann"), customer(" ann")):
        refused = asking.get(f"{path}/next-message", params={"as_of": BEFORE})
        assert is_problem(refused, 410)
    line = asking.post(BATCH, json={"customer_ids": ["ann", " ann "], "as_of": BEFORE}).json()
    assert line["status"] == 410


def test_another_server_of_the_same_store_forgets_at_its_next_look(asking, own):
    other = Live(own)
    try:
        assert other.serving().recommender.buy_again("ann")
        asking.delete(customer("ann"))
        assert other.facts("ann", other.instant(None)).order_start[-1] == 0
        # What `watch` does every half second.
        other.refresh()
        assert not other.serving().recommender.buy_again("ann")
        assert not other.serving().recommender.profile("ann").known
    finally:
        other.store.close()


def test_a_kept_answer_about_an_erased_customer_is_forgotten(asking, own):
    store = Store(own.db)
    with store.writing() as connection:
        cells = {"caller": "k", "request_hash": "h", "status": 200, "begun_at": 0}
        told = {"one": b'{"customer_id":"ann"}', "other": b'{"customer_id":"anna"}'}
        connection.execute(
            insert(IDEMPOTENCY_KEYS),
            [cells | {"key": key, "body": body} for key, body in told.items()],
        )
    assert asking.delete(customer("ann")).json()["erased"]["idempotency_keys"] == 1
    with store.reading() as connection:
        kept = connection.execute(IDEMPOTENCY_KEYS.select()).mappings().all()
    store.close()
    assert [row["key"] for row in kept] == ["other"]


def test_without_any_snapshot_the_store_forgets_all_the_same(database, tmp_path):
    shutil.copy(database, tmp_path / "own.db")
    settings = Settings(
        models=tmp_path / "none", db=f"sqlite:///{tmp_path / 'own.db'}", as_of=AS_OF
    )
    with TestClient(create_app(settings), raise_server_exceptions=False) as client:
        answer = client.delete(customer("ann"))
        assert answer.status_code == 200
        assert answer.json()["snapshots"] == []
