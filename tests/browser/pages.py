"""Pages of a shop that hold the widget, and what a browser says of them."""

from __future__ import annotations

from html import escape
from typing import Any, Final

from playwright.sync_api import Page

from tests.browser.site import Site

STYLE: Final = """
:root { color-scheme: light dark }
body { margin: 1rem; font: 16px/1.5 sans-serif }
nba-products { display: block; min-block-size: 22rem }
#tall { block-size: 200vh }
"""
SHIFTS: Final = """
  window.shifted = 0;
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) window.shifted += entry.value;
  }).observe({ type: "layout-shift", buffered: true });
"""
"""What adds up how far things jumped, as browsers measure it."""


def policy(server: str) -> str:
    """Give the strictest policy under which a page may show the widget."""
    return (
        f"default-src 'none'; script-src {server}; connect-src {server}; "
        "img-src https:; style-src 'self'"
    )


def page_of(
    shop: Site,
    server: str,
    attributes: dict[str, str],
    *,
    inside: str = "",
    before: str = "",
    behind: str = "<p>What follows</p>",
    language: str = "en",
    script: str | None = None,
) -> str:
    """Put a page with a widget on a shop's site and give its address.

    Args:
        shop: the site.
        server: whom the widget asks.
        attributes: of the widget.
        inside: the widget's own content.
        before: what stands before it.
        behind: what stands behind it.
        language: of the page.
        script: the server of the script; by default the one that is asked.
    """
    source = script or server
    told = {"endpoint": server, "placement": "product_page", **attributes}
    written = " ".join(f'{name}="{escape(value)}"' for name, value in told.items())
    shop.put("/style.css", STYLE, kind="text/css")
    return shop.put(
        "/page",
        f'<!doctype html><html lang="{language}"><meta charset="utf-8"><title>Kettle</title>'
        '<meta name="viewport" content="width=device-width"><link rel="stylesheet" '
        f'href="/style.css"><script type="module" src="{source}/nba-products.js"></script>'
        f"{before}<nba-products {written}>{inside}</nba-products>{behind}",
        policy=policy(source if source == server else f"{source} {server}"),
    )


def shift_of(page: Page) -> float:
    """Give how far the page's things jumped up to now, two frames from now."""
    page.evaluate(
        "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
    )
    found: float = page.evaluate("window.shifted")
    return found


def shown(page: Page) -> list[Any]:
    """Give the titles that the widget shows, once it has loaded."""
    return page.locator("nba-products [part=title]").all_inner_texts()
