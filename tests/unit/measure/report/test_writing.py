"""A report in a folder: whole for any shop, of one file that needs nothing from elsewhere."""

from __future__ import annotations

import json
import re
from html import escape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from nba.errors import ConfigError, DataError
from nba.measure.report import theme
from nba.measure.report.source import Source
from nba.measure.report.writing import (
    PICTURES,
    check_folder,
    check_names,
    draw,
    write_pictures,
    write_report,
)
from nba.palette import DARK_PAGE, luminance
from tests.unit.measure.report.sources import SCRIPT, source_of

ORDERS = [(f"o{number}", f"c{number % 7}", 4.0 * number, ["kettle", "tea"]) for number in range(40)]


class Seen(HTMLParser):
    """What a browser would load, and which tags there are."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.loaded: list[str] = []
        self.ids: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        for name, value in attrs:
            if name in ("src", "href", "xlink:href", "srcset", "data") and value:
                self.loaded.append(value)
            if name == "id" and value:
                self.ids.append(value)


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    out = tmp_path_factory.mktemp("report")
    return out, write_report(source_of(ORDERS), out, name="A <b>shop</b>")


@pytest.fixture(scope="module")
def written(report: tuple[Path, dict[str, Any]]) -> Path:
    return report[0]


@pytest.fixture(scope="module")
def figures(report: tuple[Path, dict[str, Any]]) -> dict[str, Any]:
    document: dict[str, Any] = report[1]["figures"]
    return document


def pictures_of(figures: dict[str, Any]) -> list[dict[str, Any]]:
    return [one for section in figures["sections"] for one in section["pictures"]]


def test_the_page_loads_nothing_and_runs_nothing(written: Path) -> None:
    seen = Seen()
    seen.feed((written / "report.html").read_text("utf-8"))
    assert not {"script", "link", "iframe", "object", "img", "base", "form"} & seen.tags
    assert all(one.startswith("#") for one in seen.loaded), seen.loaded
    assert len(seen.ids) == len(set(seen.ids))


def test_names_and_titles_stay_text(written: Path) -> None:
    page = (written / "report.html").read_text("utf-8")
    assert SCRIPT not in page
    assert "A &lt;b&gt;shop&lt;/b&gt;" in page


def test_the_page_is_small_and_its_links_lead_somewhere(written: Path) -> None:
    text = (written / "report.html").read_text("utf-8")
    assert len(text.encode()) < 3_000_000
    seen = Seen()
    seen.feed(text)
    assert {one.removeprefix("#") for one in seen.loaded} <= set(seen.ids)


def test_every_picture_is_on_the_page_and_a_file_or_says_what_is_missing(written: Path) -> None:
    page = (written / "report.html").read_text("utf-8")
    drawn = {path.stem for path in written.glob("*.png")}
    for name in PICTURES:
        figure = re.search(rf'<figure id="{name}">(.*?)</figure>', page, re.DOTALL)
        assert figure is not None, name
        assert ("<svg" in figure[1]) == (name in drawn), name
        assert re.search(r"<p>\s*\S", figure[1]), name
    assert {"kpi-series", "cohort-retention", "customer-funnel"} <= drawn
    assert "message-funnel" not in drawn


def test_figures_on_the_page_are_those_of_the_document(written: Path) -> None:
    page = (written / "report.html").read_text("utf-8")
    kpis = json.loads((written / "kpis.json").read_text("utf-8"))
    assert kpis["orders"] == 40
    assert re.search(r"<li>Orders<b>40</b>", page)
    assert kpis["repeat_purchase_rate"] == 1
    assert re.search(r"<li>Repeat purchase rate<b>100\u202f%</b>", page)


def test_what_a_server_shows_has_every_text_of_the_page_and_no_other_figure(
    written: Path, figures: dict[str, Any]
) -> None:
    page = (written / "report.html").read_text("utf-8")
    assert figures["name"] == "A <b>shop</b>"
    assert [one["value"] for one in figures["tiles"] if one["title"] == "Orders"] == ["40"]
    assert all(one["meaning"] for one in figures["tiles"])
    for tile in figures["tiles"]:
        assert f"<b>{tile['value']}</b>" in page
    for section in figures["sections"]:
        for table in section["tables"]:
            assert all(len(row) == len(table["columns"]) for row in table["rows"])
            for row in table["rows"]:
                assert "".join(f"<td>{escape(cell)}</td>" for cell in row) in page
    tables = [table for section in figures["sections"] for table in section["tables"]]
    assert [one["title"] for one in tables if one["is_prose"]] == ["What others claim"]
    json.dumps(figures, allow_nan=False)


def test_a_picture_that_stands_alone_is_as_light_or_dark_as_the_screen(
    figures: dict[str, Any],
) -> None:
    pictures = pictures_of(figures)
    assert [one["name"] for one in pictures] == list(PICTURES)
    drawn = [one["svg"] for one in pictures if one["svg"] is not None]
    for one in pictures:
        assert (one["size"] is None) == (one["svg"] is None)
        if one["svg"] is not None:
            width, height = one["size"]
            assert f'width="{width}" height="{height}"' in one["svg"]
    assert len(drawn) >= 3
    look = (Path(theme.__file__).parent / "page.html").read_text("utf-8")
    for name, dark in theme.DARK_COLOURS.items():
        assert f"--{name}: {dark};" in look, "the page and the pictures are of one look"
    for one in drawn:
        ElementTree.fromstring(one)
        assert "prefers-color-scheme: dark" in one
        for name, dark in theme.DARK_COLOURS.items():
            assert f"--{name}: {dark};" in one
        assert "<script" not in one
        assert "http" not in one.replace('xmlns="http', "").replace('xlink="http', "")


def test_the_marks_of_a_picture_say_their_figures_apart(figures: dict[str, Any]) -> None:
    (funnel,) = [one for one in pictures_of(figures) if one["name"] == "customer-funnel"]
    assert ["Loyalty: came back or told others"] in [one[:1] for one in funnel["marks"]]
    assert funnel["marks"][0][1].startswith("7;")
    missing = [one for one in pictures_of(figures) if one["svg"] is None]
    assert missing
    assert all(one["marks"] == [] and one["reading"] for one in missing)


@pytest.mark.parametrize("orders", [[], ORDERS[:1]], ids=["none", "one"])
def test_a_shop_of_next_to_nothing_gets_a_report(orders: list[tuple], tmp_path: Path) -> None:
    documents = write_report(source_of(orders), tmp_path, name="Small")
    assert documents["kpis"]["orders"] == len(orders)
    assert (tmp_path / "report.html").stat().st_size > 5_000


def test_one_picture_is_drawn_alone(tmp_path: Path) -> None:
    source = source_of(ORDERS)
    found = write_pictures(source, tmp_path, ["cohort-retention", "message-funnel"])
    assert found["cohort-retention"] == tmp_path / "cohort-retention.png"
    assert (tmp_path / "cohort-retention.png").read_bytes().startswith(b"\x89PNG")
    assert isinstance(found["message-funnel"], str)
    assert sorted(one.name for one in tmp_path.iterdir()) == ["cohort-retention.png"]


def test_a_picture_shows_itself_in_a_notebook() -> None:
    source = source_of(ORDERS)
    shown = draw(source, "customer-funnel")._repr_html_()
    assert "<svg" in shown
    assert "--paper:#fefefe" in shown
    assert "<script" not in shown
    missing = draw(source, "message-funnel")._repr_html_()
    assert "<svg" not in missing
    assert "takes the tables messages" in missing


def test_what_cannot_be_done_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no picture 'sales'; choose among kpi-series"):
        check_names(["sales"])
    taken = tmp_path / "taken"
    taken.write_text("a file")
    source: Source = source_of(ORDERS)
    with pytest.raises(DataError, match="cannot be written"):
        write_pictures(source, taken, ["customer-funnel"])
    with pytest.raises(DataError, match="cannot be written"):
        check_folder(taken)
    check_folder(tmp_path / "new" / "folder")
    assert not list((tmp_path / "new" / "folder").iterdir())


@pytest.mark.parametrize("page", ["#ffffff", DARK_PAGE])
def test_hues_are_seen_on_light_and_dark_pages(page: str) -> None:
    for hue in theme.HUES:
        light, dark = sorted((luminance(hue) + 0.05, luminance(page) + 0.05), reverse=True)
        assert light / dark >= 3, hue
