"""Pages of a shop that hold the widget, and what a browser says of them."""

from __future__ import annotations

from html import escape
from typing import Any, Final

from playwright.sync_api import Page, Route

from tests.browser.site import Site

STYLE: Final = """
:root { color-scheme: light dark }
body { margin: 1rem; font: 16px/1.5 sans-serif }
nba-products:not(:defined) { display: grid; align-content: start; min-block-size: 22rem }
.tall { block-size: 200vh }
"""
WATCHING: Final = """
  window.shifted = 0;
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) window.shifted += entry.value;
  }).observe({ type: "layout-shift", buffered: true });
  window.violations = [];
  addEventListener("securitypolicyviolation", (event) => window.violations.push(event.blockedURI));
  window.told = [];
  for (const name of ["nba-load", "nba-empty", "nba-click"])
    addEventListener(name, (event) => window.told.push([name, event.detail]));
"""
"""How far things jumped, what the policy forbade, and the widget's events, from the beginning."""
HEADING: Final = '<h2 slot="heading">Bought together</h2>'
_PICTURE: Final = '<svg xmlns="http://www.w3.org/2000/svg"><path d="M0 0h9v9z"/></svg>'


def policy(*servers: str) -> str:
    """Give the strictest policy under which a page with a style of its own shows the widget."""
    asked = " ".join(servers)
    return (
        f"default-src 'none'; script-src {asked}; connect-src {asked}; img-src https:; "
        "style-src 'self'; require-trusted-types-for 'script'"
    )


def page_of(
    shop: Site,
    script: str,
    attributes: dict[str, str],
    *,
    inside: str = HEADING,
    before: str = "<p>What stands before</p>",
    behind: str = "<p>What follows</p>",
    html: str = 'lang="en"',
) -> str:
    """Put a page with a widget on a shop's site and give its address.

    Args:
        shop: the site.
        script: the server that has the script, and is asked where no attribute names another.
        attributes: of the widget.
        inside: the widget's own content.
        before: what stands before it.
        behind: what stands behind it.
        html: attributes of the page.
    """
    told = {"endpoint": script, "placement": "product_page", **attributes}
    written = " ".join(f'{name}="{escape(value)}"' for name, value in told.items())
    shop.put("/style.css", STYLE, kind="text/css")
    return shop.put(
        "/page",
        f'<!doctype html><html {html}><meta charset="utf-8"><title>Kettle</title>'
        '<meta name="viewport" content="width=device-width"><link rel="stylesheet" '
        f'href="/style.css"><script type="module" src="{script}/nba-products.js"></script>'
        f"<main>{before}<nba-products {written}>{inside}</nba-products>{behind}</main>",
        policy=policy(script, told["endpoint"]),
    )


def watched(page: Page) -> Page:
    """Watch a page from its beginning, and answer for whom its pictures and links ask."""

    def answer(route: Route) -> None:
        if route.request.resource_type == "image":
            route.fulfill(body=_PICTURE, content_type="image/svg+xml")
        else:
            route.fulfill(body="<title>Elsewhere</title>", content_type="text/html")

    page.route("https://*.example/**", answer)
    page.add_init_script(WATCHING)
    return page


def titles(page: Page) -> list[str]:
    """Give the titles that the widget shows, once it has told what it found."""
    wait_until_told(page)
    return page.locator("nba-products [part=title]").all_inner_texts()


def wait_until_told(page: Page, count: int = 1) -> list[Any]:
    """Wait for so many events of the widget and give them: (name, detail)."""
    page.wait_for_function("(count) => window.told.length >= count", arg=count)
    told: list[Any] = page.evaluate("window.told")
    return told


def shift_of(page: Page) -> float:
    """Give how far the page's things jumped up to now, a few frames from now."""
    page.evaluate(
        """async () => {
          for (let frame = 0; frame < 4; frame++) await new Promise(requestAnimationFrame);
        }"""
    )
    found: float = page.evaluate("window.shifted")
    return found
