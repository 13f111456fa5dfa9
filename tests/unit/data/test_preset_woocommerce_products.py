"""WooCommerce's products and variations, and which files are its own."""

from __future__ import annotations

import json
from contextlib import closing

import pytest

from nba.data.imports import import_files
from nba.data.mapping import SourceMapping, preset_names
from nba.data.readers import connect, read_file
from nba.data.sniffing import recognise
from nba.errors import ConfigError, DataError
from tests.unit.data.conftest import table
from tests.unit.data.woocommerce import ANALYTICS, CATALOGUE, export, instant, order, product


def test_a_product_goes_in_with_its_price_stock_and_links(write, shop):
    kettle = product(
        date_on_sale_to_gmt="2026-05-01T00:00:00",
        upsell_ids=[94],
        cross_sell_ids=[95, 96],
        attributes=[{"id": 1, "name": "Colour", "options": ["Red", "Blue"]}],
    )
    import_files([write("products.json", export(kettle))], shop)
    cells = "product_id, sku, title, category, price, sale_price, sale_until, availability, stock"
    assert table(shop, "products", cells) == [
        (
            "93",
            "KET",
            "Kettle",
            "Home & Garden > Tea",
            4990,
            4000,
            instant("2026-05-01"),
            "in_stock",
            4,
        )
    ]
    assert table(shop, "products", "published_at, attributes, link, image_link") == [
        (
            instant("2026-01-01"),
            '{"Colour":"Red, Blue"}',
            "https://shop.example/kettle",
            "https://shop.example/kettle.jpg",
        )
    ]
    rules = "kind, source_product_id, target_product_id, relation"
    assert table(shop, "rules", rules) == [
        ("link", "93", "94", "upsell"),
        ("link", "93", "95", "accessories"),
        ("link", "93", "96", "accessories"),
    ]


def test_a_variation_takes_what_its_parent_says(write, shop):
    parent = product(99, type="variable", name="Mug", sku="MUG", regular_price="", price="9.50")
    red = product(100, type="variation", parent_id=99, name="Red", sku="MUG-R", upsell_ids=[])
    blue = product(101, type="variation", parent_id=99, sku="MUG-B", image={"src": "b.jpg"})
    blue["attributes"] = [{"id": 1, "name": "Colour", "option": "Blue"}]
    for variation in (red, blue):
        del variation["categories"]
    for name in ("name", "images"):
        del blue[name]
    import_files([write("products.json", export(parent, red, blue))], shop)
    cells = "product_id, product_group_id, title, category, price, image_link"
    picture = "https://shop.example/kettle.jpg"
    assert table(shop, "products", cells) == [
        ("100", "99", "Mug - Red", "Home & Garden > Tea", 4990, picture),
        ("101", "99", "Mug - Blue", "Home & Garden > Tea", 4990, "b.jpg"),
        ("99", "99", "Mug", "Home & Garden > Tea", 950, picture),
    ]


def test_prices_without_cents_sales_that_wait_and_stock_below_zero_are_understood(write, shop):
    products = [
        product(1, regular_price="250", price="250", sale_price="200", on_sale=False),
        product(2, stock_quantity=-3, stock_status="onbackorder", regular_price="", price=""),
        product(3, stock_status="outofstock", stock_quantity=None),
        product(4, status="draft"),
        product(5, status="private"),
    ]
    import_files([write("products.json", export(*products))], shop)
    assert table(shop, "products", "product_id, price, sale_price, availability, stock") == [
        ("1", 25000, None, "in_stock", 4),
        ("2", None, 4000, "backorder", 0),
        ("3", 4990, 4000, "out_of_stock", None),
        ("4", 4990, 4000, "discontinued", 4),
        ("5", 4990, 4000, "discontinued", 4),
    ]


def test_the_catalogue_of_the_admin_goes_in(write, shop):
    rows = (
        '1,simple,KET,Kettle,1,0,visible,1,4,40,49.90,"Home > Tea, Gifts",,"a.jpg, b.jpg",,,\n'
        '2,variable,MUG,Mug,1,0,visible,1,,,,"Cups\\, bowls > Mugs",,m.jpg,,,\n'
        "3,variation,MUG-R,Mug - Red,1,0,visible,backorder,-2,,9.50,,,,MUG,,\n"
        "4,variable,,Pan,0,0,visible,0,,,,,,,,,\n"
        "5,variation,,Pan - 24,1,0,visible,0,,,20,,,,id:4,,\n"
    )
    import_files([write("catalogue.csv", CATALOGUE + rows)], shop)
    cells = "product_id, product_group_id, title, category, price, sale_price, availability, stock"
    assert table(shop, "products", cells) == [
        ("1", None, "Kettle", "Home > Tea", 4990, 4000, "in_stock", 4),
        ("2", "2", "Mug", "Cups, bowls > Mugs", None, None, "in_stock", None),
        ("3", "2", "Mug - Red", "Cups, bowls > Mugs", 950, None, "backorder", 0),
        ("4", "4", "Pan", None, None, None, "discontinued", None),
        ("5", "4", "Pan - 24", None, 2000, None, "out_of_stock", None),
    ]
    assert table(shop, "products", "image_link", "product_id")[0] == ("a.jpg",)


def test_the_analytics_download_is_recognised_and_says_what_to_export_instead(write, shop):
    path = write("orders.csv", ANALYTICS)
    with pytest.raises(DataError, match=r"orders\.csv \(WooCommerce, analytics\).*GET /wp-json"):
        import_files([path], shop)
    assert not shop.exists()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("orders.json", export(order())),
        ("order.json", json.dumps(order(email=None, refunds=[]))),
        ("products.json", export(product())),
        ("catalogue.csv", CATALOGUE + "1,simple,K,Kettle,1,0,visible,1,4,,9,,,,,,\n"),
    ],
)
def test_its_files_are_known_by_this_preset_alone(write, name, content):
    with closing(connect()) as connection:
        header = read_file(connection, write(name, content), "rows").columns
    assert [one for one in preset_names() if SourceMapping.preset(one).fitting(header)] == [
        "woocommerce"
    ]
    assert recognise(name, header, None)[0].name == "woocommerce"


def test_a_plain_file_is_not_taken_for_it():
    header = ["order_id", "customer_id", "ordered_at", "product_id", "quantity"]
    assert SourceMapping.preset("woocommerce").fitting(header) == []
    assert recognise("a.csv", header, None)[0].name == ""


@pytest.mark.parametrize(
    "entry",
    ['refuse = "give another"', 'detect = ["A"]\nrefuse = ""', 'detect = ["A"]\nrefuse = 1'],
    ids=["no columns", "no words", "no text"],
)
def test_a_mapping_that_refuses_a_file_says_which_and_what_to_give_instead(write, entry):
    with pytest.raises(ConfigError, match="refuse"):
        SourceMapping.from_toml(write("m.toml", f"[[file]]\n{entry}\n"))
