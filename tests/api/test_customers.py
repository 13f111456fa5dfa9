"""Customer routes: strangers, replays, no cache, no trace."""

from __future__ import annotations

import hashlib
import inspect
import sqlite3
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from fastapi.testclient import TestClient

from nba_api.answers import PRIVATE
from tests.api.shop import CUSTOMER_ROUTES, EVERY_GET, PRODUCT_ROUTES, is_problem, path_of

ANN = path_of("customers", "ann", "next-message")


def test_a_stranger_is_an_acquaintance_with_nothing_due(client: TestClient) -> None:
    for stranger in ("nobody", "nul\0nul", "'; DROP TABLE orders; --", "x" * 256):
        decision = client.get(path_of("customers", stranger, "next-message")).json()
        assert decision["customer_id"] == stranger
        assert decision["stage"] == "acquaintance"
        assert decision["message"] is None
        assert decision["reason"]
        assert decision["next_due_at"] is None
        plan = client.get(path_of("customers", stranger, "plan")).json()
        assert plan["decisions"] == [decision]


def test_a_stranger_gets_popular_products_labelled_and_nothing_to_buy_again(
    client: TestClient,
) -> None:
    picks = client.get(path_of("customers", "nobody", "recommendations")).json()
    assert picks["fallback"] == "popular"
    assert picks["missing_ids"] == ["nobody"]
    assert picks["items"][0]["product_id"] == "kettle"
    assert client.get(path_of("customers", "nobody", "buy-again")).json()["items"] == []


def test_a_customer_with_nothing_due_hears_when_something_will_be(client: TestClient) -> None:
    # bob's first order arrived on 8 January at 9, so service-rating opens three days later.
    path = path_of("customers", "bob", "next-message")
    decision = client.get(path, params={"as_of": "2026-01-09T12:00Z"}).json()
    assert decision["message"] is None
    assert decision["next_due_at"] == "2026-01-11T09:00:00Z"
    assert "2026-01-11" in decision["reason"]


def test_an_order_on_its_way_is_the_stage(client: TestClient) -> None:
    decision = client.get(path_of("customers", "eve", "next-message")).json()
    assert (decision["stage"], decision["state"]) == ("ordered", "ordered/shipped")
    assert decision["message"] is None


def test_personal_lists_show_what_was_bought_and_how_often(client: TestClient) -> None:
    again = client.get(path_of("customers", "ann", "buy-again")).json()
    assert {item["product_id"] for item in again["items"]} == {"kettle", "filter"}
    evidence = again["items"][0]["reason"]["evidence"]
    assert evidence["orders_with"] == 2
    picks = client.get(path_of("customers", "ann", "recommendations"), params={"limit": 2})
    assert len(picks.json()["items"]) == 2
    without = client.get(path_of("customers", "ann", "buy-again"), params={"exclude": "kettle"})
    assert [item["product_id"] for item in without.json()["items"]] == ["filter"]


@pytest.mark.parametrize("route", CUSTOMER_ROUTES)
@pytest.mark.parametrize(
    "as_of",
    [
        "2026-02-25T08:00",
        "2026-02-25",
        "yesterday",
        "",
        "NaT",
        "1e9",
        "2026-13-01T00:00Z",
        "0001-01-01T00:00+14:00",
        "9999-12-31T23:59-14:00",
        "x" * 65,
    ],
)
def test_an_instant_without_a_zone_or_sense_is_a_problem(
    client: TestClient, route: str, as_of: str
) -> None:
    assert is_problem(client.get(path_of("customers", "ann", route), params={"as_of": as_of}), 422)


@pytest.mark.parametrize("route", CUSTOMER_ROUTES)
def test_a_replay_is_equal_byte_for_byte_however_the_instant_is_written(
    client: TestClient, route: str
) -> None:
    spellings = ("2026-02-25T08:00Z", "2026-02-25T08:00:00.000000Z", "2026-02-25T10:00+02:00")
    answers = {
        client.get(path_of("customers", "ann", route), params={"as_of": one}).content
        for one in spellings
        for _ in range(2)
    }
    assert len(answers) == 1


def test_a_replay_knows_nothing_of_later_facts(client: TestClient) -> None:
    def ask(as_of: str) -> dict[str, object]:
        answer = client.get(ANN, params={"as_of": as_of})
        return {name: answer.json()[name] for name in ("stage", "state", "days_since", "as_of")}

    assert ask("2026-01-05T10:00Z")["stage"] == "acquaintance"
    assert ask("2026-02-20T09:59:59Z")["days_since"] == 44
    # The order's delivery lies ahead, and so does its status.
    assert ask("2026-02-21T00:00Z")["stage"] == "ordered"
    assert ask("9999-12-31T23:59Z")["state"] == "client/idle"


def test_the_clock_stands_where_it_was_set(client: TestClient) -> None:
    assert client.get(ANN).json()["as_of"] == "2026-03-01T12:00:00Z"
    assert client.get(ANN).content == client.get(ANN, params={"as_of": "2026-03-01T12:00Z"}).content


@pytest.mark.parametrize("days", ["0", "366", "x"])
def test_a_plan_looks_one_day_to_a_year_ahead(client: TestClient, days: str) -> None:
    assert is_problem(client.get(path_of("customers", "ann", "plan"), params={"days": days}), 422)


def test_no_customer_route_may_be_cached_not_even_its_errors(
    app: FastAPI, client: TestClient
) -> None:
    templates = [
        context.path
        for context in iter_route_contexts(app.routes)
        if context.path is not None and context.path.startswith("/v1/customers/")
    ]
    assert len(templates) >= len(CUSTOMER_ROUTES)
    for template in templates:
        path = template.replace("{customer_id:path}", "ann")
        assert "{" not in path
        answers = [client.get(path), client.get(path, params={"limit": 0, "as_of": "?"})]
        answers.append(client.head(path))
        answers.append(client.delete(path))
        for answer in answers:
            assert answer.headers["cache-control"] == PRIVATE
            assert "etag" not in answer.headers


def test_no_customer_route_holds_up_the_event_loop(app: FastAPI) -> None:
    for context in iter_route_contexts(app.routes):
        if context.path is not None and context.path.startswith("/v1/customers/"):
            assert not inspect.iscoroutinefunction(context.endpoint), context.path


def test_only_product_routes_may_be_cached(client: TestClient) -> None:
    for path in EVERY_GET:
        cached = "public" in client.get(path).headers["cache-control"]
        assert cached == (path.rpartition("/")[2] in PRODUCT_ROUTES), path


def test_asking_everything_leaves_no_trace_in_the_store(client: TestClient, database: Path) -> None:
    def contents() -> tuple[str, list[str]]:
        connection = sqlite3.connect(database)
        dump = list(connection.iterdump())
        connection.close()
        return hashlib.sha256(database.read_bytes()).hexdigest(), dump

    before = contents()
    for path in EVERY_GET:
        client.get(path)
        client.head(path)
        client.get(path, params={"as_of": "2026-02-25T08:00Z", "limit": "0"})
    assert contents() == before
