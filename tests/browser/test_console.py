"""The console in a browser: a key, the customers, one of them; by keyboard, without JavaScript."""

from __future__ import annotations

from typing import Final

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from nba.state.keys import KeyKind, Scope, create_key
from nba.state.store import Store
from nba.state.tables import CUSTOMERS, EVENTS
from nba.state.writing import add
from nba_api.settings import Settings
from tests.browser.conftest import PageAt, Serve, Served

EVIL: Final = "</h1><script>document.title='run'</script><img src=x onerror=alert(1)>"
AT: Final = 1_767_225_600_000_000
WIDER: Final = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
MOST_TABS: Final = 60


@pytest.fixture(scope="module")
def keyed(serve: Serve, trained: Settings) -> tuple[Served, str]:
    """A server that asks for a key, with a customer and a product of odd names, and the key."""
    made: list[str] = []

    def prepare(store: Store) -> None:
        at = np.datetime64("2026-01-01T00:00:00", "us")
        made.append(create_key(store, KeyKind.SECRET, at, scopes=[Scope.READ])[1])
        seen = {"event_id": "odd", "type": "view_item", "at": AT}
        with store.writing() as connection:
            add(connection, CUSTOMERS, [{"customer_id": EVIL, "created_at": AT}])
            add(connection, EVENTS, [seen | {"customer_id": EVIL, "product_id": EVIL}])

    return serve(trained, prepare=prepare), made[0]


def tab_to(page: Page, name: str) -> None:
    """Press Tab until the focus is on what has this name."""
    for _ in range(MOST_TABS):
        page.keyboard.press("Tab")
        focus = page.locator(":focus")
        told = focus.get_attribute("aria-label") or focus.inner_text()
        if told.strip() == name:
            return
    pytest.fail(f"no Tab leads to {name!r}")


def enter(page: Page, keyed: tuple[Served, str], path: str = "") -> None:
    page.goto(f"{keyed[0].address}/console{path}")
    expect(page.get_by_label("Secret key")).to_be_focused()
    page.keyboard.type(keyed[1])
    page.keyboard.press("Enter")
    expect(page.get_by_role("navigation", name="Console")).to_be_visible()


@pytest.mark.parametrize("width", [375, 1280])
def test_by_keyboard_alone_and_without_javascript(
    page_at: PageAt, keyed: tuple[Served, str], width: int
) -> None:
    page = page_at(width, javascript=False)
    page.goto(f"{keyed[0].address}/console")
    page.keyboard.type("sk_wrong")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("no secret key that holds now")
    expect(page.get_by_label("Secret key")).to_be_focused()
    page.keyboard.type(keyed[1])
    page.keyboard.press("Enter")
    expect(page).to_have_title("Customers – console")  # noqa: RUF001 - as it is shown
    # The first Tab leads past what every page begins with.
    page.keyboard.press("Tab")
    expect(page.locator(":focus")).to_have_text("Skip to the content")
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    first = page.get_by_role("region", name="Customers", exact=True).get_by_role("link").first
    customer = first.inner_text()
    tab_to(page, customer)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text(customer)
    for told in ("Where they are", "The message now", "Why not the others, and until when"):
        expect(page.get_by_role("heading", level=2, name=told)).to_be_visible()
    tab_to(page, "Leave")
    page.keyboard.press("Enter")
    expect(page.get_by_label("Secret key")).to_be_focused()
    page.goto(f"{keyed[0].address}/console/customers")
    expect(page.get_by_label("Secret key")).to_be_visible()


def test_who_was_on_the_way_to_a_customer_gets_there(
    page_at: PageAt, keyed: tuple[Served, str]
) -> None:
    page = page_at(1280)
    enter(page, keyed, "/customers?q=nobody")
    assert page.url.endswith("/console/customers?q=nobody")
    expect(page.get_by_label("Id begins with")).to_have_value("nobody")


def test_an_id_and_a_title_with_markup_do_nothing(
    page_at: PageAt, keyed: tuple[Served, str]
) -> None:
    page = page_at(375)
    dialogs: list[str] = []
    page.on("dialog", lambda one: dialogs.append(one.message))
    enter(page, keyed, "/customers")
    page.get_by_label("Id begins with").fill("</h1>")
    page.get_by_role("button", name="Show").click()
    page.get_by_role("link", name=EVIL).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(EVIL)
    expect(page.get_by_text(f"Looked at {EVIL}")).to_be_visible()
    assert page.title() == f"{EVIL} – console"  # noqa: RUF001 - as it is shown
    assert not dialogs
    assert page.locator("h1 script, h1 img").count() == 0


@pytest.mark.parametrize(("width", "dark"), [(375, True), (1280, False)], ids=["phone", "desk"])
def test_no_page_is_wider_than_the_screen_and_colours_are_there(
    page_at: PageAt, keyed: tuple[Served, str], width: int, *, dark: bool
) -> None:
    page = page_at(width, dark=dark)
    refused: list[str] = []
    page.on("console", lambda told: refused.append(told.text) if _is_refusal(told.text) else None)
    enter(page, keyed)
    first = page.get_by_role("region", name="Customers", exact=True).get_by_role("link").first
    address = first.get_attribute("href") or ""
    for path in ("/console/customers", address, "/console/customers/nobody", "/console/nowhere"):
        page.goto(keyed[0].address + path)
        assert not page.evaluate(WIDER), path
    page.goto(keyed[0].address + address)
    icon = page.locator("[data-look] .icon").first
    assert icon.evaluate("one => getComputedStyle(one).backgroundColor") != "rgba(0, 0, 0, 0)"
    assert icon.inner_text()
    assert not refused


def _is_refusal(text: str) -> bool:
    # What a mail brings of its own is refused inside its frame, as a mail program would.
    return "Content Security Policy" in text and "fonts" not in text
