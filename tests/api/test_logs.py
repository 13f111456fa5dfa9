"""The log: JSON lines, one a request where asked for, and nothing personal whatever happens."""

from __future__ import annotations

import io
import json
import logging
import re
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from nba_api.app import create_app
from nba_api.logs import REQUESTS, configure
from nba_api.settings import Settings
from tests.api.shop import path_of

ADDRESS = re.compile(r"[\w.+-]+@[\w-]+\.\w+")
CUSTOMERS = 1_000


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    root, requests = logging.getLogger(), logging.getLogger(REQUESTS)
    before, level, of_requests = list(root.handlers), root.level, requests.level
    for handler in before:
        root.removeHandler(handler)  # `configure` closes those that are there
    stream = io.StringIO()
    configure(requests=True, stream=stream)
    yield stream
    root.handlers[:] = before
    root.setLevel(level)
    requests.setLevel(of_requests)


@pytest.fixture
def app(settings: Settings) -> FastAPI:
    return create_app(settings)


@pytest.fixture
def client(app: FastAPI) -> Iterator[TestClient]:
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


def lines(log: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.getvalue().splitlines()]


def test_a_line_says_what_was_asked_and_how_it_went(log: io.StringIO, client: TestClient) -> None:
    address = path_of("products", "kettle", "similar")
    client.get(address, headers={"x-request-id": "r-1"})
    line = lines(log)[-1]
    assert line.pop("ms") >= 0
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+Z", line.pop("at"))
    assert line == {
        "event": "GET",
        "level": "info",
        "logger": REQUESTS,
        "request_id": "r-1",
        "route": "/v1/products/{product_id:path}/similar",
        "status": 200,
        "key_id": None,
    }


def test_a_path_that_no_route_has_is_not_repeated(log: io.StringIO, client: TestClient) -> None:
    client.get("/v1/ann@shop.example")
    assert lines(log)[-1]["route"] == "none"
    assert "ann" not in log.getvalue()


def test_nothing_personal_is_logged(
    log: io.StringIO, client: TestClient, app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise ValueError("cannot use eve@shop.example, who called +380441234567")

    for number in range(CUSTOMERS):
        customer = f"customer-{number}@shop.example"
        match number % 5:
            case 0:
                client.get(path_of("customers", customer, "recommendations"))
            case 1:
                client.get(f"/v1/products/kettle/similar?in_basket={customer}&limit={customer}")
            case 2:
                client.post("/v1/baskets:complete", json={"product_ids": customer})
            case 3:
                client.get(path_of("customers", customer, "profile") + "?as_of=" + customer)
            case _:
                client.get(f"/v1/{customer}", headers={"authorization": f"Bearer {customer}"})
    monkeypatch.setattr(app.state.live, "serving", fail)
    answer = client.get(path_of("customers", "eve@shop.example", "recommendations"))
    assert answer.status_code == 500
    logging.getLogger("anything").warning("sent to %s", "bob@shop.example")
    written = log.getvalue()
    assert len(lines(log)) >= CUSTOMERS
    assert ADDRESS.findall(written) == []
    assert "customer-" not in written
    assert "+380441234567" not in written


def test_an_unforeseen_error_is_logged_with_its_place_and_its_request(
    log: io.StringIO, client: TestClient, app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise ValueError("of eve")

    monkeypatch.setattr(app.state.live, "serving", fail)
    path = path_of("customers", "eve", "recommendations")
    answer = client.get(path, headers={"x-request-id": "r-2"})
    assert answer.json()["request_id"] == "r-2"
    failed = next(line for line in lines(log) if line["level"] == "error")
    assert failed["error"] == "ValueError"
    assert failed["event"] == "request r-2 failed"
    assert failed["raised"][-1].endswith(" fail")
    assert "of eve" not in log.getvalue()


def test_without_being_asked_no_line_a_request_is_written(
    log: io.StringIO, client: TestClient
) -> None:
    logging.getLogger(REQUESTS).setLevel(logging.WARNING)
    client.get("/health/live")
    assert log.getvalue() == ""
