"""Every route by every sort of key: a table of what is expected, written by hand."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any, Final

import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from starlette.routing import compile_path

from nba.state.keys import KeyKind, Scope, create_key
from nba.state.store import Store
from nba_api import routes
from nba_api.access import ROUTES, find_route, methods_of
from nba_api.settings import Settings
from tests.api.keyed import LONG_AGO, OTHER_SITE, SITE, Keyed, serving
from tests.api.shop import CUSTOMER_ROUTES, ODD_CUSTOMER, ODD_PRODUCT, is_problem, path_of

# What each column shows; `pass` in a row means that the route itself answers.
COLUMNS: Final = (
    "none", "page", "page-elsewhere", "read", "write", "admin", "metrics",
    "revoked", "expired", "malformed", "other-store",
)  # fmt: skip
STRANGERS: Final = "401 401 401 401"
SHOWN: Final = f"401 pass 403 pass 403 403 403 {STRANGERS}"
TOLD: Final = f"401 pass 403 403 pass 403 403 {STRANGERS}"
READ: Final = f"401 403 403 pass 403 403 403 {STRANGERS}"
WRITE: Final = f"401 403 403 403 pass 403 403 {STRANGERS}"
ADMIN: Final = f"401 403 403 403 403 pass 403 {STRANGERS}"
OPERATOR: Final = f"401 403 403 pass pass pass pass {STRANGERS}"
ANYBODY: Final = " ".join(["pass"] * len(COLUMNS))

MATRIX: Final = {
    "GET /v1/products/kettle/bought-together": SHOWN,
    "GET /v1/products/kettle/accessories": SHOWN,
    "GET /v1/products/kettle/similar": SHOWN,
    "GET /v1/products/old-kettle/replacements": SHOWN,
    "GET /v1/products/kettle/upsell": SHOWN,
    "POST /v1/baskets:complete": SHOWN,
    "POST /v1/events": TOLD,
    "POST /v1/track": TOLD,
    "POST /v1/batch": TOLD,
    # Without a token, which the tests of tokens bring.
    "GET /v1/customers/ann/recommendations": READ,
    "GET /v1/customers/ann/buy-again": READ,
    "GET /v1/customers/ann/viewed": READ,
    "GET /v1/customers/ann/profile": READ,
    "GET /v1/customers/ann/next-message": READ,
    "GET /v1/customers/ann/next-message.html": READ,
    "GET /v1/customers/ann/plan": READ,
    "GET /v1/feeds/digest.xml": SHOWN,
    "GET /v1/feeds/klaviyo/catalog.json": SHOWN,
    "GET /v1/kpis": READ,
    "GET /v1/cohorts": READ,
    "GET /v1/experiments": READ,
    "GET /v1/models": READ,
    "POST /v1/customers/ann/next-message:claim": WRITE,
    "POST /v1/messages/m_1:ack": WRITE,
    "POST /v1/next-messages:batch": WRITE,
    "POST /v1/orders": WRITE,
    "POST /v1/products": WRITE,
    "POST /v1/customers": WRITE,
    "POST /v1/message-events": WRITE,
    "GET /v1/customers/ann/export": ADMIN,
    "DELETE /v1/customers/nobody-at-all": ADMIN,
    "POST /v1/models:rollback": ADMIN,
    "GET /metrics": OPERATOR,
    # These check a signature of their own.
    "POST /v1/webhooks/sendgrid": ANYBODY,
    "GET /v1/webhooks/mailchimp": ANYBODY,
    "POST /v1/u/forged": ANYBODY,
    "GET /v1/u/forged": ANYBODY,
    # The browser's session stands for the key; without one these ask as other routes do.
    "GET /console": READ,
    "POST /console/leave": READ,
    "GET /console/figures": READ,
    "GET /console/pictures/none.svg": READ,
    "GET /console/models": READ,
    "GET /console/models/compare": READ,
    "GET /console/models/rollback": READ,
    "POST /console/models/rollback": ADMIN,
    "GET /console/quality": READ,
    "GET /console/letters": READ,
    "GET /console/letters/ann": READ,
    "GET /console/samples/digest": READ,
    "GET /console/messages/ann": READ,
    "GET /console/looks.css": READ,
    "GET /console/customers": READ,
    "GET /console/customers/ann": READ,
    "GET /console/enter": ANYBODY,
    "POST /console/enter": ANYBODY,
    "GET /shop": ANYBODY,
    "GET /shop/category": ANYBODY,
    "GET /shop/product": ANYBODY,
    "GET /shop/basket": ANYBODY,
    "GET /shop/order": ANYBODY,
    "POST /shop/order": ANYBODY,
    "GET /nba-products.js": ANYBODY,
    "GET /assets/base.css": ANYBODY,
    "GET /health/live": ANYBODY,
    "GET /health/ready": ANYBODY,
    "GET /openapi.json": ANYBODY,
    "GET /docs": ANYBODY,
    "GET /docs/oauth2-redirect": ANYBODY,
    "GET /redoc": ANYBODY,
}
MAY_SUCCEED_UNKEYED: Final = {
    "GET /health/live", "GET /health/ready", "GET /openapi.json", "GET /docs",
    "GET /docs/oauth2-redirect", "GET /redoc", "GET /nba-products.js", "GET /assets/base.css",
    "GET /console/enter",
}  # fmt: skip


@pytest.fixture(scope="module")
def keyed(
    shop_folder: Path, settings: Settings, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Keyed]:
    with serving(shop_folder, settings, tmp_path_factory.mktemp("access")) as keyed:
        yield keyed


@pytest.fixture(scope="module")
def foreign(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A secret key with every scope, of the store of another shop."""
    store = Store(f"sqlite:///{tmp_path_factory.mktemp('foreign') / 'other.db'}")
    _, text = create_key(store, KeyKind.SECRET, LONG_AGO, scopes=list(Scope))
    store.close()
    return text


def shown_by(keyed: Keyed, column: str, foreign: str) -> tuple[dict[str, str], dict[str, str]]:
    """Give the headers and the query with which a sort of caller comes."""
    if column == "none":
        return {}, {}
    if column.startswith("page"):
        site = SITE if column == "page" else OTHER_SITE
        return {"origin": site}, {"key": keyed.keys["page"]}
    text = {"malformed": "sk_ \x7f", "other-store": foreign}.get(column)
    return {"authorization": f"Bearer {text or keyed.keys[column]}"}, {}


@pytest.mark.parametrize("column", COLUMNS)
def test_every_route_lets_pass_whom_the_table_says(keyed: Keyed, foreign: str, column: str) -> None:
    headers, query = shown_by(keyed, column, foreign)
    for route, row in MATRIX.items():
        method, path = route.split()
        answer = keyed.client.request(method, path, headers=headers, params=query)
        expected = row.split()[COLUMNS.index(column)]
        if expected != "pass":
            assert is_problem(answer, int(expected)), (route, column, answer.status_code)
            assert (answer.headers.get("www-authenticate") == "Bearer") == (expected == "401")
            continue
        if route == "POST /console/enter":
            # No header opens it: it reads a form, which is not of a page of the shop.
            assert answer.status_code == (403 if "origin" in headers else 401)
            continue
        assert answer.status_code != 403, (route, column, answer.text)
        # Without a secret a webhook answers 404, and with a wrong signature 401.
        if "webhooks" not in route:
            assert answer.status_code != 401, (route, column, answer.text)
        if row == ANYBODY:
            assert (answer.status_code == 200) == (route in MAY_SUCCEED_UNKEYED), route


def test_the_table_of_expectations_has_every_route() -> None:
    named = {(route.split()[0], template_of(route)) for route in MATRIX}
    assert named == set(ROUTES)


def template_of(route: str) -> str:
    asked = find_route(*route.split())
    assert asked is not None, route
    return asked.template


def test_every_route_says_which_key_it_asks_for_and_the_table_has_no_other(app: FastAPI) -> None:
    served = routes_of(app.routes)
    for module in iter_modules(routes.__path__):
        served |= routes_of(import_module(f"{routes.__name__}.{module.name}").router.routes)
    assert served == set(ROUTES)


def routes_of(tree: Any) -> set[tuple[str, str]]:
    return {
        (method, context.path)
        for context in iter_route_contexts(tree)
        if context.path is not None
        for method in context.methods or ()
        if method != "HEAD"
    }


@pytest.mark.parametrize("identifier", [ODD_CUSTOMER, ODD_PRODUCT, "a/plan", "x\n", "a/profile/b"])
def test_the_table_finds_the_route_that_the_router_finds(app: FastAPI, identifier: str) -> None:
    served: list[Any] = [one for one in iter_route_contexts(app.routes) if one.path is not None]
    for _, template in ROUTES:
        path = template
        for name in ("customer_id:path", "product_id:path", "message_id:path", "provider", "token"):
            path = path.replace(f"{{{name}}}", identifier)
        for method in ("GET", "POST", "DELETE"):
            routed = next(
                (
                    one.path
                    for one in served
                    if method in (one.methods or ()) and compile_path(one.path)[0].match(path)
                ),
                None,
            )
            found = find_route(method, path)
            if routed is not None:
                assert found is not None
                assert found.template == routed


def test_with_keys_an_unknown_path_is_a_404_and_another_method_a_405(keyed: Keyed) -> None:
    for headers in ({}, keyed.secret("admin")):
        for path in ("/", "/v1", "/v1/products/kettle", "/v1/models/", "/v2/models", "/broken"):
            assert is_problem(keyed.client.get(path, headers=headers), 404)
        for method in ("PUT", "PATCH", "DELETE", "OPTIONS"):
            answer = keyed.client.request(method, "/v1/models", headers=headers)
            assert is_problem(answer, 405)
            assert answer.headers["allow"] == "GET"
    assert methods_of("/v1/u/x") == ["GET", "POST"]


def test_a_refusal_is_the_same_whoever_is_asked_about(keyed: Keyed) -> None:
    identity = {"x-request-id": "one"}
    for route in (*CUSTOMER_ROUTES, "export"):
        asked = [
            (
                keyed.client.get(path_of("customers", customer, route), headers=identity),
                keyed.ask_as_page(path_of("customers", customer, route), headers=identity),
            )
            for customer in ("ann", "nobody", ODD_CUSTOMER, "x" * 200)
        ]
        assert len({(one.status_code, one.content) for one, _ in asked}) == 1
        assert len({(one.status_code, one.content) for _, one in asked}) == 1


def test_a_key_in_the_wrong_place_is_no_key(keyed: Keyed) -> None:
    path = path_of("products", "kettle", "similar")
    for params in ({"key": keyed.keys["read"]}, {"key": keyed.keys["signing"]}, {"key": ""}):
        assert is_problem(keyed.client.get(path, params=params), 401)
    for name in ("page", "signing"):
        assert is_problem(keyed.client.get(path, headers=keyed.secret(name)), 401)
    basic = {"authorization": "Basic c2hvcDpzaG9w", "origin": SITE}
    assert keyed.ask_as_page(path, headers=basic).status_code == 200
