"""What the gate looks at besides the key: pages, sizes, depth, what an open server allows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from fastapi.testclient import TestClient

from nba_api.access import MAX_BODY_BYTES, MAX_WEBHOOK_BYTES
from nba_api.app import create_app
from nba_api.cors import PAGES
from nba_api.depth import MAX_DEPTH
from nba_api.settings import Settings
from tests.api.keyed import OTHER_SITE, SITE, Keyed, serving
from tests.api.shop import EVERY_GET, is_problem, path_of

KETTLE: Final = path_of("products", "kettle", "bought-together")
BASKET: Final = "/v1/baskets:complete"
JSON: Final = {"content-type": "application/json"}
ASKS: Final = "access-control-request-method"
ALLOWED: Final = "access-control-allow-origin"


@pytest.fixture(scope="module")
def keyed(
    shop_folder: Path, settings: Settings, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Keyed]:
    with serving(shop_folder, settings, tmp_path_factory.mktemp("gate")) as keyed:
        yield keyed


def test_a_page_of_the_site_may_read_and_of_no_other(keyed: Keyed) -> None:
    answer = keyed.ask_as_page(KETTLE)
    assert answer.status_code == 200
    assert answer.headers[ALLOWED] == SITE
    assert "etag" in answer.headers["access-control-expose-headers"]
    lookalikes = (
        OTHER_SITE, "null", "", "https://shop.example.evil.example", "http://shop.example",
        "https://shop.example:8443", "https://sub.shop.example", "https://shop.example/",
        "HTTPS://SHOP.EXAMPLE", "*",
    )  # fmt: skip
    for site in lookalikes:
        answer = keyed.client.get(KETTLE, headers={**keyed.secret("read"), "origin": site})
        assert answer.status_code == 200
        assert ALLOWED not in answer.headers
    for site in ("https://shop.example.evil.example", "null", "http://shop.example"):
        assert is_problem(keyed.ask_as_page(KETTLE, origin=site), 403)


def test_every_answer_says_that_it_varies_by_site_and_none_takes_cookies(keyed: Keyed) -> None:
    for path in (*EVERY_GET, "/unheard-of"):
        for headers in ({}, {"origin": SITE}, {"origin": OTHER_SITE}):
            answer = keyed.client.get(path, headers=headers)
            assert "Origin" in answer.headers["vary"]
            assert answer.headers.get(ALLOWED) != "*"
            assert "access-control-allow-credentials" not in answer.headers


def test_without_an_origin_the_page_is_the_referer_and_a_server_names_none(keyed: Keyed) -> None:
    for referer, expected in (
        (f"{SITE}/kettles?page=2", 200),
        (SITE, 200),
        (f"{OTHER_SITE}/?{SITE}", 403),
        ("https://shop.example@evil.example/", 403),
    ):
        headers = {"referer": referer}
        answer = keyed.ask_as_page(KETTLE, origin=None, headers=headers)
        assert answer.status_code == expected, referer
    assert keyed.ask_as_page(KETTLE, origin=None).status_code == 200


def test_a_browser_hears_which_request_a_page_may_send(keyed: Keyed) -> None:
    for path, method in ((KETTLE, "GET"), (BASKET, "POST"), ("/v1/events", "POST")):
        answer = keyed.client.options(path, headers={"origin": SITE, ASKS: method})
        assert answer.status_code == 204
        assert answer.headers[ALLOWED] == SITE
        assert answer.headers["access-control-allow-methods"] == method
        taken = answer.headers["access-control-allow-headers"]
        assert "content-type" in taken
        # A secret key has no business in a page.
        assert "authorization" not in taken.lower()
    for origin, path, method in (
        (OTHER_SITE, KETTLE, "GET"),
        ("null", KETTLE, "GET"),
        (SITE, "/v1/orders", "POST"),
        (SITE, path_of("customers", "ann", "profile"), "GET"),
        (SITE, "/v1/customers/ann", "DELETE"),
        (SITE, KETTLE, "PUT"),
        (SITE, "/unheard-of", "GET"),
    ):
        answer = keyed.client.options(path, headers={"origin": origin, ASKS: method})
        assert is_problem(answer, 403), (origin, path)
        assert "access-control-allow-methods" not in answer.headers


def test_every_answer_keeps_browsers_from_more_than_showing_it(keyed: Keyed) -> None:
    asked: list[Any] = [
        keyed.client.get(path, headers=keyed.secret("read"))
        for path in (*EVERY_GET, *PAGES, "/openapi.json", "/unheard-of", f"{KETTLE}?limit=0")
    ]
    asked += [keyed.client.get("/v1/models"), keyed.client.options(KETTLE), keyed.ask_as_page("/")]
    for answer in asked:
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        policy = answer.headers.get_list("content-security-policy")
        assert len(policy) == 1
        assert "default-src 'none'" in policy[0]
        assert "frame-ancestors 'none'" in policy[0]
        is_page = answer.headers["content-type"].startswith("text/html")
        assert ("script-src" in policy[0]) == is_page
    assert len([one for one in asked if "script-src" in one.headers["content-security-policy"]]) > 2


def test_an_unforeseen_error_is_as_safe(settings: Settings) -> None:
    app = create_app(settings)

    @app.get("/broken")
    async def broken() -> None:
        raise KeyError

    answer = TestClient(app, raise_server_exceptions=False).get("/broken")
    assert is_problem(answer, 500)
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_a_body_is_read_as_deep_as_the_limit_and_no_deeper(keyed: Keyed) -> None:
    headers = {**keyed.secret("read"), **JSON}
    for depth, expected in ((MAX_DEPTH, 422), (MAX_DEPTH + 1, 400), (100_000, 400)):
        for opening, closing in (("[", "]"), ('{"a":', "}")):
            body = opening * depth + "1" + closing * depth
            answer = keyed.client.post(BASKET, content=body, headers=headers)
            assert is_problem(answer, expected), (depth, answer.text)
    quoted = '{"product_ids": ["kettle"], "category": "' + "[" * 300 + '"}'
    assert keyed.client.post(BASKET, content=quoted, headers=headers).status_code == 200


def test_a_body_is_read_as_far_as_its_route_allows(keyed: Keyed) -> None:
    said = b'"' + b"x" * MAX_BODY_BYTES + b'"'
    pieces = (said[first : first + 65_536] for first in range(0, len(said), 65_536))
    headers = {**keyed.secret("read"), **JSON}
    for body in (said, pieces):
        assert is_problem(keyed.client.post(BASKET, content=body, headers=headers), 413)
    webhook = "/v1/webhooks/sendgrid"
    assert keyed.client.post(webhook, content=said, headers=JSON).status_code != 413
    larger = b"x" * (MAX_WEBHOOK_BYTES + 1)
    assert is_problem(keyed.client.post(webhook, content=larger, headers=JSON), 413)


def test_nobody_makes_the_server_read_a_body_without_a_key(keyed: Keyed) -> None:
    read = []

    def pieces() -> Iterator[bytes]:
        for piece in (b"x" * 65_536,) * 3:
            read.append(piece)
            yield piece

    assert is_problem(keyed.client.post("/v1/orders", content=pieces(), headers=JSON), 401)


def test_an_open_server_answers_this_machine_only(settings: Settings) -> None:
    app = create_app(settings)
    for address, expected in (
        ("http://127.0.0.1:8000", 200),
        ("http://[::1]:8000", 200),
        ("http://192.0.2.7:8000", 403),
        ("http://[2001:db8::1]", 403),
    ):
        answer = TestClient(app, base_url=address).get(KETTLE)
        assert answer.status_code == expected, address
        assert expected == 200 or "nba keys create" in answer.json()["detail"]


def test_the_pages_of_a_named_site_may_ask_an_open_server(settings: Settings) -> None:
    site = "http://127.0.0.1:8080"
    app = create_app(settings.model_copy(update={"origins": (site,)}))
    with TestClient(app) as client:
        body = {"product_ids": ["kettle"]}
        answer = client.post(BASKET, json=body, headers={"origin": site})
        assert answer.status_code == 200
        assert answer.headers[ALLOWED] == site
        assert client.options(BASKET, headers={"origin": site, ASKS: "POST"}).status_code == 204
        assert is_problem(client.post(BASKET, json=body, headers={"origin": OTHER_SITE}), 403)
        # A list can be trusted; a site that is not on it reads nothing either.
        assert ALLOWED not in client.get(KETTLE, headers={"origin": OTHER_SITE}).headers
