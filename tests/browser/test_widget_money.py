"""Prices of the widget, in every currency as the server counts it."""

from __future__ import annotations

import re

from playwright.sync_api import Page

from nba.vocabulary import decimals
from tests.browser.conftest import PageAt, Served
from tests.browser.pages import page_of, titles, watched
from tests.browser.site import JSON, Site
from tests.browser.test_widget import KETTLE, answer_of


def test_minor_units_of_every_currency_are_those_of_the_server(
    page_at: PageAt, keyed: Served, shop_site: Site, other_site: Site
) -> None:
    page: Page = watched(page_at(1280))
    page.goto(page_of(shop_site, keyed.address, {}))
    known = page.evaluate("Intl.supportedValuesOf('currency')")
    # Browsers show a forint or a dinar without what stands behind its point.
    cards = ({"price": 7000 * 10 ** decimals(one), "currency": one} for one in known)
    other_site.put("/v1/products/kettle/bought-together", answer_of(*cards), kind=JSON)
    page.goto(page_of(shop_site, keyed.address, {**KETTLE, "endpoint": other_site.address}))
    titles(page)
    told = page.locator("nba-products [part=price]").all_text_contents()
    assert len(told) == len(known) > 100
    wrong = [one for one in told if not re.search(r"(?<!\d)7,000(\.0+)?(?!\d)", one)]
    assert wrong == []
