"""OpenCart's tables go in as they are: each trap of theirs has a row here."""

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
    "order_id,invoice_no,customer_id,firstname,email,telephone,payment_address_1,comment,total,"
    "order_status_id,currency_code,currency_value,ip,date_added,date_modified"
)
LINES = "order_product_id,order_id,product_id,name,model,quantity,price,total,tax,reward"
HISTORY = "order_history_id,order_id,order_status_id,notify,comment,date_added"
PRODUCTS = (
    "product_id,model,sku,quantity,stock_status_id,image,price,subtract,status,date_available,"
    "date_added,date_modified"
)
DESCRIPTIONS = "product_id,language_id,name,description,meta_title"
RELATED = "product_id,related_id"
HEADERS = {
    "oc_order": ORDERS,
    "oc_order_product": LINES,
    "oc_order_history": HISTORY,
    "oc_product": PRODUCTS,
    "oc_product_description": DESCRIPTIONS,
    "oc_product_related": RELATED,
}
SECRETS = (b"ada@shop.example", b"Ada", b"203.0.113.9", b"+15550100", b"Main Street", b"ring twice")
ADA = hashlib.sha256(b"ada@shop.example").hexdigest()[:32]
KYIV = "Europe/Kyiv"


def at(*parts) -> datetime:
    """An instant as the shop's files hold it: UTC, without saying so."""
    return datetime(*parts, tzinfo=UTC).replace(tzinfo=None)


def order(
    number="7",
    customer="31",
    email="ada@shop.example",
    status="2",
    currency="EUR",
    value="1.00000000",
    added="2026-03-01 11:15:00",
    modified="2026-03-02 10:00:00",
) -> str:
    """One row of oc_order."""
    return (
        f"{number},0,{customer},Ada,{email},+15550100,Main Street 1,ring twice,54.8000,"
        f"{status},{currency},{value},203.0.113.9,{added},{modified}"
    )


def line(
    number="1",
    order_id="7",
    product="50",
    name="Lamp",
    model="LAMP",
    quantity="1",
    price="19.9900",
    total="19.9900",
) -> str:
    """One row of oc_order_product."""
    return f"{number},{order_id},{product},{name},{model},{quantity},{price},{total},4.0000,0"


def csv(header: str, *rows: str) -> str:
    return "\n".join([header, *rows]) + "\n"


@pytest.fixture
def load(write, shop):
    """Import orders and lines, one of each by default, with a prefix of the shop's own."""

    def load(orders=None, lines=None, zone=KYIV, **options):
        files = [
            write("ocqp_order.csv", csv(ORDERS, *(orders or [order()]))),
            write("ocqp_order_product.csv", csv(LINES, *(lines or [line()]))),
        ]
        return import_files(files, shop, zone=zone, **options)

    return load


def contents(shop):
    return {one.name: one.read_bytes() for one in shop.iterdir()}


def test_orders_and_lines_are_taken_whatever_the_prefix_of_the_tables(load, shop):
    report = load()
    assert table(shop, "orders", "order_id, customer_id, ordered_at, status, status_at") == [
        ("7", "31", at(2026, 3, 1, 9, 15), "processing", at(2026, 3, 2, 8))
    ]
    cells = "order_id, line_no, product_id, sku, title, quantity, unit_price, discount"
    assert table(shop, "order_lines", cells) == [("7", 1, "50", "LAMP", "Lamp", 1, 1999, 0)]
    assert report.rows_quarantined == 0
    assert {one.mapping for one in report.recognised} == {"opencart"}


def test_without_the_zone_of_the_server_the_import_says_what_to_do(load):
    with pytest.raises(DataError, match=r"naive_timestamp.*name it with --zone Europe/Kyiv"):
        load(lines=[line("1"), line("2"), line("3")], zone=None)


STATUSES = [
    ("1", "awaiting_payment"),
    ("2", "processing"),
    ("3", "shipped"),
    ("5", "delivered"),
    ("7", "cancelled"),
    ("8", "cancelled"),
    ("9", "paid"),
    ("10", "cancelled"),
    ("11", "returned"),
    ("12", "returned"),
    ("13", "cancelled"),
    ("14", "cancelled"),
    ("15", "processing"),
    ("16", "cancelled"),
]


def test_statuses_are_known_by_their_ids(load, shop):
    load(orders=[order(f"{number:0>2}", status=number) for number, _ in STATUSES],
         lines=[line(order_id="01")])  # fmt: skip
    found = table(shop, "orders", "status", "order_id")
    assert found == [(status,) for _, status in STATUSES]


def test_an_abandoned_checkout_is_left_out_with_its_lines(load, shop):
    report = load(
        orders=[order("7"), order("8", status="0")],
        lines=[line("1", "7"), line("2", "8"), line("3", "8")],
    )
    assert table(shop, "orders", "order_id") == [("7",)]
    assert table(shop, "order_lines", "order_id") == [("7",)]
    because = "abandoned checkout: order status 0"
    assert [one.skipped for one in report.files] == [{because: 1}, {because: 2}]
    assert report.rows_quarantined == 0


def test_a_checkout_that_another_row_finishes_keeps_its_lines(load, shop):
    finished = order("8", modified="2026-03-04 10:00:00")
    load(orders=[order("7"), order("8", status="0"), finished], lines=[line("1", "8")])
    assert table(shop, "orders", "order_id") == [("7",), ("8",)]
    assert table(shop, "order_lines", "order_id") == [("8",)]


def test_lines_of_no_order_at_all_are_still_told(load, shop):
    load(
        orders=[order("7"), order("8", status="0")],
        lines=[line("1", "7"), line("2", "8"), line("3", "9")],
        max_bad=0.5,
    )
    assert quarantined(shop) == [(4, "order_id", "unknown_order", "9")]


def test_an_id_of_the_shop_itself_is_not_guessed_but_can_be_taught(load, shop, write):
    orders = [order("7"), order("8", status="17")]
    lines = [line("1", "7"), line("2", "8")]
    report = load(orders, lines, max_bad=0.5)
    assert (3, "status", "unknown_status", "17") in quarantined(shop)
    assert report.unknown_statuses == {"17": 1}
    mine = write("mine.toml", 'extends = "opencart"\n[statuses]\n17 = "packed"\n3 = "in_transit"\n')
    load([*orders, order("9", status="3")], lines, mapping=SourceMapping.from_toml(mine))
    found = table(shop, "orders", "order_id, status")
    assert found == [("7", "processing"), ("8", "packed"), ("9", "in_transit")]


def test_a_name_beside_the_id_is_taken_where_the_id_says_nothing(write, shop):
    header = "order_id,customer_id,order_status_id,order_status,currency_code,date_added"
    rows = [
        "1,31,17,Delivered,EUR,2026-03-01 11:15:00",
        "2,31,3,Оплачено,EUR,2026-03-01 11:15:00",
        "3,31,18,Canceled Reversal,EUR,2026-03-01 11:15:00",
        "4,31,19,Packed by Olga,EUR,2026-03-01 11:15:00",
    ]
    path = write("orders.csv", csv(header, *rows))
    import_files([path], shop, zone=KYIV, max_bad=0.5)
    known = [("1", "delivered"), ("2", "shipped"), ("3", "paid")]
    assert table(shop, "orders", "order_id, status") == known
    assert quarantined(shop) == [(5, "status", "unknown_status", "Packed by Olga")]
    mine = write("mine.toml", 'extends = "opencart"\n[statuses]\n"packed by olga" = "packed"\n')
    import_files([path], shop, zone=KYIV, mapping=SourceMapping.from_toml(mine))
    assert table(shop, "orders", "order_id, status") == [*known, ("4", "packed")]


@pytest.mark.parametrize("guest", ["0", "NULL"])
def test_a_guest_is_known_by_the_hash_of_the_address(load, shop, guest):
    load(orders=[order("7", guest, " Ada@Shop.example"), order("8", guest, "NULL")])
    assert table(shop, "orders", "customer_id", "order_id") == [(ADA,), (None,)]


def test_amounts_are_in_the_main_currency_whatever_the_customer_saw(load, shop):
    load(orders=[order("7", currency="UAH", value="44.12000000"), order("8")])
    assert table(shop, "orders", "order_id, currency") == [("7", "EUR"), ("8", "EUR")]


def test_a_main_currency_that_no_order_names_stays_open(load, shop):
    load(orders=[order("7", currency="UAH", value="44.12000000")])
    assert table(shop, "orders", "currency") == [(None,)]


def test_a_total_that_no_price_in_cents_divides_is_kept_to_the_cent(load, shop):
    load(
        lines=[
            line("1", quantity="3", price="16.6583", total="49.9749"),
            line("2", product="51", quantity="5", price="19.9900", total="99.9500"),
            line("3", product="52", quantity="2", price="7", total="14"),
        ]
    )
    cells = "product_id, quantity, unit_price, discount"
    assert table(shop, "order_lines", cells) == [
        ("50", 3, 1666, 1),
        ("51", 5, 1999, 0),
        ("52", 2, 700, 0),
    ]


def test_names_are_read_as_a_page_shows_them(load, shop):
    load(lines=[line(name="Salt &amp; Pepper &lt;2&gt; &quot;XL&quot; Ann&#039;s")])
    assert table(shop, "order_lines", "title") == [("""Salt & Pepper <2> "XL" Ann's""",)]


def test_a_date_of_zeros_is_no_date(load, shop):
    load(orders=[order(modified="0000-00-00 00:00:00")])
    assert table(shop, "orders", "status_at") == [(None,)]


def test_nothing_personal_is_stored(load, shop, write):
    load(orders=[order("7"), order("8", status="99")], max_bad=0.5)
    history = write("h.csv", csv(HISTORY, "1,7,3,1,ring twice,2026-03-03 12:00:00"))
    import_files([history], shop, zone=KYIV)
    assert len(quarantined(shop)) == 1
    stored = b"".join(contents(shop).values())
    assert not [secret for secret in SECRETS if secret in stored]
    assert not {"email", "telephone", "ip", "payment_address_1"} & set(names(shop, "orders"))


def test_the_history_of_statuses_is_taken(load, write, shop):
    load()
    rows = [
        "1,7,1,0,,2026-03-01 11:15:00",
        "2,7,0,0,,2026-03-01 11:16:00",
        "3,7,3,1,on its way,2026-03-03 12:00:00",
    ]
    report = import_files([write("h.csv", csv(HISTORY, *rows))], shop, zone=KYIV)
    assert table(shop, "order_statuses", 'order_id, status, "at"', '"at"') == [
        ("7", "awaiting_payment", at(2026, 3, 1, 9, 15)),
        ("7", "shipped", at(2026, 3, 3, 10)),
    ]
    assert report.files[0].skipped == {"abandoned checkout: order status 0": 1}


def test_importing_an_export_again_changes_no_byte(load, write, shop):
    related = write("r.csv", csv(RELATED, "50,51"))
    rows = [[order("7"), order("8", status="0")], [line("1"), line("2", "8")]]
    load(*rows)
    import_files([related], shop)
    before = contents(shop)
    load(*rows)
    import_files([related], shop)
    assert contents(shop) == before


def test_a_later_export_supersedes_whichever_comes_first(write, tmp_path):
    early = [csv(ORDERS, order()), csv(LINES, line("1"), line("2", product="51"))]
    late = [csv(ORDERS, order(status="5", modified="2026-03-06 10:00:00")), csv(LINES, line("1"))]
    shops = [tmp_path / "forwards", tmp_path / "backwards"]
    for shop, batches in zip(shops, ([early, late], [late, early]), strict=True):
        for texts in batches:
            files = [write(f"{part}.csv", text) for part, text in enumerate(texts)]
            import_files(files, shop, zone=KYIV)
    assert contents(shops[0]) == contents(shops[1])
    assert table(shops[0], "orders", "status") == [("delivered",)]
    assert table(shops[0], "order_lines", "product_id") == [("50",)]


def test_a_broken_record_loses_only_itself(load, shop):
    broken = line("2", product="51").rsplit(",", 3)[0]
    load(lines=[line("1"), broken, line("3", product="52", quantity="two"),
                line("4", product="53")], max_bad=0.5)  # fmt: skip
    assert table(shop, "order_lines", "product_id") == [("50",), ("53",)]
    assert quarantined(shop) == [
        (3, "total", "missing_cells", None),
        (4, "quantity", "not_a_number", "two"),
    ]


def test_an_amount_that_is_no_number_is_named(load, shop):
    lines = [line("1", total="cheap"), line("2", total="", price="dear"), line("3", total="")]
    load(lines=lines, max_bad=0.5)
    assert quarantined(shop) == [
        (2, "unit_price", "not_a_number", "cheap"),
        (3, "unit_price", "not_a_number", "dear"),
    ]
    assert table(shop, "order_lines", "line_no, unit_price") == [(3, 1999)]


def test_the_tables_are_read_from_a_database(load, write, tmp_path, shop):
    orders = [order("7", status="17"), order("8", "0"), order("9", status="0")]
    lines = [line("1", "7", quantity="3", total="59.9700"), line("2", "8"), line("3", "9")]
    rows = {
        "oc_order": [f"{row},1" for row in orders],
        "oc_order_product": lines,
        "oc_order_history": ["1,7,1,0,,2026-03-01 11:15:00", "2,7,17,0,,2026-03-02 10:00:00"],
        "oc_product": ["50,LAMP,,5,7,lamp.jpg,24.9900,1,1,2026-01-01,2026-01-01,2026-02-01,4"],
        "oc_product_description": ["50,1,Lamp,,Lamp", "50,3,Лампа,,Лампа"],
        "oc_product_related": ["50,51"],
        "oc_order_status": ["17,1,Packed"],
        "oc_manufacturer": ["4,Acme"],
    }
    headers = HEADERS | {
        "oc_order": f"{ORDERS},language_id",
        "oc_product": f"{PRODUCTS},manufacturer_id",
        "oc_order_status": "order_status_id,language_id,name",
        "oc_manufacturer": "manufacturer_id,name",
    }
    path = tmp_path / "opencart.db"
    with sqlite3.connect(path) as database:
        for name, header in headers.items():
            database.execute(f"CREATE TABLE {name} ({header})")
            marks = ",".join("?" * len(header.split(",")))
            database.executemany(
                f"INSERT INTO {name} VALUES ({marks})", [row.split(",") for row in rows[name]]
            )
    database.close()
    read = tmp_path / "read"
    report = import_files([f"sqlite:///{path}"], read, zone=KYIV)
    mine = write("mine.toml", 'extends = "opencart"\n[statuses]\n17 = "packed"\n')
    load(orders, lines, mapping=SourceMapping.from_toml(mine))
    cells = "order_id, line_no, product_id, sku, title, quantity, unit_price, discount"
    assert table(read, "order_lines", cells) == table(shop, "order_lines", cells)
    cells = "order_id, customer_id, ordered_at, status, status_at, currency"
    assert table(read, "orders", cells) == table(shop, "orders", cells)
    statuses = table(read, "order_statuses", "order_id, status", '"at"')
    assert statuses == [("7", "awaiting_payment"), ("7", "packed")]
    cells = "product_id, title, brand, price, stock"
    assert table(read, "products", cells) == [("50", "Lamp", "Acme", 2499, 5)]
    assert table(read, "rules", "source_product_id, target_product_id") == [("50", "51")]
    assert {one.mapping for one in report.recognised} == {"opencart"}


@pytest.mark.parametrize("header", HEADERS.values(), ids=list(HEADERS))
def test_its_files_are_recognised_as_its_own_alone(write, header):
    with connect() as connection:
        raw = read_file(connection, write("a.csv", header + "\n"), "raw")
    mapping, _, _ = recognise(raw.source, raw.columns, None)
    fitting = [name for name in preset_names() if SourceMapping.preset(name).fitting(raw.columns)]
    assert (mapping.name, fitting) == ("opencart", ["opencart"])


def test_a_file_with_our_own_names_is_not_taken_for_its():
    header = "order_id,customer_id,ordered_at,product_id,quantity".split(",")
    assert SourceMapping.preset("opencart").fitting(header) == []
