"""Feeds: RSS that holds for any title, and a catalogue within the limits of Klaviyo."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from fastapi.testclient import TestClient

import nba
from nba.domain import Texts
from nba_api.feeds.klaviyo import Catalogue, CatalogueAnswer
from nba_api.feeds.links import web_address
from nba_api.feeds.rss import NAMESPACES
from nba_api.settings import Settings
from tests.api.claims import client_of
from tests.api.keyed import OTHER_SITE, Keyed, serving
from tests.api.shop import ODD_PRODUCT, is_problem, path_of

DIGEST = "/v1/feeds/digest.xml"
CATALOGUE = "/v1/feeds/klaviyo/catalog.json"
REQUIRED = {"id", "title", "link", "description", "image_link"}


@pytest.fixture(scope="module")
def keyed(
    shop_folder: Path, settings: Settings, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Keyed]:
    with serving(shop_folder, settings, tmp_path_factory.mktemp("feeds")) as keyed:
        yield keyed


def channel_of(client: TestClient, **params: Any) -> ET.Element:
    answer = client.get(DIGEST, params=params)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/rss+xml; charset=utf-8"
    root = ET.fromstring(answer.content)
    assert (root.tag, root.get("version")) == ("rss", "2.0")
    channel = root.find("channel")
    assert channel is not None
    return channel


def ids_of(channel: ET.Element) -> list[str | None]:
    return [item.findtext("g:id", namespaces=dict(NAMESPACES)) for item in channel.iter("item")]


def test_the_digest_shows_what_the_broadcast_shows(own: Settings) -> None:
    with client_of(own.model_copy(update={"as_of": "2026-03-03T12:00Z"})) as client:
        consent = {"consent_email": True, "consent_at": "2026-01-05T10:00:00Z"}
        row = {"customer_id": "nia", "created_at": "2026-01-05T10:00:00Z"} | consent
        assert client.post("/v1/customers", json=[row]).json()["accepted"] == 1
        told = client.get(path_of("customers", "nia", "next-message")).json()["message"]
        assert (told["id"], told["kind"]) == ("digest", "broadcast")
        shown = [item["product_id"] for item in told["slots"]["main"]]
        channel = channel_of(client)
        assert ids_of(channel) == shown
        assert shown[0] == "kettle"
        assert channel.findtext("item/guid") == "2026-W10/kettle"


def test_every_item_has_what_rss_asks_for(client: TestClient) -> None:
    channel = channel_of(client)
    for name in ("title", "link", "description"):
        assert channel.findtext(name)
    items = list(channel.iter("item"))
    kettle = items[0]
    assert kettle.findtext("title") == "Kettle"
    assert kettle.findtext("link") == "https://shop.example/kettle"
    assert kettle.findtext("description") == "Kitchen > Kettles · 30.00 EUR"
    guid = kettle.find("guid")
    assert guid is not None
    assert (guid.text, guid.get("isPermaLink")) == ("2026-W09/kettle", "false")
    guids = [item.findtext("guid") for item in items]
    assert len(set(guids)) == len(guids)
    # The week in which the server's clock stands began on a Monday.
    dates = {parsedate_to_datetime(item.findtext("pubDate") or "") for item in items}
    assert dates == {datetime.fromisoformat("2026-02-23T00:00:00Z")}


def test_a_digest_is_the_same_until_something_changes(client: TestClient) -> None:
    first, second = (client.get(DIGEST, params={"limit": 3}) for _ in range(2))
    assert first.content == second.content
    assert first.headers["cache-control"].startswith("public, max-age=300")
    known = {"if-none-match": first.headers["etag"]}
    again = client.get(DIGEST, params={"limit": 3}, headers=known)
    assert (again.status_code, again.content) == (304, b"")
    assert ids_of(channel_of(client, limit=2)) == ids_of(channel_of(client))[:2]
    for limit in (0, 51, "many"):
        assert is_problem(client.get(DIGEST, params={"limit": limit}), 422)


def test_with_settings_the_channel_names_the_shop_and_itself(own: Settings) -> None:
    told = {
        "public_url": "https://shop.example/nba",
        "shop_url": "https://shop.example/",
        "shop_name": 'Cups & <"Kettles">',
    }
    with client_of(own.model_copy(update=told)) as client:
        channel = channel_of(client, key="pk_never_in_an_address")
        assert channel.findtext("title") == 'Cups & <"Kettles">: the best of the week'
        assert channel.findtext("link") == "https://shop.example/"
        itself = channel.find("atom:link", dict(NAMESPACES))
        assert itself is not None
        assert itself.get("href") == "https://shop.example/nba/v1/feeds/digest.xml"
        # A product without an address leads to the shop.
        links = {item.findtext("link") for item in channel.iter("item")}
        assert links == {
            "https://shop.example/kettle", "https://shop.example/filter", "https://shop.example/",
        }  # fmt: skip


def test_nothing_that_a_shop_writes_breaks_the_feed_or_runs(own: Settings) -> None:
    with client_of(own) as client:
        evil = '<script>alert(1)</script> & "x" ]]> \x0b\ud800'
        for row in (
            {"product_id": "kettle", "title": evil[:-2], "image_link": "javascript:alert(1)"},
            {"product_id": "filter", "link": "javascript:alert(1)"},
        ):
            assert client.post("/v1/products", json=[row]).status_code == 200
        live = client.app.state.live  # type: ignore[attr-defined]
        products = live.serving().recommender.snapshot.products
        bad = replace(
            products,
            title=Texts.of([evil] * len(products)),
            link=Texts.of(["javascript:alert(1)"] * len(products)),
            image_link=Texts.of(["https://shop.example/a b.png"] * len(products)),
        )
        live.serving().recommender.snapshot = live.serving().snapshot.with_products(bad)
        channel = channel_of(client)
        assert {item.findtext("title") for item in channel.iter("item")} == {
            '<script>alert(1)</script> & "x" ]]> \ufffd\ufffd'
        }
        assert not list(channel.iter("enclosure"))
        assert b"javascript" not in client.get(DIGEST).content


def with_pictures(snapshot: nba.Snapshot, **columns: Any) -> nba.Snapshot:
    products = snapshot.products
    ids = [products.ids[code] for code in range(len(products))]
    site = "https://shop.example/"
    told = {
        "link": Texts.of([f"{site}{place}" for place in range(len(ids))]),
        "image_link": Texts.of([f"{site}{place}.png?v=1" for place in range(len(ids))]),
    } | columns
    return snapshot.with_products(replace(products, **told))


def whole(catalogue: Catalogue) -> list[dict[str, Any]]:
    measured = catalogue.measured()
    parts = [
        b"".join(catalogue.part(*measured.starts[place : place + 2]))
        for place in range(len(measured.sizes))
    ]
    assert [len(one) for one in parts] == list(measured.sizes)
    lists = [json.loads(one) for one in parts]
    assert [len(one) for one in lists] == list(measured.counts)
    return [row for rows in lists for row in rows]


def test_a_catalogue_is_flat_and_lacks_nothing_required(snapshot: nba.Snapshot) -> None:
    rows = whole(Catalogue(with_pictures(snapshot)))
    CatalogueAnswer.model_validate(rows)
    assert [row["id"] for row in rows][:2] == ["kettle", ODD_PRODUCT]
    assert {row["id"] for row in rows} == {
        "kettle", "filter", "cup", "mug-red", "mug-blue", ODD_PRODUCT,
    }  # fmt: skip
    for row in rows:
        assert set(row) >= REQUIRED
        assert all(row[name].strip() for name in REQUIRED)
        for value in row.values():
            assert isinstance(value, str | int | float) or all(
                isinstance(one, str) for one in value
            )
    found = {row["id"]: row for row in rows}
    kettle, cup = found["kettle"], found["cup"]
    assert (kettle["price"], kettle["currency"]) == (30.0, "EUR")
    assert kettle["categories"] == ["Kitchen", "Kitchen > Kettles"]
    assert kettle["description"] == "Kettle (Kitchen > Kettles)"
    assert (kettle["inventory_policy"], kettle.get("inventory_quantity")) == (2, None)
    assert (cup["inventory_policy"], cup["inventory_quantity"]) == (1, 0)


def test_a_sale_shows_both_prices_in_the_digits_of_the_currency(snapshot: nba.Snapshot) -> None:
    count = len(snapshot.products)
    yen = with_pictures(
        snapshot,
        currency=Texts.of(["JPY"] * count),
        sale_price=np.full(count, 300, np.int64),
        has_sale_price=np.ones(count, np.bool_),
    )
    kettle = whole(Catalogue(yen))[0]
    assert (kettle["price"], kettle["regular_price"]) == (300.0, 3000.0)


def test_what_does_not_fit_in_one_part_stands_in_the_next(snapshot: nba.Snapshot) -> None:
    pictured = with_pictures(snapshot)
    in_one = whole(Catalogue(pictured))
    for size in (1, 400, 700):
        catalogue = Catalogue(pictured, size)
        assert whole(catalogue) == in_one
        assert len(catalogue.measured().sizes) > 1
        assert all(one <= size or count == 1 for one, count in zip(
            catalogue.measured().sizes, catalogue.measured().counts, strict=True
        ))  # fmt: skip


def test_products_that_lack_something_are_left_out_and_counted(client: TestClient) -> None:
    answer = client.get(CATALOGUE)
    assert answer.json() == []
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-nba-left-out"] == "6; image_link=2; link=4"
    assert (answer.headers["x-nba-products"], answer.headers["x-nba-parts"]) == ("0", "1")
    assert answer.headers["content-length"] == "2"
    known = {"if-none-match": answer.headers["etag"]}
    again = client.get(CATALOGUE, headers=known)
    assert (again.status_code, again.content) == (304, b"")
    assert is_problem(client.get(CATALOGUE, params={"part": 2}), 404)
    assert is_problem(client.get(CATALOGUE, params={"part": 0}), 422)


def test_a_price_that_is_posted_changes_the_catalogue_and_its_tag(own: Settings) -> None:
    with client_of(own) as client:
        before = client.get(CATALOGUE).headers["etag"]
        price = {"product_id": "kettle", "price": 2500, "at": "2026-03-01T11:00:00Z"}
        assert client.post("/v1/products", json=[price]).json()["accepted"] == 1
        assert client.get(CATALOGUE).headers["etag"] != before
        first = next(channel_of(client).iter("item"))
        assert first.findtext("g:price", namespaces=dict(NAMESPACES)) == "25.00 EUR"


def test_a_title_that_is_no_unicode_is_left_out(snapshot: nba.Snapshot) -> None:
    count = len(snapshot.products)
    titles = Texts.of(["\ud800", *["fine"] * (count - 1)])
    assert Catalogue(with_pictures(snapshot, title=titles)).measured().left_out == {"text": 1}


@pytest.mark.parametrize("path", [DIGEST, CATALOGUE])
def test_a_tool_that_can_send_no_header_reads_with_the_publishable_key(
    keyed: Keyed, path: str
) -> None:
    by_address = keyed.ask_as_page(path, origin=None)
    by_header = keyed.client.get(path, headers=keyed.secret("read"))
    assert by_address.status_code == by_header.status_code == 200
    assert by_address.content == by_header.content
    assert is_problem(keyed.client.get(path, params={"key": keyed.keys["read"]}), 401)
    assert is_problem(keyed.ask_as_page(path, origin=OTHER_SITE), 403)


@pytest.mark.parametrize("text", ["javascript:alert(1)", "//shop", "shop.example", "https://a b",
                                  'https://a"onerror=', "", None, "data:text/html,x",
                                  "https://a/\x01", "https://a/\ud800",
                                  "https://a/\ufffe"])  # fmt: skip
def test_only_addresses_of_the_web_are_passed_on(text: str | None) -> None:
    assert web_address(text) is None
    assert web_address("HTTPS://shop.example/a?b=ў&c") is not None
