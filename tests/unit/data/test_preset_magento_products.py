"""Magento's product export goes in as the admin writes it: each trap of it has a row here."""

from __future__ import annotations

from datetime import UTC, datetime

from nba.data.imports import import_files
from tests.unit.data.conftest import table

CATALOGUE = (
    "sku,store_view_code,attribute_set_code,product_type,categories,name,price,special_price,"
    "special_price_to_date,product_online,created_at,qty,allow_backorders,is_in_stock,"
    "related_skus,crosssell_skus,upsell_skus,configurable_variations"
)


def at(*parts) -> datetime:
    """An instant as the shop's files hold it: UTC, without saying so."""
    return datetime(*parts, tzinfo=UTC).replace(tzinfo=None)


def product(
    sku="LAMP",
    view="",
    kind="simple",
    categories="Default Category/Light",
    name="Lamp",
    price="34.000000",
    special="",
    special_to="",
    online="1",
    created='"3/1/26, 10:15 AM"',
    qty="5.0000",
    backorders="0",
    in_stock="1",
    related="",
    crosssell="",
    upsell="",
    variations="",
) -> str:
    """One row of the product export."""
    cells = [sku, view, "Default", kind, categories, name, price, special, special_to, online]
    listed = [f'"{cell}"' for cell in (related, crosssell, upsell, variations)]
    return ",".join([*cells, created, qty, backorders, in_stock, *listed])


def csv(header: str, *rows: str) -> str:
    return "\n".join([header, *rows]) + "\n"


def test_the_product_export_fills_the_catalogue(write, shop):
    rows = [
        product(
            categories='"Default Category/Promo,Default Category/Home/Light"',
            special="29.500000",
            special_to="3/31/26",
        ),
        product("PLAIN", view="", price="20", categories="Default Category", name="Plain"),
        product("LAMP", view="uk", kind="", categories="", name="Лампа", price=""),
    ]
    report = import_files([write("catalog_product.csv", csv(CATALOGUE, *rows))], shop)
    cells = "product_id, sku, title, category, price, sale_price, sale_until, published_at"
    assert table(shop, "products", cells) == [
        (
            "LAMP",
            "LAMP",
            "Lamp",
            "Home > Light",
            3400,
            2950,
            at(2026, 4, 1),
            at(2026, 3, 1, 10, 15),
        ),
        ("PLAIN", "PLAIN", "Plain", None, 2000, None, None, at(2026, 3, 1, 10, 15)),
    ]
    assert report.files[0].skipped == {"texts of one store view": 1}
    assert report.rows_quarantined == 0


STOCKS = [
    ({}, ("in_stock", 5)),
    ({"in_stock": "0"}, ("out_of_stock", 5)),
    ({"online": "2"}, ("discontinued", 5)),
    ({"qty": "-2.0000", "backorders": "1"}, ("backorder", 0)),
    ({"qty": "0.0000", "kind": "configurable"}, ("in_stock", 0)),
    ({"qty": "2.7500"}, ("in_stock", 2)),
]


def test_availability_is_what_can_be_ordered(write, shop):
    rows = [product(f"{number}", **cells) for number, (cells, _) in enumerate(STOCKS)]
    import_files([write("catalog_product.csv", csv(CATALOGUE, *rows))], shop)
    found = table(shop, "products", "availability, stock", "product_id")
    assert found == [expected for _, expected in STOCKS]


DATES = [
    "2026-03-01 10:15:00",
    '"3/1/26, 10:15\u202fAM"',
    '"01.03.26, 10:15"',
    '"01.03.2026, 10:15"',
    '"01/03/2026, 10:15"',
]


def test_dates_of_the_product_export_are_read_as_the_admin_writes_them(write, shop):
    rows = [product(f"{number}", created=written) for number, written in enumerate(DATES)]
    path = write("catalog_product.csv", csv(CATALOGUE, *rows))
    import_files([path], shop, zone="Europe/Kyiv")
    assert table(shop, "products", "published_at") == [(at(2026, 3, 1, 8, 15),)] * len(DATES)


def test_variants_are_grouped_under_their_configurable_product(write, shop):
    rows = [
        product("SHIRT-M", name="Shirt M"),
        product("SHIRT", kind="configurable", name="Shirt", price="0.000000",
                variations="sku=SHIRT-M,size=M|sku=SHIRT-S,size=S"),
        product("SHIRT-S", name="Shirt S"),
        product("LAMP"),
    ]  # fmt: skip
    report = import_files([write("catalog_product.csv", csv(CATALOGUE, *rows))], shop)
    assert table(shop, "products", "product_id, product_group_id, price") == [
        ("LAMP", None, 3400),
        ("SHIRT", "SHIRT", None),
        ("SHIRT-M", "SHIRT", 3400),
        ("SHIRT-S", "SHIRT", 3400),
    ]
    assert (report.files[0].rows_loaded, report.files[0].rows_skipped) == (4, 0)


def test_links_of_the_catalogue_become_rules(write, shop):
    rows = [product(related="CUP,POT", crosssell="BULB", upsell="LAMP-XL"), product("CUP")]
    report = import_files([write("catalog_product.csv", csv(CATALOGUE, *rows))], shop)
    cells = "kind, source_product_id, target_product_id, relation"
    assert table(shop, "rules", cells) == [
        ("link", "LAMP", "BULB", "accessories"),
        ("link", "LAMP", "CUP", "similar"),
        ("link", "LAMP", "LAMP-XL", "upsell"),
        ("link", "LAMP", "POT", "similar"),
    ]
    assert (report.files[0].rows_loaded, report.rows_quarantined) == (2, 0)


def test_importing_the_product_export_again_changes_no_byte(write, shop):
    path = write("c.csv", csv(CATALOGUE, product(related="CUP"), product("CUP")))
    import_files([path], shop)
    before = {one.name: one.read_bytes() for one in shop.iterdir()}
    import_files([path], shop)
    assert {one.name: one.read_bytes() for one in shop.iterdir()} == before


def test_order_lines_meet_the_catalogue(write, shop):
    orders = "entity_id,increment_id,state,status,customer_id,created_at"
    lines = "item_id,order_id,parent_item_id,product_type,sku,name,qty_ordered,price"
    files = [
        write("o.csv", csv(orders, "7,100007,complete,complete,31,2026-03-01 09:15:00")),
        write("l.csv", csv(lines, "1,7,,configurable,LAMP,Old name,1.0000,19.9900")),
        write("c.csv", csv(CATALOGUE, product(name="A lamp"))),
    ]
    import_files(files, shop)
    assert table(shop, "products", "product_id, title") == [("LAMP", "A lamp")]
