"""Every answer has the keys, nesting and types that outside callers are written against."""

from __future__ import annotations

import json
from typing import Any

import pytest
from fastapi.testclient import TestClient
from pydantic import BaseModel

from nba_api import schemas
from tests.api.shop import CUSTOMER_ROUTES, EVERY_GET, ODD_CUSTOMER, PRODUCT_ROUTES, path_of

SHAPES: dict[str, type[BaseModel]] = {
    "bought-together": schemas.SlateAnswer,
    "accessories": schemas.SlateAnswer,
    "similar": schemas.SlateAnswer,
    "replacements": schemas.SlateAnswer,
    "upsell": schemas.SlateAnswer,
    "recommendations": schemas.SlateAnswer,
    "buy-again": schemas.SlateAnswer,
    "viewed": schemas.SlateAnswer,
    "profile": schemas.ProfileAnswer,
    "next-message": schemas.DecisionAnswer,
    "plan": schemas.PlanAnswer,
    "models": schemas.ModelsAnswer,
    "live": schemas.Live,
    "ready": schemas.Ready,
}
SLATE = [
    "recommendation_id", "type", "request", "items", "fallback", "missing_ids", "excluded", "model",
]  # fmt: skip
DECISION = [
    "decision_id", "customer_id", "as_of", "stage", "state", "days_since", "rhythm", "message",
    "reason", "alternatives", "suppressed", "experiment", "next_due_at",
]  # fmt: skip


def strict(text: str) -> Any:
    def refuse(constant: str) -> None:
        raise AssertionError(f"JSON holds {constant}")

    return json.loads(text, parse_constant=refuse)


@pytest.mark.parametrize("path", EVERY_GET)
def test_an_answer_is_what_the_document_declares_no_key_more_or_less(
    client: TestClient, path: str
) -> None:
    answer = client.get(path)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    document = strict(answer.text)
    shape = SHAPES[path.rpartition("/")[2]]
    read = shape.model_validate_json(answer.content, strict=True)
    assert read.model_dump(mode="json", exclude_unset=True) == document


@pytest.mark.parametrize("route", PRODUCT_ROUTES)
def test_a_slate_has_the_keys_of_the_contract_in_their_order(
    client: TestClient, route: str
) -> None:
    product = {"replacements": "old-kettle", "similar": "old-kettle", "upsell": "cup"}.get(
        route, "kettle"
    )
    slate = client.get(path_of("products", product, route), params={"limit": 3}).json()
    assert list(slate) == SLATE
    assert slate["type"] == route.replace("-", "_")
    assert slate["request"]["product_ids"] == [product]
    assert slate["request"]["limit"] == 3
    assert slate["recommendation_id"].startswith("r_")
    assert list(slate["model"]) == ["snapshot_id", "trained_at", "data_until"]
    assert slate["items"]
    for rank, item in enumerate(slate["items"], 1):
        assert list(item) == ["product_id", "rank", "score", "source", "product", "reason"]
        assert item["rank"] == rank
        assert {"title", "price", "currency", "link", "image_link", "availability"} <= set(
            item["product"]
        )


def test_a_decision_with_a_message_has_the_keys_of_the_contract(client: TestClient) -> None:
    decision = client.get(path_of("customers", "ann", "next-message")).json()
    assert list(decision) == DECISION
    assert decision["decision_id"].startswith("d_")
    assert decision["as_of"] == "2026-03-01T12:00:00Z"
    assert (decision["stage"], decision["state"]) == ("client", "client/delivered")
    # o08 arrived on 22 February at 9: seven days before.
    assert decision["days_since"] == 7
    message = decision["message"]
    assert list(message) == [
        "id", "kind", "channel", "send_after", "expires_at", "slots", "merge", "text",
        "anchor", "score", "why",
    ]  # fmt: skip
    assert message["id"] == "accessories"
    assert message["merge"]["order_id"] == "o08"
    assert [item["product_id"] for item in message["slots"]["main"]]
    score = message["score"]
    assert list(score) == [
        "response", "value", "cost", "context", "lever", "unsubscribe_risk",
        "remaining_lifetime_value", "expected",
    ]  # fmt: skip
    assert score["expected"] == pytest.approx(
        score["response"] * (score["value"] - score["cost"]) * score["context"] * score["lever"]
        - score["unsubscribe_risk"] * score["remaining_lifetime_value"]
    )
    assert decision["experiment"] == {
        "holdout": False, "arm": None, "propensity": 1.0, "eligible": [], "prices": None,
    }  # fmt: skip
    assert (message["text"], message["anchor"]) == ("accessories", "o08")
    for held in decision["suppressed"]:
        assert list(held) == ["id", "rule", "until"]
    for other in decision["alternatives"]:
        assert list(other) == ["id", "expected"]


def test_a_plan_begins_with_the_decision_of_now_and_goes_on_in_time(client: TestClient) -> None:
    plan = client.get(path_of("customers", "ann", "plan"), params={"days": 365}).json()
    assert list(plan) == ["customer_id", "as_of", "decisions"]
    now = client.get(path_of("customers", "ann", "next-message")).json()
    assert plan["decisions"][0] == now
    instants = [one["as_of"] for one in plan["decisions"]]
    assert instants == sorted(set(instants))
    assert len(instants) > 1
    short = client.get(path_of("customers", "ann", "plan"), params={"days": 1}).json()
    assert short["decisions"] == [now]


@pytest.mark.parametrize("route", CUSTOMER_ROUTES)
def test_ids_with_slashes_spaces_and_letters_of_any_script_come_back_as_they_are(
    client: TestClient, route: str
) -> None:
    document = client.get(path_of("customers", ODD_CUSTOMER, route)).json()
    echoed = document.get("customer_id") or document["request"]["customer_id"]
    assert echoed == ODD_CUSTOMER
    if route == "next-message":
        assert document["stage"] == "client"


def test_the_list_of_snapshots_names_the_current_one_and_each_manifest(client: TestClient) -> None:
    document = client.get("/v1/models").json()
    assert list(document) == ["current", "snapshots"]
    first = document["snapshots"][0]
    assert document["current"] == first["snapshot_id"]
    assert {"digest", "data_from", "data_until", "trained_at", "counts", "config"} <= set(first)
    assert first["counts"]["orders"] == 11
