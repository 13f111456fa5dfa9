"""The storefront's basket and orders: what an address carries, and what an order changes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
from fastapi.testclient import TestClient

from nba.errors import StoreAwayError
from nba.state.erasure import erase
from nba.state.store import Store
from nba_api.live import Live
from nba_api.queries import MAX_BASKET
from nba_api.settings import Settings
from nba_api.shop.visit import MAX_LINES, Visit
from tests.api.claims import client_of, with_own_store
from tests.api.shop import AS_OF, ODD_PRODUCT, path_of
from tests.api.test_shop import page, shown_by, words

LATER = np.datetime64("2026-03-02T00:00:00", "us")


@pytest.fixture(scope="module")
def own_settings(
    settings: Settings, shop_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Settings:
    return shown_by(with_own_store(settings, shop_folder, tmp_path_factory.mktemp("orders")))


@pytest.fixture(scope="module")
def shop(own_settings: Settings) -> Iterator[TestClient]:
    with client_of(own_settings) as client:
        yield client


@pytest.fixture(scope="module")
def store(own_settings: Settings) -> Iterator[Store]:
    store = Store(own_settings.db)
    yield store
    store.close()


def lines(address: str) -> list[str]:
    return parse_qs(urlsplit(address).query).get("line", [])


def led_to(shop: TestClient, path: str, said: Any) -> str:
    answer = shop.get(path, params=said, follow_redirects=False)
    assert answer.status_code == 303
    return str(answer.headers["location"])


def order(shop: TestClient, *said: tuple[str, str]) -> Any:
    body = {name: [value for one, value in said if one == name] for name, _ in said}
    return shop.post("/shop/order", data=body, follow_redirects=False)


def test_a_basket_goes_along_in_the_address(shop: TestClient) -> None:
    said = [("customer", "ann"), ("line", "1:kettle"), ("add", "kettle"), ("add", ODD_PRODUCT)]
    laid = led_to(shop, "/shop/basket", said)
    assert lines(laid) == ["2:kettle", f"1:{ODD_PRODUCT}"]
    assert "customer=ann" in laid
    more = led_to(shop, f"{laid}&add=cup&pieces=3", None)
    assert lines(more) == [*lines(laid), "3:cup"]


def test_a_form_changes_the_pieces_and_none_takes_a_product_out(shop: TestClient) -> None:
    said = [("line", "1:kettle"), ("line", "5:cup"), ("product", "kettle"), ("pieces", "4"),
            ("product", "cup"), ("pieces", "0")]  # fmt: skip
    assert lines(led_to(shop, "/shop/basket", said)) == ["4:kettle"]


def test_a_basket_has_an_end() -> None:
    full = Visit.of([("line", f"9:p{number}") for number in range(60)])
    assert sum(full.basket.values()) == MAX_BASKET
    many = Visit.of([("line", f"1:p{number}") for number in range(60)])
    assert len(many.basket) == MAX_LINES
    assert Visit.of([("line", "2:kettle"), ("line", "0:kettle")]).basket == {}
    assert Visit.of([("line", f"1:{'x' * 300}"), ("line", "1:")]).basket == {}


def test_it_adds_up_and_says_what_is_missing_to_free_delivery(shop: TestClient) -> None:
    said = [("line", "2:cup"), ("line", "1:filter"), ("line", "1:unheard-of")]
    text = page(shop, "/basket", said)
    told = words(text)
    assert "Total €21.00" in told
    assert "Nobody knows these products, so they are left out: unheard-of" in told
    progress = re.findall(r'<progress id="free" value="(\d+)" max="(\d+)">', text)
    (paid, total), *_ = [tuple(map(int, one)) for one in progress]
    assert (paid, total) == (2100, 10_000)
    assert "€79.00 more, and delivery is free: it is from €100.00 on." in told


def test_what_completes_it_is_what_the_api_says(shop: TestClient) -> None:
    text = page(shop, "/basket", [("line", "2:filter")])
    total = int(re.findall(r'target="(\d+)"', text)[0])
    asked = {"product_ids": ["filter", "filter"], "target_total": total, "limit": 4}
    slate = shop.post("/v1/baskets:complete", json=asked).json()
    block = text.partition('id="complete"')[2].partition("</section>")[0]
    assert re.findall(r'dir="auto">(.*?)</span>', block) == [
        item["product"]["title"] for item in slate["items"]
    ]
    assert 'basket="[&#34;filter&#34;,&#34;filter&#34;]"' in block
    rich = page(shop, "/basket", [("line", "60:kettle")])
    assert "Delivery is free" in words(rich)
    assert "target=" not in rich


def test_an_order_changes_the_next_message_at_once(shop: TestClient, store: Store) -> None:
    before = shop.get(path_of("customers", "dan", "next-message")).json()
    placed = order(shop, ("customer", "dan"), ("line", "2:kettle"), ("line", f"1:{ODD_PRODUCT}"))
    assert placed.status_code == 303
    where = placed.headers["location"]
    assert lines(where) == []
    text = words(shop.get(where).text)
    after = shop.get(path_of("customers", "dan", "next-message")).json()
    order_id = parse_qs(urlsplit(where).query)["id"][0]
    assert after["state"] == "ordered/paid"
    assert before["state"] in text.replace(", ", "/")
    assert (after["message"] or {}).get("why", after["reason"]) in text
    facts = store.facts(["dan"], LATER)
    last = int(facts.order_start[-1]) - 1
    assert facts.order_ids[int(facts.order_id[last])] == order_id
    assert facts.products_of(last) == ["kettle", ODD_PRODUCT]
    first = int(facts.line_start[last])
    assert sorted(facts.revenue[first:].tolist()) == [400, 6000]


def test_what_lasts_leaves_the_lists_of_who_bought_it(shop: TestClient) -> None:
    path = path_of("customers", "new", "recommendations")
    assert "kettle" in {one["product_id"] for one in shop.get(path).json()["items"]}
    beside = {"id": "filter", "customer": "new"}
    basket = {"line": "1:filter", "customer": "new"}
    assert 'dir="auto">Kettle</span>' in page(shop, "/product", beside)
    assert 'dir="auto">Kettle</span>' in page(shop, "/basket", basket)
    order(shop, ("customer", "new"), ("line", "1:kettle"))
    assert "kettle" not in {one["product_id"] for one in shop.get(path).json()["items"]}
    for text in (page(shop, "/product", beside), page(shop, "/basket", basket)):
        assert 'dir="auto">Kettle</span>' not in text
        assert 'exclude="kettle"' in text


def test_what_was_only_just_bought_is_not_to_be_replaced(shop: TestClient) -> None:
    order(shop, ("customer", "guest-no-more"), ("line", "1:filter"))
    assert "Time to replace" not in page(
        shop, "/product", {"id": "filter", "customer": "guest-no-more"}
    )


def test_a_form_that_is_sent_twice_is_one_order(shop: TestClient, store: Store) -> None:
    form = page(shop, "/basket", [("line", "1:cup")])
    order_id = re.findall(r'name="order_id" value="(demo-[0-9a-f]{16})"', form)[0]
    assert order_id not in page(shop, "/basket", [("line", "1:cup")])
    count = store.order_count()
    for customer in ("ann", "bob"):
        answer = order(shop, ("order_id", order_id), ("customer", customer), ("line", "1:cup"))
        assert answer.status_code == 303
    assert store.order_count() == count + 1
    # The first one holds: bob has no such order.
    mine = f"/shop/order?id={order_id}&customer="
    assert [shop.get(f"{mine}{one}").status_code for one in ("ann", "bob")] == [200, 404]


def test_nobody_names_the_order_of_a_shop(shop: TestClient, store: Store) -> None:
    count = store.order_count()
    placed = order(shop, ("order_id", "o01"), ("customer", "ann"), ("line", "1:cup"))
    assert "id=demo-" in placed.headers["location"]
    assert store.order_count() == count + 1


def test_a_guest_orders_and_gets_no_message(shop: TestClient, store: Store) -> None:
    count = store.order_count()
    placed = order(shop, ("line", "1:cup"))
    text = words(shop.get(placed.headers["location"]).text)
    assert "there is nobody to write to" in text
    assert store.order_count() == count + 1


def test_nothing_is_ordered_of_what_nobody_knows(shop: TestClient, store: Store) -> None:
    count = store.order_count()
    for said in ((("customer", "ann"),), (("line", "1:unheard-of"),)):
        assert "/shop/basket" in order(shop, *said).headers["location"]
    assert shop.post("/shop/order", data={f"f{n}": "" for n in range(300)}).status_code == 400
    assert store.order_count() == count


def test_who_was_erased_orders_nothing(shop: TestClient, store: Store) -> None:
    # Of the store alone: the snapshot is one for all tests.
    erase(store, "eve", np.datetime64(AS_OF.removesuffix("Z"), "us"))
    answer = order(shop, ("customer", "eve"), ("line", "1:cup"))
    assert answer.status_code == 422
    assert "This could not be ordered" in answer.text
    assert "erased" in answer.text


def test_where_the_clock_stands_the_page_says_that_the_order_waits(
    own_settings: Settings,
) -> None:
    stands = own_settings.model_copy(update={"as_of": AS_OF, "starts_at": None})
    with client_of(stands) as shop:
        placed = order(shop, ("customer", "ann"), ("line", "1:cup"))
        text = words(shop.get(placed.headers["location"]).text)
        assert "The clock of this server stands" in text


def test_while_the_store_is_away_the_shop_goes_on_without_customers(
    shop: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> None:
        raise StoreAwayError("the store is away")

    live: Live = shop.app.state.live  # type: ignore[attr-defined]
    monkeypatch.setattr(live, "facts", away)
    text = page(shop, "", {"customer": "ann"})
    assert "Of customers nothing is known right now" in text
    assert "Best sellers" in text
    assert "Bought together" in page(shop, "/product", {"id": "kettle", "customer": "ann"})
    answer = order(shop, ("customer", "ann"), ("line", "1:cup"))
    assert answer.status_code == 303
    closed = shop.get(answer.headers["location"])
    assert (closed.status_code, closed.headers["retry-after"]) == (503, "5")
    assert "The shop is closed for now the store is away" in words(closed.text)
