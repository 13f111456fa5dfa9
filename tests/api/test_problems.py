"""Every error is a problem with a request id; sizes, hosts and origins have limits."""

from __future__ import annotations

import logging

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from nba_api.access import MAX_BODY_BYTES
from nba_api.admission import MAX_TARGET_BYTES
from nba_api.app import create_app
from nba_api.settings import Settings
from tests.api.shop import EVERY_GET, is_problem, path_of

KETTLE = path_of("products", "kettle", "bought-together")


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/v1",
        "/v1/products/kettle",
        "/v1/products/kettle/unheard-of",
        "/v1/products/kettle/bought-together/",
        "/v1/models/",
        "/v2/models",
        "/health",
        "/%00",
        "//evil.example/%2e%2e",
        "/v1/products/kettle/similar;x",
    ],
)
def test_an_unknown_path_is_a_404(client: TestClient, path: str) -> None:
    assert is_problem(client.get(path, follow_redirects=False), 404)


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_another_method_is_a_405_that_names_the_right_one(client: TestClient, method: str) -> None:
    for path in EVERY_GET:
        if method == "DELETE" and path.startswith("/v1/customers/"):
            # Whoever is erased may have any id, such as `ann/profile`.
            continue
        answer = client.request(method, path)
        assert is_problem(answer, 405)
        assert "GET" in answer.headers["allow"]


def test_what_is_only_posted_or_deleted_cannot_be_read(client: TestClient) -> None:
    for path, method in (
        ("/v1/models:rollback", "POST"),
        ("/v1/products", "POST"),
        ("/v1/orders", "POST"),
        ("/v1/customers/ann", "DELETE"),
        ("/v1/customers/ann/next-message/", "DELETE"),
        ("/v1/customers/ann/next-message;x", "DELETE"),
    ):
        answer = client.get(path)
        assert is_problem(answer, 405)
        assert method in answer.headers["allow"]


def test_an_unforeseen_error_is_a_500_without_a_trace(settings: Settings) -> None:
    app = create_app(settings)

    @app.get("/broken")
    async def broken() -> None:
        raise KeyError("secret of the shop")

    with TestClient(app, raise_server_exceptions=False) as client:
        answer = client.get("/broken", headers={"x-request-id": "mine-1"})
        assert is_problem(answer, 500)
        assert "secret" not in answer.text
        assert answer.headers["x-request-id"] == "mine-1"
        assert client.get(KETTLE).status_code == 200


def test_every_answer_has_a_request_id_and_a_sensible_one_is_kept(client: TestClient) -> None:
    for path in EVERY_GET:
        assert client.get(path, headers={"x-request-id": "a-1:b.c"}).headers["x-request-id"] == (
            "a-1:b.c"
        )
        first, second = (client.get(path).headers["x-request-id"] for _ in range(2))
        assert first != second
    for odd in ("", "x" * 65, "a b", 'a"b', "ä", "<script>"):
        answer = client.get(KETTLE, headers={"x-request-id": odd.encode()})
        assert answer.headers["x-request-id"].isalnum()


@pytest.mark.parametrize("path", [*EVERY_GET, "/unheard-of", f"{KETTLE}?limit=0"])
def test_head_says_what_get_says_without_the_body(client: TestClient, path: str) -> None:
    got, head = client.get(path), client.head(path)
    assert head.status_code == got.status_code
    assert head.content == b""
    for name in ("content-type", "cache-control", "etag", "content-length"):
        assert head.headers.get(name) == got.headers.get(name), name


def test_a_target_too_long_is_a_400_and_one_just_short_enough_is_read(client: TestClient) -> None:
    for path in (f"{KETTLE}?exclude=", "/v1/models?x=", "/x"):
        padding = "x" * (MAX_TARGET_BYTES - len(path) + path.count("?"))
        assert client.get(path + padding).status_code in (200, 404)
        assert is_problem(client.get(path + padding + "x"), 400)
        assert is_problem(client.get(path + padding * 3), 400)


def test_thousands_of_parameters_are_read_in_order(client: TestClient) -> None:
    many = "&".join(["exclude=filter"] * 1000)
    assert client.get(f"{KETTLE}?{many}").status_code == 200
    assert is_problem(client.get(f"{KETTLE}?{'limit=1&' * 1000}limit=51"), 422)


@pytest.mark.parametrize("query", ["%", "%zz=%", "&&&", "=", "limit", "limit=%00", "a=b=c;", "%FF"])
def test_a_query_of_any_bytes_is_answered(client: TestClient, query: str) -> None:
    assert client.get(f"{KETTLE}?{query}").status_code in (200, 422)


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"null and void",
        b"[]",
        b'"text"',
        b'{"snapshot_id": 5}',
        b'{"snapshot_id": "' + b"x" * 101 + b'"}',
        b'{"snapshot_id": "\\ud800"}',
        b"\xff\xfe",
        b"[" * 100_000,
    ],
)
def test_a_body_that_makes_no_sense_is_a_problem(client: TestClient, body: bytes) -> None:
    answer = client.post(
        "/v1/models:rollback", content=body, headers={"content-type": "application/json"}
    )
    assert answer.status_code in (400, 422)
    assert is_problem(answer, answer.status_code)


def test_a_body_too_large_is_a_413_whether_or_not_it_says_so(client: TestClient) -> None:
    body = b'"' + b"x" * MAX_BODY_BYTES + b'"'
    headers = {"content-type": "application/json"}
    assert is_problem(client.post("/v1/models:rollback", content=body, headers=headers), 413)

    pieces = (body[first : first + 65_536] for first in range(0, len(body), 65_536))
    assert is_problem(client.post("/v1/models:rollback", content=pieces, headers=headers), 413)


def test_a_page_of_another_site_may_read_nothing_new_and_change_nothing(
    client: TestClient,
) -> None:
    for origin in ("https://evil.example", "null", "http://testserver.evil.example"):
        answer = client.post("/v1/models:rollback", headers={"origin": origin})
        assert is_problem(answer, 403)
    for path in EVERY_GET:
        answer = client.get(path, headers={"origin": "https://evil.example"})
        assert "access-control-allow-origin" not in answer.headers


def test_an_open_server_answers_only_to_the_names_of_this_machine(settings: Settings) -> None:
    hosts = ("127.0.0.1", "localhost", "[::1]")
    app = create_app(settings.model_copy(update={"hosts": hosts}))
    with TestClient(app) as client:
        for host in ("127.0.0.1:8000", "localhost", "LOCALHOST:1", "[::1]:8000"):
            assert client.get(KETTLE, headers={"host": host}).status_code == 200
        for host in ("evil.example", "evil.example:8000", "127.0.0.1.evil.example", "", "[::2]"):
            assert is_problem(client.get(KETTLE, headers={"host": host}), 421)


def test_no_answer_and_no_log_of_an_error_quotes_the_database(
    app: FastAPI, client: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG, logger="nba_api"):
        answer = client.get(path_of("customers", "ann@shop.example", "next-message"))
        client.get(path_of("customers", "ann@shop.example", "plan"), params={"days": "0"})
    assert answer.status_code == 200
    assert "ann@shop.example" not in caplog.text
