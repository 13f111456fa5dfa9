"""Customer routes: strangers, replays, no cache, no trace."""

from __future__ import annotations

import hashlib
import inspect
import sqlite3
from pathlib import Path

import numpy as np
import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from fastapi.testclient import TestClient

from nba.state.prices import keep_prices
from nba.state.store import Store
from nba_api.answers import PRIVATE
from nba_api.app import create_app
from nba_api.settings import Settings
from tests.api.shop import CUSTOMER_ROUTES, EVERY_GET, PRODUCT_ROUTES, is_problem, path_of

ANN = path_of("customers", "ann", "next-message")


def test_a_stranger_is_an_acquaintance_with_nothing_due(client: TestClient) -> None:
    for stranger in ("nobody", "nul\0nul", "'; DROP TABLE orders; --", "x" * 256):
        decision = client.get(path_of("customers", stranger, "next-message")).json()
        assert decision["customer_id"] == stranger
        assert decision["stage"] == "acquaintance"
        assert decision["message"] is None
        assert decision["reason"]
        # What goes to everybody is due to them too, on Tuesdays, and would need their consent.
        assert decision["next_due_at"] == "2026-03-03T10:00:00Z"
        plan = client.get(path_of("customers", stranger, "plan")).json()
        assert plan["decisions"][0] == decision
        assert {one["message"] for one in plan["decisions"]} == {None}


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


def test_what_was_looked_at_and_not_bought_is_listed_the_latest_first(client: TestClient) -> None:
    path = path_of("customers", "ann", "viewed")
    viewed = client.get(path).json()
    # The teapot came after the mug, and no catalogue has it; the cup was bought.
    assert [item["product_id"] for item in viewed["items"]] == ["mug-blue"]
    assert viewed["missing_ids"] == ["teapot"]
    earlier = client.get(path, params={"as_of": "2026-02-27T18:00Z"}).json()
    assert earlier["items"] == []
    assert client.get(path_of("customers", "bob", "viewed")).json()["items"] == []


def test_who_consented_to_nothing_hears_that_and_gets_no_marketing(client: TestClient) -> None:
    # dan's order of 10 February arrived on the 12th: a rating is due three days later.
    path, asked = path_of("customers", "dan", "next-message"), {"as_of": "2026-02-16T12:00Z"}
    decision = client.get(path, params=asked).json()
    assert decision["message"] is None
    assert decision["reason"].startswith("no consent: ")
    held = {one["id"]: one["rule"] for one in decision["suppressed"]}
    assert held["service-rating"] == "no_consent"


def test_the_moment_of_a_request_is_part_of_the_decision(client: TestClient) -> None:
    answers = [
        client.get(ANN, params=params).json()
        for params in ({}, {"place": "shop"}, {"device": "phone", "hour": 9}, {"hour": 9})
    ]
    assert len({one["decision_id"] for one in answers}) == len(answers)
    assert len({one["message"]["id"] for one in answers}) == 1
    for wrong in ({"hour": 24}, {"hour": "x"}, {"place": ""}):
        assert is_problem(client.get(ANN, params=wrong), 422)


def test_prices_of_capacity_hold_from_the_moment_they_are_kept(
    settings: Settings, tmp_path: Path, database: Path
) -> None:
    copied = tmp_path / "store.db"
    copied.write_bytes(database.read_bytes())
    own = settings.model_copy(update={"db": f"sqlite:///{copied}"})
    with TestClient(create_app(own)) as client:
        free = client.get(ANN).json()
        assert free["experiment"]["prices"] is None
        store = Store(own.db)
        keep_prices(store, "c_1", {"email": 1e6}, np.datetime64("2026-03-01T11:00", "us"))
        store.close()
        client.app.state.live.refresh()  # type: ignore[attr-defined]
        dear = client.get(ANN).json()
    assert dear["message"] is None
    assert dear["experiment"]["prices"].startswith("c_")
    held = {one["id"]: one["rule"] for one in dear["suppressed"]}
    assert held[free["message"]["id"]] == "capacity"


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
        # Whoever else is asked for here must go on to be known.
        answers.append(client.delete(path.replace("/ann", "/a-stranger")))
        for answer in answers:
            assert answer.headers["cache-control"] == PRIVATE
            # A letter is told apart by its tag for who sends it; no cache keeps that either.
            is_letter = path.endswith(".html") and answer.status_code == 200
            assert is_letter or "etag" not in answer.headers


def test_no_customer_route_holds_up_the_event_loop(app: FastAPI) -> None:
    # What is asked for the next message is answered by a thread, as `test_grouping` has it.
    for context in iter_route_contexts(app.routes):
        if context.path is not None and context.path.startswith("/v1/customers/"):
            waits_only = context.path.endswith("/next-message")
            assert inspect.iscoroutinefunction(context.endpoint) == waits_only, context.path


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
