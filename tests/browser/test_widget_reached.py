"""The widget for everybody: keyboard, screen reader, narrow pages, other scripts, none at all."""

from __future__ import annotations

import json
from typing import Final

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import PageAt, Served
from tests.browser.pages import HEADING, page_of, titles, watched
from tests.browser.shop import EVIL_LINK, EVIL_TITLE, SHOP
from tests.browser.site import JSON, Site

KETTLE: Final = {"relation": "bought-together", "product": "kettle"}
PATH: Final = "/v1/products/kettle/bought-together"
INSTEAD: Final = '<ul><li><a href="/p/filter">Filter</a></li></ul>'


@pytest.fixture
def page(page_at: PageAt) -> Page:
    return watched(page_at(1280))


def test_the_keyboard_alone_reaches_every_product_and_follows_its_link(
    page: Page, keyed: Served, shop_site: Site
) -> None:
    told = {**KETTLE, "key": keyed.key, "limit": "2"}
    page.goto(page_of(shop_site, keyed.address, told, behind='<a href="/">Behind</a>'))
    titles(page)
    for name in ("Filter", "Cup", "Behind"):
        page.keyboard.press("Tab")
        link = page.get_by_role("link", name=name)
        expect(link).to_be_focused()
        assert link.evaluate("one => getComputedStyle(one).outlineStyle") != "none"
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{SHOP}/p/cup")


def test_a_screen_reader_finds_a_region_with_its_heading_and_a_list(
    page: Page, keyed: Served, shop_site: Site
) -> None:
    told = {**KETTLE, "key": keyed.key, "limit": "2", "price": "3000"}
    page.goto(page_of(shop_site, keyed.address, told, inside=HEADING + INSTEAD))
    titles(page)
    assert page.locator("main").aria_snapshot() == "\n".join(
        (
            "- main:",
            "  - paragraph: What stands before",
            '  - region "Bought together":',
            '    - heading "Bought together" [level=2]',
            "    - list:",
            "      - listitem:",
            '        - link "Filter":',
            f"          - /url: {SHOP}/p/filter",
            "        - text: €5.00",
            "      - listitem:",
            '        - link "Cup":',
            f"          - /url: {SHOP}/p/cup",
            "        - text: was €8.00 €6.00",
            "    - paragraph: Together €41.00",
            "  - paragraph: What follows",
        )
    )


def test_reason_and_snapshot_are_explained_to_pointer_keyboard_and_screen_reader(
    page: Page, keyed: Served, shop_site: Site
) -> None:
    told = {**KETTLE, "key": keyed.key, "limit": "2"}
    page.goto(page_of(shop_site, keyed.address, told))
    titles(page)
    reason = page.locator("nba-products [part=reason]").first
    expect(reason).to_be_hidden()
    told["explain"] = ""
    page.goto(page_of(shop_site, keyed.address, told))
    titles(page)
    expect(reason).to_contain_text("75 % of orders with Kettle also had it (20260124T200000-")
    expect(reason).to_have_css("opacity", "0")
    page.get_by_role("link", name="Filter").focus()
    expect(reason).to_have_css("opacity", "1")
    page.get_by_role("link", name="Cup").hover()
    expect(page.locator("nba-products [part=reason]").nth(1)).to_have_css("opacity", "1")
    assert "75 % of orders with Kettle also had it (2026" in page.locator("main").aria_snapshot()


def test_without_javascript_the_shops_own_list_stands(
    page_at: PageAt, keyed: Served, shop_site: Site
) -> None:
    page = page_at(375, javascript=False)
    page.goto(page_of(shop_site, keyed.address, KETTLE, inside=HEADING + INSTEAD))
    expect(page.get_by_role("heading", name="Bought together")).to_be_visible()
    expect(page.get_by_role("link", name="Filter")).to_be_visible()


@pytest.mark.parametrize("direction", ["ltr", "rtl"])
def test_long_titles_and_many_products_scroll_in_their_list_and_not_the_page(
    page_at: PageAt, keyed: Served, shop_site: Site, direction: str
) -> None:
    page = watched(page_at(375))
    told = {**KETTLE, "key": keyed.key, "fallback": "popular", "limit": "50"}
    html = f'lang="en" dir="{direction}"'
    page.goto(page_of(shop_site, keyed.address, told, html=html))
    assert len(titles(page)) >= 5
    assert page.evaluate("document.documentElement.scrollWidth") == 375
    sizes = page.locator("nba-products ul").evaluate("one => [one.scrollWidth, one.clientWidth]")
    assert sizes[0] > sizes[1]
    first = page.locator("nba-products li").first.bounding_box()
    assert first is not None
    assert (first["x"] < 40) == (direction == "ltr")
    last = page.get_by_role("link").last
    last.focus()
    expect(last).to_be_in_viewport()


def test_nothing_of_a_product_runs_and_the_strictest_policy_has_nothing_to_say(
    page: Page, keyed: Served, shop_site: Site
) -> None:
    said: list[str] = []
    page.on("console", lambda told: said.append(told.text))
    told = {**KETTLE, "key": keyed.key, "explain": "", "price": "3000"}
    page.goto(page_of(shop_site, keyed.address, told, inside=HEADING + INSTEAD))
    assert EVIL_TITLE in titles(page)
    evil = page.locator("nba-products li").filter(has_text="onerror")
    expect(evil.locator("a[href], img[src], script")).to_have_count(0)
    evil.locator("a").click()
    assert page.evaluate("window.harmed") is None
    assert page.evaluate("window.violations") == []
    assert said == []


@pytest.mark.parametrize(
    "address",
    [
        EVIL_LINK,
        "  JaVaScRiPt:window.harmed=1",
        "java\nscript:window.harmed=1",
        "data:text/html,<script>window.harmed=1</script>",
        "vbscript:harm",
        "file:///etc/passwd",
        "http://[",
        "",
    ],
)
def test_an_address_that_is_no_page_and_no_picture_is_none(
    page: Page, keyed: Served, shop_site: Site, other_site: Site, address: str
) -> None:
    product = {"title": EVIL_TITLE, "link": address, "image_link": address}
    item = {"product_id": EVIL_TITLE, "rank": 1, "product": product, "reason": {"text": EVIL_TITLE}}
    answer = {"recommendation_id": "r", "items": [item], "model": {"snapshot_id": EVIL_TITLE}}
    other_site.put(PATH, json.dumps(answer), kind=JSON)
    told = {**KETTLE, "endpoint": other_site.address, "explain": ""}
    page.goto(page_of(shop_site, keyed.address, told))
    assert titles(page) == [EVIL_TITLE]
    expect(page.locator("nba-products").locator("a[href], img[src], script")).to_have_count(0)
    page.locator("nba-products a").click()
    assert page.evaluate("window.harmed") is None
