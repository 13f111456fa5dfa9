"""Track calls of Segment: each trap of its e-commerce events has a row here."""

from __future__ import annotations

import hashlib
import json
from contextlib import closing
from datetime import datetime

from nba.data.imports import import_files
from nba.data.mapping import SourceMapping, preset_names
from nba.data.readers import connect, read_file
from nba.data.sniffing import recognise
from tests.unit.data.conftest import quarantined, table

PERSONAL = ["ada@shop.example", "192.0.2.7", "+15550100", "Main Street 1", "my gran loves it"]


def call(event="Product Viewed", message="m1", second=0, user=None, guest="g1", **properties):
    """A track call as Segment hands it on."""
    return {
        "anonymousId": guest,
        "userId": user,
        "messageId": message,
        "type": "track",
        "event": event,
        "timestamp": f"2026-03-01T10:{second // 60:02}:{second % 60:02}.000Z",
        "sentAt": "2026-03-01T10:59:00.000Z",
        "receivedAt": "2026-03-01T10:59:01.000Z",
        "context": {"ip": "192.0.2.7", "traits": {"email": "ada@shop.example"}},
        "properties": {"product_id": "KET", "name": "Kettle", "price": 49.9} | properties,
    }


def bought(**cells):
    return {
        "product_id": "KET",
        "sku": "K-1",
        "name": "Kettle",
        "price": 49.9,
        "quantity": 1,
        "category": "Home",
        "brand": "Acme",
    } | cells


def order(
    event="Order Completed",
    message="m9",
    second=60,
    number="T1",
    products=None,
    user=None,
    **properties,
):
    """A track call about an order."""
    told = {
        "order_id": number,
        "currency": "eur",
        "affiliation": "web",
        "coupon": "TEN",
        "email": "ada@shop.example",
        "shipping_address": {"street": "Main Street 1", "phone": "+15550100"},
        "products": [bought()] if products is None else products,
    }
    return call(event, message, second, user) | {"properties": told | properties}


def stream(*calls):
    return "".join(json.dumps(one) + "\n" for one in calls)


def contents(shop):
    return {one.name: one.read_bytes() for one in shop.iterdir()}


def instant(second):
    return datetime(2026, 3, 1, 10, second // 60, second % 60)  # noqa: DTZ001 - as Parquet holds it


EVENT = 'event_id, type, "at", customer_id, session_id, product_id'


def test_a_call_about_a_product_is_an_event(write, shop):
    type_of = {
        "Product Viewed": "view_item",
        "product viewed": "view_item",
        "Product Added": "add_to_cart",
        "Wishlist Product Added to Cart": "add_to_cart",
        "Product Removed": "remove_from_cart",
        "Product Added to Wishlist": "add_to_wishlist",
        "Product Removed from Wishlist": "remove_from_wishlist",
    }
    calls = [call(said, f"m{n}", n, user="anna") for n, said in enumerate(type_of)]
    import_files([write("calls.json", stream(*calls))], shop)
    assert table(shop, "events", EVENT, "event_id") == [
        (f"m{n}", type_, instant(n), "anna", "g1", "KET")
        for n, type_ in enumerate(type_of.values())
    ]


def test_an_array_a_batch_and_lines_say_the_same(write, tmp_path):
    calls = [call(), call("Product Added", "m2", 5), order()]
    forms = {
        "array.json": json.dumps(calls),
        "batch.json": json.dumps({"batch": calls, "sentAt": "2026-03-01T11:00:00.000Z"}),
        "lines.jsonl": stream(*calls),
    }
    shops = []
    for name, content in forms.items():
        import_files([write(name, content)], tmp_path / f"shop of {name}")
        shops.append(contents(tmp_path / f"shop of {name}"))
    assert shops[0] == shops[1] == shops[2]


def test_a_review_has_its_stars_and_a_sign_up_no_product(write, shop):
    review = call("Product Reviewed", rating="4", review_body="my gran loves it")
    signed = call("Signed Up", "m2", 5, user="anna") | {"properties": {"type": "organic"}}
    import_files([write("calls.json", stream(review, signed))], shop)
    assert table(shop, "events", 'type, product_id, "value"', '"at"') == [
        ("review", "KET", 4.0),
        ("sign_up", None, None),
    ]


def test_a_message_that_comes_twice_is_one_event(write, shop):
    report = import_files([write("calls.json", stream(call(), call(), call(message="m2")))], shop)
    assert [row[0] for row in table(shop, "events", EVENT)] == ["m1", "m2"]
    assert report.rows_quarantined == 0


def test_calls_of_no_table_are_counted_by_reason_and_not_quarantined(write, shop):
    identify = {key: cell for key, cell in call().items() if key != "event"} | {"type": "identify"}
    others = [
        "Product List Viewed",
        "Product Clicked",
        "Cart Viewed",
        "Coupon Applied",
        "Order Updated",
        "Heart Beaten",
    ]
    calls = [call(name, f"x{name}") for name in others]
    report = import_files([write("calls.json", stream(identify, *calls, call()))], shop)
    assert report.files[0].skipped == {
        "identify, page, group or other call": 1,
        "list, search, promotion or share": 2,
        "step of a checkout": 2,
        "order updated: which status it has now is not said": 1,
        "event of no table": 1,
    }
    assert (report.rows_quarantined, len(table(shop, "events"))) == (0, 1)


def test_a_completed_checkout_is_a_paid_order_and_an_event_of_each_product(write, shop):
    products = [bought(price=20, quantity=2), bought(product_id=None, sku="M-1", name="Mug")]
    done = order(products=products, user="anna", discount=5)
    import_files([write("calls.json", stream(done))], shop)
    cells = "order_id, customer_id, ordered_at, status, currency, discount, channel"
    assert table(shop, "orders", cells) == [("T1", "anna", instant(60), "paid", "EUR", 500, "web")]
    lines = "product_id, sku, quantity, unit_price, title, category, brand"
    assert table(shop, "order_lines", lines) == [
        ("KET", "K-1", 2, 2000, "Kettle", "Home", "Acme"),
        ("M-1", "M-1", 1, 4990, "Mug", "Home", "Acme"),
    ]
    assert table(shop, "events", "type, product_id, order_id, session_id", "product_id") == [
        ("purchase", "KET", "T1", "g1"),
        ("purchase", "M-1", "T1", "g1"),
    ]


def test_a_product_known_by_its_name_alone_is_the_same_in_events_and_orders(write, shop):
    named = bought(product_id=None, sku=None, name="Tea Towel")
    seen = call(product_id=None, name="Tea Towel")
    import_files([write("calls.json", stream(seen, order(products=[named])))], shop)
    ((product,),) = table(shop, "order_lines", "product_id")
    assert table(shop, "events", "DISTINCT product_id") == [(product,)]


def test_an_order_completed_twice_is_one_order_and_one_event(write, shop):
    again = order(message="m10", second=300)
    zoned = order(message="m11") | {"timestamp": "2026-03-01T12:02:00.000+02:00"}
    import_files([write("calls.json", stream(again, zoned, order(), order()))], shop)
    assert table(shop, "orders", "order_id, ordered_at") == [("T1", instant(60))]
    assert table(shop, "order_lines", "product_id, quantity") == [("KET", 1)]
    assert table(shop, "events", 'type, "at", order_id') == [("purchase", instant(60), "T1")]


def test_checkouts_without_products_or_order_id_are_events(write, shop):
    started = order("Checkout Started", "m1", 1, number=None)
    empty = order("Checkout Started", "m2", 2, number=None, products=[])
    nameless = order(message="m3", second=3, number=None)
    report = import_files([write("calls.json", stream(started, empty, nameless))], shop)
    assert table(shop, "events", "type, product_id", '"at"') == [
        ("begin_checkout", "KET"),
        ("begin_checkout", None),
        ("purchase", "KET"),
    ]
    assert (report.orders, report.rows_quarantined) == (0, 0)


def test_cancellations_and_whole_refunds_are_statuses(write, shop):
    calls = [
        order(number="T1", message="m1"),
        order(number="T2", message="m2"),
        order(number="T3", message="m3"),
        order("Order Cancelled", "m4", 300, "T1"),
        order("Order Refunded", "m5", 600, "T2", products=[]),
        order("Order Refunded", "m6", 660, "T3"),
    ]
    report = import_files([write("calls.json", stream(*calls))], shop)
    assert table(shop, "order_statuses", 'order_id, status, "at"') == [
        ("T1", "cancelled", instant(300)),
        ("T2", "returned", instant(600)),
        ("T3", "returned", instant(660)),
    ]
    assert table(shop, "events", "order_id, product_id, type")[-3:] == [
        ("T2", None, "refund"),
        ("T3", "KET", "purchase"),
        ("T3", "KET", "refund"),
    ]
    assert (report.rows_quarantined, report.files[0].rows_loaded) == (0, 6)


def test_a_refund_of_a_part_leaves_the_order(write, shop):
    calls = [
        order(products=[bought(quantity=3)]),
        order("Order Refunded", "m5", 600, products=[bought(quantity=1)]),
    ]
    import_files([write("calls.json", stream(*calls))], shop)
    assert not (shop / "order_statuses.parquet").exists()
    assert table(shop, "events", "type, product_id", '"at"') == [
        ("purchase", "KET"),
        ("refund", "KET"),
    ]


def test_a_cancellation_of_a_later_export_finds_its_order_and_the_shops_own_status_goes_before(
    write, shop
):
    import_files([write("march.json", stream(order()))], shop)
    import_files([write("april.json", stream(order("Order Cancelled", "m2", 900)))], shop)
    own = "order_id,ordered_at,product_id,quantity,status,status_at\n"
    sent = "T1,2026-03-01T10:01:00Z,KET,1,shipped,2026-03-01T10:05:00Z\n"
    import_files([write("own.csv", own + sent)], shop)
    assert table(shop, "orders", "order_id, status") == [("T1", "shipped")]
    assert table(shop, "order_statuses", 'status, "at"') == [("cancelled", instant(900))]


def test_nothing_personal_is_stored_and_an_address_as_user_becomes_its_hash(write, shop):
    calls = [
        call("Product Reviewed", review_body="my gran loves it", user="Ada@Shop.example"),
        order(user="Ada@Shop.example"),
        *(call(message=f"n{n}") for n in range(30)),
        call(message="bad", user="ada@shop.example") | {"timestamp": "soon"},
    ]
    import_files([write("calls.json", stream(*calls))], shop)
    hashed = hashlib.sha256(b"ada@shop.example").hexdigest()[:32]
    assert table(shop, "orders", "customer_id") == [(hashed,)]
    stored = b"".join(contents(shop).values()).lower()
    assert [word for word in PERSONAL if word.lower().encode() in stored] == []


def test_the_same_export_twice_changes_no_byte(write, shop):
    path = write("calls.json", stream(call(), order(), order("Order Cancelled", "m2", 900)))
    import_files([path], shop)
    before = contents(shop)
    import_files([path], shop)
    assert contents(shop) == before


def test_a_broken_record_loses_only_itself(write, shop):
    lines = [json.dumps(order(number=f"T{n}", message=f"m{n}")) for n in range(80)]
    lines[20] = lines[20][:90]
    lines[30] = json.dumps(order(number="T30", message="m30", products=[bought(quantity="two")]))
    lines[40] = json.dumps(call(message="m40") | {"timestamp": "2026-03-01T10:00:00"})
    lines[50] = json.dumps(order(number="T50", message=None, products=[]))
    report = import_files([write("calls.json", "\n".join(lines))], shop)
    assert [(line, column, rule) for line, column, rule, _ in quarantined(shop)] == [
        (21, None, "not_json"),
        (31, "quantity", "not_a_number"),
        (41, "at", "naive_timestamp"),
        (51, "event_id", "missing_value"),
    ]
    assert (report.rows_read, report.orders) == (80, 76)


def test_its_files_are_known_by_this_preset_alone(write):
    with closing(connect()) as connection:
        header = read_file(connection, write("c.json", stream(call(guest=None))), "rows").columns
    fitting = [one for one in preset_names() if SourceMapping.preset(one).fitting(header)]
    assert fitting == ["segment"]
    assert recognise("c.json", header, None)[0].name == "segment"


def test_a_plain_file_is_not_taken_for_it():
    header = ["order_id", "customer_id", "ordered_at", "product_id", "quantity"]
    assert SourceMapping.preset("segment").fitting(header) == []
    assert recognise("a.csv", header, None)[0].name == ""
