"""The widget where there is nothing to show: the page stays whole, and nothing on it jumps."""

from __future__ import annotations

import json
import socket
from typing import Any, Final

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import PageAt, Served
from tests.browser.pages import HEADING, page_of, shift_of, titles, wait_until_told, watched
from tests.browser.shop import LONG_TITLE
from tests.browser.site import HTML, JSON, Site

KETTLE: Final = {"relation": "bought-together", "product": "kettle"}
PATH: Final = "/v1/products/kettle/bought-together"
INSTEAD: Final = '<ul><li><a href="/p/filter">Filter, as the shop itself says</a></li></ul>'
TALL: Final = '<div class="tall"></div>'
# What a server says that is not well, by what it is.
WRONG: Final[dict[str, dict[str, Any]]] = {
    "an error": {"body": json.dumps({"status": 500}), "status": 500, "kind": JSON},
    "no JSON": {"body": "{", "kind": JSON},
    "a page": {"body": "<h1>Back soon</h1>", "kind": HTML},
    "another document": {"body": "[1, null]", "kind": JSON},
    "items that are none": {"body": json.dumps({"items": [1, {"product": {}}]}), "kind": JSON},
    "nothing to show": {"body": json.dumps({"items": []}), "kind": JSON},
    "a currency that is none": {
        "body": json.dumps({"items": [{"product": {"price": 1, "currency": "?"}, "reason": {}}]}),
        "kind": JSON,
    },
}

# Whether the event tells of an error, and which status the server's own words had.
NAMED: Final = {"an error": (True, 500), "nothing to show": (False, None)}


@pytest.fixture
def page(page_at: PageAt) -> Page:
    return watched(page_at(1280))


def height_of(page: Page) -> float:
    found: float = page.locator("nba-products").evaluate("one => one.offsetHeight")
    return found


def is_whole(page: Page) -> bool:
    """Whether all else on the page is there, and nothing of it jumped."""
    return (
        page.get_by_text("What stands before").is_visible()
        and page.get_by_text("What follows").is_visible()
        and shift_of(page) == 0
    )


@pytest.mark.parametrize("wrong", WRONG)
def test_whatever_a_server_says_the_page_stays_whole_and_nothing_jumps(
    page: Page, keyed: Served, shop_site: Site, other_site: Site, wrong: str
) -> None:
    other_site.put(PATH, **WRONG[wrong])
    page.goto(page_of(shop_site, keyed.address, {**KETTLE, "endpoint": other_site.address}))
    ((name, told),) = wait_until_told(page)
    assert name == "nba-empty"
    assert ("error" in told, told.get("status")) == NAMED.get(wrong, (True, None))
    assert is_whole(page)
    expect(page.get_by_role("region")).to_have_count(0)
    expect(page.get_by_role("heading")).to_have_count(0)
    assert height_of(page) == 352


def test_a_server_that_is_not_there_leaves_the_page_whole(
    page: Page, keyed: Served, shop_site: Site
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        closed = f"http://127.0.0.1:{nobody.getsockname()[1]}"
    page.goto(page_of(shop_site, keyed.address, {**KETTLE, "endpoint": closed}))
    wait_until_told(page)
    assert is_whole(page)
    assert height_of(page) == 352


def test_a_server_that_says_nothing_is_away_after_eight_seconds(
    page: Page, keyed: Served, shop_site: Site, other_site: Site
) -> None:
    other_site.put(PATH, "", hangs=True)
    page.clock.install()
    with page.expect_request(f"**{PATH}?**"):
        page.goto(page_of(shop_site, keyed.address, {**KETTLE, "endpoint": other_site.address}))
        page.clock.run_for(10)
    page.clock.run_for(7_000)
    assert page.evaluate("window.told.length") == 0
    page.clock.run_for(1_100)
    ((name, _),) = wait_until_told(page)
    assert name == "nba-empty"
    assert page.get_by_text("What follows").is_visible()


def test_a_script_that_does_not_come_leaves_room_and_the_shops_own_list(
    page: Page, shop_site: Site, other_site: Site
) -> None:
    page.goto(page_of(shop_site, other_site.address, KETTLE, inside=HEADING + INSTEAD))
    expect(page.get_by_role("link", name="Filter")).to_be_visible()
    assert is_whole(page)


@pytest.mark.parametrize("wrong", ["an error", "nothing to show"])
def test_below_what_is_in_view_it_hides(
    page: Page, keyed: Served, shop_site: Site, other_site: Site, wrong: str
) -> None:
    other_site.put(PATH, **WRONG[wrong])
    told = {**KETTLE, "endpoint": other_site.address}
    page.goto(page_of(shop_site, keyed.address, told, before=TALL))
    wait_until_told(page)
    expect(page.locator("nba-products")).to_be_hidden()
    assert shift_of(page) == 0
    # What is there after all is shown.
    page.locator("nba-products").evaluate(
        "(one, [key, address]) => { one.setAttribute('key', key);"
        " one.setAttribute('endpoint', address) }",
        [keyed.key, keyed.address],
    )
    wait_until_told(page, 2)
    expect(page.get_by_role("region", name="Bought together")).to_be_visible()


def test_the_shops_own_list_stays_where_the_server_gives_none(
    page: Page, keyed: Served, shop_site: Site, other_site: Site
) -> None:
    other_site.put(PATH, **WRONG["an error"])
    told = {**KETTLE, "endpoint": other_site.address}
    page.goto(page_of(shop_site, keyed.address, told, before=TALL, inside=HEADING + INSTEAD))
    wait_until_told(page)
    page.locator("nba-products").scroll_into_view_if_needed()
    expect(page.get_by_role("link", name="Filter")).to_be_visible()
    expect(page.get_by_role("heading", name="Bought together")).to_be_visible()


@pytest.mark.parametrize("inside", ["", HEADING, HEADING + INSTEAD, HEADING + TALL])
@pytest.mark.parametrize("width", [375, 1280])
def test_nothing_jumps_when_the_list_comes(
    page_at: PageAt, keyed: Served, shop_site: Site, inside: str, width: int
) -> None:
    page = watched(page_at(width))
    told = {**KETTLE, "key": keyed.key, "price": "3000"}
    page.goto(page_of(shop_site, keyed.address, told, inside=inside))
    assert LONG_TITLE in titles(page)
    assert shift_of(page) == 0
    expect(page.get_by_text("as the shop itself says")).to_be_hidden()


def test_below_what_is_in_view_the_list_gives_back_room_that_it_does_not_need(
    page: Page, keyed: Served, shop_site: Site
) -> None:
    told = {**KETTLE, "key": keyed.key}
    page.goto(page_of(shop_site, keyed.address, told, before=TALL, inside=HEADING + TALL))
    assert titles(page)
    assert shift_of(page) == 0
    assert height_of(page) == 352


def test_an_empty_basket_asks_nothing(page: Page, keyed: Served, shop_site: Site) -> None:
    asked: list[str] = []
    page.on("request", lambda one: asked.append(one.url))
    page.goto(page_of(shop_site, keyed.address, {"basket": "", "key": keyed.key}))
    wait_until_told(page)
    assert is_whole(page)
    assert not [url for url in asked if "/v1/" in url]
