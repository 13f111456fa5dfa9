"""The BigQuery export of Google Analytics 4: each trap of its events has a row here."""

from __future__ import annotations

import hashlib
import json
from contextlib import closing
from datetime import datetime

import duckdb
import pytest

from nba.data.imports import import_files
from nba.data.mapping import SourceMapping, preset_names
from nba.data.readers import connect, read_file
from nba.data.sniffing import recognise
from tests.unit.data.conftest import names, quarantined, table

START = 1772359200000000
"""2026-03-01T10:00:00Z in microseconds."""
SESSION = "81.22"
PERSONAL = ["ada@shop.example", "Bigtown", "IDFA-7", "gclid-8", "/door-code"]


def product(**cells):
    return {
        "item_id": "KET",
        "item_name": "Kettle",
        "item_brand": "Acme",
        "item_variant": "(not set)",
        "item_category": "Home",
        "item_category2": "Tea",
        "item_category3": "(not set)",
        "price": 49.9,
        "quantity": "1",
        "item_list_index": "1",
        "coupon": "TEN",
    } | cells


def event(name="view_item", second=0, items=(), transaction=None, user=None, **cells):
    """An event as BigQuery writes it to JSON: whole numbers are texts."""
    return {
        "event_date": "20260301",
        "event_timestamp": str(START + second * 1_000_000),
        "event_name": name,
        "event_params": [
            {"key": "ga_session_id", "value": {"int_value": "22"}},
            {"key": "currency", "value": {"string_value": "eur"}},
            {"key": "page_location", "value": {"string_value": "https://shop.example/door-code"}},
        ],
        "user_id": user,
        "user_pseudo_id": "81",
        "user_properties": [{"key": "mail", "value": {"string_value": "ada@shop.example"}}],
        "geo": {"city": "Bigtown"},
        "device": {"advertising_id": "IDFA-7"},
        "collected_traffic_source": {"gclid": "gclid-8"},
        "platform": "WEB",
        "ecommerce": {"transaction_id": transaction} if transaction else {},
        "items": list(items),
    } | cells


def purchase(transaction="T1", second=60, items=None, **cells):
    return event("purchase", second, [product()] if items is None else items, transaction, **cells)


def stream(*events):
    return "".join(json.dumps(one) + "\n" for one in events)


def contents(shop):
    return {one.name: one.read_bytes() for one in shop.iterdir()}


def instant(second):
    return datetime(2026, 3, 1, 10, second // 60, second % 60)  # noqa: DTZ001 - as Parquet holds it


EVENT = 'type, "at", customer_id, session_id, product_id, order_id'


def test_an_event_has_a_row_for_each_of_its_products(write, shop):
    seen = event(items=[product(), product(item_id="MUG", item_list_index="2")])
    cart = event("add_to_cart", 5, [product()], user="anna")
    import_files([write("events.json", stream(seen, cart))], shop)
    assert table(shop, "events", EVENT, '"at", product_id') == [
        ("view_item", instant(0), None, SESSION, "KET", None),
        ("view_item", instant(0), None, SESSION, "MUG", None),
        ("add_to_cart", instant(5), "anna", SESSION, "KET", None),
    ]


def test_the_id_of_an_event_is_stable_and_its_own(write, shop, tmp_path):
    same_instant = [event(items=[product()], batch_event_index=str(n)) for n in range(2)]
    export = stream(*same_instant, event(items=[product(), product(item_id="MUG")]))
    path = write("events.json", export)
    import_files([path], shop)
    ids = table(shop, "events", "event_id")
    assert len(set(ids)) == 4
    longer = write("longer.json", stream(event("add_to_cart", 9, [product()])) + export)
    import_files([longer], tmp_path / "other")
    assert set(ids) < set(table(tmp_path / "other", "events", "event_id"))


def test_events_of_no_table_are_counted_by_reason_and_not_quarantined(write, shop):
    others = ["view_item_list", "select_item", "view_cart", "add_payment_info", "page_view"]
    listed = [event(name, items=[product()]) for name in others]
    report = import_files(
        [write("events.json", stream(*listed, event("session_start"), event("login"), event()))],
        shop,
    )
    assert report.files[0].skipped == {
        "list, search or promotion": 2,
        "step of a checkout": 2,
        "page, session or other event": 2,
        "login without a user_id": 1,
    }
    assert report.rows_quarantined == 0
    assert table(shop, "events", EVENT) == [("view_item", instant(0), None, SESSION, None, None)]


def test_without_consent_there_is_no_session(write, shop):
    refused = event(items=[product()], user_pseudo_id=None)
    long_ago = event(second=1, items=[product()], event_params=[])
    import_files([write("events.json", stream(refused, long_ago))], shop)
    assert table(shop, "events", "session_id", '"at"') == [(None,), ("81",)]


def test_whoever_logs_in_or_signs_up_was_the_guest_of_the_session(write, shop):
    login, signed = event("login", 1, user="anna"), event("sign_up", 2, user="Bea@Shop.example")
    import_files([write("events.json", stream(login, signed))], shop)
    hashed = hashlib.sha256(b"bea@shop.example").hexdigest()[:32]
    assert table(shop, "events", EVENT, '"at"') == [
        ("merge", instant(1), "anna", SESSION, None, None),
        ("sign_up", instant(2), hashed, SESSION, None, None),
    ]


def test_a_purchase_is_an_event_and_a_paid_order(write, shop):
    items = [product(quantity="2", price=19.99), product(item_id="MUG", price=5, quantity=None)]
    import_files([write("events.json", stream(purchase(items=items, user="anna")))], shop)
    assert table(shop, "orders", "order_id, customer_id, ordered_at, status, currency") == [
        ("T1", "anna", instant(60), "paid", "EUR")
    ]
    cells = "product_id, quantity, unit_price, title, brand, category"
    assert table(shop, "order_lines", cells) == [
        ("KET", 2, 1999, "Kettle", "Acme", "Home > Tea"),
        ("MUG", 1, 500, "Kettle", "Acme", "Home > Tea"),
    ]
    assert table(shop, "events", EVENT, "product_id") == [
        ("purchase", instant(60), "anna", SESSION, "KET", "T1"),
        ("purchase", instant(60), "anna", SESSION, "MUG", "T1"),
    ]


def test_prices_without_cents_are_in_major_units(write, shop):
    import_files([write("events.json", stream(purchase(items=[product(price=20)])))], shop)
    assert table(shop, "order_lines", "unit_price") == [(2000,)]


def test_a_purchase_sent_again_is_one_order_and_one_event(write, shop):
    again = purchase(second=300)
    report = import_files([write("events.json", stream(again, purchase(), purchase()))], shop)
    assert table(shop, "orders", "order_id, ordered_at") == [("T1", instant(60))]
    assert table(shop, "order_lines", "product_id, quantity") == [("KET", 1)]
    assert table(shop, "events", EVENT) == [("purchase", instant(60), None, SESSION, "KET", "T1")]
    assert report.files[0].skipped == {"purchase sent again when its page was opened again": 1}
    assert report.rows_quarantined == 0


def test_purchases_without_a_transaction_are_events_and_no_orders(write, shop):
    nameless = [purchase("(not set)", 1), purchase(None, 2)]
    import_files([write("events.json", stream(*nameless, purchase("T2", 3)))], shop)
    assert table(shop, "orders", "order_id") == [("T2",)]
    assert [row[5] for row in table(shop, "events", EVENT, '"at"')] == [None, None, "T2"]


def test_a_product_without_an_id_goes_by_its_name_in_events_and_orders_alike(write, shop):
    nameless = product(item_id="(not set)", item_name="Tea Towel")
    import_files(
        [write("events.json", stream(event(items=[nameless]), purchase(items=[nameless])))], shop
    )
    ((bought, title),) = table(shop, "order_lines", "product_id, title")
    assert title == "Tea Towel"
    assert table(shop, "events", "DISTINCT product_id") == [(bought,)]


@pytest.mark.parametrize(
    "refunded",
    [[], [product(quantity="2"), product(item_id="MUG")]],
    ids=["without products", "with all of them"],
)
def test_a_refund_takes_the_whole_order_back(write, shop, refunded):
    bought = purchase(items=[product(quantity="2"), product(item_id="MUG")])
    refund = event("refund", 600, refunded, "T1")
    import_files([write("events.json", stream(bought, refund))], shop)
    assert table(shop, "order_statuses", 'order_id, status, "at"') == [
        ("T1", "returned", instant(600))
    ]


def test_a_refund_of_a_part_is_an_event_and_leaves_the_order(write, shop):
    bought = purchase(items=[product(quantity="2"), product(item_id="MUG")])
    refund = event("refund", 600, [product(quantity="1")], "T1")
    import_files([write("events.json", stream(bought, refund))], shop)
    assert not (shop / "order_statuses.parquet").exists()
    assert table(shop, "orders", "order_id, status") == [("T1", "paid")]
    assert table(shop, "events", EVENT, '"at" DESC, product_id')[0] == (
        "refund",
        instant(600),
        None,
        SESSION,
        "KET",
        "T1",
    )


def test_parts_that_add_up_to_the_order_take_it_back_with_the_last(write, shop):
    events = [
        purchase(items=[product(quantity="2")]),
        event("refund", 600, [product()], "T1"),
        event("refund", 900, [product()], "T1"),
    ]
    import_files([write("events.json", stream(*events))], shop)
    assert table(shop, "order_statuses", 'status, "at"') == [("returned", instant(900))]


def test_a_refund_of_a_later_export_finds_its_order(write, shop):
    import_files([write("march.json", stream(purchase()))], shop)
    import_files([write("april.json", stream(event("refund", 600, [], "T1")))], shop)
    assert table(shop, "orders", "order_id, status") == [("T1", "paid")]
    assert table(shop, "order_statuses", 'order_id, status, "at"') == [
        ("T1", "returned", instant(600))
    ]


def test_a_later_status_of_the_shop_itself_supersedes_the_purchase(write, shop):
    import_files([write("events.json", stream(purchase()))], shop)
    own = "order_id,ordered_at,product_id,quantity,status,status_at\n"
    sent = "T1,2026-03-01T10:01:00Z,KET,1,delivered,2026-03-05T10:00:00Z\n"
    import_files([write("own.csv", own + sent)], shop)
    assert table(shop, "orders", "order_id, status") == [("T1", "delivered")]


def test_parquet_with_nested_columns_says_what_json_says(write, shop, tmp_path):
    events = [event(items=[product()]), purchase(items=[product(quantity="2")], user="anna")]
    text = write("events.json", stream(*events))
    nested = tmp_path / "events.parquet"
    with duckdb.connect() as connection:
        connection.execute(f"""
            COPY (SELECT * REPLACE (CAST(event_timestamp AS BIGINT) AS event_timestamp)
            FROM read_json('{text}')) TO '{nested}' (FORMAT parquet)
        """)
    import_files([nested], shop)
    import_files([text], tmp_path / "other")
    for name in ("orders", "order_lines", "events"):
        assert table(shop, name) == table(tmp_path / "other", name)


def test_nothing_personal_is_stored(write, shop):
    broken = event(items=[product()], event_timestamp="soon", user="ada@shop.example")
    path = write("events.json", stream(broken, *(event(second=n) for n in range(30))))
    import_files([path], shop)
    stored = b"".join(contents(shop).values())
    assert [word for word in PERSONAL if word.encode() in stored] == []
    assert "platform" in names(shop, "events")


def test_the_same_export_twice_changes_no_byte(write, shop):
    refund = event("refund", 600, [], "T1")
    path = write("events.json", stream(event(items=[product()]), purchase(), refund))
    import_files([path], shop)
    before = contents(shop)
    import_files([path], shop)
    assert contents(shop) == before


def test_a_broken_record_loses_only_itself(write, shop):
    lines = [json.dumps(purchase(f"T{n}", n)) for n in range(60)]
    lines[20] = lines[20][:90]
    lines[30] = json.dumps(purchase("T30", items=[product(quantity="two")]))
    lines[40] = json.dumps(purchase("T40", items=[product(price="free")]))
    report = import_files([write("events.json", "\n".join(lines))], shop)
    assert [(line, column, rule) for line, column, rule, _ in quarantined(shop)] == [
        (21, None, "not_json"),
        (31, "quantity", "not_a_number"),
        (41, "unit_price", "not_a_number"),
    ]
    assert (report.rows_read, report.orders) == (60, 57)


def test_its_files_are_known_by_this_preset_alone(write):
    with closing(connect()) as connection:
        header = read_file(connection, write("e.json", stream(event())), "rows").columns
    assert [one for one in preset_names() if SourceMapping.preset(one).fitting(header)] == ["ga4"]
    assert recognise("e.json", header, None)[0].name == "ga4"


def test_a_plain_file_is_not_taken_for_it():
    header = ["order_id", "customer_id", "ordered_at", "product_id", "quantity"]
    assert SourceMapping.preset("ga4").fitting(header) == []
    assert recognise("a.csv", header, None)[0].name == ""
