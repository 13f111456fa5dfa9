"""The demonstration storefront in a browser: from a product to an order and the next message."""

from __future__ import annotations

import re
from typing import Final

import numpy as np
import pytest
from playwright.sync_api import Page, Route, expect

from nba import schema
from nba.state.posting import post
from nba.state.store import Store
from nba_api.settings import Settings
from tests.browser.conftest import PageAt, Serve
from tests.browser.pages import WATCHING, shift_of, titles, wait_until_told, watched
from tests.browser.shop import AS_OF, EVIL_TITLE

# One each, as what somebody ordered is not proposed to them again.
CLICKING, WITHOUT_SCRIPT, LOOKING = "c1", "c2", "c3"
TYPING: Final = {375: "c4", 1280: "c5"}
LONG_AGO: Final = np.datetime64("2026-01-01T00:00:00", "us")
WIDER: Final = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
FOCUS: Final = """() => {
  let found = document.activeElement;
  while (found.shadowRoot?.activeElement) found = found.shadowRoot.activeElement;
  const told = found.getAttribute("aria-label") || found.labels?.[0]?.innerText;
  return (told || found.innerText).trim();
}"""
"""What the focus is on, by its name."""
MOST_TABS: Final = 60


@pytest.fixture(scope="module")
def address(serve: Serve, trained: Settings) -> str:
    """Where the storefront is, some of whose customers may be written to."""

    def prepare(store: Store) -> None:
        granted = {"channel": "email", "granted": True, "at": "2026-01-02T00:00:00Z"}
        rows = [{"customer_id": f"c{number}", **granted} for number in range(6)]
        assert post(store, schema.CONSENTS, rows, LONG_AGO).accepted == len(rows)

    told = {"as_of": None, "starts_at": AS_OF, "storefront": True}
    return str(serve(trained.model_copy(update=told), prepare=prepare).address)


def tab_to(page: Page, name: str) -> None:
    """Press Tab until the focus is on what has a name that begins so."""
    for _ in range(MOST_TABS):
        page.keyboard.press("Tab")
        if page.evaluate(FOCUS).startswith(name):
            return
    pytest.fail(f"no Tab leads to {name!r}")


def told_of(page: Page, when: str) -> str:
    return page.get_by_role("region", name=when).inner_text()


def expect_order(page: Page, *products: str) -> None:
    """See that an order was placed, and that the message after it is another one."""
    expect(page).to_have_title(re.compile("^Order placed"))
    for product in products:
        expect(page.get_by_role("main").get_by_role("link", name=product)).to_be_visible()
    before, now = told_of(page, "Just before the order"), told_of(page, "Now")
    assert "is paid" in now
    assert re.search(r"order-status|order status", now)
    order = re.findall(r"demo-[0-9a-f]{16}", now)[0]
    assert order not in before
    assert page.context.cookies() == []


def test_from_a_product_by_the_widget_to_an_order_and_another_message(
    page_at: PageAt, address: str
) -> None:
    page = watched(page_at(1280))
    page.goto(f"{address}/shop/product?id=kettle&customer={CLICKING}")
    assert "Filter" in titles(page)
    block = page.get_by_role("region", name="Bought together")
    filters = block.locator("[part=link]", has_text="Filter")
    expect(block.locator("[part=total]")).to_have_text(re.compile("Together €"))
    filters.hover()
    reason = block.locator("[part=item]", has_text="Filter").locator("[part=reason]")
    expect(reason).to_have_css("opacity", "1")
    expect(reason).to_contain_text("orders with Kettle")
    filters.click()
    expect(page).to_have_title(re.compile("^Filter"))
    page.get_by_label("Pieces").fill("2")
    page.get_by_role("button", name="Put into the basket").click()
    expect(page.get_by_role("link", name="Basket (2 pieces)")).to_be_visible()
    expect(page.get_by_role("progressbar")).to_be_visible()
    assert f"customer={CLICKING}" in page.url
    page.get_by_role("button", name=f"Order as customer {CLICKING}").click()
    expect_order(page, "Filter")
    page.get_by_role("link", name="Go on").click()
    expect(page.get_by_text("Next message: order status by email")).to_be_visible()
    assert page.evaluate("window.violations") == []
    assert page.evaluate("[localStorage.length, sessionStorage.length]") == [0, 0]


@pytest.mark.parametrize("width", [375, 1280])
def test_by_keyboard_alone(page_at: PageAt, address: str, width: int) -> None:
    page = watched(page_at(width))
    page.goto(f"{address}/shop/product?id=kettle&customer={TYPING[width]}")
    titles(page)
    page.keyboard.press("Tab")
    assert page.evaluate(FOCUS) == "Skip to the content"
    page.keyboard.press("Enter")
    tab_to(page, "Filter")
    reasons = page.locator("nba-products [part=reason]")
    expect(reasons.filter(has_text="Kettle").first).to_have_css("opacity", "1")
    page.keyboard.press("Enter")
    expect(page).to_have_title(re.compile("^Filter"))
    tab_to(page, "Put into the basket")
    page.keyboard.press("Enter")
    expect(page).to_have_title(re.compile("^Basket"))
    assert not page.evaluate(WIDER)
    tab_to(page, "Order as customer")
    page.keyboard.press("Enter")
    expect_order(page, "Filter")
    assert not page.evaluate(WIDER)


def test_without_javascript(page_at: PageAt, address: str) -> None:
    page = page_at(375, javascript=False)
    page.goto(f"{address}/shop")
    page.get_by_label("Customer").fill(WITHOUT_SCRIPT)
    page.get_by_role("button", name="Choose").click()
    expect(page.get_by_text("Next message:")).to_be_visible()
    page.get_by_role("link", name="Kitchen", exact=False).first.click()
    page.get_by_role("main").get_by_role("link", name="Kettle", exact=True).click()
    block = page.get_by_role("region", name="Bought together")
    expect(block.get_by_role("listitem").first).to_contain_text("orders with Kettle")
    expect(block.get_by_text("Together €")).to_be_visible()
    block.get_by_role("link", name="Filter").focus()
    expect(block.locator(".why").first).to_have_css("opacity", "1")
    block.get_by_role("button", name="Put all").click()
    expect(page.get_by_role("row", name=re.compile("Kettle"))).to_be_visible()
    page.get_by_label("Pieces of Kettle").fill("0")
    page.get_by_role("button", name="Change the pieces").click()
    expect(page.get_by_role("row", name=re.compile("Kettle"))).to_have_count(0)
    page.get_by_role("button", name="Order as customer").click()
    expect_order(page, "Filter", "Cup")
    assert not page.evaluate(WIDER)


@pytest.mark.parametrize("width", [375, 1280])
@pytest.mark.parametrize("away", ["refused", "broken", "there"])
def test_whether_the_api_is_there_or_not_the_page_is_whole_and_nothing_jumps(
    page_at: PageAt, address: str, width: int, away: str
) -> None:
    def answer(route: Route) -> None:
        if away == "refused":
            route.abort()
        else:
            route.fulfill(status=500, body="{")

    page = page_at(width)
    page.add_init_script(WATCHING)
    if away != "there":
        page.route("**/v1/**", answer)
    page.goto(f"{address}/shop/product?id=kettle&customer={LOOKING}")
    count = page.locator("nba-products").count()
    assert count >= 2
    for name, _ in wait_until_told(page, count):
        assert name == ("nba-load" if away == "there" else "nba-empty")
    block = page.get_by_role("region", name="Bought together")
    expect(block.get_by_text("Filter").locator("visible=true")).to_have_count(1)
    expect(block.get_by_text("Together €").locator("visible=true")).to_have_count(1)
    assert shift_of(page) == 0


def test_a_title_with_markup_is_text_on_every_page(page_at: PageAt, address: str) -> None:
    page = watched(page_at(375))
    pages = (
        "",
        "/category?path=Food",
        "/product?id=evil",
        "/basket?line=1:evil",
        "/product?id=cup",
    )
    for path in pages:
        page.goto(f"{address}/shop{path}")
        if page.locator("nba-products").count():
            titles(page)
        assert page.evaluate("window.harmed") is None
        assert not page.evaluate(WIDER)
    page.goto(f"{address}/shop/product?id=evil")
    expect(page.get_by_role("heading", level=1)).to_have_text(EVIL_TITLE)
