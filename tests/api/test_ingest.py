"""Posting rows: what is taken, what is refused and how, and that it counts in the next answer."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from nba_api.schemas_ingest import MAX_ROWS, PostedAnswer
from nba_api.settings import Settings
from tests.api.posting import posted, posting_client
from tests.api.shop import is_problem

ROUTES = ("orders", "products", "customers", "message-events", "events")
GOOD: dict[str, dict[str, Any]] = {
    "orders": {
        "order_id": "n1",
        "customer_id": "ann",
        "ordered_at": "2026-03-01T11:00:00Z",
        "status": "paid",
        "lines": [{"product_id": "mug-blue", "quantity": 1, "unit_price": 900}],
    },
    "products": {"product_id": "kettle", "stock": 0},
    "customers": {"customer_id": "ann", "tier": "gold", "consent_sms": True},
    "message-events": {"event_id": "me1", "message_id": "m1", "type": "bounced"},
    "events": {"event_id": "ev1", "type": "view_item", "customer_id": "ann", "product_id": "cup"},
}


@pytest.fixture(scope="module")
def poster(
    settings: Settings, shop_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[TestClient]:
    folder = tmp_path_factory.mktemp("posting")
    with posting_client(settings, shop_folder, folder) as client:
        yield client


@pytest.mark.parametrize("route", ROUTES)
def test_a_row_is_accepted_once_alone_or_in_a_list(poster: TestClient, route: str) -> None:
    row = GOOD[route]
    answer = posted(poster, f"/v1/{route}", row)
    PostedAnswer.model_validate(answer, strict=True)
    assert answer == {"accepted": 1, "duplicates": 0, "errors": []}
    again = posted(poster, f"/v1/{route}", [row, row])
    assert again == {"accepted": 0, "duplicates": 2, "errors": []}


@pytest.mark.parametrize("route", ROUTES)
def test_good_rows_are_taken_and_bad_ones_named(poster: TestClient, route: str) -> None:
    misspelled = {**GOOD[route], "prise": 5}
    answer = posted(poster, f"/v1/{route}", [GOOD[route], misspelled, 7])
    assert answer["accepted"] + answer["duplicates"] == 1
    assert [(one["index"], one["column"], one["rule"]) for one in answer["errors"]] == [
        (1, "prise", "unknown_column"),
        (2, None, "not_an_object"),
    ]
    refused = posted(poster, f"/v1/{route}", [misspelled])
    assert (refused["accepted"], refused["duplicates"]) == (0, 0)
    assert [one["rule"] for one in refused["errors"]] == ["unknown_column"]


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"{", 400),
        (b"\xff", 400),
        (b'[{"event_id": "\\ud800"}]', 400),
        (b"7", 422),
        (b'"row"', 422),
        (b"[" + b",".join([b"{}"] * (MAX_ROWS + 1)) + b"]", 413),
        (b"[" * 2000, 400),
    ],
)
def test_what_is_no_row_is_a_problem(
    poster: TestClient, route: str, content: bytes, status: int
) -> None:
    answer = poster.post(
        f"/v1/{route}", content=content, headers={"content-type": "application/json"}
    )
    assert is_problem(answer, status)


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize(
    "content",
    [
        b'[{"event_id": "\\u0000", "order_id": "\\u0000", "product_id": "\\u0000"}]',
        b'[{"value": 1e308, "points": 1e308, "price": 1e308, "discount": 9999999999999}]',
        b'[{"event_id": 123456789012345678901234567890}]',
        b'[{"lines": {}, "at": [], "attributes": 5}]',
    ],
)
def test_a_row_beyond_all_bounds_is_named(poster: TestClient, route: str, content: bytes) -> None:
    answer = poster.post(
        f"/v1/{route}", content=content, headers={"content-type": "application/json"}
    )
    assert answer.status_code == 200
    assert (answer.json()["accepted"], len(answer.json()["errors"])) == (0, 1)


def test_an_empty_list_changes_nothing(poster: TestClient) -> None:
    assert posted(poster, "/v1/events", []) == {"accepted": 0, "duplicates": 0, "errors": []}


def test_a_posted_order_changes_the_stage_in_the_next_answer(poster: TestClient) -> None:
    asked = "/v1/customers/fay/profile?as_of=2026-03-01T12:30:00Z"
    assert poster.get(asked).json()["stage"] == "acquaintance"
    order = {**GOOD["orders"], "order_id": "n2", "customer_id": "fay"}
    posted(poster, "/v1/orders", [order])
    assert poster.get(asked).json()["stage"] == "ordered"
    arrived = {"status": "delivered", "status_at": "2026-03-01T12:10:00Z"}
    posted(poster, "/v1/orders", [order | arrived])
    assert poster.get(asked).json()["stage"] == "client"


def test_a_product_that_is_sold_out_is_gone_from_the_next_answer(poster: TestClient) -> None:
    asked = "/v1/products/filter/bought-together"
    posted(poster, "/v1/products", {"product_id": "kettle", "stock": 1, "at": "2026-03-01T10:00Z"})
    shown = [one["product_id"] for one in poster.get(asked).json()["items"]]
    assert "kettle" in shown
    order = {
        **GOOD["orders"],
        "order_id": "n3",
        "lines": [{"product_id": "kettle", "quantity": 1}],
    }
    posted(poster, "/v1/orders", order)
    shown = [one["product_id"] for one in poster.get(asked).json()["items"]]
    assert "kettle" not in shown
    posted(poster, "/v1/orders", {**order, "status": "cancelled", "status_at": "2026-03-01T11:30Z"})
    shown = [one["product_id"] for one in poster.get(asked).json()["items"]]
    assert "kettle" in shown
