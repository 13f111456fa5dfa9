"""WooCommerce goes in as its API and its webhooks write it: each trap of theirs has a row here."""

from __future__ import annotations

import hashlib
import json
from contextlib import closing
from datetime import datetime

import pytest

from nba.data.imports import import_files
from nba.data.mapping import SourceMapping, preset_names
from nba.data.readers import connect, read_file
from nba.data.sniffing import recognise
from tests.unit.data.conftest import names, quarantined, table

PERSONAL = [
    "ada@shop.example",
    "Ada",
    "Main Street 1",
    "+15550100",
    "192.0.2.7",
    "ring twice",
    "wc_order_k3y",
]


def line(
    number=11,
    product=93,
    variation=0,
    quantity=2,
    subtotal="10.00",
    total="10.00",
    sku="KET",
    name="Kettle",
):
    """An order line as the API gives it: `total` is of all pieces, and amounts are strings."""
    return {
        "id": number,
        "name": name,
        "product_id": product,
        "variation_id": variation,
        "quantity": quantity,
        "tax_class": "",
        "subtotal": subtotal,
        "total": total,
        "total_tax": "0.00",
        "taxes": [],
        "meta_data": [{"id": 1, "key": "engraving", "value": "Ada"}],
        "sku": sku,
        "price": 5.0,
    }


def order(
    number=727,
    status="processing",
    customer=25,
    email="ada@shop.example",
    created="2026-03-01T10:00:00",
    modified="2026-03-01T10:05:00",
    paid="2026-03-01T10:04:00",
    completed=None,
    currency="EUR",
    lines=None,
    refunds=(),
    channel="checkout",
):
    return {
        "id": number,
        "parent_id": 0,
        "number": str(number),
        "order_key": "wc_order_k3y",
        "created_via": channel,
        "version": "9.0.0",
        "status": status,
        "currency": currency,
        "date_created": "2026-03-01T12:00:00",
        "date_created_gmt": created,
        "date_modified": "2026-03-01T12:05:00",
        "date_modified_gmt": modified,
        "discount_total": "0.00",
        "shipping_total": "10.00",
        "total": "20.00",
        "prices_include_tax": False,
        "customer_id": customer,
        "customer_ip_address": "192.0.2.7",
        "customer_user_agent": "",
        "customer_note": "ring twice",
        "billing": {
            "first_name": "Ada",
            "address_1": "Main Street 1",
            "email": email,
            "phone": "+15550100",
            "country": "FI",
        },
        "shipping": {"first_name": "Ada", "address_1": "Main Street 1"},
        "payment_method": "stripe",
        "transaction_id": "",
        "date_paid": paid,
        "date_paid_gmt": paid,
        "date_completed": completed,
        "date_completed_gmt": completed,
        "meta_data": [{"id": 5, "key": "_phone", "value": "+15550100"}],
        "line_items": [line()] if lines is None else lines,
        "shipping_lines": [{"id": 1, "method_title": "Post", "total": "10.00"}],
        "fee_lines": [],
        "coupon_lines": [{"id": 2, "code": "ten", "discount": "1.00"}],
        "refunds": list(refunds),
        "_links": {"self": [{"href": "https://shop.example/wp-json/wc/v3/orders/727"}]},
    }


def product(number=93, **cells):
    return {
        "id": number,
        "name": "Kettle",
        "slug": "kettle",
        "permalink": "https://shop.example/kettle",
        "date_created_gmt": "2026-01-01T00:00:00",
        "type": "simple",
        "status": "publish",
        "sku": "KET",
        "price": "40.00",
        "regular_price": "49.90",
        "sale_price": "40.00",
        "date_on_sale_to_gmt": None,
        "on_sale": True,
        "stock_quantity": 4,
        "stock_status": "instock",
        "upsell_ids": [],
        "cross_sell_ids": [],
        "parent_id": 0,
        "related_ids": [62, 63],
        "categories": [
            {"id": 9, "name": "Home &amp; Garden", "slug": "home"},
            {"id": 10, "name": "Tea"},
        ],
        "images": [{"id": 1, "src": "https://shop.example/kettle.jpg"}],
        "attributes": [],
    } | cells


def export(*records):
    return json.dumps(records)


def stream(*records):
    return "".join(json.dumps(record) + "\n" for record in records)


def contents(shop):
    return {one.name: one.read_bytes() for one in shop.iterdir()}


def instant(text):
    return datetime.fromisoformat(text)


LINES = "line_no, product_id, quantity, unit_price, discount"


def test_an_order_goes_in_with_its_lines_its_instants_and_its_history(write, shop):
    lines = [line(), line(12, 99, 100, 1, "30.00", "30.00", "MUG-R", "Mug &amp; lid - Red")]
    done = order(status="completed", completed="2026-03-04T08:00:00", lines=lines)
    report = import_files([write("orders.json", export(done))], shop)
    assert report.rows_quarantined == 0
    cells = "order_id, customer_id, ordered_at, status, delivered_at, currency, channel"
    assert table(shop, "orders", cells) == [
        (
            "727",
            "25",
            instant("2026-03-01 10:00:00"),
            "delivered",
            instant("2026-03-04 08:00:00"),
            "EUR",
            "checkout",
        )
    ]
    assert table(shop, "order_lines", f"order_id, {LINES}, sku, title") == [
        ("727", 11, "93", 2, 500, 0, "KET", "Kettle"),
        ("727", 12, "100", 1, 3000, 0, "MUG-R", "Mug & lid - Red"),
    ]
    assert table(shop, "order_statuses", 'status, "at"', '"at"') == [
        ("paid", instant("2026-03-01 10:04:00")),
        ("delivered", instant("2026-03-04 08:00:00")),
    ]


@pytest.mark.parametrize(
    "write_as",
    [
        ("order.json", lambda one: json.dumps(one)),
        ("order.json", lambda one: json.dumps(one, indent=2)),
        ("orders.json", export),
        ("orders.jsonl", stream),
    ],
    ids=["webhook", "indented", "array", "lines"],
)
def test_a_webhook_an_array_and_lines_say_the_same(write, shop, write_as):
    name, written = write_as
    import_files([write(name, written(order()))], shop)
    assert table(shop, "orders", "order_id, status, status_at") == [
        ("727", "processing", instant("2026-03-01 10:05:00"))
    ]
    assert table(shop, "order_lines", LINES) == [(11, "93", 2, 500, 0)]


def test_a_zone_given_for_other_files_does_not_move_times_that_are_utc(write, shop):
    import_files([write("orders.json", export(order()))], shop, zone="Europe/Kyiv")
    assert table(shop, "orders", "ordered_at") == [(instant("2026-03-01 10:00:00"),)]


def test_what_was_paid_for_a_line_is_right_to_the_cent(write, shop):
    lines = [
        line(1, 1, quantity=3, subtotal="10.00", total="10.00"),
        line(2, 2, quantity=3, subtotal="30.00", total="24.50"),
        line(3, 3, quantity=2, subtotal="8", total="8"),
        line(4, 4, quantity=1, subtotal="5.00", total="0.00"),
        line(5, 5, quantity=0, subtotal="0.00", total="0.00"),
    ]
    yen = order(728, currency="JPY", lines=[line(6, 6, quantity=3, subtotal="1000", total="1000")])
    dinar = order(
        729, currency="KWD", lines=[line(7, 7, quantity=3, subtotal="1.000", total="1.000")]
    )
    import_files([write("orders.json", export(order(lines=lines), yen, dinar))], shop)
    found = table(shop, "order_lines", LINES, "line_no")
    assert found == [
        (1, "1", 3, 334, 2),
        (2, "2", 3, 1000, 550),
        (3, "3", 2, 400, 0),
        (4, "4", 1, 500, 500),
        (5, "5", 0, 0, 0),
        (6, "6", 3, 334, 2),
        (7, "7", 3, 340, 20),
    ]
    assert [price * pieces - off for _, _, pieces, price, off in found] == [
        1000,
        2450,
        800,
        0,
        0,
        1000,
        1000,
    ]


def test_a_guest_is_known_by_the_hash_of_the_address_and_nothing_personal_is_stored(write, shop):
    guest = order(1, customer=0, email="Ada@Shop.example ")
    nobody = order(2, customer=0, email="")
    report = import_files([write("orders.json", export(guest, nobody, order(3)))], shop)
    hashed = hashlib.sha256(b"ada@shop.example").hexdigest()[:32]
    assert table(shop, "orders", "order_id, customer_id") == [
        ("1", hashed),
        ("2", None),
        ("3", "25"),
    ]
    assert {"billing.email", "customer_note", "order_key"} <= set(
        report.personal_columns["orders.json"]
    )
    stored = b"".join(contents(shop).values()).lower()
    assert [word for word in PERSONAL if word.lower().encode() in stored] == []
    assert not [name for name in names(shop, "order_lines") if name.startswith("billing")]


def test_a_product_that_is_gone_is_found_by_its_sku_else_by_its_name(write, shop):
    lines = [
        line(1, 0, sku="KET"),
        line(2, 0, sku="", name="Lamp"),
        line(3, 0, sku="OLD", name="Pan"),
    ]
    files = [
        write("orders.json", export(order(lines=lines))),
        write("products.json", export(product(93), product(94, sku="LMP", name="Lamp"))),
    ]
    import_files(files, shop)
    assert table(shop, "order_lines", "product_id, resolved_by", "line_no") == [
        ("93", "sku"),
        ("94", "variant_title"),
        ("OLD", "nothing"),
    ]


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("pending", "awaiting_payment"),
        ("on-hold", "awaiting_payment"),
        ("processing", "processing"),
        ("completed", "delivered"),
        ("wc-completed", "delivered"),
        ("cancelled", "cancelled"),
        ("failed", "cancelled"),
        ("refunded", "returned"),
        ("shipped", "shipped"),
    ],
)
def test_each_status_has_its_code(write, shop, word, status):
    import_files([write("orders.json", export(order(status=word)))], shop)
    assert table(shop, "orders", "status") == [(status,)]


def test_a_plugins_own_status_is_quarantined_and_never_guessed(write, shop):
    good = [order(number) for number in range(1, 60)]
    absent = {name: cell for name, cell in order(61).items() if name != "status"}
    strange = order(60, "wc-awaiting-elves")
    report = import_files([write("orders.json", export(*good, strange, absent))], shop)
    assert report.unknown_statuses == {"awaiting-elves": 1, "no status": 1}
    assert quarantined(shop) == [
        (60, "status", "unknown_status", "awaiting-elves"),
        (61, "status", "unknown_status", "no status"),
    ]
    assert report.orders == 59


def test_trash_and_drafts_are_left_out_and_counted(write, shop):
    records = [
        order(1),
        order(2, "trash"),
        order(3, "checkout-draft"),
        order(4, "auto-draft", lines=[]),
    ]
    report = import_files([write("orders.json", export(*records))], shop)
    assert table(shop, "orders", "order_id") == [("1",)]
    assert table(shop, "order_statuses", "order_id") == [("1",)]
    assert report.files[0].skipped == {
        "in the trash": 1,
        "a checkout that was not finished": 2,
    }


def test_an_order_without_lines_is_kept(write, shop):
    import_files([write("orders.json", export(order(1, lines=[]), order(2)))], shop)
    assert table(shop, "orders", "order_id, customer_id, status") == [
        ("1", "25", "processing"),
        ("2", "25", "processing"),
    ]
    assert table(shop, "order_lines", "order_id") == [("2",)]


def test_a_partial_refund_leaves_the_order_as_it_is(write, shop):
    before = order(status="completed", completed="2026-03-04T08:00:00")
    after = order(
        status="completed",
        completed="2026-03-04T08:00:00",
        modified="2026-03-09T08:00:00",
        refunds=[{"id": 800, "reason": "Ada rang: lid broken", "total": "-4.00"}],
    )
    import_files([write("before.json", export(before))], shop)
    import_files([write("after.json", export(after))], shop)
    assert table(shop, "orders", "status, status_at, delivered_at") == [
        ("delivered", instant("2026-03-09 08:00:00"), instant("2026-03-04 08:00:00"))
    ]
    assert table(shop, "order_lines", "quantity, returned_quantity") == [(2, None)]
    assert b"lid broken" not in b"".join(contents(shop).values())


def test_a_later_export_supersedes_whatever_came_first(write, shop, tmp_path):
    first = write("first.json", export(order()))
    later = write(
        "later.json",
        export(order(status="refunded", modified="2026-03-20T00:00:00", lines=[line(quantity=1)])),
    )
    for path in (first, later):
        import_files([path], shop)
    for path in (later, first):
        import_files([path], tmp_path / "other")
    assert contents(shop) == contents(tmp_path / "other")
    assert table(shop, "orders", "status") == [("returned",)]
    assert table(shop, "order_lines", "quantity") == [(1,)]


def test_the_same_export_twice_changes_no_byte(write, shop):
    paths = [
        write("orders.json", export(order(), order(728, lines=[]))),
        write("products.json", export(product(upsell_ids=[94]))),
    ]
    import_files(paths, shop)
    before = contents(shop)
    report = import_files(paths, shop)
    assert contents(shop) == before
    assert report.superseded_orders == 0


def test_a_log_of_webhooks_holds_repeats_versions_and_deletions(write, shop):
    log = stream(
        order(),
        order(),  # a webhook that was not answered is sent again
        order(status="completed", completed="2026-03-04T08:00:00", modified="2026-03-04T08:00:00"),
        order(status="completed", completed="2026-03-04T08:00:00", modified="2026-03-06T08:00:00"),
        {"id": 500},
    )
    report = import_files([write("hooks.jsonl", log)], shop)
    assert report.rows_quarantined == 0
    assert report.files[0].skipped == {"notice that an order was deleted": 1}
    assert table(shop, "orders", "order_id, status") == [("727", "delivered")]
    assert table(shop, "order_lines", LINES) == [(11, "93", 2, 500, 0)]


def test_a_broken_record_loses_only_itself(write, shop):
    lines = [json.dumps(order(number)) for number in range(1, 61)]
    lines[20] = lines[20][:200]
    lines[30] = json.dumps(order(31, lines=[line(quantity="two")]))
    lines[40] = json.dumps(order(41, lines=[line(total="ten", subtotal="12.50")]))
    report = import_files([write("orders.jsonl", "\n".join(lines))], shop)
    assert [(number, rule) for number, _, rule, _ in quarantined(shop)] == [
        (21, "not_json"),
        (31, "not_a_number"),
        (41, "not_a_number"),
    ]
    assert (report.rows_read, report.orders) == (60, 57)
    assert set(table(shop, "order_lines", "unit_price")) == {(500,)}


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
        ("link", "93", "95", "accessory"),
        ("link", "93", "96", "accessory"),
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


CATALOGUE = (
    "ID,Type,SKU,Name,Published,Is featured?,Visibility in catalog,In stock?,Stock,Sale price,"
    "Regular price,Categories,Tags,Images,Parent,Upsells,Cross-sells\n"
)


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


ANALYTICS = (
    "Date,Order #,N. Revenue,Status,Customer,Customer type,Product(s),Items sold,Coupon(s)\n"
    "2026-03-01 10:00:00,727,20,completed,Ada Doe,new,2x Kettle,2,\n"
)


def test_the_analytics_download_is_recognised_and_says_what_to_export_instead(write, shop):
    report = import_files([write("orders.csv", ANALYTICS)], shop)
    assert report.orders == 0
    (reason,) = report.files[0].skipped
    assert reason.endswith("export orders as JSON: GET /wp-json/wc/v3/orders")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("orders.json", export(order())),
        ("order.json", json.dumps(order(email=None, refunds=[]))),
        ("products.json", export(product())),
        ("catalogue.csv", CATALOGUE + "1,simple,K,Kettle,1,0,visible,1,4,,9,,,,,,\n"),
        ("analytics.csv", ANALYTICS),
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
