"""Letters and their pages in a browser: they fit, are readable in the dark, and run nothing."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from playwright.sync_api import Page

from nba.domain import to_instant
from nba.state.consents import Consent, write
from nba.state.store import Store
from nba.vocabulary import MESSAGE_IDS
from nba_api.settings import Settings
from tests.browser.conftest import PageAt, Serve, Served
from tests.browser.pages import watched
from tests.browser.shop import EVIL_TITLE

EVIL_CUSTOMER = "c4"
"""Whose order holds the product with a title that means harm."""
WIDTHS = (375, 1280)


def _agree(store: Store) -> None:
    at = int(to_instant("2026-01-01T00:00Z").astype(int))
    customers = [Consent(f"c{one}", "email", True, at, "test") for one in range(24)]
    with store.writing() as connection:
        write(connection, customers)


@pytest.fixture(scope="module")
def letters(serve: Serve, trained: Settings) -> Served:
    told = {"shop_name": "Kettles & Co", "shop_url": "https://shop.example/"}
    return serve(trained.model_copy(update=told), prepare=_agree)


@pytest.fixture(params=WIDTHS)
def page(request: pytest.FixtureRequest, page_at: PageAt) -> Page:
    return watched(page_at(request.param))


def overflow(page: Page) -> int:
    """Give by how many pixels a page is wider than its window."""
    found: int = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    return found


def contrasts(page: Page) -> list[float]:
    """Give the contrast of every text of a letter with what lies behind it."""
    found: list[float] = page.evaluate(
        """() => {
          const parts = (colour) => colour.match(/[\\d.]+/g).map(Number);
          const light = (colour) => {
            const [r, g, b] = parts(colour).map((one) => {
              const share = one / 255;
              return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
            });
            return 0.2126 * r + 0.7152 * g + 0.0722 * b;
          };
          const behind = (node) => {
            for (; node; node = node.parentElement) {
              const colour = getComputedStyle(node).backgroundColor;
              if (parts(colour).length < 4 || parts(colour)[3] > 0) return colour;
            }
            return "rgb(255, 255, 255)";
          };
          const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
          const found = [];
          while (texts.nextNode()) {
            const node = texts.currentNode.parentElement;
            if (!texts.currentNode.data.trim() || !node.checkVisibility()) continue;
            const both = [light(getComputedStyle(node).color), light(behind(node))];
            found.push((Math.max(...both) + 0.05) / (Math.min(...both) + 0.05));
          }
          return found;
        }"""
    )
    return found


@pytest.mark.parametrize("message", ["order-status", "back-in-stock", "accessories", "digest"])
def test_a_letter_fits_and_can_be_read_in_the_light_and_in_the_dark(letters, page, message):
    for scheme in ("light", "dark"):
        page.goto(f"{letters.address}/console/samples/{message}?scheme={scheme}&language=uk")
        assert overflow(page) <= 0
        found = contrasts(page)
        assert len(found) > 4
        assert min(found) >= 4.5, scheme


def test_a_letter_without_pictures_still_says_all(letters, page):
    page.goto(f"{letters.address}/console/samples/digest?images=0")
    assert page.get_by_role("link", name="Kettle", exact=True).count() >= 1
    assert page.evaluate("[...document.images].every((one) => one.naturalWidth === 0 && one.alt)")


def test_the_page_of_a_message_shows_every_view_of_it(letters, page):
    page.goto(f"{letters.address}/console/messages/c0")
    assert overflow(page) <= 0
    frames = page.locator("iframe")
    assert frames.count() == 4
    for place in range(4):
        frames.nth(place).scroll_into_view_if_needed()
        heading = frames.nth(place).content_frame.get_by_role("heading", level=1)
        assert heading.inner_text()
    page.get_by_role("link", name="Українська").click()
    assert page.locator("html").get_attribute("lang") == "en"
    assert page.locator("pre").get_attribute("lang") == "uk"


def test_a_title_that_means_harm_is_shown_and_does_nothing(letters, page_at):
    page = watched(page_at(1280))
    page.goto(f"{letters.address}/console/messages/{quote(EVIL_CUSTOMER)}")
    frame = page.locator("iframe").first.content_frame
    assert frame.get_by_text(EVIL_TITLE).count() >= 1
    assert EVIL_TITLE in page.locator("pre").inner_text()
    for one in page.frames:
        assert one.evaluate("window.harmed") is None


def test_the_gallery_is_walked_without_a_script_and_by_keyboard_alone(letters, page_at):
    page = page_at(375, javascript=False)
    page.goto(f"{letters.address}/console/letters?language=uk")
    assert page.locator("iframe").count() == len(MESSAGE_IDS)
    page.get_by_role("link", name="order-status", exact=True).focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/console/letters?message=order-status&language=uk")
    assert page.get_by_role("heading", name="order-status").count() == 1
    assert page.get_by_text("Замовлення 1001: відправлено").count() >= 1
