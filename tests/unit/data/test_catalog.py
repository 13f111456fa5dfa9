"""A catalogue of a few products, read back."""

from __future__ import annotations

import duckdb
import numpy as np
import pandas as pd
import pytest

from nba.data.catalog import Catalog
from nba.data.imports import import_files
from nba.data.shop import read_shop
from nba.domain import Ids
from nba.errors import DataError
from nba.vocabulary import AVAILABILITIES, Availability

FRAME = pd.DataFrame(
    {
        "product_id": ["b", "a"],
        "title": ["Lamp", "Kettle"],
        "price": [3.0, None],
        "sale_price": [None, None],
        "cost": [1.2, None],
        "availability": ["Out of stock", None],
        "is_consumable": ["yes", None],
        "compatible_with": [["x", "y"], None],
    }
)


def test_an_empty_catalogue_has_no_products():
    assert len(Catalog.empty()) == 0


def test_products_are_sorted_by_id_and_what_is_missing_says_so():
    catalog = Catalog.from_frame(FRAME)
    assert list(catalog.product_ids) == ["a", "b"]
    assert list(catalog.title) == ["Kettle", "Lamp"]
    assert catalog.price.tolist() == [0, 300]
    assert catalog.priced.tolist() == [False, True]
    assert catalog.on_sale.tolist() == [False, False]
    assert (catalog.cost.tolist(), catalog.costed.tolist()) == ([0, 120], [False, True])
    assert [AVAILABILITIES[code] for code in catalog.availability] == [
        Availability.IN_STOCK,
        Availability.OUT_OF_STOCK,
    ]
    assert catalog.is_consumable.tolist() == [2, 1]


def test_a_frame_with_a_bad_row_is_refused_with_row_column_and_rule():
    with pytest.raises(DataError, match=r"1 of 2 rows are bad; products line 2: title missing"):
        Catalog.from_frame(FRAME.assign(title=["Lamp", None]))


def test_a_frame_with_one_product_twice_is_refused():
    with pytest.raises(DataError, match="several rows have the product_id a; keep one"):
        Catalog.from_frame(FRAME.assign(product_id="a"))


PRODUCTS = pd.DataFrame(
    {
        "product_id": ["lamp", "new", "old", "pot"],
        "title": ["Lamp", "New", "Old", "Pot"],
        "price": [1000, 700, 500, 300],
        "availability": ["in_stock", "in_stock", "discontinued", "discontinued"],
        "published_at": [None, "2026-03-05T00:00:00Z", None, None],
        "discontinued_at": [None, None, "2026-03-05T00:00:00Z", "2026-03-05T00:00:00Z"],
    }
)
STATES = pd.DataFrame(
    {
        "product_id": ["lamp", "pot", "lamp"],
        "at": ["2026-03-03T00:00:00Z", "2026-03-02T00:00:00Z", "2026-03-02T00:00:00Z"],
        "price": [800, 250, 900],
        "sale_price": [None, None, "850"],
        "sale_until": [None, None, "2026-03-04T00:00:00Z"],
        "stock": [0, None, 5],
        "availability": ["out_of_stock", "discontinued", "in_stock"],
    }
)


def shown(catalog: Catalog, product: str) -> dict[str, object]:
    code = catalog.product_ids.find(product)
    cells = {
        "availability": AVAILABILITIES[int(catalog.availability[code])].value,
        "price": int(catalog.price[code]),
    }
    if catalog.on_sale[code]:
        cells |= {"sale_price": int(catalog.sale_price[code])}
        cells |= {"sale_until": str(catalog.sale_until[code])[:10]}
    return cells | ({"stock": int(catalog.stock[code])} if catalog.stocked[code] else {})


@pytest.mark.parametrize(
    ("as_of", "lamp"),
    [
        ("2026-03-02T00:00:00Z", {"availability": "in_stock", "price": 1000}),
        (
            "2026-03-02T00:00:00.000001Z",
            {
                "availability": "in_stock",
                "price": 900,
                "sale_price": 850,
                "sale_until": "2026-03-04",
                "stock": 5,
            },
        ),
        ("2026-03-09T00:00:00Z", {"availability": "out_of_stock", "price": 800, "stock": 0}),
    ],
)
def test_an_instant_sees_the_latest_state_before_it_and_at_first_the_catalogue(as_of, lamp):
    catalog = Catalog.from_frame(PRODUCTS, STATES)
    assert shown(catalog.until(as_of), "lamp") == lamp
    assert shown(catalog.until("2026-03-09T00:00:00Z").until(as_of), "lamp") == lamp


def test_a_product_is_not_there_before_it_was_published():
    catalog = Catalog.from_frame(PRODUCTS, STATES)
    assert list(catalog.until("2026-03-05T00:00:00Z").product_ids) == ["lamp", "old", "pot"]
    later = catalog.until("2026-03-05T00:00:00.000001Z")
    assert list(later.product_ids) == ["lamp", "new", "old", "pot"]
    early = catalog.until("2026-03-04T00:00:00Z")
    assert shown(early, "pot") == {"availability": "discontinued", "price": 250}
    assert early.title[2] == "Pot"


def test_a_product_was_in_stock_before_it_was_discontinued_unless_a_state_says_otherwise():
    catalog = Catalog.from_frame(PRODUCTS, STATES)
    early, late = catalog.until("2026-03-05T00:00:00Z"), catalog.until("2026-03-06T00:00:00Z")
    assert shown(early, "old")["availability"] == "in_stock"
    assert shown(early, "pot")["availability"] == "discontinued"
    assert shown(catalog.until("2026-03-02T00:00:00Z"), "pot")["availability"] == "in_stock"
    assert shown(late, "old")["availability"] == "discontinued"


def test_a_cost_holds_at_every_instant_and_may_be_nothing():
    catalog = Catalog.from_frame(PRODUCTS.assign(cost=[400, 350, 0, 100]), STATES)
    early, late = catalog.until("2026-03-04T00:00:00Z"), catalog.latest()
    assert list(early.product_ids) == ["lamp", "old", "pot"]
    assert (early.cost.tolist(), early.costed.tolist()) == ([400, 0, 100], [True] * 3)
    assert (late.cost.tolist(), late.costed.tolist()) == ([400, 350, 0, 100], [True] * 4)


def test_after_its_last_fact_a_catalogue_is_as_it_is_now():
    catalog = Catalog.from_frame(PRODUCTS, STATES)
    now = catalog.latest()
    assert list(now.product_ids) == list(catalog.product_ids)
    assert shown(now, "old") == shown(catalog, "old")
    assert len(Catalog.empty().latest()) == 0


def test_two_states_of_a_product_at_one_instant_are_refused():
    twice = STATES.assign(product_id="pot", at="2026-03-02T00:00:00Z")
    with pytest.raises(DataError, match="have the product_id pot; keep one a product and instant"):
        Catalog.from_frame(PRODUCTS, twice)


def test_a_catalogue_may_lack_the_columns_it_leaves_empty():
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE products AS SELECT 'a' AS product_id, 'Kettle' AS title")
        catalog = Catalog.from_table(connection)
    assert (list(catalog.title), catalog.priced.tolist()) == (["Kettle"], [False])


def test_what_only_orders_tell_shows_at_the_end_and_at_no_instant():
    with duckdb.connect() as connection:
        connection.execute("""
            CREATE TABLE products AS SELECT * FROM (VALUES
                ('cup', 'Cup', 'Home', 'EUR', 'brand,category', 'Ours'),
                ('future', 'Future', 'Home', 'EUR', 'title,category,currency', NULL),
                ('pot', 'Pot ü', 'Home', 'EUR', NULL, 'Ours'),
                ('tea', 'Tea', 'Drinks', 'EUR', 'currency', 'Ours'))
            AS t(product_id, title, category, currency, told_by_orders, brand)
        """)
        catalog = Catalog.from_table(connection)
    assert list(catalog.latest().title) == ["Cup", "Future", "Pot ü", "Tea"]
    then = catalog.until("2099-01-01T00:00:00Z")
    assert list(then.product_ids) == ["cup", "pot", "tea"]
    assert list(then.title) == ["Cup", "Pot ü", "Tea"]
    assert list(then.category) == ["", "Home", "Drinks"]
    assert list(then.brand) == ["", "Ours", "Ours"]
    assert list(then.currency) == ["EUR", "EUR", ""]


LISTS = [
    "b, X 1",
    '["b", "X 1"]',
    "[b, X 1]",
    ["b", "X 1"],
]


@pytest.mark.parametrize("cell", LISTS, ids=str)
def test_a_list_is_read_alike_however_it_is_written(cell):
    frame = pd.DataFrame({"product_id": ["a"], "title": ["A"], "accessory_for": [cell]})
    [read] = Catalog.from_frame(frame).accessory_for
    assert [part.strip() for part in read.split(",")] == ["b", "X 1"]


def test_lists_of_a_parquet_file_are_read_as_those_of_an_import(shop, tmp_path):
    source = tmp_path / "products.parquet"
    with duckdb.connect() as connection:
        connection.execute(f"""
            COPY (SELECT * FROM (VALUES
                ('a', 'A', ['b', 'X 1'], ['g'], [NULL, 'c'], 90, '{{"colour": "red"}}'),
                ('b', 'B', NULL, [], NULL, NULL, NULL)
            ) AS t(product_id, title, accessory_for, compatible_with, successor_of,
                replacement_cycle_days, attributes)) TO '{source}' (FORMAT parquet)
        """)
        connection.execute(f"CREATE VIEW products AS SELECT * FROM '{source}'")
        direct = Catalog.from_table(connection)
    order = tmp_path / "orders.csv"
    order.write_text("order_id,ordered_at,product_id,quantity\no,2026-03-01T00:00:00Z,a,1\n")
    import_files([source, order], shop)
    for catalog in (direct, read_shop(shop).catalog):
        assert list(catalog.accessory_for) == ["b,X 1", ""]
        assert list(catalog.compatible_with) == ["g", ""]
        assert list(catalog.successor_of) == ["c", ""]
        assert list(catalog.attributes) == ['{"colour": "red"}', ""]
        assert catalog.replacement_cycle_days.tolist() == [90, 0]
        assert catalog.replacement_cycle_days.dtype == np.int32


def test_a_catalogue_over_more_ids_says_nothing_of_those_it_lacks():
    stated = pd.DataFrame({"product_id": ["b"], "at": "2026-03-02T00:00:00Z", "stock": [0]})
    catalog = Catalog.from_frame(FRAME.assign(published_at="2026-03-01T00:00:00Z"), stated)
    ids = Ids.of(["a", "aa", "b", "c"])
    wide = catalog.over(ids)
    assert wide.product_ids is ids
    assert list(wide.title) == ["Kettle", "", "Lamp", ""]
    assert list(wide.compatible_with) == ["", "", "x,y", ""]
    assert wide.price.tolist() == [0, 0, 300, 0]
    assert wide.priced.tolist() == [False, False, True, False]
    assert wide.cost.tolist() == [0, 0, 120, 0]
    assert wide.costed.tolist() == [False, False, True, False]
    assert np.isnat(wide.published_at).tolist() == [False, True, False, True]
    assert [AVAILABILITIES[code] for code in wide.availability] == [
        Availability.IN_STOCK,
        Availability.IN_STOCK,
        Availability.OUT_OF_STOCK,
        Availability.IN_STOCK,
    ]
    assert wide.is_consumable.tolist() == [2, 2, 1, 2]
    assert set(wide.states.product.tolist()) == {2}
    assert wide.price.dtype == catalog.price.dtype
    with pytest.raises(DataError, match="not among"):
        catalog.over(Ids.of(["a"]))
    assert list(Catalog.empty().over(ids).title) == [""] * 4


def test_a_catalogue_is_shown_in_a_line():
    catalog = Catalog.from_frame(FRAME.assign(category=["Home", None]))
    shown = "Catalog(2 products, 1 with a price, 1 with a cost, 1 with a category)"
    assert repr(catalog) == shown
    assert repr(Catalog.empty()).startswith("Catalog(0 products, 0 with a price")
