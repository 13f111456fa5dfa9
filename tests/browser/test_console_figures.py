"""The console's figures and models in a browser: pictures, a narrow screen, the way back."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page, expect

import nba
from nba.artifacts.registry import current_id, open_snapshot
from nba.artifacts.reports import write_reports
from nba.state.keys import KeyKind, Scope, create_key
from nba.state.store import Store
from nba_api.settings import Settings
from tests.api.reported import figures, quality
from tests.browser.conftest import PageAt, Serve, Served

PAGES = ("figures", "models", "quality", "models/compare?before={old}&after={new}")
WIDER = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
BARE = "[...document.images].filter(one => !one.complete || !one.naturalWidth).length"


@pytest.fixture(scope="module")
def models(trained: Settings, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Both snapshots of the shop, the newer one current, and a report of it."""
    folder = tmp_path_factory.mktemp("console") / "models"
    shutil.copytree(trained.models, folder)
    shop_folder = trained.models.parent / "shop"
    shop = nba.read_shop(shop_folder)
    newer = nba.train(shop.history, shop.catalog, nba.TrainConfig(seed=8))
    newer.publish(folder)
    write_reports(folder, {"figures": figures(shop_folder, newer), "quality": quality(shop_folder)})
    return folder


@pytest.fixture(scope="module")
def keyed(serve: Serve, trained: Settings, models: Path) -> tuple[Served, str]:
    """A server that asks for a key, and one that may do everything."""
    made: list[str] = []

    def prepare(store: Store) -> None:
        at = np.datetime64("2026-01-01T00:00:00", "us")
        made.append(create_key(store, KeyKind.SECRET, at, scopes=list(Scope))[1])

    server = serve(trained.model_copy(update={"models": models}), prepare=prepare)
    return server, made[0]


def enter(page: Page, keyed: tuple[Served, str], path: str) -> list[str]:
    """Open a page of the console with a key; give what the browser refuses from now on."""
    refused: list[str] = []
    page.on("console", lambda told: _note(refused, told.text))
    page.goto(f"{keyed[0].address}/console/{path}")
    page.get_by_label("Secret key").fill(keyed[1])
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/console/{path}")
    return refused


def _note(refused: list[str], text: str) -> None:
    if "Content Security Policy" in text:
        refused.append(text)


@pytest.mark.parametrize(("width", "dark"), [(375, False), (1280, True)], ids=["phone", "desk"])
def test_no_page_is_wider_than_the_screen_and_no_picture_is_bare(
    page_at: PageAt, keyed: tuple[Served, str], models: Path, width: int, *, dark: bool
) -> None:
    page = page_at(width, dark=dark)
    refused = enter(page, keyed, "figures")
    ids = {"new": current_id(models), "old": _older(models)}
    for path in PAGES:
        page.goto(f"{keyed[0].address}/console/{path.format(**ids)}")
        for picture in page.get_by_role("img").all():
            picture.scroll_into_view_if_needed()
        page.wait_for_load_state("networkidle")
        assert page.evaluate(BARE) == 0
        assert not page.evaluate(WIDER), path
    assert refused == []


def _older(models: Path) -> str:
    (one,) = {path.name for path in (models / "snapshots").glob("2*")} - {current_id(models)}
    return open_snapshot(models, one).id


def test_a_picture_follows_the_screen_into_the_dark(
    page_at: PageAt, keyed: tuple[Served, str]
) -> None:
    colours: list[Any] = []
    for dark in (False, True):
        page = page_at(1280, dark=dark)
        enter(page, keyed, "figures")
        page.get_by_role("link", name="The picture alone").first.press("Enter")
        page.wait_for_url("**/customer-funnel.svg")
        colours.append(
            page.evaluate(
                "[getComputedStyle(document.documentElement).backgroundColor,"
                " getComputedStyle(document.querySelector('text')).fill]"
            )
        )
    assert colours == [
        ["rgb(254, 254, 254)", "rgb(28, 28, 28)"],
        ["rgb(18, 18, 18)", "rgb(236, 236, 236)"],
    ]


def test_figures_are_read_by_keyboard_alone(page_at: PageAt, keyed: tuple[Served, str]) -> None:
    page = page_at(375, javascript=False)
    enter(page, keyed, "figures")
    summary = page.get_by_text("The same as a table").first
    row = page.get_by_role("rowheader", name="Purchase: ordered")
    expect(row).to_be_hidden()
    summary.focus()
    page.keyboard.press("Enter")
    expect(row).to_be_visible()
    region = page.get_by_role("region", name="How far customers have come", exact=True)
    region.focus()
    expect(region).to_be_focused()


def test_a_snapshot_is_brought_back_by_keyboard_alone_and_without_scripts(
    page_at: PageAt, keyed: tuple[Served, str], models: Path
) -> None:
    page = page_at(375, javascript=False)
    newer, older = current_id(models), _older(models)
    enter(page, keyed, "models")
    for chosen in (older, newer):
        page.get_by_role("link", name=f"Make current {chosen}").press("Enter")
        expect(page.get_by_role("heading", level=1)).to_have_text("Make this model current?")
        assert current_id(models) != chosen
        page.get_by_role("button", name="Make it current").press("Enter")
        expect(page.get_by_role("status")).to_contain_text(f"{chosen} is current now")
        assert current_id(models) == chosen
        current = page.get_by_role("listitem").filter(has_text="● current")
        expect(current).to_contain_text(chosen)
