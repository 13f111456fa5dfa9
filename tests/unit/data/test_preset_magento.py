"""Magento's tables and its product export go in as they are: each trap of theirs has a row here."""

from __future__ import annotations

import hashlib
import sqlite3
from datetime import UTC, datetime

import pytest

from nba.data.imports import import_files
from nba.data.mapping import SourceMapping, preset_names
from nba.data.readers import connect, read_file
from nba.data.sniffing import recognise
from nba.errors import DataError
from tests.unit.data.conftest import names, quarantined, table

ORDERS = (
    "entity_id,state,status,customer_id,customer_email,customer_firstname,remote_ip,grand_total,"
    "created_at,updated_at,increment_id,order_currency_code"
)
LINES = (
    "item_id,order_id,parent_item_id,product_id,product_type,sku,name,qty_ordered,qty_canceled,"
    "qty_shipped,qty_refunded,price,row_total,discount_amount,product_options"
)
HISTORY = (
    "entity_id,parent_id,is_customer_notified,is_visible_on_front,comment,status,created_at,"
    "entity_name"
)
CATALOGUE = (
    "sku,store_view_code,attribute_set_code,product_type,categories,name,price,special_price,"
    "special_price_to_date,product_online,created_at,qty,allow_backorders,is_in_stock,"
    "related_skus,crosssell_skus,upsell_skus,configurable_variations"
)
SECRETS = (b"ada@shop.example", b"Ada", b"203.0.113.9", b"To my love", b"ring twice")
ADA = hashlib.sha256(b"ada@shop.example").hexdigest()[:32]


def at(*parts) -> datetime:
    """An instant as the shop's files hold it: UTC, without saying so."""
    return datetime(*parts, tzinfo=UTC).replace(tzinfo=None)


def order(
    number="7",
    state="processing",
    status="processing",
    customer="31",
    email="ada@shop.example",
    created="2026-03-01 09:15:00",
    updated="2026-03-02 08:00:00",
    currency="EUR",
) -> str:
    """One row of sales_order."""
    return (
        f"{number},{state},{status},{customer},{email},Ada,203.0.113.9,100.0000,"
        f"{created},{updated},00000000{number},{currency}"
    )


def line(
    number="1",
    order_id="7",
    parent="",
    kind="simple",
    sku="LAMP",
    ordered="1.0000",
    canceled="0.0000",
    refunded="0.0000",
    price="19.9900",
    total="19.9900",
    discount="0.0000",
) -> str:
    """One row of sales_order_item."""
    return (
        f"{number},{order_id},{parent},{900 + int(number)},{kind},{sku},The {sku},{ordered},"
        f"{canceled},0.0000,{refunded},{price},{total},{discount},To my love"
    )


def csv(header: str, *rows: str) -> str:
    return "\n".join([header, *rows]) + "\n"


@pytest.fixture
def load(write, shop):
    """Import orders and lines, one of each by default."""

    def load(orders=None, lines=None, **options):
        files = [
            write("sales_order.csv", csv(ORDERS, *(orders or [order()]))),
            write("sales_order_item.csv", csv(LINES, *(lines or [line()]))),
        ]
        return import_files(files, shop, **options)

    return load


def contents(shop):
    return {one.name: one.read_bytes() for one in shop.iterdir()}


def test_orders_and_their_lines_join_by_the_id_and_not_by_the_number_people_see(load, shop):
    report = load()
    assert table(shop, "orders", "order_id, customer_id, ordered_at, status, status_at") == [
        ("7", "31", at(2026, 3, 1, 9, 15), "processing", at(2026, 3, 2, 8))
    ]
    assert table(shop, "orders", "currency, increment_id") == [("EUR", "000000007")]
    assert table(shop, "order_lines", "order_id, line_no, product_id, quantity, unit_price") == [
        ("7", 1, "LAMP", 1, 1999)
    ]
    assert report.rows_quarantined == 0
    assert {one.mapping for one in report.recognised} == {"magento"}


def test_a_configurable_product_counts_once_with_its_price_and_the_variant_sold(load, shop):
    report = load(
        lines=[
            line(
                "1", kind="configurable", sku="SHIRT", price="25.0000", total="50.0000", ordered="2"
            ),
            line("2", parent="1", sku="SHIRT-M", price="0.0000", total="0.0000", ordered="2"),
            line("3"),
        ]
    )
    cells = "line_no, product_id, quantity, unit_price, discount"
    assert table(shop, "order_lines", cells) == [
        (1, "SHIRT-M", 2, 2500, 0),
        (3, "LAMP", 1, 1999, 0),
    ]
    assert report.files[1].skipped == {"part of a configurable product or bundle": 1}


def test_a_bundle_stays_itself_without_the_parts_in_its_sku(load, shop):
    load(
        lines=[
            line("1", kind="bundle", sku="SET-CUP-POT", price="30.0000", total="30.0000"),
            line("2", parent="1", sku="CUP", price="10.0000", total="10.0000", discount="1.0000"),
            line("3", parent="1", sku="POT", price="20.0000", total="20.0000", discount="2.0000"),
            line("4", kind="bundle", sku="FIXED", price="9.0000", total="9.0000"),
            line("5", parent="4", sku="CUP", price="0.0000", total="0.0000"),
        ]
    )
    assert table(shop, "order_lines", "product_id, unit_price, discount") == [
        ("FIXED", 900, 0),
        ("SET", 3000, 300),
    ]


def test_parts_of_one_order_are_not_mixed_with_those_of_another(load, shop):
    load(
        orders=[order("7"), order("8")],
        lines=[
            line("1", "7", kind="configurable", sku="SHIRT"),
            line("2", "7", parent="1", sku="SHIRT-M", price="0.0000", total="0.0000"),
            line("3", "8", kind="configurable", sku="SHIRT"),
            line("4", "8", parent="3", sku="SHIRT-S", price="0.0000", total="0.0000"),
        ],
    )
    assert table(shop, "order_lines", "order_id, product_id") == [
        ("7", "SHIRT-M"),
        ("8", "SHIRT-S"),
    ]


def test_cancelled_units_lower_the_quantity_and_the_discount(load, shop):
    report = load(
        lines=[
            line("1", ordered="5", canceled="2", price="10.0000", total="50.0000", discount="5.00"),
            line("2", sku="CUP", ordered="3", canceled="3", price="1.0000", total="3.0000"),
        ]
    )
    cells = "product_id, quantity, unit_price, discount"
    assert table(shop, "order_lines", cells) == [("LAMP", 3, 1000, 300)]
    assert report.files[1].skipped == {"cancelled line": 1}


def test_refunded_units_are_returned(load, shop):
    load(lines=[line(ordered="3.0000", refunded="2.0000", total="59.9700")])
    assert table(shop, "order_lines", "quantity, returned_quantity") == [(3, 2)]


def test_a_total_that_no_price_in_cents_divides_is_kept_to_the_cent(load, shop):
    load(
        lines=[
            line("1", ordered="3", price="3.3333", total="10.0000"),
            line("2", sku="CUP", ordered="5", price="19.9900", total="99.9500", discount="9.9950"),
            line("3", sku="POT", ordered="2", price="7", total="14"),
        ]
    )
    lines = table(shop, "order_lines", "product_id, quantity, unit_price, discount")
    assert lines == [("CUP", 5, 1999, 1000), ("LAMP", 3, 334, 2), ("POT", 2, 700, 0)]


def test_a_subset_of_the_columns_is_enough(write, shop):
    orders = "entity_id,increment_id,state,status,customer_id,created_at"
    lines = "item_id,order_id,parent_item_id,sku,qty_ordered,price"
    files = [
        write("o.csv", csv(orders, "7,100007,complete,complete,31,2026-03-01 09:15:00")),
        write("l.csv", csv(lines, "1,7,,LAMP,2.0000,19.9900")),
    ]
    import_files(files, shop)
    assert table(shop, "orders", "status") == [("shipped",)]
    assert table(shop, "order_lines", "quantity, unit_price, discount") == [(2, 1999, 0)]


STATUSES = [
    ("new", "pending", "awaiting_payment"),
    ("new", "", "awaiting_payment"),
    ("pending_payment", "pending_payment", "awaiting_payment"),
    ("payment_review", "payment_review", "awaiting_payment"),
    ("payment_review", "fraud", "cancelled"),
    ("processing", "processing", "processing"),
    ("holded", "holded", "pending_confirmation"),
    ("complete", "complete", "shipped"),
    ("complete", "delivered", "delivered"),
    ("closed", "closed", "returned"),
    ("closed", "archived", "returned"),
    ("canceled", "canceled", "cancelled"),
    ("canceled", "sold_out", "cancelled"),
    ("complete", "paypal_reversed", "returned"),
    ("processing", "paypal_canceled_reversal", "paid"),
]


def test_states_and_statuses_become_ours(load, shop):
    orders = [order(f"{n:02}", state, status) for n, (state, status, _) in enumerate(STATUSES)]
    load(orders=orders, lines=[line(order_id="00")])
    found = table(shop, "orders", "status", "order_id")
    assert found == [(expected,) for _, _, expected in STATUSES]


def test_a_status_of_the_shop_itself_is_not_guessed_but_can_be_taught(load, shop, write):
    own = order(status="with_olga")
    with pytest.raises(DataError, match="unknown_status"):
        load(orders=[own])
    assert (2, "status", "unknown_status", "with_olga") in quarantined(shop)
    mine = 'extends = "magento"\n[statuses]\nwith_olga = "packed"\n'
    load(orders=[own], mapping=SourceMapping.from_toml(write("mine.toml", mine)))
    assert table(shop, "orders", "status") == [("packed",)]


@pytest.mark.parametrize("guest", ["", "NULL", r"\N", "0"])
def test_a_guest_is_known_by_the_hash_of_the_address(load, shop, guest):
    load(orders=[order(customer=guest, email="Ada@shop.example")])
    assert table(shop, "orders", "customer_id") == [(ADA,)]


def test_a_guest_without_an_address_is_nobody(load, shop):
    load(orders=[order("7", customer="NULL", email="NULL"), order("8", customer="", email="")],
         lines=[line("1", "7", parent="NULL"), line("2", "8", parent=r"\N")])  # fmt: skip
    assert table(shop, "orders", "customer_id") == [(None,), (None,)]
    assert len(table(shop, "order_lines")) == 2


def test_times_are_utc_even_where_the_zone_of_the_shop_is_given(load, shop):
    load(zone="Europe/Kyiv")
    assert table(shop, "orders", "ordered_at") == [(at(2026, 3, 1, 9, 15),)]


def test_nothing_personal_is_stored(load, shop, write):
    bad = line("2").replace("1.0000", "many", 1)
    load(lines=[line("1"), bad], max_bad=1)
    history = csv(HISTORY, "1,7,1,0,ring twice,shipped,2026-03-03 10:00:00,shipment")
    import_files([write("h.csv", history)], shop)
    assert len(quarantined(shop)) == 1
    stored = b"".join(contents(shop).values())
    assert not [secret for secret in SECRETS if secret in stored]
    assert not {"customer_email", "remote_ip", "customer_firstname"} & set(names(shop, "orders"))


def test_the_history_of_statuses_is_taken(load, shop, write):
    load()
    rows = [
        "1,7,1,0,,pending,2026-03-01 09:15:00,order",
        "2,7,0,0,called the customer,,2026-03-01 10:00:00,order",
        "3,7,1,0,,processing,2026-03-02 08:00:00,invoice",
        "4,7,1,0,,complete,2026-03-03 10:00:00,shipment",
    ]
    report = import_files([write("h.csv", csv(HISTORY, *rows))], shop)
    assert table(shop, "order_statuses", 'order_id, status, "at"', '"at"') == [
        ("7", "awaiting_payment", at(2026, 3, 1, 9, 15)),
        ("7", "processing", at(2026, 3, 2, 8)),
        ("7", "shipped", at(2026, 3, 3, 10)),
    ]
    assert report.files[0].skipped == {"comment without a status": 1}


def test_the_order_grid_is_refused_with_advice(write, shop):
    grid = "ID,Purchase Point,Purchase Date,Bill-to Name,Ship-to Name,Grand Total (Base),Status"
    row = '000000007,"Main Website",2026-03-01 09:15:00,Ada Doe,Ada Doe,54.80,Processing'
    advice = r"export\.csv.*export the tables sales_order and sales_order_item instead"
    with pytest.raises(DataError, match=advice):
        import_files([write("export.csv", csv(grid, row))], shop)
    assert not shop.exists()


def test_importing_an_export_again_changes_no_byte(load, write, shop):
    rows = [line("1", kind="configurable", sku="SHIRT"), line("2", parent="1", sku="SHIRT-M")]
    load(lines=rows)
    before = contents(shop)
    load(lines=rows)
    assert contents(shop) == before


def test_a_later_export_supersedes_whichever_comes_first(load, write, tmp_path):
    shops = []
    early = [csv(ORDERS, order()), csv(LINES, line("1"), line("2", sku="CUP"))]
    late = [
        csv(ORDERS, order(state="complete", status="complete", updated="2026-03-05 08:00:00")),
        csv(LINES, line("1")),
    ]
    for number, order_of in enumerate(([early, late], [late, early])):
        for batch, texts in enumerate(order_of):
            files = [write(f"{number}{batch}{part}.csv", text) for part, text in enumerate(texts)]
            import_files(files, tmp_path / f"shop{number}")
        shops.append(tmp_path / f"shop{number}")
    assert contents(shops[0]) == contents(shops[1])
    assert table(shops[0], "orders", "status") == [("shipped",)]
    assert table(shops[0], "order_lines", "product_id") == [("LAMP",)]


def test_a_broken_record_loses_only_itself(load, shop):
    broken = line("2", sku="CUP").rsplit(",", 3)[0]
    load(lines=[line("1"), broken, line("3", sku="POT")], max_bad=0.5)
    assert table(shop, "order_lines", "product_id") == [("LAMP",), ("POT",)]
    assert quarantined(shop) == [(3, "row_total", "missing_cells", None)]


def test_what_is_no_number_is_named(load, shop):
    lines = [
        line("1", ordered="many"),
        line("2", canceled="some"),
        line("3", refunded="a few"),
        line("4", total="19;99"),
        line("5", total="", price="cheap"),
        line("6", discount="a lot"),
        line("7", canceled="NULL", refunded=r"\N", discount="NULL"),
    ]
    load(lines=lines, max_bad=0.9)
    assert quarantined(shop) == [
        (2, "quantity", "not_a_number", "many"),
        (3, "quantity", "not_a_number", "some"),
        (4, "returned_quantity", "not_a_number", "a few"),
        (5, "unit_price", "not_a_number", "19;99"),
        (6, "unit_price", "not_a_number", "cheap"),
        (7, "discount", "not_a_number", "a lot"),
    ]
    cells = "line_no, quantity, unit_price, discount, returned_quantity"
    assert table(shop, "order_lines", cells) == [(7, 1, 1999, 0, None)]


def test_the_tables_are_read_from_a_database(load, tmp_path, shop):
    orders = [order("7"), order("8", customer="")]
    lines = [
        line("1", kind="configurable", sku="SHIRT"),
        line("2", parent="1", sku="SHIRT-M", price="0.0000", total="0.0000"),
        line("3", "8"),
    ]
    history = ["1,7,1,0,,pending,2026-03-01 09:15:00,order"]
    path = tmp_path / "magento.db"
    with sqlite3.connect(path) as database:
        for name, header, rows in [
            ("sales_order", ORDERS, orders),
            ("sales_order_item", LINES, lines),
            ("sales_order_status_history", HISTORY, history),
        ]:
            database.execute(f"CREATE TABLE {name} ({header})")
            for row in rows:
                cells = [cell or None for cell in row.split(",")]
                marks = ",".join("?" * len(cells))
                database.execute(f"INSERT INTO {name} VALUES ({marks})", cells)
    database.close()
    report = import_files([f"sqlite:///{path}"], tmp_path / "read")
    load(orders, lines)
    cells = "order_id, line_no, product_id, quantity, unit_price, discount"
    read = tmp_path / "read"
    assert table(read, "order_lines", cells) == table(shop, "order_lines", cells)
    cells = "order_id, customer_id, ordered_at, status, status_at, currency"
    assert table(read, "orders", cells) == table(shop, "orders", cells)
    assert table(read, "order_statuses", "order_id, status") == [("7", "awaiting_payment")]
    assert {one.mapping for one in report.recognised} == {"magento"}


@pytest.mark.parametrize("header", [ORDERS, LINES, HISTORY, CATALOGUE])
def test_its_files_are_recognised_as_its_own_alone(write, header):
    with connect() as connection:
        raw = read_file(connection, write("a.csv", header + "\n"), "raw")
    mapping, _, _ = recognise(raw.source, raw.columns, None)
    fitting = [name for name in preset_names() if SourceMapping.preset(name).fitting(raw.columns)]
    assert (mapping.name, fitting) == ("magento", ["magento"])


def test_a_file_with_our_own_names_is_not_taken_for_its():
    header = "order_id,customer_id,ordered_at,product_id,quantity".split(",")
    assert SourceMapping.preset("magento").fitting(header) == []
