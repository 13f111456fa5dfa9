"""Segment's calls: posted, they make what an import of the same calls makes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from nba.data.imports import import_files
from nba.data.shop import batches
from nba.schema import TABLES
from nba.state.store import Store
from nba.state.tables import EVENTS, ORDER_LINES, ORDERS, folder_columns
from nba_api.schemas_ingest import TrackedAnswer
from nba_api.segment import TYPES, read_calls
from nba_api.settings import Settings
from tests.api.posting import posted, posting_client
from tests.api.shop import is_problem
from tests.unit.state.posted import rows_of

KETTLE = {"product_id": "KET", "sku": "K-1", "name": "Kettle", "price": 49.9, "quantity": 2}
MUG = {"sku": "M-1", "name": "Mug", "price": "7.5"}


def call(event: str, message: str, minute: int = 0, **cells: Any) -> dict[str, Any]:
    """Write a call; `properties` are among the cells."""
    return {
        "type": "track",
        "event": event,
        "messageId": message,
        "anonymousId": "g1",
        "userId": None,
        "timestamp": f"2026-02-27T10:{minute:02}:00.000Z",
        "properties": {},
        **cells,
    }


COMPLETED = call(
    "Order Completed",
    "m5",
    5,
    userId="Ada@Shop.example",
    properties={
        "order_id": "S-1",
        "currency": "eur",
        "discount": 1.5,
        "affiliation": "web",
        "products": [KETTLE, MUG],
    },
)
CALLS = [
    call("Product Viewed", "m1", properties={"product_id": "KET", "name": "Kettle"}),
    call("Product Added", "m2", 1, properties={"name": "Lamp - red"}),
    call("Product Reviewed", "m3", 2, userId="c7", properties={"product_id": "KET", "rating": 4}),
    call("Checkout Started", "m4", 3, properties={"products": [KETTLE, MUG, {"name": "Lamp"}]}),
    COMPLETED,
    call("Signed Up", "m6", 6, userId="c8"),
    call("Order Refunded", "m7", 7, properties={"order_id": "S-9"}),
    call("Products Searched", "m8", 8, properties={"query": "tea"}),
    {"type": "identify", "userId": "c8", "messageId": "m9"},
]


@pytest.fixture(scope="module")
def poster(
    settings: Settings, shop_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[TestClient]:
    with posting_client(settings, shop_folder, tmp_path_factory.mktemp("segment")) as client:
        yield client


def store_of(client: TestClient) -> Store:
    store: Store = client.app.state.live.store  # type: ignore[attr-defined]
    return store


def test_calls_count_once_by_their_message_ids(poster: TestClient) -> None:
    answer = posted(poster, "/v1/batch", {"batch": CALLS})
    TrackedAnswer.model_validate(answer, strict=True)
    # Ten events, an order and a status; the search and the identification say nothing.
    assert answer == {"accepted": 12, "duplicates": 0, "ignored": 2, "errors": []}
    again = posted(poster, "/v1/batch", {"batch": CALLS})
    assert again == {"accepted": 0, "duplicates": 12, "ignored": 2, "errors": []}
    one = posted(poster, "/v1/track", CALLS[0])
    assert one == {"accepted": 0, "duplicates": 1, "ignored": 0, "errors": []}


def test_posted_calls_make_what_imported_ones_make(poster: TestClient, tmp_path: Path) -> None:
    posted(poster, "/v1/batch", {"batch": CALLS})
    # An import wants the keys of all calls that it is to read.
    calls = [{**call("", ""), **one} for one in CALLS]
    (tmp_path / "calls.json").write_text(json.dumps(calls), "utf-8")
    import_files([tmp_path / "calls.json"], tmp_path / "shop")
    for table in (EVENTS, ORDERS, ORDER_LINES):
        names = [one for one in folder_columns(table) if one != "line_no"]
        rows = [row for batch in batches(tmp_path / "shop", table.name, names) for row in batch]
        theirs = {tuple(row) for row in rows}
        ours = {tuple(row.get(name) for name in names) for row in rows_of(store_of(poster), table)}
        assert theirs, table.name
        assert theirs <= ours, TABLES[table.name].name


def test_an_order_that_the_shop_told_is_not_told_anew_by_a_page(poster: TestClient) -> None:
    order = {
        "order_id": "S-2",
        "customer_id": "ann",
        "ordered_at": "2026-02-27T09:00:00Z",
        "status": "shipped",
        "lines": [{"product_id": "KET", "quantity": 1}],
    }
    posted(poster, "/v1/orders", order)
    late = {**COMPLETED, "messageId": "m20", "timestamp": "2026-02-28T09:00:00Z"}
    late["properties"] = {**COMPLETED["properties"], "order_id": "S-2"}
    posted(poster, "/v1/track", late)
    found = [row for row in rows_of(store_of(poster), ORDERS) if row["order_id"] == "S-2"]
    assert [row["status"] for row in found] == ["shipped"]


def test_an_alias_merges_a_guest_with_a_login(poster: TestClient) -> None:
    alias = {"type": "alias", "messageId": "a1", "previousId": "g9", "userId": "ann"}
    assert posted(poster, "/v1/track", alias)["accepted"] == 1
    merges = [row for row in rows_of(store_of(poster), EVENTS) if row["type"] == "merge"]
    assert [(row["session_id"], row["customer_id"]) for row in merges] == [("g9", "ann")]


@pytest.mark.parametrize(
    ("body", "column"),
    [
        ({}, "type"),
        ({"type": "trck"}, "type"),
        ({"type": "track", "messageId": "x"}, "event"),
        ({"type": "track", "event": "Product Viewed"}, "messageId"),
        ({**CALLS[0], "properties": [1]}, "properties"),
        ({**CALLS[0], "messageId": "y" * 300}, "event_id"),
        ({**CALLS[0], "messageId": "z", "timestamp": "soon"}, "at"),
    ],
)
def test_a_bad_call_is_named_with_its_cell(
    poster: TestClient, body: dict[str, Any], column: str
) -> None:
    answer = posted(poster, "/v1/track", body)
    assert [(one["index"], one["column"]) for one in answer["errors"]] == [(0, column)]


@pytest.mark.parametrize("body", [[], 5, {"batch": 5}, {"batch": {}}, {}])
def test_a_batch_is_an_object_with_calls(poster: TestClient, body: Any) -> None:
    assert is_problem(poster.post("/v1/batch", json=body), 422)


def test_errors_of_a_batch_name_the_place_of_the_call(poster: TestClient) -> None:
    several = {**CALLS[3], "messageId": "b1", "timestamp": "never"}
    answer = posted(poster, "/v1/batch", {"batch": [CALLS[0], 5, several]})
    assert {one["index"] for one in answer["errors"]} == {1, 2}


@pytest.mark.parametrize("value", [None, 5, "x", [], {}, [[]], True, 1e308, "NaN", -1, "\udfff"])
@pytest.mark.parametrize("event", [*TYPES, "order cancelled"])
def test_whatever_stands_in_a_call_is_read_or_refused(event: str, value: Any) -> None:
    names = "order_id products product_id sku name rating currency discount affiliation".split()
    one = {"type": "track", "event": event, "messageId": "w", "userId": value}
    shapes = [{name: value for name in names}, {"order_id": "o", "products": [value]}]
    shapes += [{"order_id": "o", "currency": value, "products": [{n: value for n in names}]}]
    told = read_calls([{**one, "properties": each} for each in shapes], "2026-03-01T12:00:00Z")
    assert not told.errors
