"""Online Retail goes in as it is: both headers, cancellations, stock corrections and postage."""

from __future__ import annotations

import pytest

from nba.data.imports import import_files
from tests.unit.data.conftest import quarantined, table

FIRST = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"
SECOND = "Invoice,StockCode,Description,Quantity,InvoiceDate,Price,Customer ID,Country\n"
NAMES = {"85123A": "WHITE HEART HOLDER", "22423": "CAKESTAND"}


def line(
    invoice="536365",
    code="85123A",
    quantity="6",
    at="12/1/2010 8:26",
    price="2.55",
    customer="17850",
    title=None,
) -> str:
    name = NAMES.get(code.upper(), "THING") if title is None else title
    return f"{invoice},{code},{name},{quantity},{at},{price},{customer},United Kingdom\n"


@pytest.fixture
def bring_in(write, shop):
    def bring_in(*lines: str, header: str = FIRST, max_bad: float = 0.05):
        return import_files([write("retail.csv", header + "".join(lines))], shop, max_bad=max_bad)

    return bring_in


@pytest.mark.parametrize(("header", "name"), [(FIRST, "InvoiceNo"), (SECOND, "Invoice")])
@pytest.mark.parametrize("at", ["7/1/2011 8:26", "2011-07-01 08:26:00", "07/01/2011 08:26"])
def test_both_headers_and_both_forms_of_dates_are_read(bring_in, shop, header, name, at):
    report = bring_in(line(at=at), header=header)
    assert report.recognised[0].mapping == "online_retail"
    assert report.recognised[0].entries[0][2][0] == name
    cells = "order_id, customer_id, CAST(ordered_at AS VARCHAR), currency, status"
    # In July the clock of London is an hour before UTC.
    expected = [("536365", "17850", "2011-07-01 07:26:00", "GBP", "delivered")]
    assert table(shop, "orders", cells) == expected
    assert table(shop, "order_lines", "product_id, quantity, unit_price") == [("85123A", 6, 255)]


def test_a_customer_number_that_became_a_fraction_is_whole_again(bring_in, shop):
    bring_in(line(customer="17850.0"), line("536366", customer=""))
    assert table(shop, "orders", "customer_id", "order_id") == [("17850",), (None,)]


def test_an_invoice_over_the_turn_of_a_minute_is_one_order(bring_in, shop):
    report = bring_in(line(at="12/1/2010 8:27"), line(code="22423", at="12/1/2010 8:26"))
    assert (report.orders, report.rows_quarantined) == (1, 0)
    assert table(shop, "orders", "CAST(ordered_at AS VARCHAR)") == [("2010-12-01 08:26:00",)]


def test_a_cancellation_takes_back_the_latest_earlier_purchases(bring_in, shop):
    report = bring_in(
        line("1", quantity="6", at="12/1/2010 8:00"),
        line("2", quantity="4", at="12/2/2010 8:00"),
        line("2", "22423", quantity="4", at="12/2/2010 8:00"),
        line("3", quantity="9", at="12/9/2010 8:00"),
        line("4", quantity="9", at="12/2/2010 8:00", customer="999"),
        line("C5", quantity="-5", at="12/5/2010 8:00"),
    )
    account = report.files[0]
    assert (account.rows_read, account.rows_loaded, account.rows_returned) == (6, 5, 1)
    assert table(shop, "order_lines", "order_id, product_id, returned_quantity", "1, 2") == [
        ("1", "85123A", 1),
        ("2", "22423", None),
        ("2", "85123A", 4),
        ("3", "85123A", None),
        ("4", "85123A", None),
    ]
    statuses = 'order_id, status, CAST("at" AS VARCHAR), reason'
    assert table(shop, "order_statuses", statuses) == [
        ("1", "returned", "2010-12-05 08:00:00", "C5"),
        ("2", "returned", "2010-12-05 08:00:00", "C5"),
    ]
    assert table(shop, "orders", "DISTINCT status") == [("delivered",)]
    assert report.returns_unmatched == 0


def test_what_was_taken_back_cannot_be_taken_back_again(bring_in, shop):
    report = bring_in(
        line("1", quantity="6", at="12/1/2010 8:00"),
        line("C2", quantity="-6", at="12/2/2010 8:00"),
        line("C3", quantity="-1", at="12/3/2010 8:00"),
        line("C4", quantity="-2", at="12/4/2010 8:00", customer=""),
    )
    assert report.files[0].rows_returned == 3
    assert report.returns_examples == [
        "retail.csv line 4: 1 of 1 x 85123A were not bought before",
        "retail.csv line 5: 2 of 2 x 85123A were not bought before",
    ]
    assert table(shop, "order_lines", "returned_quantity") == [(6,)]


def test_a_negative_quantity_that_cancels_nothing_is_quarantined(bring_in, shop):
    good = [line(str(n)) for n in range(40)]
    report = bring_in(
        *good, line("536589", quantity="-10", price="0", customer="", title="damaged")
    )
    assert quarantined(shop) == [(42, "quantity", "negative", "-10")]
    assert report.orders == 40


def test_rows_of_no_product_are_left_out_by_reason(bring_in, shop):
    codes = ["POST", "DOT", "C2", "M", "m", "D", "S", "B", "PADS", "CRUK", "BANK CHARGES"]
    codes += ["AMAZONFEE", "ADJUST2", "TEST001", "gift_0001_20"]
    stock = line("a", quantity="5", price="0", customer="", title="found")
    gift = line("b", quantity="5", price="0")
    report = bring_in(*(line(code=code) for code in codes), stock, gift)
    account = report.files[0]
    assert account.skipped == {
        "postage and carriage": 3,
        "gift voucher": 1,
        "bookkeeping, no product": 11,
        "stock adjustment: no price and no customer": 1,
    }
    assert (account.rows_read, account.rows_skipped, account.rows_loaded) == (17, 16, 1)
    assert table(shop, "order_lines", "order_id") == [("b",)]


def test_capitals_in_a_stock_code_make_no_product(bring_in, shop):
    bring_in(line("1", "85123a"), line("2", "85123A"))
    assert table(shop, "products", "product_id, title") == [("85123A", "WHITE HEART HOLDER")]


def test_the_title_is_what_sales_say_most(bring_in, shop):
    bring_in(
        line("1"),
        line("2"),
        line("3", title="wrongly marked"),
        *(line(f"C{n}", quantity="-1", title="Check?") for n in range(4)),
    )
    assert table(shop, "products", "title") == [("WHITE HEART HOLDER",)]


def test_repeated_rows_are_counted_and_kept(bring_in):
    report = bring_in(line(), line(), line())
    assert (report.order_lines, report.repeated_lines) == (3, 2)


def test_a_whole_price_is_pounds_like_the_others(bring_in, shop):
    bring_in(line("1", price="3"))
    assert table(shop, "order_lines", "unit_price") == [(300,)]
