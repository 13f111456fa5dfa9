"""Cards written down at training are the cards that answers show."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest

from nba.artifacts.products import Products
from nba.artifacts.snapshot import Snapshot
from nba.decide.shelving import differing, put_on_shelf
from nba.domain import Ids
from nba.facts.shelf import Shelf
from nba.learn.train import train
from tests.shops import catalog, day, history
from tests.snapshots import snapshot

PRODUCTS: tuple[dict[str, Any], ...] = (
    {"id": "a", "title": 'A "quoted" ß 茶', "price": 500, "sale_price": 400, "link": "https://a"},
    {"id": "b", "currency": "EUR", "availability": "discontinued", "category": "X > Y"},
    {"id": "c", "title": ""},
)


def written(products: Products) -> list[Any]:
    data, ends = products.cards.data.tobytes(), products.cards.offsets.tolist()
    return [data[begin:end] for begin, end in pairwise(ends)]


def shelf(**cells: Any) -> Shelf:
    """Give a shelf of one product, `a`."""
    told = {
        "product_ids": Ids.of(["a"]),
        "availability": np.array([0], np.int8),
        "price": np.array([0]),
        "has_price": np.array([False]),
        "sale_price": np.array([0]),
        "has_sale_price": np.array([False]),
        "in_stock_since": np.array(["NaT"], "datetime64[us]"),
        "sale_until": np.array(["NaT"], "datetime64[us]"),
        "dropped_at": np.array(["NaT"], "datetime64[us]"),
        "stock": np.array([0]),
        "has_stock": np.array([False]),
    }
    return Shelf(**{**told, **{name: np.array([cell]) for name, cell in cells.items()}})


def test_each_card_is_the_json_of_what_is_shown(tmp_path: Path) -> None:
    made = snapshot(PRODUCTS)
    made.publish(tmp_path)
    for products in (made.products, Snapshot.read(tmp_path / "snapshots" / made.id).products):
        assert written(products) == [orjson.dumps(products.card(code)) for code in range(3)]


def test_training_writes_them_down() -> None:
    products = train(history([("o1", "ann", 0, ["kettle", "tea"])]), catalog("kettle")).products
    assert written(products) == [orjson.dumps(products.card(code)) for code in range(2)]


def test_a_title_that_is_no_unicode_leaves_its_card_empty_and_the_others_whole() -> None:
    products = snapshot([{"id": "a", "title": "\ud800"}, "b"]).products
    assert written(products) == [b"", orjson.dumps(products.card(1))]


@pytest.mark.parametrize(
    ("cells", "shown"),
    [
        ({}, (500, 400, "in_stock")),
        ({"availability": np.int8(1)}, (500, 400, "out_of_stock")),
        ({"price": 450, "has_price": True}, (450, None, "in_stock")),
        ({"sale_price": 90, "has_sale_price": True}, (500, 90, "in_stock")),
    ],
)
def test_what_a_shelf_says_goes_before_the_card_and_what_it_does_not_know_stays(
    cells: dict[str, Any], shown: tuple[int | None, int | None, str]
) -> None:
    before = snapshot(PRODUCTS).products
    now = put_on_shelf(before, shelf(**cells), np.array([0]), day(0))
    card = now.card(0)
    assert (card["price"], card["sale_price"], card["availability"]) == shown
    assert differing(before, now).tolist() == ([0] if cells else [])
    assert [now.card(code) for code in (1, 2)] == [before.card(code) for code in (1, 2)]


def test_a_sale_of_the_snapshot_ends_at_its_instant() -> None:
    before = snapshot([{**PRODUCTS[0], "sale_until": day(5)}]).products
    nothing, nowhere = Shelf.none(), np.empty(0, np.int64)
    assert put_on_shelf(before, nothing, nowhere, day(4.999)) is before
    ended = put_on_shelf(before, nothing, nowhere, day(5))
    assert ended.card(0)["sale_price"] is None
    assert differing(before, ended).tolist() == [0]


def test_a_product_that_the_snapshot_lacks_changes_no_other() -> None:
    before = snapshot(PRODUCTS).products
    now = put_on_shelf(before, shelf(price=1, has_price=True), np.array([-1]), day(0))
    assert not len(differing(before, now))
