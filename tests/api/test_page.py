"""The pages of the API: their examples are what the server says, and they leave nothing out."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

import nba
from nba.artifacts.reports import remove_reports, write_reports
from nba_api.app import create_app
from nba_api.settings import Settings
from tests.api.reported import documents

DOCS = Path(__file__).parents[2] / "docs"
PAGES = [(DOCS / name).read_text("utf-8") for name in ("api.md", "posting.md")]
PAGE = "\n".join(PAGES)


def examples(page: str) -> list[tuple[str, ...]]:
    """Give (method, path, body, answer) of every example of a page."""
    return re.findall(
        r"^```\n(GET|POST|DELETE) (\S+)\n(?:([\[{].*?[\]}])\n)?```\n```json\n(.*?)^```$",
        page,
        re.DOTALL | re.MULTILINE,
    )


ASKED, TOLD = map(examples, PAGES)
# What tuning moves; the page promises the sum, not the summands.
FIGURES = {"score", "expected", "probability"}


def shortens(shown: Any, real: Any, key: str = "") -> bool:
    """Whether an example is a part of an answer; `…` stands for the rest of a text."""
    match shown:
        case dict():
            return all(name in real and shortens(shown[name], real[name], name) for name in shown)
        case list():
            return len(shown) <= len(real) and all(map(shortens, shown, real))
        case str() if shown.endswith("…"):
            return str(real).startswith(shown[:-1])
        case float() if key in FIGURES:
            return isinstance(real, float)
        case _:
            return bool(shown == real) and type(shown) is type(real)


def hold(client: TestClient, method: str, path: str, body: str, shown: str) -> None:
    real = client.request(method, path, json=json.loads(body) if body else None).json()
    assert shortens(json.loads(shown), real), json.dumps(real, indent=1)


@pytest.fixture(scope="module", autouse=True)
def reported(settings: Settings, shop_folder: Path, snapshot: nba.Snapshot) -> Iterator[None]:
    """Leave the shop's reports where the server looks for them."""
    write_reports(settings.models, documents(shop_folder, snapshot))
    yield
    remove_reports(settings.models)


@pytest.mark.parametrize(("method", "path", "body", "shown"), ASKED)
def test_an_example_is_what_the_server_says(
    client: TestClient, method: str, path: str, body: str, shown: str
) -> None:
    hold(client, method, path, body, shown)


def test_the_server_answers_what_it_is_told_as_the_page_says_one_after_the_other(
    settings: Settings, database: Path, snapshot: nba.Snapshot, tmp_path: Path
) -> None:
    shutil.copy(database, tmp_path / "own.db")
    snapshot.publish(tmp_path / "models")
    own = settings.model_copy(
        update={"db": f"sqlite:///{tmp_path / 'own.db'}", "models": tmp_path / "models"}
    )
    with TestClient(create_app(own)) as client:
        for example in TOLD:
            hold(client, *example)


def test_there_is_an_example_of_every_kind_of_answer() -> None:
    assert len(ASKED) >= 14
    assert {method for method, *_ in TOLD} == {"GET", "POST", "DELETE"}
    assert not shortens({"a": 1}, {"a": 2})
    assert not shortens([1, 2], [1])
    assert not shortens({"a": None}, {})


def test_every_route_and_parameter_is_on_the_page(app: FastAPI) -> None:
    for path, methods in app.openapi()["paths"].items():
        shown = re.sub(r"\{\w+\}", "{id}", path)
        for method, operation in methods.items():
            assert f"`{method.upper()} {shown}`" in PAGE
            for parameter in operation.get("parameters", ()):
                if parameter["in"] == "query":
                    assert f"`{parameter['name']}`" in PAGE, parameter["name"]
            for status in operation["responses"]:
                assert status in ("200", "default") or status in PAGE, status
