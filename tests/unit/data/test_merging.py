"""Tables of facts and of what a shop maintains: rows of one key are one row."""

from __future__ import annotations

import pytest

from nba.data.imports import import_files
from nba.data.shop import read_shop
from tests.unit.data.conftest import imported_in_turns, table

ORDERS = "order_id,customer_id,ordered_at,product_id,quantity\no1,c1,2026-03-01T10:00:00Z,p1,1\n"
STATUSES = "order_id,status,at,reason\n"
STATES = "product_id,at,availability,price\n"


@pytest.fixture
def orders(write):
    return write("orders.csv", ORDERS)


def test_statuses_are_kept_once_each_whatever_the_order_of_their_files(write, orders, tmp_path):
    files = [
        orders,
        write("a.csv", STATUSES + "o1,shipped,2026-03-03T10:00:00Z,\n"),
        write(
            "b.csv",
            STATUSES + "o1,Sent,2026-03-03T10:00:00Z,box\no1,новий,2026-03-01T10:00:00Z,\n",
        ),
    ]
    shop = imported_in_turns(tmp_path, [[path] for path in files])
    assert table(shop, "order_statuses", "order_id, status, reason") == [
        ("o1", "pending_confirmation", None),
        ("o1", "shipped", "box"),
    ]


def test_a_fact_told_twice_fills_its_empty_cells(write, orders, shop):
    header = "event_id,type,at,customer_id,product_id\n"
    one = write("a.csv", header + "e1,view_item,2026-03-01T10:00:00Z,c1,\n")
    two = write("b.csv", header + "e1,view_item,2026-03-01T10:00:00Z,,p1\n")
    import_files([orders, one], shop)
    import_files([two], shop)
    assert table(shop, "events", "event_id, customer_id, product_id") == [("e1", "c1", "p1")]


def test_a_customer_row_changes_only_the_cells_it_fills(write, orders, shop):
    header = "customer_id,tier,locale,consent_email,consent_at\n"
    one = write("a.csv", header + "c1,gold,uk,,\n")
    two = write("b.csv", header + "c1,silver,,,\n")
    import_files([orders, one], shop)
    import_files([two], shop)
    assert table(shop, "customers", "customer_id, tier, locale") == [("c1", "silver", "uk")]


def test_a_short_form_consent_becomes_a_row_of_consents(write, orders, shop):
    rows = (
        "customer_id,consent_email,consent_sms,consent_at\n"
        "c1,yes,no,2026-03-01T10:00:00Z\nc2,yes,,\nc3,no,,\n"
    )
    import_files([orders, write("c.csv", rows)], shop)
    assert table(shop, "consents", 'customer_id, channel, granted, "at"::DATE::TEXT') == [
        ("c1", "email", True, "2026-03-01"),
        ("c1", "sms", False, "2026-03-01"),
        ("c3", "email", False, "1990-01-01"),
    ]


def test_products_show_the_latest_state_and_an_earlier_one_is_kept(write, orders, tmp_path):
    files = [
        orders,
        write("p.csv", "product_id,title,price,availability\np1,Kettle,10.00,in_stock\n"),
        write("s.csv", STATES + "p1,2026-03-05T00:00:00Z,out_of_stock,12.00\n"),
        write("t.csv", STATES + "p1,2026-03-03T00:00:00Z,in_stock,11.00\n"),
    ]
    shop = imported_in_turns(tmp_path, [[path] for path in files])
    assert table(shop, "products", "title, price, availability") == [
        ("Kettle", 1200, "out_of_stock")
    ]
    assert table(shop, "product_states", 'price, availability, year("at")', '"at"') == [
        (1000, "in_stock", 1990),
        (1100, "in_stock", 2026),
        (1200, "out_of_stock", 2026),
    ]


def test_a_new_catalogue_price_changes_the_first_state_and_not_the_latest(write, orders, shop):
    catalogue = "product_id,title,price\np1,Kettle,{}\n"
    state = write("s.csv", STATES + "p1,2026-03-05T00:00:00Z,in_stock,12.00\n")
    import_files([orders, write("p.csv", catalogue.format("10.00")), state], shop)
    import_files([write("q.csv", catalogue.format("9.00"))], shop)
    assert table(shop, "products", "price") == [(1200,)]
    assert table(shop, "product_states", "price", '"at"') == [(900,), (1200,)]


def test_words_a_column_may_not_hold_are_quarantined(write, orders, shop):
    rows = "customer_id,channel,granted,at\n" + "".join(
        f"c{n},email,yes,2026-03-01T10:00:00Z\n" for n in range(40)
    )
    report = import_files(
        [orders, write("c.csv", rows + "c1,pigeon,yes,2026-03-01T10:00:00Z\n")], shop
    )
    assert report.rules == {"unknown_channel": 1}
    assert len(table(shop, "consents")) == 40


def test_a_state_of_a_product_without_a_catalogue_price_has_no_past(write, orders, shop):
    catalogue = write("p.csv", "product_id,title\np1,Kettle\n")
    state = write("s.csv", STATES + "p1,2026-03-05T00:00:00Z,out_of_stock,12.00\n")
    import_files([orders, catalogue], shop)
    import_files([state], shop)
    catalog = read_shop(shop).catalog.until("2026-03-01T00:00Z")
    assert (catalog.priced.tolist(), catalog.availability.tolist()) == ([False], [0])


def test_a_state_given_at_the_beginning_goes_before_the_catalogue(write, orders, shop):
    rows = "p1,1990-01-01T00:00:00Z,in_stock,1.00\np1,2026-03-05T00:00:00Z,in_stock,3.00\n"
    files = [orders, write("p.csv", "product_id,title,price\np1,Kettle,2.00\n")]
    import_files([*files, write("s.csv", STATES + rows)], shop)
    import_files([orders], shop)
    assert table(shop, "product_states", "price", '"at"') == [(100,), (300,)]


def test_states_of_a_sold_product_show_without_a_catalogue(write, orders, shop):
    import_files(
        [orders, write("s.csv", STATES + "p1,2026-03-05T00:00:00Z,out_of_stock,12.00\n")], shop
    )
    assert table(shop, "products", "product_id, price, availability") == [
        ("p1", 1200, "out_of_stock")
    ]


def test_of_two_consents_in_one_file_the_refusal_holds(write, orders, shop):
    rows = "customer_id,consent_email,consent_at\n" + "".join(
        f"a,{word},2026-01-01T00:00:00Z\n" for word in ("yes", "no")
    )
    report = import_files([orders, write("c.csv", rows)], shop)
    assert table(shop, "customers", "customer_id, consent_email") == [("a", False)]
    assert report.repeated_rows == {"customers": 1}


def test_order_lines_with_a_currency_are_order_lines(write, shop):
    files = [
        write(
            "o.csv",
            "order_id,customer_id,ordered_at,status,channel\no1,c1,2026-03-01T10:00:00Z,paid,web\n",
        ),
        write(
            "l.csv",
            "order_id,line_no,product_id,quantity,unit_price,currency\no1,1,p1,1,2.00,EUR\n",
        ),
    ]
    report = import_files(files, shop)
    assert [one.table for one in report.files] == ["orders", "order_lines"]


def test_a_kept_column_may_be_called_anything(write, shop):
    names = "version,body,has_lines,content,set_no,hash"
    header = f"order_id,customer_id,ordered_at,status,status_at,{names}\n"
    row = "o1,c1,2026-03-01T10:00:00Z,{},{},1,2,3,4,5,6\n"
    lines = write("l.csv", "order_id,line_no,product_id,quantity,ordered_at_shop\no1,1,p1,1,x\n")
    one = write("a.csv", header + row.format("paid", "2026-03-01T10:00:00Z"))
    two = write("b.csv", header + row.format("cancelled", "2026-03-04T10:00:00Z"))
    import_files([one, lines], shop)
    assert import_files([two], shop).superseded_orders == 1
    assert table(shop, "orders", f"status, {names}") == [("cancelled", *"123456")]
