"""What the pages of a shop learn with a publishable key: nothing of one customer or of few."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from nba_api.settings import Settings
from tests.api.keyed import Keyed, serving
from tests.api.shop import ODD_CUSTOMER, PRODUCT_ROUTES, is_problem, path_of

CUP: Final = path_of("products", "cup", "bought-together")
KETTLE: Final = path_of("products", "kettle", "bought-together")
BASKET: Final = "/v1/baskets:complete"
PERSONAL: Final = ("recommendations", "buy-again", "viewed")
HEADERS: Final = ("x-customer-id", "x-customer-token", "x-user", "cookie", "from")
PARAMETERS: Final = ("customer_id", "customer", "user_id", "token", "as_of", "session")
CUSTOMERS: Final = 1000


@pytest.fixture(scope="module")
def keyed(
    shop_folder: Path, settings: Settings, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Keyed]:
    with serving(shop_folder, settings, tmp_path_factory.mktemp("public")) as keyed:
        yield keyed


def test_a_customer_id_anywhere_changes_no_answer(keyed: Keyed) -> None:
    random.seed(7)
    known = ("ann", "bob", "dan", "eve", ODD_CUSTOMER)
    body = {"product_ids": ["kettle"]}
    widget, basket = keyed.ask_as_page(KETTLE), keyed.ask_as_page(BASKET, method="POST", json=body)
    identity = {"x-request-id": "one"}
    refused: set[bytes] = set()
    for number in range(CUSTOMERS):
        customer = random.choice(known) if number % 2 else f"customer-{random.random()}"
        header, parameter = random.choice(HEADERS), random.choice(PARAMETERS)
        shown = {header: customer.encode()}
        answer = keyed.ask_as_page(KETTLE, headers=shown, params={parameter: customer})
        assert answer.status_code == 200
        assert answer.content == widget.content
        assert answer.headers["etag"] == widget.headers["etag"]
        if number % 5:
            continue
        answer = keyed.ask_as_page(BASKET, method="POST", json=body, headers=shown)
        assert answer.content == basket.content
        answer = keyed.ask_as_page(
            path_of("customers", customer, random.choice(PERSONAL)), headers=identity
        )
        assert is_problem(answer, 403)
        refused.add(answer.content)
    assert len(refused) == 1


def test_a_customer_in_a_body_is_refused_whoever_it_is(keyed: Keyed) -> None:
    answers = [
        keyed.ask_as_page(
            BASKET,
            method="POST",
            json={"product_ids": ["kettle"], "customer_id": customer},
            headers={"x-request-id": "one"},
        )
        for customer in ("ann", "nobody")
    ]
    assert is_problem(answers[0], 422)
    assert answers[0].content == answers[1].content


def test_figures_are_shown_to_the_shop_alone(keyed: Keyed) -> None:
    for route in PRODUCT_ROUTES:
        path = path_of("products", "kettle", route)
        asked = keyed.client.get(path, params={"explain": 1}, headers=keyed.secret("read")).json()
        shown = keyed.ask_as_page(path, params={"explain": 1}).json()
        assert all("evidence" in item["reason"] for item in asked["items"])
        assert all("evidence" not in item["reason"] for item in shown["items"])
    body = {"product_ids": ["kettle"], "explain": True}
    answer = keyed.ask_as_page(BASKET, method="POST", json=body)
    assert answer.json()["items"]
    assert "evidence" not in answer.text


def test_what_two_customers_bought_together_is_shown_to_the_shop_alone(keyed: Keyed) -> None:
    asked = keyed.client.get(CUP, params={"explain": 1}, headers=keyed.secret("read")).json()
    pair = {item["product_id"]: item["reason"]["evidence"] for item in asked["items"]}
    assert pair["kettle"]["customers_together"] == 2
    shown = keyed.ask_as_page(CUP).json()
    assert "kettle" not in [item["product_id"] for item in shown["items"]]
    basket = keyed.ask_as_page(BASKET, method="POST", json={"product_ids": ["cup"]}).json()
    assert "kettle" not in [item["product_id"] for item in basket["items"]]


def test_a_token_of_a_customer_opens_their_lists_without_the_figures(keyed: Keyed) -> None:
    for customer in ("ann", "nobody", ODD_CUSTOMER):
        for route in PERSONAL:
            path = path_of("customers", customer, route)
            asked = keyed.client.get(path, headers=keyed.secret("read"))
            header = {"x-customer-token": keyed.token(customer)}
            shown = keyed.ask_as_page(path, headers=header)
            assert shown.status_code == 200, shown.text
            assert shown.headers["cache-control"] == "private, no-store"
            assert "evidence" not in shown.text
            products = [
                [item["product_id"] for item in one.json()["items"]] for one in (asked, shown)
            ]
            assert products[0] == products[1]
            assert keyed.ask_as_page(path, params={"token": keyed.token(customer)}).json() == (
                shown.json()
            )


def test_a_token_opens_nothing_else(keyed: Keyed) -> None:
    token = {"x-customer-token": keyed.token("ann")}
    for customer, route in (("bob", "viewed"), ("ann", "profile"), ("ann", "next-message")):
        assert is_problem(
            keyed.ask_as_page(path_of("customers", customer, route), headers=token), 403
        )
    path = path_of("customers", "ann", "viewed")
    assert is_problem(keyed.client.get(path, headers=token), 401)
    both = {**token, **keyed.secret("write")}
    assert is_problem(keyed.client.get(path, headers=both), 403)


def test_a_page_tells_of_a_customer_only_with_their_token(keyed: Keyed) -> None:
    def tell(event_id: str, customer: str, headers: dict[str, str]) -> tuple[int, str]:
        event = {"event_id": event_id, "type": "view_item", "product_id": "kettle"}
        answer = keyed.ask_as_page(
            "/v1/events", method="POST", json=[{**event, "customer_id": customer}], headers=headers
        )
        return answer.status_code, answer.text

    token = {"x-customer-token": keyed.token("ann")}
    assert tell("page-1", "ann", token)[0] == 200
    identity = {"x-request-id": "one"}
    unproven = [tell("page-2", customer, identity) for customer in ("ann", "nobody")]
    other = [tell("page-3", customer, {**identity, **token}) for customer in ("bob", "nobody")]
    for answers in (unproven, other):
        assert {status for status, _ in answers} == {200}
        assert '"accepted":0' in answers[0][1]
        assert len({text for _, text in answers}) == 1
    forged = {"x-customer-token": keyed.token("ann", key="read")}
    assert tell("page-4", "ann", forged)[0] == 401
