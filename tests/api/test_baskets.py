"""Completing a basket: what goes with it, what closes the gap to a total, what is refused."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient

from nba_api.answers import PRIVATE
from nba_api.queries import MAX_BASKET
from nba_api.schemas import SlateAnswer
from tests.api.shop import ODD_PRODUCT, is_problem

PATH = "/v1/baskets:complete"


def complete(client: TestClient, **body: Any) -> Any:
    answer = client.post(PATH, json={"product_ids": ["kettle"], **body})
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == PRIVATE
    SlateAnswer.model_validate_json(answer.content, strict=True)
    return answer.json()


def test_what_goes_with_a_basket_completes_it(client: TestClient) -> None:
    slate = complete(client)
    assert slate["type"] == "complete_basket"
    assert slate["request"] == {"product_ids": ["kettle"], "limit": 10}
    assert {"filter", ODD_PRODUCT} < {item["product_id"] for item in slate["items"]}


def test_a_page_asks_in_one_request_as_its_json_may_be_called_text(client: TestClient) -> None:
    body = '{"product_ids": ["kettle"], "limit": 1}'
    as_json, as_text, as_form, wrong = (
        client.post(PATH, content=sent, headers={"content-type": kind})
        for sent, kind in (
            (body, "application/json"),
            (body, "text/plain;charset=UTF-8"),
            (body, "application/x-www-form-urlencoded"),
            ("no JSON", "text/plain"),
        )
    )
    assert as_text.status_code == 200
    assert as_text.content == as_json.content
    assert is_problem(as_form, 422)
    assert wrong.status_code in (400, 422)


def test_what_closes_the_gap_to_a_total_stands_first(client: TestClient) -> None:
    # A kettle costs 3,000, so 450 are missing; the band of 345 ends at 795: the filter at 500.
    slate = complete(client, target_total=3450, explain=True)
    assert slate["request"]["gap"] == 450
    assert slate["request"]["band"] == 345
    first, *others = slate["items"]
    assert first["product_id"] == "filter"
    assert (first["reason"]["evidence"]["gap"], first["reason"]["evidence"]["price"]) == (450, 500)
    assert ODD_PRODUCT in [item["product_id"] for item in others]
    assert all("gap" not in item["reason"]["evidence"] for item in others)


def test_a_basket_that_is_dear_enough_has_no_gap(client: TestClient) -> None:
    assert complete(client, target_total=3000)["request"]["gap"] == 0


def test_a_product_paid_twice_closes_more_of_the_gap(client: TestClient) -> None:
    slate = complete(client, product_ids=["kettle", "kettle"], target_total=6400)
    assert slate["request"]["gap"] == 400
    assert slate["items"][0]["product_id"] in ("filter", ODD_PRODUCT)


def test_figures_and_filters_are_those_of_every_list(client: TestClient) -> None:
    plain = complete(client, limit=2, exclude=["filter"], category="Kitchen")
    assert len(plain["items"]) <= 2
    assert "filter" not in [item["product_id"] for item in plain["items"]]
    assert all("evidence" not in item["reason"] for item in plain["items"])
    assert all(item["product"]["category"].startswith("Kitchen") for item in plain["items"])


def test_an_unknown_product_is_named_or_strictly_a_404(client: TestClient) -> None:
    slate = complete(client, product_ids=["kettle", "unheard-of"])
    assert slate["missing_ids"] == ["unheard-of"]
    assert slate["items"]
    answer = client.post(PATH, json={"product_ids": ["unheard-of"], "strict": True})
    assert is_problem(answer, 404)


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({}, "body.product_ids"),
        ({"product_ids": []}, "body.product_ids"),
        ({"product_ids": "kettle"}, "body.product_ids"),
        ({"product_ids": [""]}, "body.product_ids.0"),
        ({"product_ids": [7]}, "body.product_ids.0"),
        ({"product_ids": ["x" * 257]}, "body.product_ids.0"),
        ({"product_ids": ["x"] * (MAX_BASKET + 1)}, "body.product_ids"),
        ({"product_ids": ["kettle"], "limit": 51}, "body.limit"),
        ({"product_ids": ["kettle"], "limit": 0}, "body.limit"),
        ({"product_ids": ["kettle"], "target_total": -1}, "body.target_total"),
        ({"product_ids": ["kettle"], "target_total": 1e40}, "body.target_total"),
        ({"product_ids": ["kettle"], "target_total": "much"}, "body.target_total"),
        ({"product_ids": ["kettle"], "fallback": "random"}, "body.fallback"),
        ({"product_ids": ["kettle"], "total": 5}, "body.total"),
    ],
)
def test_a_basket_that_makes_no_sense_is_a_problem_that_names_where(
    client: TestClient, body: dict[str, Any], where: str
) -> None:
    answer = client.post(PATH, json=body)
    assert is_problem(answer, 422)
    assert [one["where"] for one in answer.json()["errors"]] == [where]


@pytest.mark.parametrize(
    "content", [b"{", b"[]", b'"kettle"', b"\xff", b'{"product_ids": ["\\ud800"]}']
)
def test_a_body_that_is_no_basket_is_a_problem(client: TestClient, content: bytes) -> None:
    answer = client.post(PATH, content=content, headers={"content-type": "application/json"})
    assert answer.status_code in (400, 422)
    assert is_problem(answer, answer.status_code)


def test_only_post_completes_a_basket(client: TestClient) -> None:
    answer = client.get(PATH)
    assert is_problem(answer, 405)
    assert answer.headers["allow"] == "POST"


@pytest.mark.parametrize("name", ["product_ids", "exclude", "in_basket", "category"])
def test_text_that_no_text_can_be_is_refused(client: TestClient, name: str) -> None:
    value = '"\\ud800"' if name == "category" else '["\\ud800"]'
    body = f'{{"product_ids": ["kettle"], "{name}": {value}}}'
    answer = client.post(PATH, content=body, headers={"content-type": "application/json"})
    assert is_problem(answer, 422)


@pytest.mark.parametrize("body", ["{", "no JSON", '{"product_ids": ["kettle"]'])
def test_a_body_that_is_no_json_is_a_bad_request(client: TestClient, body: str) -> None:
    answer = client.post(PATH, content=body, headers={"content-type": "application/json"})
    assert is_problem(answer, 400)
