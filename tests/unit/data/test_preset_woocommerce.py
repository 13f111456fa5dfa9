"""WooCommerce goes in as its API and its webhooks write it: each trap of theirs has a row here."""

from __future__ import annotations

import hashlib
import json

import pytest

from nba.data.imports import import_files
from tests.unit.data.conftest import names, quarantined, table
from tests.unit.data.woocommerce import (
    LINES,
    contents,
    export,
    instant,
    line,
    order,
    product,
    stream,
)

PERSONAL = [
    "ada@shop.example",
    "Ada",
    "Main Street 1",
    "+15550100",
    "192.0.2.7",
    "ring twice",
    "wc_order_k3y",
]


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


def test_each_status_has_its_code(write, shop):
    code_of = {
        "pending": "awaiting_payment",
        "on-hold": "awaiting_payment",
        "processing": "processing",
        "completed": "delivered",
        "wc-completed": "delivered",
        "cancelled": "cancelled",
        "failed": "cancelled",
        "refunded": "returned",
        "shipped": "shipped",
    }
    orders = [order(number, word) for number, word in enumerate(code_of, 1)]
    import_files([write("orders.json", export(*orders))], shop)
    found = [status for (status,) in table(shop, "orders", "status", "order_id")]
    assert dict(zip(code_of, found, strict=True)) == code_of


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
