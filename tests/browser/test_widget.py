"""The widget on a shop's page: what it shows, what it asks, what it tells."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, Request, expect

from nba.state.tables import EVENTS
from tests.browser.conftest import PageAt, Served
from tests.browser.pages import WATCHING, page_of, titles, wait_until_told, watched
from tests.browser.shop import LONG_TITLE, ODD_PRODUCT, SHOP
from tests.browser.site import JSON, Site
from tests.unit.state.posted import rows_of

KETTLE = {"relation": "bought-together", "product": "kettle"}
CARD = {
    "title": "A", "price": 500, "sale_price": None, "currency": "EUR", "link": None,
    "image_link": None,
}  # fmt: skip


def answer_of(*cards: dict[str, Any]) -> str:
    """Write an answer of the server by hand."""
    items = [
        {"product_id": f"p{n}", "rank": n, "product": {**CARD, **card}, "reason": {"text": "why"}}
        for n, card in enumerate(cards, start=1)
    ]
    return json.dumps({"recommendation_id": "r_1", "items": items, "model": {"snapshot_id": "s1"}})


def until(page: Page, holds: Callable[[], bool]) -> None:
    """Wait for what comes of a page; less long than the widget waits for an answer."""
    for _ in range(100):
        if holds():
            return
        page.wait_for_timeout(50)
    pytest.fail("it did not come true")


@pytest.fixture
def page(page_at: PageAt) -> Page:
    return watched(page_at(1280))


def test_it_shows_products_with_link_picture_price_and_total(
    page: Page, keyed: Served, shop_site: Site
) -> None:
    told = {**KETTLE, "key": keyed.key, "limit": "3", "price": "3000"}
    page.goto(page_of(shop_site, keyed.address, told))
    assert titles(page) == ["Filter", "Cup", LONG_TITLE]
    widget = page.locator("nba-products")
    links = widget.locator("a").evaluate_all("links => links.map((link) => link.href)")
    # What leads nowhere by itself leads there from the shop's own page.
    assert links == [f"{SHOP}/p/filter", f"{SHOP}/p/cup", f"{shop_site.address}/p/mug"]
    assert widget.locator("[part=price]").all_inner_texts() == ["€5.00", "€6.00", "€9.00"]
    assert widget.locator("s").all_text_contents() == ["was €8.00"]
    assert widget.locator("img[src]").count() == 2
    assert widget.locator("[part=total]").inner_text() == "Together €50.00"


def test_it_is_one_request_and_leaves_nothing_in_the_browser(
    page: Page, keyed: Served, shop_site: Site
) -> None:
    asked: list[Request] = []
    page.on("request", lambda one: asked.append(one))
    page.goto(page_of(shop_site, keyed.address, {**KETTLE, "key": keyed.key}))
    titles(page)
    until(page, lambda: any("/v1/events" in one.url for one in asked))
    own = [one for one in asked if one.url.startswith(keyed.address)]
    script, lists, told = own
    assert script.url.endswith("/nba-products.js")
    assert "/v1/products/kettle/bought-together?" in lists.url
    assert (told.method, told.resource_type) == ("POST", "ping")
    assert not [one for one in own if "cookie" in one.all_headers()]
    assert page.context.cookies() == []
    assert page.evaluate("[localStorage.length, sessionStorage.length]") == [0, 0]
    assert page.evaluate("indexedDB.databases()") == []


@pytest.mark.parametrize(
    ("attributes", "method", "path"),
    [
        (KETTLE, "GET", "/v1/products/kettle/bought-together"),
        ({"basket": "kettle"}, "POST", "/v1/baskets:complete"),
    ],
)
def test_a_browser_does_not_ask_first_whether_it_may(
    page_at: PageAt,
    keyed: Served,
    shop_site: Site,
    other_site: Site,
    attributes: dict[str, str],
    method: str,
    path: str,
) -> None:
    # Where a driver answers some requests it answers whether they may be sent, too.
    page = page_at(1280)
    page.add_init_script(WATCHING)
    other_site.put(path, answer_of({"title": "Filter"}), kind=JSON)
    page.goto(page_of(shop_site, keyed.address, {**attributes, "endpoint": other_site.address}))
    assert titles(page) == ["Filter"]
    asked = [one for one, target in other_site.asked if not target.startswith("/v1/events")]
    assert asked == [method]


def test_a_basket_is_completed_up_to_a_total(page: Page, keyed: Served, shop_site: Site) -> None:
    basket = json.dumps(["kettle", ODD_PRODUCT])
    told = {"basket": basket, "target": "4000", "limit": "2", "exclude": "mug,alone"}
    page.goto(page_of(shop_site, keyed.address, {**told, "key": keyed.key}))
    assert titles(page) == ["Filter", "Cup"]
    ((name, answer),) = wait_until_told(page)
    assert (name, answer["type"]) == ("nba-load", "complete_basket")
    assert answer["request"]["product_ids"] == ["kettle", ODD_PRODUCT]
    assert answer["request"]["target_total"] == 4000


def test_what_is_in_the_basket_is_not_shown_beside_a_product(
    page: Page, keyed: Served, shop_site: Site
) -> None:
    told = {**KETTLE, "key": keyed.key, "basket": "filter,cup", "exclude": "mug", "limit": "2"}
    page.goto(page_of(shop_site, keyed.address, told))
    found = titles(page)
    assert found
    assert not {"Filter", "Cup", LONG_TITLE} & set(found)


def test_attributes_that_change_together_are_one_question_and_the_last_one_holds(
    page: Page, keyed: Served, shop_site: Site
) -> None:
    asked: list[str] = []
    page.on("request", lambda one: asked.append(one.url) if "/v1/products" in one.url else None)
    page.goto(page_of(shop_site, keyed.address, {**KETTLE, "key": keyed.key, "limit": "1"}))
    assert titles(page) == ["Filter"]
    page.locator("nba-products").evaluate(
        "one => { one.setAttribute('product', 'cup'); one.setAttribute('limit', '2') }"
    )
    ((_, first), (_, second)) = wait_until_told(page, 2)
    assert len(asked) == 2
    assert first["request"]["product_ids"] == ["kettle"]
    assert second["request"]["product_ids"] == ["cup"]
    assert len(titles(page)) == 2


def test_an_answer_that_nobody_waits_for_any_more_is_dropped(
    page: Page, keyed: Served, shop_site: Site, other_site: Site
) -> None:
    other_site.put("/v1/products/slow/similar", "", hangs=True)
    other_site.put("/v1/products/fast/similar", answer_of({"title": "Fast"}), kind=JSON)
    told = {"relation": "similar", "product": "slow", "endpoint": other_site.address}
    dropped: list[str] = []
    page.on("requestfailed", lambda one: dropped.append(one.url))
    with page.expect_request("**/slow/**"):
        page.goto(page_of(shop_site, keyed.address, told))
    page.locator("nba-products").evaluate("one => one.setAttribute('product', 'fast')")
    assert titles(page) == ["Fast"]
    until(page, lambda: any("/slow/" in url for url in dropped))
    with page.expect_request("**/slow/**"):
        page.locator("nba-products").evaluate("one => one.setAttribute('product', 'slow')")
    dropped.clear()
    page.locator("nba-products").evaluate("one => one.remove()")
    until(page, lambda: any("/slow/" in url for url in dropped))
    assert [name for name, _ in wait_until_told(page)] == ["nba-load"]


def test_what_is_in_view_is_told_once_and_what_is_clicked_too(
    page: Page, keyed: Served, shop_site: Site
) -> None:
    told = {**KETTLE, "key": keyed.key, "limit": "2", "placement": "below the fold"}
    page.goto(page_of(shop_site, keyed.address, told, before='<div class="tall"></div>'))
    ((_, answer),) = wait_until_told(page)

    def reported() -> list[tuple[str, str, int]]:
        rows = rows_of(keyed.store, EVENTS)
        return sorted(
            (row["type"], row["product_id"], row["position"])
            for row in rows
            if row.get("placement") == "below the fold"
            and row["recommendation_id"] == answer["recommendation_id"]
            and row.get("customer_id") is None
            and row.get("session_id") is None
        )

    assert reported() == []
    for _ in range(2):
        page.locator("nba-products").scroll_into_view_if_needed()
        until(page, lambda: len(reported()) == 2)
        page.evaluate("scrollTo(0, 0)")
    assert reported() == [("shown", "cup", 2), ("shown", "filter", 1)]
    page.get_by_role("link", name="Cup").click()
    expect(page).to_have_url(f"{SHOP}/p/cup")
    until(page, lambda: ("clicked", "cup", 2) in reported())
    assert len(reported()) == 3


def test_who_wants_no_reports_gets_none(page: Page, keyed: Served, shop_site: Site) -> None:
    asked: list[str] = []
    page.on("request", lambda one: asked.append(one.url))
    page.goto(page_of(shop_site, keyed.address, {**KETTLE, "key": keyed.key, "no-report": ""}))
    titles(page)
    page.locator("nba-products a[href]").first.click()
    expect(page).to_have_url(f"{SHOP}/p/filter")
    assert not [url for url in asked if "/v1/events" in url]


def test_a_shop_may_follow_a_link_in_its_own_way(
    page: Page, keyed: Served, shop_site: Site
) -> None:
    address = page_of(shop_site, keyed.address, {**KETTLE, "key": keyed.key})
    page.goto(address)
    titles(page)
    page.evaluate("addEventListener('nba-click', (event) => event.preventDefault())")
    page.locator("nba-products a[href]").first.click()
    _, (name, detail) = wait_until_told(page, 2)
    assert (name, detail["item"]["product_id"]) == ("nba-click", "filter")
    assert detail["answer"]["type"] == "bought_together"
    assert page.url == address


def test_prices_are_written_as_the_page_s_language_has_them(
    page: Page, keyed: Served, shop_site: Site, other_site: Site
) -> None:
    cards = (
        {"price": 123456, "sale_price": 99900},
        {"price": 1500, "currency": "JPY"},
        {"price": 1500, "currency": "BHD"},
        {"price": None},
        {"currency": None},
    )
    other_site.put("/v1/products/kettle/bought-together", answer_of(*cards), kind=JSON)
    told = {**KETTLE, "endpoint": other_site.address, "price": "100", "was": "statt"}
    page.goto(page_of(shop_site, keyed.address, told, html='lang="de_DE"'))
    titles(page)
    widget = page.locator("nba-products")
    items = widget.locator("li").all_text_contents()
    assert [text.replace("\xa0", " ").removeprefix("Awhy") for text in items] == [
        "statt 1.234,56 € 999,00 €", "1.500 ¥", "1,500 BHD", "", "",
    ]  # fmt: skip
    # What has several currencies, or a price that nobody knows, has no total.
    expect(widget.locator("[part=total]")).to_have_count(0)


def test_a_product_opened_in_another_tab_was_clicked_and_a_menu_opens_none(
    page: Page, keyed: Served, shop_site: Site
) -> None:
    page.goto(page_of(shop_site, keyed.address, {**KETTLE, "key": keyed.key, "limit": "2"}))
    titles(page)
    page.get_by_role("link", name="Cup").click(button="right")
    page.get_by_role("link", name="Filter").click(button="middle")
    _, *clicks = wait_until_told(page, 2)
    assert [(name, told["item"]["product_id"]) for name, told in clicks] == [
        ("nba-click", "filter")
    ]
