"""Files nobody would send on purpose: each gives a clear error or quarantined rows."""

from __future__ import annotations

import pytest

from nba.data.imports import import_files
from nba.data.shop import read_shop
from nba.errors import ConfigError, DataError
from tests.unit.data.conftest import HEADER, quarantined, row, rows, table


def test_an_empty_file_is_refused_and_the_message_says_what_was_expected(write, shop):
    with pytest.raises(DataError, match=r"orders.csv is empty; expected a header line"):
        import_files([write("orders.csv", "")], shop)
    assert not shop.exists()


@pytest.mark.parametrize("content", [HEADER, HEADER.rstrip("\n"), HEADER + "\n\r\n\n"])
def test_a_header_without_rows_is_refused(write, shop, content):
    with pytest.raises(DataError, match=r"has a header and no row; expected one row"):
        import_files([write("orders.csv", content)], shop)


def test_a_file_that_begins_with_an_empty_line_is_refused(write, shop):
    with pytest.raises(DataError, match="begins with an empty line; expected a header"):
        import_files([write("orders.csv", "\n" + HEADER + row("o1"))], shop)


def test_a_missing_file_is_named(tmp_path, shop):
    with pytest.raises(DataError, match=r"none.csv is not a file; give the path"):
        import_files([tmp_path / "none.csv"], shop)


def test_a_missing_required_column_is_named_with_those_that_are_there(write, shop):
    path = write("orders.csv", "order_id,customer_id,ordered_at,quantity\no1,c1,2026-03-01,1\n")
    with pytest.raises(DataError, match=r"lacks the column product_id or sku or title .*--map"):
        import_files([path], shop)


def test_a_column_named_twice_is_refused_whatever_its_capitals(write, shop):
    path = write("orders.csv", HEADER.rstrip() + ",Quantity\n" + row("o1").rstrip() + ",2\n")
    with pytest.raises(DataError, match=r"names a column twice.*Quantity"):
        import_files([path], shop)


def test_capitals_in_a_header_make_no_difference(write, shop):
    report = import_files([write("orders.csv", HEADER.title() + row("o1"))], shop)
    assert (report.orders, report.rows_quarantined) == (1, 0)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_a_utf16_file_is_refused_with_what_to_do(write, shop, encoding):
    with pytest.raises(DataError, match=r"is not UTF-8 but UTF-16.*save it as UTF-8"):
        import_files([write("orders.csv", (HEADER + rows(3)).encode(encoding))], shop)


def test_a_latin1_header_is_refused_with_what_to_do(write, shop):
    content = (HEADER.rstrip() + ",größe\n" + row("o1").rstrip() + ",x\n").encode("latin-1")
    with pytest.raises(DataError, match=r"header .* is not UTF-8; save the file as UTF-8"):
        import_files([write("orders.csv", content)], shop)


def test_a_wholly_latin1_file_stops_and_advises_utf8(write, shop):
    content = (HEADER + rows(40).replace("p1", "café")).encode("latin-1")
    with pytest.raises(DataError, match=r"40 of 40 rows are bad.*save the file as UTF-8"):
        import_files([write("orders.csv", content)], shop)


def test_one_row_in_latin1_is_quarantined_with_its_line_column_and_value(write, shop):
    content = (HEADER + rows(30)).encode() + row("x", product="café").encode("latin-1")
    report = import_files([write("orders.csv", content + rows(30, 31).encode())], shop)
    assert quarantined(shop) == [(32, "product_id", "not_utf8", "caf\ufffd")]
    assert (report.orders, report.order_lines) == (60, 60)


def test_carriage_returns_alone_are_no_line_ends(write, shop):
    with pytest.raises(DataError, match="end with CR alone; save it with LF or CRLF"):
        import_files([write("orders.csv", (HEADER + rows(3)).replace("\n", "\r"))], shop)


def test_rows_with_too_few_or_too_many_cells_are_quarantined_alone(write, shop):
    content = HEADER + rows(30) + "a,b\n" + "a,b,c,d,e,f,g\n" + rows(30, 31)
    report = import_files([write("orders.csv", content)], shop)
    assert quarantined(shop) == [
        (32, "ordered_at", "missing_cells", None),
        (33, None, "extra_cells", "7 cells"),
    ]
    assert report.orders == 60


def test_a_quote_that_is_never_closed_costs_its_own_line_only(write, shop):
    content = HEADER + rows(30) + row("x", product='"kettle') + rows(30, 31)
    report = import_files([write("orders.csv", content)], shop)
    assert quarantined(shop) == [(32, None, "stray_quote", None)]
    assert report.orders == 60


def test_an_inch_mark_inside_a_bare_cell_is_text(write, shop):
    import_files([write("orders.csv", HEADER + row("o1", product='5" disk') + row("o2"))], shop)
    assert table(shop, "order_lines", "product_id") == [('5" disk',), ("p1",)]


def test_quoted_cells_may_hold_delimiters_quotes_and_line_ends(write, shop):
    header = HEADER.rstrip() + ",title\n"
    title = '"A ""big"", red\r\nkettle"'
    import_files([write("orders.csv", header + row("o1").rstrip() + f",{title}\n")], shop)
    assert table(shop, "products", "title") == [('A "big", red\r\nkettle',)]


def test_lines_count_as_an_editor_shows_them(write, shop):
    """Behind blank lines, cells of several lines and rows that were rejected."""
    long = row("a").rstrip("\n").replace("p1", '"p\n\n1"')
    content = HEADER + "\n\n" + long + "\n" + "short\n" + "\n" + row("b", quantity="many")
    report = import_files([write("orders.csv", content + rows(60))], shop, max_bad=0.2)
    assert quarantined(shop) == [
        (4, "product_id", "control_character", "p\n\n1"),
        (7, "customer_id", "missing_cells", None),
        (9, "quantity", "not_a_number", "many"),
    ]
    assert report.orders == 60


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_dialects_give_the_same_shop(write, shop, line_end, delimiter, mark):
    text = HEADER + rows(30) + row("bad", quantity="x") + rows(3, 40)
    content = mark + text.replace(",", delimiter).replace("\n", line_end).encode()
    report = import_files([write("orders.csv", content)], shop)
    assert quarantined(shop) == [(32, "quantity", "not_a_number", "x")]
    assert (report.orders, report.customers) == (33, 7)


def test_line_ends_may_be_mixed(write, shop):
    report = import_files(
        [write("a.csv", HEADER + row("o1").replace("\n", "\r\n") + row("o2"))], shop
    )
    assert (report.orders, report.rows_quarantined) == (2, 0)


def test_a_header_may_quote_names_that_hold_the_delimiter_or_a_line_end(write, shop):
    header = HEADER.rstrip() + ',"size, cm","two\nlines"\n'
    report = import_files([write("a.csv", header + row("o1").rstrip() + ",7,x\n")], shop)
    assert report.orders == 1
    assert table(shop, "order_lines", '"size, cm", "two\nlines"') == [("7", "x")]


@pytest.mark.parametrize(
    ("cell", "column", "rule"),
    [
        (row("x", at="2026-03-01 10:00:00"), "ordered_at", "naive_timestamp"),
        (row("x", at="2026-03-01"), "ordered_at", "naive_timestamp"),
        (row("x", at="0001-01-01T00:00:00Z"), "ordered_at", "instant_out_of_range"),
        (row("x", at="9999-12-31T23:59:59Z"), "ordered_at", "instant_out_of_range"),
        (row("x", at="1e9"), "ordered_at", "not_an_instant"),
        (row("x", at="2026-02-30T00:00:00Z"), "ordered_at", "not_an_instant"),
        (row("x", at="2026-03-01 10:00 PM"), "ordered_at", "not_an_instant"),
        (row("x", at="01/03/2026"), "ordered_at", "not_an_instant"),
        (row("x", at="infinity"), "ordered_at", "not_an_instant"),
        (row("x", at=""), "ordered_at", "missing_value"),
        (row(""), "order_id", "missing_value"),
        (row("x", product="  "), "product_id", "missing_value"),
        (row("x", product="p" * 257), "product_id", "too_long"),
        (row("x", quantity=""), "quantity", "missing_value"),
        (row("x", quantity="-1"), "quantity", "negative"),
        (row("x", quantity="1.5"), "quantity", "not_an_integer"),
        (row("x", quantity="3000000000"), "quantity", "too_large"),
        (row("x", price="1e308"), "unit_price", "too_large"),
        (row("x", price="NaN"), "unit_price", "not_a_number"),
        (row("x", price="inf"), "unit_price", "not_a_number"),
        (row("x", price="€ 5"), "unit_price", "not_a_number"),
        (row("x", price="-1"), "unit_price", "negative"),
    ],
)
def test_a_bad_cell_is_quarantined_with_line_column_rule_and_value(write, shop, cell, column, rule):
    report = import_files([write("orders.csv", HEADER + rows(40) + cell + rows(9, 41))], shop)
    at = HEADER.strip().split(",").index(column)
    value = cell.rstrip("\n").split(",")[at].strip() or None
    assert quarantined(shop) == [(42, column, rule, value)]
    assert (report.orders, report.rules) == (49, {rule: 1})


def test_an_unknown_status_is_quarantined(write, shop):
    header = HEADER.rstrip() + ",status\n"
    good = "".join(row(f"o{n}").rstrip() + ",Completed\n" for n in range(30))
    content = header + good + row("x").rstrip() + ",beamed up\n"
    import_files([write("orders.csv", content)], shop)
    assert quarantined(shop) == [(32, "status", "unknown_status", "beamed up")]
    assert table(shop, "orders", "DISTINCT status") == [("delivered",)]


def test_when_every_timestamp_is_naive_the_import_stops_and_advises_a_zone(write, shop):
    path = write("orders.csv", (HEADER + rows(20)).replace("Z,", ","))
    with pytest.raises(DataError, match=r"20 of 20 rows are bad.*--zone Europe/Kyiv"):
        import_files([path], shop)
    assert {one.name for one in shop.iterdir()} == {"quarantine.csv", "quarantine.parquet"}
    report = import_files([path], shop, zone="Europe/Kyiv")
    assert report.rows_quarantined == 0
    assert table(shop, "orders", "DISTINCT CAST(ordered_at AS VARCHAR)") == [
        ("2026-03-01 08:00:00",)
    ]


def test_above_the_share_of_bad_rows_an_existing_shop_stays_as_it_was(write, shop):
    import_files([write("good.csv", HEADER + rows(20))], shop)
    before = {one.name: one.read_bytes() for one in shop.iterdir()}
    with pytest.raises(DataError, match="2 of 20 rows are bad, more than the 5% allowed"):
        import_files([write("bad.csv", HEADER + rows(18, 100) + "x\ny\n")], shop)
    after = {one.name: one.read_bytes() for one in shop.iterdir()}
    assert after.keys() == before.keys()
    changed = {name for name in after if after[name] != before[name]}
    assert changed == {"quarantine.csv", "quarantine.parquet"}


def test_exactly_the_allowed_share_of_bad_rows_is_loaded(write, shop):
    report = import_files([write("a.csv", HEADER + rows(19) + "x\n")], shop)
    assert (report.rows_read, report.rows_quarantined, report.orders) == (20, 1, 19)


@pytest.mark.parametrize("share", [-0.1, 1.1])
def test_a_share_of_bad_rows_outside_0_to_1_is_refused(write, shop, share):
    with pytest.raises(ConfigError, match="expected a share between 0 and 1"):
        import_files([write("a.csv", HEADER + row("o1"))], shop, max_bad=share)


@pytest.mark.parametrize(
    "zone", ["Mars/Olympus", "localtime", "posixrules", "Factory", "right/UTC", "posix/Europe/Kyiv"]
)
def test_a_zone_of_no_place_is_refused(write, shop, zone):
    with pytest.raises(ConfigError, match=f"'{zone}' is no time zone; expected a name"):
        import_files([write("a.csv", HEADER + row("o1"))], shop, zone=zone)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-03-01T10:00:00Z", "2026-03-01 10:00:00"),
        ("2026-03-01T10:00:00.123456z", "2026-03-01 10:00:00.123456"),
        ("2026-03-01 10:00:00 +0000", "2026-03-01 10:00:00"),
        ("2026-03-01T10:00+02", "2026-03-01 08:00:00"),
        ("2026-03-01 10:00:00-05:30", "2026-03-01 15:30:00"),
        ("2026-03-01 10:00:00 UTC", "2026-03-01 10:00:00"),
        ("2026-03-01 10:00:00 Europe/Kyiv", "2026-03-01 08:00:00"),
        ("1772359200", "2026-03-01 10:00:00"),
        ("1772359200000", "2026-03-01 10:00:00"),
        ("1772359200000000", "2026-03-01 10:00:00"),
        (" 2026-03-01T10:00:00Z ", "2026-03-01 10:00:00"),
    ],
)
def test_instants_are_read_as_utc(write, shop, text, expected):
    import_files([write("a.csv", HEADER + row("o1", at=text))], shop, zone="Asia/Tokyo")
    assert table(shop, "orders", "CAST(ordered_at AS VARCHAR)") == [(expected,)]


def test_a_local_time_that_the_clock_skipped_is_quarantined(write, shop):
    """In Kyiv the clock went from 03:00 to 04:00 on 29 March 2026."""
    content = (
        HEADER + rows(30) + row("x", at="2026-03-29 03:30:00") + row("y", at="2026-03-29 04:30")
    )
    import_files([write("a.csv", content)], shop, zone="Europe/Kyiv")
    assert quarantined(shop) == [(32, "ordered_at", "nonexistent_time", "2026-03-29 03:30:00")]
    found = table(shop, "orders", "CAST(ordered_at AS VARCHAR)")
    assert ("2026-03-29 01:30:00",) in found


def test_a_local_time_shown_twice_is_the_later_one(write, shop):
    import_files(
        [write("a.csv", HEADER + row("o1", at="2026-10-25 03:30:00"))], shop, zone="Europe/Kyiv"
    )
    assert table(shop, "orders", "CAST(ordered_at AS VARCHAR)") == [("2026-10-25 01:30:00",)]


def test_an_order_id_of_two_customers_or_instants_keeps_one_and_quarantines_the_other(write, shop):
    content = (
        HEADER
        + rows(60)
        + row("a", "anna", product="kettle")
        + row("a", "boris", product="lamp")
        + row("b", at="2026-03-01T10:00:00Z")
        + row("b", at="2026-03-02T10:00:00Z", product="toaster")
    )
    report = import_files([write("a.csv", content)], shop)
    assert quarantined(shop) == [
        (63, "order_id", "order_conflict", "a"),
        (64, "order_id", "order_conflict", "b"),
    ]
    kept = table(shop, "order_lines", "order_id, product_id")
    assert ("a", "kettle") in kept
    assert ("b", "toaster") in kept
    assert report.orders == 62


def test_a_product_that_is_sold_but_in_no_catalogue_is_counted_and_named_by_its_id(write, shop):
    products = write("products.csv", "product_id,title\np1,Kettle\n")
    orders = write("orders.csv", HEADER + row("o1") + row("o1", product="p2"))
    report = import_files([products, orders], shop)
    assert report.products_without_catalogue == 1
    assert table(shop, "products", "product_id, title") == [("p1", "Kettle"), ("p2", "p2")]


def test_ids_keep_their_zeros_and_lose_the_blanks_around_them(write, shop):
    import_files([write("a.csv", HEADER + row(" 0012 ", " 007", product="000 1 "))], shop)
    assert table(shop, "orders", "order_id, customer_id") == [("0012", "007")]
    assert table(shop, "order_lines", "product_id") == [("000 1",)]


def test_one_order_of_one_product_is_a_shop(write, shop):
    import_files([write("a.csv", HEADER + row("o1"))], shop)
    history = read_shop(shop).history
    assert (len(history), len(history.baskets())) == (1, 1)


def test_a_shop_of_guests_has_no_customers(write, shop):
    report = import_files([write("a.csv", HEADER + row("o1", "") + row("o2", ""))], shop)
    assert (report.customers, report.guest_orders) == (0, 2)
    baskets = read_shop(shop).history.baskets()
    assert (len(baskets.customer_ids), baskets.customer.tolist()) == (0, [0, 1])


def test_a_line_of_an_order_that_nobody_knows_is_quarantined_with_its_line(write, shop):
    orders = write(
        "orders.csv",
        "order_id,ordered_at,status\n"
        + "".join(f"o{n},2026-03-01T10:00:00Z,delivered\n" for n in range(40)),
    )
    lines = write(
        "lines.csv",
        "order_id,line_no,product_id,quantity\n\n"
        + "".join(f"o{n},1,p1,1\n" for n in range(30))
        + "ghost,1,p1,1\n",
    )
    report = import_files([orders, lines], shop)
    assert quarantined(shop) == [(33, "order_id", "unknown_order", "ghost")]
    assert [(one.rows_read, one.rows_loaded) for one in report.files] == [(40, 40), (31, 30)]


def test_a_line_number_used_twice_is_quarantined_unless_the_line_is_the_same(write, shop):
    orders = write("orders.csv", "order_id,ordered_at,status\no1,2026-03-01T10:00:00Z,paid\n")
    lines = write(
        "lines.csv",
        "order_id,line_no,product_id,quantity\no1,1,p1,1\no1,2,p2,1\no1,2,p3,1\no1,1,p1,1\n",
    )
    report = import_files([orders, lines], shop, max_bad=0.5)
    assert quarantined(shop) == [(4, "line_no", "line_conflict", "2")]
    assert report.merged_lines == 1
    assert table(shop, "order_lines", "line_no, product_id") == [(1, "p1"), (2, "p2")]


def test_reading_the_same_bad_file_again_quarantines_its_rows_once(write, shop):
    path = write("a.csv", HEADER + rows(30) + "x\n")
    import_files([path], shop)
    before = {one.name: one.read_bytes() for one in shop.iterdir()}
    import_files([path], shop)
    assert {one.name: one.read_bytes() for one in shop.iterdir()} == before


def test_a_folder_without_a_shop_says_how_to_fill_it(tmp_path):
    with pytest.raises(DataError, match=r"holds no shop.*nba import FILES --shop"):
        read_shop(tmp_path)


def test_a_damaged_file_of_a_shop_is_named(write, shop):
    import_files([write("a.csv", HEADER + row("o1"))], shop)
    (shop / "orders.parquet").write_bytes(b"not parquet")
    with pytest.raises(DataError, match="is not a shop this version can read"):
        read_shop(shop)


def test_an_import_into_a_damaged_shop_says_so_and_changes_nothing(write, shop):
    import_files([write("a.csv", HEADER + row("o1"))], shop)
    (shop / "orders.parquet").write_bytes(b"not parquet")
    before = {one.name: one.read_bytes() for one in shop.iterdir()}
    with pytest.raises(DataError, match=r"is not a shop this version can read.*another folder"):
        import_files([write("a.csv", HEADER + row("o2"))], shop)
    assert {one.name: one.read_bytes() for one in shop.iterdir()} == before


def test_a_shop_folder_that_cannot_be_written_is_named(write, tmp_path):
    taken = write("taken", "a file")
    with pytest.raises(DataError, match=r"the shop cannot be written to .*taken.*--shop"):
        import_files([write("a.csv", HEADER + row("o1"))], taken)
    assert taken.read_text() == "a file"


def test_a_file_that_is_parquet_by_name_only_is_refused(write, shop):
    with pytest.raises(DataError, match=r"a.parquet cannot be read as Parquet"):
        import_files([write("a.parquet", HEADER + row("o1"))], shop)
