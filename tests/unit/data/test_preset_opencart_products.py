"""OpenCart's tables of products go in as they are, joined or apart."""

from __future__ import annotations

from datetime import UTC, datetime

from nba.data.imports import import_files
from tests.unit.data.conftest import table

PRODUCTS = (
    "product_id,model,sku,quantity,stock_status_id,image,price,subtract,status,date_available,"
    "date_added,date_modified"
)
DESCRIPTIONS = "product_id,language_id,name,description,meta_title"
RELATED = "product_id,related_id"
KYIV = "Europe/Kyiv"


def at(*parts) -> datetime:
    """An instant as the shop's files hold it: UTC, without saying so."""
    return datetime(*parts, tzinfo=UTC).replace(tzinfo=None)


def product(
    number="50",
    model="LAMP",
    quantity="5",
    stock_status="7",
    price="24.9900",
    subtract="1",
    status="1",
    available="2026-01-01",
    modified="2026-02-01 12:00:00",
) -> str:
    """One row of oc_product."""
    return (
        f"{number},{model},,{quantity},{stock_status},catalog/lamp.jpg,{price},{subtract},{status},"
        f"{available},2026-01-01 12:00:00,{modified}"
    )


def csv(header: str, *rows: str) -> str:
    return "\n".join([header, *rows]) + "\n"


def joined(row: str, name: str, language: str = "1") -> str:
    return f"{row},{language},{name}"


STOCKS = [
    ({}, ("in_stock", 5)),
    ({"status": "0"}, ("discontinued", 5)),
    ({"quantity": "0"}, ("out_of_stock", 0)),
    ({"quantity": "-3"}, ("out_of_stock", 0)),
    ({"quantity": "0", "stock_status": "8"}, ("preorder", 0)),
    ({"quantity": "0", "stock_status": "6"}, ("backorder", 0)),
    ({"quantity": "0", "subtract": "0"}, ("in_stock", 0)),
]


def test_products_come_with_name_price_and_stock(write, shop):
    rows = [joined(product(f"{n}", **cells), "Lamp") for n, (cells, _) in enumerate(STOCKS)]
    import_files([write("p.csv", csv(f"{PRODUCTS},language_id,name", *rows))], shop, zone=KYIV)
    cells = "title, sku, price, published_at"
    expected = ("Lamp", "LAMP", 2499, at(2025, 12, 31, 22))
    assert table(shop, "products", cells) == [expected] * len(STOCKS)
    stocks = table(shop, "products", "availability, stock", "product_id")
    assert stocks == [expected for _, expected in STOCKS]


def test_a_product_in_several_languages_has_the_name_in_the_first(write, shop):
    rows = [joined(product(), "Лампа", "3"), joined(product(), "Lamp &amp; shade", "1")]
    path = write("p.csv", csv(f"{PRODUCTS},language_id,name", *rows))
    report = import_files([path], shop, zone=KYIV)
    assert table(shop, "products", "product_id, title") == [("50", "Lamp & shade")]
    assert report.files[0].skipped == {"the same in another language": 1}


def test_the_two_tables_of_products_may_come_apart(write, shop):
    files = [
        write("oc_product.csv", csv(PRODUCTS, product(), product("51", "CUP", status="0"))),
        write(
            "oc_product_description.csv",
            csv(DESCRIPTIONS, "50,1,Lamp,,Lamp", "50,3,Лампа,,Лампа", "51,1,Cup,,Cup"),
        ),
    ]
    report = import_files(files, shop, zone=KYIV)
    cells = "product_id, title, price, availability"
    assert table(shop, "products", cells) == [
        ("50", "Lamp", 2499, None),
        ("51", "Cup", 2499, "discontinued"),
    ]
    assert table(shop, "product_states", '"at"', "ALL")[-1] == (at(2026, 2, 1, 10),)
    assert report.rows_quarantined == 0


def test_related_products_become_rules(write, shop):
    import_files([write("r.csv", csv(RELATED, "50,51", "51,50"))], shop)
    cells = "kind, source_product_id, target_product_id, relation"
    assert table(shop, "rules", cells) == [
        ("link", "50", "51", "similar"),
        ("link", "51", "50", "similar"),
    ]
