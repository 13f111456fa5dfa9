"""The OpenAPI document tells the truth."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from nba.artifacts.reports import REPORTS
from nba_api.problems import MEDIA_TYPE

LETTER = "get /v1/customers/{customer_id}/next-message.html"
DIGEST = "get /v1/feeds/digest.xml"
CATALOGUE = "get /v1/feeds/klaviyo/catalog.json"
OTHER_FORMS = {
    DIGEST: ("application/rss+xml",),
    LETTER: ("text/html", "text/plain"),
    "post /v1/next-messages:batch": ("application/x-ndjson", "text/csv"),
    "get /v1/u/{token}": ("text/html",),
    "post /v1/u/{token}": ("text/html",),
    "get /metrics": ("text/plain",),
}
METHODS = ("get", "post", "put", "patch", "delete")


@pytest.fixture(scope="module")
def document(app: FastAPI) -> dict[str, Any]:
    return app.openapi()


def operations(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        f"{method} {path}": operation
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if method in METHODS
    }


def test_it_holds_the_routes_of_this_version(document: dict[str, Any]) -> None:
    assert set(operations(document)) == {
        "get /v1/products/{product_id}/bought-together",
        "get /v1/products/{product_id}/accessories",
        "get /v1/products/{product_id}/similar",
        "get /v1/products/{product_id}/replacements",
        "get /v1/products/{product_id}/upsell",
        "post /v1/baskets:complete",
        "get /v1/customers/{customer_id}/recommendations",
        "get /v1/customers/{customer_id}/buy-again",
        "get /v1/customers/{customer_id}/viewed",
        "get /v1/customers/{customer_id}/profile",
        "get /v1/customers/{customer_id}/next-message",
        LETTER,
        "get /v1/customers/{customer_id}/plan",
        "post /v1/customers/{customer_id}/next-message:claim",
        "post /v1/messages/{message_id}:ack",
        "post /v1/next-messages:batch",
        "post /v1/events",
        "post /v1/track",
        "post /v1/batch",
        "post /v1/orders",
        "post /v1/products",
        "post /v1/customers",
        "post /v1/message-events",
        "get /v1/webhooks/{provider}",
        "post /v1/webhooks/{provider}",
        "get /v1/u/{token}",
        "post /v1/u/{token}",
        "get /v1/customers/{customer_id}/export",
        "delete /v1/customers/{customer_id}",
        DIGEST,
        CATALOGUE,
        "get /v1/kpis",
        "get /v1/cohorts",
        "get /v1/experiments",
        "get /v1/models",
        "post /v1/models:rollback",
        "get /metrics",
        "get /health/live",
        "get /health/ready",
    }


def test_every_route_declares_its_answer_and_its_problems(document: dict[str, Any]) -> None:
    for name, operation in operations(document).items():
        answers = operation["responses"]
        told = answers["200"]["content"]
        assert set(told) == set(OTHER_FORMS.get(name, ("application/json",))), name
        assert "$ref" in told.get("application/json", {}).get("schema", {"$ref": ""}), name
        for status, answer in answers.items():
            if status in ("200", "204", "304"):
                continue
            assert list(answer["content"]) == [MEDIA_TYPE], f"{name} {status}"
        assert "default" in answers, name
        assert ("422" in answers) == ("parameters" in operation or "requestBody" in operation), name
        assert operation["summary"], name
        assert operation["description"], name


def test_every_route_declares_the_keys_that_the_gate_asks_for(document: dict[str, Any]) -> None:
    page, token = {"publishableKey": []}, {"publishableKey": [], "customerToken": []}
    told = {name: one["security"] for name, one in operations(document).items()}
    assert told["get /v1/products/{product_id}/similar"] == [page, {"secretKey": ["read"]}]
    assert told["post /v1/events"] == [page, token, {"secretKey": ["write"]}]
    assert told["get /v1/customers/{customer_id}/viewed"] == [{"secretKey": ["read"]}, token]
    assert told["get /v1/customers/{customer_id}/plan"] == [{"secretKey": ["read"]}]
    assert told["delete /v1/customers/{customer_id}"] == [{"secretKey": ["admin"]}]
    assert told["get /metrics"] == [{"secretKey": []}]
    for name in ("post /v1/webhooks/{provider}", "post /v1/u/{token}", "get /health/ready"):
        assert told[name] == []
    named = {scheme for one in told.values() for way in one for scheme in way}
    assert named == set(document["components"]["securitySchemes"])


def test_only_routes_with_a_tag_declare_not_modified(document: dict[str, Any]) -> None:
    for name, operation in operations(document).items():
        has_tag = "/products/" in name or name.removeprefix("get /v1/") in REPORTS
        has_tag = has_tag or name in (LETTER, DIGEST, CATALOGUE)
        assert ("304" in operation["responses"]) == has_tag


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]

    def references(node: Any) -> list[str]:
        if isinstance(node, list):
            return [one for value in node for one in references(value)]
        if not isinstance(node, dict):
            return []
        own = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
        return own + [one for value in node.values() for one in references(value)]

    found = references(document)
    assert found
    assert {one.rpartition("/")[2] for one in found} == set(schemas)
    assert "HTTPValidationError" not in schemas


def test_the_bounds_are_declared(document: dict[str, Any]) -> None:
    operation = operations(document)["get /v1/products/{product_id}/bought-together"]
    parameters = {one["name"]: one["schema"] for one in operation["parameters"]}
    assert (parameters["limit"]["minimum"], parameters["limit"]["maximum"]) == (1, 50)
    assert parameters["product_id"]["maxLength"] == 256
    others = """
        in_basket exclude category min_price max_price availability fallback collapse explain
        placement strict key
    """
    assert set(others.split()) < set(parameters)


def test_the_document_and_its_page_are_served(client: TestClient) -> None:
    assert client.get("/openapi.json").json()["openapi"].startswith("3.")
    assert client.get("/docs").status_code == 200
