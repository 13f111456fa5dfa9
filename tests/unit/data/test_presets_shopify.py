"""Shopify's exports go in as they are: each trap of theirs has a row here."""

from __future__ import annotations

import hashlib

import pytest

from nba.data.imports import import_files
from tests.unit.data.conftest import names, quarantined, table

ORDERS = [
    "Name,Email,Financial Status,Paid at,Fulfillment Status,Fulfilled at,Accepts Marketing,"
    "Currency,Subtotal,Shipping,Total,Discount Code,Discount Amount,Shipping Method,Created at,"
    "Lineitem quantity,Lineitem name,Lineitem price,Lineitem compare at price,Lineitem sku,"
    "Billing Name,Billing Street,Billing Zip,Billing Phone,Shipping Name,Shipping City,Notes,"
    "Note Attributes,Cancelled at,Payment Method,Refunded Amount,Vendor,Id,Tags,Source,"
    "Lineitem discount,Tax 1 Name,Phone"
]
PERSONAL = ["Ada Doe", "Main Street 1", "'01234", "+15550100", "Bigtown", "ring twice", "door: 7"]


def order(
    name="#1001",
    email="ada@shop.example",
    financial="paid",
    paid="2026-02-20 10:00:05 +0100",
    fulfillment="fulfilled",
    fulfilled="2026-02-21 09:00:00 +0100",
    created="2026-02-20 10:00:00 +0100",
    line=("1", "Kettle - Red / L", "49.90", "KET-R-L"),
    cancelled="",
    payment="Stripe",
    refunded="0.00",
    discount="5.00",
    tags="",
    line_discount="0.00",
) -> str:
    """The first row of an order."""
    quantity, title, price, sku = line
    return (
        f"{name},{email},{financial},{paid},{fulfillment},{fulfilled},yes,EUR,"
        f"49.90,4.90,54.80,TEN,{discount},Post,{created},"
        f"{quantity},{title},{price},,{sku},"
        f"Ada Doe,Main Street 1,'01234,+15550100,Ada Doe,Bigtown,ring twice,"
        f'door: 7,{cancelled},{payment},{refunded},Acme,5551,"{tags}",web,'
        f"{line_discount},VAT 20%,+15550100"
    )


def more(name: str, line: tuple[str, str, str, str], line_discount: str = "0.00") -> str:
    """A further row of an order: the cells of the order are blank, perhaps its name too."""
    quantity, title, price, sku = line
    return (
        f"{name},,,,,,,,,,,,,,,{quantity},{title},{price},,{sku},,,,,,,,,,,,Acme,,,,"
        f"{line_discount},,"
    )


def export(*rows: str) -> bytes:
    return "\n".join([*ORDERS, *rows, ""]).encode("utf-8-sig")


def customer(email: str) -> str:
    return hashlib.sha256(email.encode()).hexdigest()[:32]


def test_an_orders_export_is_recognised_and_read_without_options(write, shop):
    report = import_files([write("orders_export.csv", export(order()))], shop)
    assert report.recognised[0].sentence() == (
        "orders_export.csv: Shopify export, orders, "
        "by Name, Financial Status, Lineitem quantity, Lineitem name"
    )
    assert table(
        shop, "orders", "order_id, CAST(ordered_at AS VARCHAR), status, currency, discount, channel"
    ) == [("#1001", "2026-02-20 09:00:00", "shipped", "EUR", 500, "web")]
    assert table(shop, "order_lines", "product_id, title, quantity, unit_price, brand") == [
        ("KET-R-L", "Kettle - Red / L", 1, 4990, "Acme")
    ]


def test_rows_with_blank_order_cells_and_blank_names_belong_to_the_order_above(write, shop):
    content = export(
        order("#1", discount=""),
        more("#1", ("2", "Filter", "4.50", "FIL")),
        more("", ("3", "Tea - Green", "3.00", "")),
        order("#2", "bob@shop.example", discount=""),
    )
    report = import_files([write("orders_export.csv", content)], shop)
    assert (report.orders, report.order_lines, report.rows_quarantined) == (2, 4, 0)
    assert table(shop, "order_lines", "order_id, title, quantity", "order_id, quantity") == [
        ("#1", "Kettle - Red / L", 1),
        ("#1", "Filter", 2),
        ("#1", "Tea - Green", 3),
        ("#2", "Kettle - Red / L", 1),
    ]


def test_a_blank_name_after_a_row_that_cannot_be_read_is_no_line_of_the_order_before(write, shop):
    content = export(
        *(order(f"#{n}") for n in range(60)),
        "#99,broken",
        more("", ("1", "Filter", "4.50", "FIL")),
    )
    report = import_files([write("orders_export.csv", content)], shop)
    assert [row[:3] for row in quarantined(shop)] == [
        (62, "Financial Status", "missing_cells"),
        (63, "order_id", "missing_value"),
    ]
    assert (report.orders, report.order_lines) == (60, 60)


def test_a_customer_is_the_hash_of_the_email_as_an_email_tool_computes_it(write, shop):
    content = export(order("#1", " Ada@Shop.Example "), order("#2"), order("#3", ""))
    report = import_files([write("orders_export.csv", content)], shop)
    ada = customer("ada@shop.example")
    assert table(shop, "orders", "customer_id", "order_id") == [(ada,), (ada,), (None,)]
    assert report.guest_orders == 1


def test_nothing_personal_is_written_anywhere(write, shop):
    content = export(
        *(order(f"#{n}") for n in range(60)),
        order("#x", line=("many", "Kettle", "49.90", "K")),
        "#y,ada@shop.example,Ada Doe",
    )
    report = import_files([write("orders_export.csv", content)], shop)
    assert report.rows_quarantined == 2
    assert {"Email", "Billing Zip", "Notes", "Phone"} <= set(
        report.personal_columns["orders_export.csv"]
    )
    kept = {*names(shop, "orders"), *names(shop, "order_lines")}
    assert {"Shipping", "Shipping Method", "Id", "Tax 1 Name"} <= kept
    for file in shop.iterdir():
        content = file.read_bytes()
        for word in [*PERSONAL, "ada@shop.example"]:
            assert word.encode() not in content, (file.name, word)
    cells = table(shop, "orders") + table(shop, "order_lines") + table(shop, "quarantine")
    assert not [row for row in cells if any(word in str(row) for word in PERSONAL)]


def test_payment_is_heard_before_fulfilment(write, shop):
    code_of = {
        ("paid", "fulfilled", ""): "shipped",
        ("paid", "unfulfilled", ""): "awaiting_processing",
        ("paid", "partial", ""): "processing",
        ("paid", "restocked", ""): "returned",
        ("paid", "on_hold", ""): "delayed",
        ("paid", "", ""): "paid",
        ("partially_refunded", "fulfilled", ""): "shipped",
        ("refunded", "fulfilled", ""): "returned",
        ("pending", "unfulfilled", ""): "awaiting_payment",
        ("authorized", "unfulfilled", ""): "awaiting_payment",
        ("voided", "unfulfilled", ""): "cancelled",
        ("expired", "unfulfilled", ""): "cancelled",
        ("refunded", "restocked", "2026-02-22 12:00:00 +0100"): "cancelled",
    }
    rows = [
        order(f"#{number}", financial=financial, fulfillment=fulfillment, cancelled=cancelled)
        for number, (financial, fulfillment, cancelled) in enumerate(code_of, 10)
    ]
    import_files([write("orders_export.csv", export(*rows))], shop)
    found = [status for (status,) in table(shop, "orders", "status", "order_id")]
    assert dict(zip(code_of, found, strict=True)) == code_of


def test_a_status_holds_from_the_instant_that_the_export_names(write, shop):
    content = export(
        order("#1"),
        order("#2", fulfillment="", fulfilled=""),
        order("#3", cancelled="2026-02-22 12:00:00 +0100"),
    )
    import_files([write("orders_export.csv", content)], shop)
    assert table(shop, "orders", "CAST(status_at AS VARCHAR)", "order_id") == [
        ("2026-02-21 08:00:00",),
        ("2026-02-20 09:00:05",),
        ("2026-02-22 11:00:00",),
    ]


def test_a_status_that_nobody_knows_is_quarantined_and_listed(write, shop):
    content = export(
        *(order(f"#{n}") for n in range(60)), order("#x", fulfillment="beamed"), order("#y")
    )
    report = import_files([write("orders_export.csv", content)], shop)
    assert quarantined(shop) == [(62, "status", "unknown_status", "beamed")]
    assert report.unknown_statuses == {"beamed": 1}


def test_test_orders_are_marked(write, shop):
    content = export(
        order("#1"), order("#2", payment="Bogus Gateway"), order("#3", tags="vip, test")
    )
    import_files([write("orders_export.csv", content)], shop)
    assert table(shop, "orders", "is_test", "order_id") == [(None,), (True,), (True,)]


def test_identical_rows_are_both_kept_and_counted(write, shop):
    line = ("1", "Filter", "4.50", "FIL")
    content = export(order("#1"), more("#1", line), more("#1", line))
    report = import_files([write("orders_export.csv", content)], shop)
    assert (report.order_lines, report.repeated_lines) == (3, 1)


def test_the_parts_of_a_large_export_are_one_shop(write, shop):
    paths = [
        write("orders_export_1.csv", export(order("#1"))),
        write("orders_export_2.csv", export(order("#2"))),
    ]
    report = import_files(paths, shop)
    assert [one.rows_loaded for one in report.files] == [1, 1]
    assert report.orders == 2


OLD = (
    "Handle,Title,Body (HTML),Vendor,Product Category,Type,Tags,Published,Option1 Name,"
    "Option1 Value,Option2 Name,Option2 Value,Option3 Name,Option3 Value,Variant SKU,"
    "Variant Inventory Tracker,Variant Inventory Qty,Variant Inventory Policy,Variant Price,"
    "Variant Compare At Price,Variant Barcode,Image Src,Image Position,Gift Card,Variant Image,"
    "Cost per item,Status\n"
    "kettle,Kettle,<p>Boils</p>,Acme,Home > Kitchen,Kettles,new,true,Color,Red,Size,L,,,KET-R-L,"
    "shopify,5,deny,39.90,49.90,,https://cdn/k1.png,1,false,,20.00,active\n"
    "kettle,,,,,,,,,Blue,,L,,,'KET-B-L,shopify,-2,continue,49.90,,,https://cdn/k2.png,2,,,,\n"
    "kettle,,,,,,,,,,,,,,,,,,,,,https://cdn/k3.png,3,,,,\n"
    "tea,Green tea,,Leaf,,Tea,,true,Title,Default Title,,,,,,shopify,0,deny,3.00,,,,,false,,,"
    "active\n"
    "mug,Mug,,Acme,,,,false,Title,Default Title,,,,,MUG,,,deny,8.00,8.00,,,,false,,,active\n"
    "old,Old lamp,,Acme,,,,true,Title,Default Title,,,,,LAMP,,,deny,8.00,,,,,false,,,archived\n"
    "card,Gift card,,Acme,,,,true,Value,50,,,,,,,,deny,50.00,,,,,true,,,active\n"
)
NEW = (
    "Title,URL handle,Description,Vendor,Product category,Type,Tags,Published on online store,"
    "Status,SKU,Barcode,Option1 name,Option1 value,Option1 Linked To,Option2 name,Option2 value,"
    "Option3 name,Option3 value,Price,Compare-at price,Cost per item,Inventory tracker,"
    "Inventory quantity,Continue selling when out of stock,Product image URL,Image position,"
    "Variant image URL,Gift card\n"
    "Kettle,kettle,<p>Boils</p>,Acme,Home > Kitchen,Kettles,new,TRUE,Active,KET-R-L,,Color,Red,,"
    "Size,L,,,39.90,49.90,20.00,shopify,5,deny,https://cdn/k1.png,1,,FALSE\n"
    ",kettle,,,,,,,,'KET-B-L,,,Blue,,,L,,,49.90,,,shopify,-2,continue,https://cdn/k2.png,2,,\n"
    ",kettle,,,,,,,,,,,,,,,,,,,,,,,https://cdn/k3.png,3,,\n"
    "Green tea,tea,,Leaf,,Tea,,TRUE,Active,,,Title,Default Title,,,,,,3.00,,,shopify,0,deny,"
    ",,,FALSE\n"
    "Mug,mug,,Acme,,,,FALSE,Active,MUG,,Title,Default Title,,,,,,8.00,8.00,,,,deny,,,,FALSE\n"
    "Old lamp,old,,Acme,,,,TRUE,Archived,LAMP,,Title,Default Title,,,,,,8.00,,,,,deny,,,,FALSE\n"
    "Gift card,card,,Acme,,,,TRUE,Active,,,Value,50,,,,,,50.00,,,,,deny,,,,TRUE\n"
)


@pytest.mark.parametrize("content", [OLD, NEW])
def test_both_generations_of_the_products_export_give_the_same_catalogue(write, shop, content):
    report = import_files([write("products_export.csv", content)], shop)
    cells = "product_id, sku, product_group_id, title, price, sale_price, cost, availability, stock"
    assert table(shop, "products", cells) == [
        ("KET-B-L", "KET-B-L", "kettle", "Kettle - Blue / L", 4990, None, None, "backorder", 0),
        ("KET-R-L", "KET-R-L", "kettle", "Kettle - Red / L", 4990, 3990, 2000, "in_stock", 5),
        ("LAMP", "LAMP", "old", "Old lamp", 800, None, None, "discontinued", None),
        ("MUG", "MUG", "mug", "Mug", 800, None, None, "out_of_stock", None),
        ("tea", None, "tea", "Green tea", 300, None, None, "out_of_stock", 0),
    ]
    assert table(shop, "products", "category, brand, image_link", "product_id")[0] == (
        "Home > Kitchen",
        "Acme",
        "https://cdn/k1.png",
    )
    account = report.files[0]
    assert account.skipped == {"picture of a product": 1, "gift card": 1}
    assert account.rows_read == account.rows_loaded + account.rows_skipped == 7


def test_lines_find_their_product_by_sku_and_by_title(write, shop):
    products = write("products_export.csv", OLD)
    orders = write(
        "orders_export.csv",
        export(
            order("#1", line=("1", "Kettle - Red / L", "39.90", "KET-R-L")),
            more("#1", ("1", "Kettle - Blue / L", "49.90", "")),
            more("#1", ("1", "Green tea", "3.00", "")),
        ),
    )
    report = import_files([products, orders], shop)
    assert table(shop, "order_lines", "product_id") == [("KET-B-L",), ("KET-R-L",), ("tea",)]
    assert {one.mapping for one in report.recognised} == {"shopify"}
