"""The widget's script and our styles: small, packed, soon up to date, for every shop's page."""

from __future__ import annotations

import gzip
import json
import tomllib
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from nba_api.pages import storefront
from nba_api.settings import Settings
from tests.api.claims import client_of
from tests.api.shop import is_problem

REPO = Path(__file__).parents[2]
WIDGET = "/nba-products.js"
MOST_BYTES = 3_000


def test_the_widget_is_as_small_as_is_promised() -> None:
    source = (storefront() / "nba-products.js").read_bytes()
    assert len(gzip.compress(source, 9)) <= MOST_BYTES


def test_the_widget_comes_packed_to_who_takes_it_so(client: TestClient) -> None:
    packed = client.get(WIDGET, headers={"accept-encoding": "br, gzip;q=0.8"})
    plain = client.get(WIDGET, headers={"accept-encoding": "identity"})
    refused = client.get(WIDGET, headers={"accept-encoding": "gzip;q=0"})
    assert int(packed.headers["content-length"]) <= MOST_BYTES
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.content == plain.content == refused.content
    assert "content-encoding" not in plain.headers
    assert "content-encoding" not in refused.headers
    assert packed.headers["etag"] != plain.headers["etag"]
    assert "Accept-Encoding" in packed.headers["vary"]


@pytest.mark.parametrize("path", [WIDGET, "/assets/base.css"])
def test_what_a_browser_has_it_is_sent_no_more_and_asks_for_soon(
    client: TestClient, path: str
) -> None:
    first = client.get(path)
    again = client.get(path, headers={"if-none-match": first.headers["etag"]})
    assert (first.status_code, again.status_code, again.content) == (200, 304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    # Stale while it asks would be a day late on a page that is opened once a day.
    assert first.headers["cache-control"] == "public, max-age=300, stale-if-error=86400"
    assert first.headers["x-content-type-options"] == "nosniff"


def test_any_shops_page_may_load_the_widget_and_our_own_pages_the_rest(client: TestClient) -> None:
    origin = {"origin": "https://shop.example"}
    widget = client.get(WIDGET, headers=origin).headers
    assert widget["access-control-allow-origin"] == "*"
    assert widget["cross-origin-resource-policy"] == "cross-origin"
    assert widget["content-type"] == "text/javascript; charset=utf-8"
    style = client.get("/assets/base.css", headers=origin).headers
    assert "access-control-allow-origin" not in style


def test_a_site_that_is_known_reads_one_word_on_who_may_load_the_widget(
    settings: Settings,
) -> None:
    own = settings.model_copy(update={"origins": ("https://shop.example",)})
    with client_of(own) as client:
        told = client.get(WIDGET, headers={"origin": "https://shop.example"}).headers
    # Of two a browser takes neither, and the script does not run.
    assert told.get_list("access-control-allow-origin") == ["*"]


def test_nothing_else_is_an_asset(client: TestClient) -> None:
    for name in ("none.css", "%2e%2e%2fnba-products.js", "package.json"):
        assert is_problem(client.get(f"/assets/{name}"), 404)


def test_the_widgets_package_has_the_version_and_the_licence_of_the_whole() -> None:
    package = json.loads((storefront() / "package.json").read_text("utf-8"))
    project = tomllib.loads((REPO / "pyproject.toml").read_text("utf-8"))["project"]
    assert package["version"] == project["version"]
    assert package["license"] == project["license"]
    assert (storefront() / "LICENSE").read_bytes() == (REPO / "LICENSE").read_bytes()
    named = [*package["files"], package["types"], package["exports"]["."]["default"]]
    assert all((storefront() / name).is_file() for name in named)
