"""The demonstration storefront: its pages, its addresses, and whom it is shown to."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import numpy as np
import pytest
from fastapi.testclient import TestClient

from nba.domain import Texts
from nba.errors import ConfigError
from nba.recommend.recommender import Recommender
from nba.state.keys import KeyKind, Scope, create_key
from nba.state.store import Store
from nba_api.app import create_app
from nba_api.live import Live
from nba_api.settings import Settings
from tests.api.claims import client_of
from tests.api.keyed import LONG_AGO
from tests.api.shop import ODD_CUSTOMER, ODD_PRODUCT, is_problem, path_of

STARTS_AT = "2026-03-01T12:00:00Z"
PAGES = (
    "",
    "/category",
    "/product?id=kettle",
    "/basket",
    f"/product?{urlencode({'id': ODD_PRODUCT})}",
)


def shown_by(settings: Settings) -> Settings:
    """Give the settings of a server that shows the storefront, whose clock runs."""
    return settings.model_copy(update={"as_of": None, "starts_at": STARTS_AT, "storefront": True})


@pytest.fixture(scope="module")
def shop(settings: Settings) -> Iterator[TestClient]:
    with client_of(shown_by(settings)) as client:
        yield client


def page(shop: TestClient, path: str, said: Any = None) -> str:
    answer = shop.get(f"/shop{path}", params=said)
    assert answer.status_code == 200, answer.text
    return answer.text


def links(text: str) -> list[str]:
    return [unescape(one) for one in re.findall(r'<a [^>]*?href="([^"]*)"', text)]


def words(text: str) -> str:
    """Give what a page says, without its marks."""
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", text)).split())


def test_only_a_server_that_was_told_so_shows_it(asking: TestClient) -> None:
    for path in PAGES:
        assert is_problem(asking.get(f"/shop{path}"), 404)
    assert is_problem(asking.post("/shop/order"), 404)


def test_before_anything_was_trained_a_page_says_how(own: Settings, tmp_path: Path) -> None:
    nothing = shown_by(own).model_copy(update={"models": tmp_path / "none"})
    with client_of(nothing) as client:
        closed = client.get("/shop")
    assert closed.status_code == 503
    assert "default-src 'none'" in closed.headers["content-security-policy"]
    assert "make one with: nba train" in words(closed.text)


def test_a_server_with_keys_refuses_to_start_with_it(own: Settings, store: Store) -> None:
    create_key(store, KeyKind.SECRET, LONG_AGO, scopes=[Scope.READ])
    with pytest.raises(ConfigError, match="leave out --storefront"):
        create_app(shown_by(own))


def test_a_key_that_is_made_later_closes_it(own: Settings, store: Store) -> None:
    with client_of(shown_by(own)) as shop:
        assert shop.get("/shop").status_code == 200
        create_key(store, KeyKind.SECRET, LONG_AGO, scopes=[Scope.READ])
        for _ in range(100):
            if shop.get("/shop").status_code == 404:
                break
            time.sleep(0.05)
        assert is_problem(shop.get("/shop"), 404)
        assert is_problem(shop.post("/shop/order", data={"line": "1:kettle"}), 404)


def test_another_site_orders_nothing(shop: TestClient) -> None:
    told = {"line": "1:kettle", "customer": "ann"}
    answer = shop.post("/shop/order", data=told, headers={"origin": "https://elsewhere.example"})
    assert is_problem(answer, 403)


def test_no_page_sets_a_cookie_or_runs_what_is_not_ours(shop: TestClient) -> None:
    for path in PAGES:
        answer = shop.get(f"/shop{path}")
        assert "set-cookie" not in answer.headers
        assert "no-store" in answer.headers["cache-control"]
        assert "script-src 'self'" in answer.headers["content-security-policy"]
        assert not re.search(r"<script(?![^>]* src=)|\son[a-z]+=|\sstyle=", answer.text)
        assert "sets no cookie" in answer.text


def test_every_link_and_form_of_every_page_carries_the_visit(shop: TestClient) -> None:
    visit = [("customer", ODD_CUSTOMER), ("blocks", "popular"), ("line", f"2:{ODD_PRODUCT}")]
    for path in (*PAGES[:3], "/category?path=Kitchen"):
        where, _, asked = path.partition("?")
        text = page(shop, where, [*parse_qsl(asked), *visit])
        ours = [one for one in links(text) if one.startswith("/shop")]
        assert len(ours) > 8
        for link in ours:
            said = parse_qsl(urlsplit(link).query)
            # What changes one of them carries the two others.
            assert len(set(visit) - set(said)) <= 1, link
        for form in re.findall(r"<form.*?</form>", text, re.DOTALL):
            assert f'value="2:{ODD_PRODUCT}"' in unescape(form)


def test_the_switch_changes_what_the_blocks_show(shop: TestClient) -> None:
    model = page(shop, "/product?id=kettle")
    popular = page(shop, "/product?id=kettle&blocks=popular")
    off = page(shop, "/product?id=kettle&blocks=off")
    assert "Bought together" in model
    assert '<nba-products relation="bought-together" product="kettle"' in model
    assert "/nba-products.js" in model
    assert "Best sellers" in popular
    assert "nba-products" not in popular + off
    assert "<h2" not in off


def test_a_block_says_without_script_what_the_widget_would(shop: TestClient) -> None:
    text = page(shop, "/product?id=kettle")
    slate = shop.get(path_of("products", "kettle", "bought-together"), params={"limit": 4}).json()
    block = text.partition('id="together"')[2].partition("</section>")[0]
    assert re.findall(r'<span class="title" dir="auto">(.*?)</span>', block) == [
        item["product"]["title"] for item in slate["items"]
    ]
    for item in slate["items"]:
        assert item["reason"]["text"] in unescape(block)
        assert slate["model"]["snapshot_id"] in block


def test_bought_together_has_its_total_and_one_button_for_all(shop: TestClient) -> None:
    text = page(shop, "/product?id=kettle")
    block = text.partition('id="together"')[2].partition("</section>")[0]
    slate = shop.get(path_of("products", "kettle", "bought-together"), params={"limit": 4}).json()
    total = 3000 + sum(item["product"]["price"] for item in slate["items"])
    assert f"Together €{total / 100:.2f}" in block
    assert 'price="3000"' in block
    added = re.findall(r'name="add" value="([^"]*)"', block)
    assert [unescape(one) for one in added] == [
        "kettle", *(item["product_id"] for item in slate["items"])
    ]  # fmt: skip


def test_what_cannot_be_ordered_shows_first_what_takes_its_place(shop: TestClient) -> None:
    text = page(shop, "/product?id=old-kettle")
    assert "It cannot be ordered." in text
    assert "sold no more" in text
    blocks = re.findall(r'<section class="block" id="(\w+)"', text)
    assert blocks[0] == "replace"
    assert "succeeds Old kettle" in text
    assert "Put into the basket" not in text


def test_what_fits_and_when_the_owner_bought_it_is_told(shop: TestClient) -> None:
    nobody = page(shop, "/product?id=kettle")
    ann = page(shop, "/product?id=kettle&customer=ann")
    assert 'id="fits"' in nobody
    assert "bought it on" not in nobody
    assert "Customer ann bought it on 20 Feb 2026." in ann


def test_the_first_page_is_of_the_chosen_customer(shop: TestClient) -> None:
    nobody, ann = page(shop, ""), page(shop, "?customer=ann")
    decision = shop.get(path_of("customers", "ann", "next-message")).json()
    assert "Next message:" not in nobody
    assert "For customer ann" in ann
    why = decision["message"]["why"] if decision["message"] else decision["reason"]
    assert why in unescape(ann)
    assert "/console/customers/ann" in links(ann)
    odd = page(shop, "", {"customer": ODD_CUSTOMER})
    assert f"/console/customers/{quote(ODD_CUSTOMER, safe='')}" in links(odd)
    assert "Welcome, customer nobody-known" in page(shop, "?customer=nobody-known")


def test_categories_lead_to_their_products_those_that_can_be_ordered_first(
    shop: TestClient,
) -> None:
    assert "/shop/category?path=Kitchen" in links(page(shop, ""))
    kitchen = page(shop, "/category?path=Kitchen")
    below = [one for one in links(kitchen) if "Kitchen+%3E+" in one]
    assert {parse_qsl(urlsplit(one).query)[0][1] for one in below} == {
        "Kitchen > Kettles", "Kitchen > Filters", "Kitchen > Cups"
    }  # fmt: skip
    shown = re.findall(r'dir="auto">(.*?)</span>', kitchen)
    assert set(shown) == {"Kettle", "Filter", "Cup", "Red mug", "Blue mug", "Old kettle"}
    assert shown[0] == "Kettle"
    assert set(shown[-2:]) == {"Cup", "Old kettle"}
    assert len(re.findall('class="card"', page(shop, "/category"))) == 7


def test_a_search_finds_titles_in_any_letters_and_an_id(shop: TestClient) -> None:
    assert "Blue mug" in page(shop, "/category", {"q": "MUG bl"})
    assert "Tea" in page(shop, "/category", {"q": ODD_PRODUCT})
    assert "No product has this word" in page(shop, "/category", {"q": "zebra"})


@pytest.mark.parametrize("path", ["/category?path=Nowhere", "/product?id=nothing", "/product"])
def test_what_the_shop_has_not_is_a_page_that_says_so(shop: TestClient, path: str) -> None:
    answer = shop.get(f"/shop{path}")
    assert answer.status_code == 404
    assert "There is no such" in answer.text


@pytest.mark.parametrize(
    "said",
    ["page=-1", "page=x", "page=99999999999", "line=x", "line=:", "line=5:", "blocks=all",
     "customer=%FF%00", f"customer={'x' * 300}", "line=9999999:kettle", "path=%00", "q=%ED%A0%80"],
)  # fmt: skip
def test_an_address_that_makes_no_sense_breaks_no_page(shop: TestClient, said: str) -> None:
    for path in ("", "/category", "/basket", "/product"):
        answer = shop.get(f"/shop{path}?{said}")
        assert answer.status_code in (200, 404), (path, said)
        assert "<main" in answer.text


def test_what_an_address_says_is_text_wherever_it_stands(shop: TestClient) -> None:
    evil = '"><script>harm()</script>'
    for path in ("?customer=", "/category?q=", "/product?id=", "/basket?line=1:"):
        answer = shop.get(f"/shop{path}{quote(evil)}")
        assert "<script>harm" not in answer.text
        assert answer.status_code in (200, 404)


def serve_products(shop: TestClient, monkeypatch: pytest.MonkeyPatch, **columns: Any) -> None:
    """Let other columns of the products be served."""
    live: Live = shop.app.state.live  # type: ignore[attr-defined]
    serving = live.serving()
    products = replace(serving.snapshot.products, **columns)
    changed = replace(serving, recommender=Recommender(serving.snapshot.with_products(products)))
    monkeypatch.setattr(live, "serving", lambda: changed)


def test_half_a_character_in_a_title_breaks_no_page(
    shop: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    serve_products(shop, monkeypatch, title=Texts.of(["\ud800"] * 7))
    for path in PAGES:
        assert shop.get(f"/shop{path}").status_code == 200


def test_a_shop_without_orders_prices_and_pictures_has_whole_pages(
    shop: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    nothing, none = np.empty(0, np.int32), np.zeros(7, np.bool_)
    serve_products(
        shop, monkeypatch, popular=nothing, popular_orders=nothing, has_price=none,
        has_sale_price=none, category=Texts.of([""] * 7), link=Texts.of([""] * 7),
    )  # fmt: skip
    for path in (*PAGES, "?blocks=popular", "/product?id=kettle&blocks=popular"):
        text = page(shop, path)
        assert "Best sellers" not in text
        assert "Together" not in text
    assert "no price" in page(shop, "/product?id=kettle")
    assert "Without a price, and so not in the total: Kettle" in page(shop, "/basket?line=1:kettle")
