"""The page of figures: what a report left, whole and escaped, or how to make one."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from fastapi.testclient import TestClient

import nba
from nba.artifacts.reports import remove_reports, report_path, write_reports
from nba_api.settings import Settings
from tests.api.claims import client_of
from tests.api.reported import figures, quality
from tests.api.seen import seen
from tests.api.shop import is_problem

PAGE = "/console/figures"
FUNNEL = "/console/pictures/customer-funnel.svg"
SCRIPT = "<script>alert(1)</script>"


@pytest.fixture(scope="module")
def real(shop_folder: Path, snapshot: nba.Snapshot) -> dict[str, Any]:
    told = figures(shop_folder, snapshot, f"Shop {SCRIPT}")
    return {"figures": told, "quality": quality(shop_folder)}


@pytest.fixture
def models(tmp_path: Path) -> Path:
    return tmp_path / "models"


@pytest.fixture
def asking(own: Settings, models: Path) -> Iterator[TestClient]:
    with client_of(own.model_copy(update={"models": models})) as client:
        yield client


def test_without_a_report_the_page_says_what_makes_one(asking: TestClient, models: Path) -> None:
    answer = asking.get(PAGE)
    assert answer.status_code == 200
    assert f"nba report SHOP --out DIR --models {models}" in seen(answer).text
    assert is_problem(asking.get(FUNNEL), 404)


def test_tiles_tables_and_alarms_are_those_of_the_report(
    asking: TestClient, models: Path, real: dict[str, Any]
) -> None:
    write_reports(models, real)
    page = seen(asking.get(PAGE))
    told = real["figures"]
    assert f"Shop {SCRIPT}" in page.text
    assert not page.all("script")
    for tile in told["tiles"]:
        assert f"{tile['title']} {tile['value']}" in page.text
        assert tile["meaning"] in page.text
    assert "Orders 11 What this is" in page.text
    assert told["alarms"][0] in page.text
    for section in told["sections"]:
        assert {"id": section["id"], "aria-labelledby": f"{section['id']}-title"} in page.all(
            "section"
        )
        for table in section["tables"]:
            assert table["title"] in page.text
            assert all(cell in page.text for row in table["rows"] for cell in row)
    assert all(one.get("scope") in ("col", "row") for one in page.all("th"))


def test_a_picture_says_what_it_shows_and_stands_beside_its_figures(
    asking: TestClient, models: Path, real: dict[str, Any]
) -> None:
    write_reports(models, real)
    page = seen(asking.get(PAGE))
    pictures = [one for section in real["figures"]["sections"] for one in section["pictures"]]
    drawn, missing = pictures
    assert [(one["src"], one["alt"]) for one in page.all("img")] == [(FUNNEL, drawn["reading"])]
    assert [int(page.all("img")[0][one]) for one in ("width", "height")] == drawn["size"]
    assert "Purchase: ordered" in page.text
    assert all(figure in page.text for _, figure in drawn["marks"])
    assert missing["reading"] in page.text
    assert missing["svg"] is None


def test_a_picture_neither_runs_nor_loads_anything(
    asking: TestClient, models: Path, real: dict[str, Any]
) -> None:
    write_reports(models, real)
    answer = asking.get(FUNNEL)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "image/svg+xml"
    assert answer.headers["content-security-policy"].startswith("default-src 'none'; style-src")
    assert answer.headers["cache-control"] == "private, no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    ElementTree.fromstring(answer.text)
    for name in ("message-funnel", "nothing", "..%2Fcurrent"):
        assert is_problem(asking.get(f"/console/pictures/{name}.svg"), 404)


def test_figures_older_than_what_is_served_say_so(
    asking: TestClient, models: Path, real: dict[str, Any], snapshot: nba.Snapshot
) -> None:
    snapshot.publish(models)
    live = asking.app.state.live  # type: ignore[attr-defined]
    live.refresh()
    write_reports(models, real)
    assert "Older than what is served" not in seen(asking.get(PAGE)).text
    older = copy.deepcopy(real)
    older["figures"]["as_of"] = "2026-02-27T00:00:00Z"
    write_reports(models, older)
    page = seen(asking.get(PAGE))
    assert f"Older than what is served. Snapshot {snapshot.id}" in page.text
    assert f"nba report SHOP --out DIR --models {models}" in page.text
    assert "27 Feb 2026, 00:00, 2 days ago" in page.text


@pytest.mark.parametrize("content", [b"{}", b"[1]", b'{"tiles": 3}', b"\xff", b'{"a": NaN}'])
def test_a_file_of_another_shape_is_said_and_breaks_nothing(
    asking: TestClient, models: Path, real: dict[str, Any], content: bytes
) -> None:
    write_reports(models, real)
    assert asking.get(PAGE).status_code == 200
    report_path(models, "figures").write_bytes(content)
    answer = asking.get(PAGE)
    assert answer.status_code == 200
    assert "write it anew with: nba report SHOP" in seen(answer).text
    assert is_problem(asking.get(FUNNEL), 503)
    write_reports(models, real)
    assert "Orders 11" in seen(asking.get(PAGE)).text


def test_after_an_erasure_no_picture_and_no_figure_is_left(
    asking: TestClient, models: Path, real: dict[str, Any]
) -> None:
    write_reports(models, real)
    assert asking.get(FUNNEL).status_code == 200
    assert len(remove_reports(models)) == 2
    assert is_problem(asking.get(FUNNEL), 404)
    assert "No report has been made yet" in seen(asking.get(PAGE)).text


def test_a_shop_whose_orders_name_no_currency_and_no_day_is_shown(
    asking: TestClient, models: Path, real: dict[str, Any]
) -> None:
    empty = copy.deepcopy(real)
    empty["figures"] |= {"since": None, "currency": None, "mixture": "Orders are in EUR, USD"}
    empty["figures"] |= {"tiles": [], "sections": [], "alarms": []}
    write_reports(models, empty)
    page = seen(asking.get(PAGE))
    assert "Orders are in EUR, USD" in page.text
    assert not page.all("img")
