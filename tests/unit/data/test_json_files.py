"""JSON goes in as it is: arrays, envelopes, lines, nested objects, and what is no record."""

from __future__ import annotations

import gzip
import json

import pytest

from nba.data.documents import MOST_COLUMNS
from nba.data.imports import import_files
from nba.data.mapping import SourceMapping
from nba.data.readers import connect, read_file
from nba.errors import DataError
from tests.unit.data.conftest import quarantined, table


def record(number: int, **cells: object) -> dict[str, object]:
    return {
        "order_id": f"o{number}",
        "customer_id": f"c{number % 7}",
        "ordered_at": "2026-03-01T10:00:00Z",
        "product_id": "p1",
        "quantity": 1,
        "unit_price": 9.9,
    } | cells


def lines(*records: object) -> str:
    return "".join(json.dumps(one) + "\n" for one in records)


def good(count: int) -> list[dict[str, object]]:
    return [record(n) for n in range(count)]


def cells(path):
    """The rows of a file as text, as dicts without empty cells."""
    connection = connect()
    raw = read_file(connection, path, "rows")
    found = connection.execute("SELECT * FROM rows ORDER BY _n_row").fetchall()
    connection.close()
    names = [*raw.columns, "_n_row"]
    return [
        {name: cell for name, cell in zip(names, row, strict=True) if cell is not None}
        for row in found
    ]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("orders.json", json.dumps(good(3))),
        ("orders.json", json.dumps(good(3), indent=2)),
        ("orders.json", json.dumps({"orders": good(3), "total": 3, "page": {"next": "abc"}})),
        ("orders.json", "\ufeff" + json.dumps(good(3))),
        ("orders.json", lines(*good(3))),
        ("orders.jsonl", lines(*good(3))),
        ("orders.ndjson", lines(*good(3)).replace("\n", "\r\n\r\n")),
    ],
)
def test_every_way_of_writing_records_gives_the_same_shop(write, shop, name, content):
    report = import_files([write(name, content)], shop)
    assert (report.orders, report.rows_read, report.rows_quarantined) == (3, 3, 0)
    assert table(shop, "order_lines", "DISTINCT quantity, unit_price") == [(1, 990)]


@pytest.mark.parametrize("name", ["orders.jsonl.gz", "orders.csv.gz"])
def test_compressed_files_are_unpacked(write, shop, name):
    header = ",".join(record(1))
    csv = header + "\n" + ",".join(map(str, record(1).values())) + "\n"
    content = csv if "csv" in name else lines(record(1))
    report = import_files([write(name, gzip.compress(content.encode()))], shop)
    assert (report.orders, report.files[0].source) == (1, name)


def test_a_file_that_is_compressed_by_name_only_is_refused(write, shop):
    with pytest.raises(DataError, match=r"orders.csv.gz cannot be unpacked.*export it again"):
        import_files([write("orders.csv.gz", "order_id\n")], shop)


def test_nested_objects_become_dotted_columns_and_arrays_stay_json(write):
    document = {
        "id": 7,
        "billing": {"email": " a@b.c ", "geo": {"zip": "0012"}, "none": {}},
        "tags": ["a", {"b": 1.5}],
        "empty": "",
        "missing": None,
        "paid": True,
        "total": 12.5,
        "big": 12345678901234567890,
    }
    assert cells(write("a.jsonl", lines(document))) == [
        {
            "id": "7",
            "billing.email": "a@b.c",
            "billing.geo.zip": "0012",
            "tags": '["a",{"b":1.5}]',
            "paid": "true",
            "total": "12.5",
            "big": "12345678901234567890",
            "_n_row": 1,
        }
    ]


def test_fields_that_differ_by_capitals_alone_are_one_column(write):
    records = [{"ID": 1, "Bill": {"Zip": 2}}, {"id": 3, "bill": {"zip": 4}}]
    found = cells(write("a.jsonl", lines(*records)))
    assert [{name: row[name] for name in row if name != "_n_row"} for row in found] == [
        {"ID": "1", "Bill.Zip": "2"},
        {"ID": "3", "Bill.Zip": "4"},
    ]


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ({"ID": 1, "id": 2}, {"ID": "1", "ID_2": "2"}),
        ({"ID": 1, "id": 2, "Id": 3, "iD": 2}, {"ID": "1", "ID_2": "2", "ID_3": "3", "ID_4": "2"}),
        ({"ID": 1, "id": 1}, {"ID": "1"}),
        ({"ID": "", "id": 2}, {"ID": "2"}),
        ({"ID": 1, "id": " "}, {"ID": "1"}),
        ({"ID": None, "id": 2}, {"id": "2"}),
        ({"id_2": 9, "ID": 1, "id": 2}, {"id_2": "9", "ID": "1", "ID_3": "2"}),
        ({"a": {"b": 1}, "A.B": 2}, {"a.b": "1", "a.b_2": "2"}),
    ],
)
def test_of_such_fields_in_one_record_the_first_filled_one_counts(write, fields, found):
    (row,) = cells(write("a.jsonl", lines(fields)))
    assert {name: row[name] for name in row if name != "_n_row"} == found


def test_a_line_that_is_no_record_costs_itself_alone(write, shop):
    bad = [
        b"[1, 2]",
        b'{"order_id": "x"',
        b'{"order_id": "\xe9"}',
        b'{"order_id": "x\0"}',
        b'{"order_id": "x\\u0000"}',
        b'{"order_id": "' + b"x" * (1 << 20) + b'"}',
        b'"text"',
    ]
    content = lines(*good(200)).encode() + b"\n" + b"\n".join(bad) + b"\n"
    content += lines(*(record(n) for n in range(200, 210))).encode()
    report = import_files([write("a.jsonl", content)], shop)
    rules = [(line, rule) for line, _, rule, _ in quarantined(shop)]
    assert rules == [
        (202, "not_json"),
        (203, "not_json"),
        (204, "not_utf8"),
        (205, "nul_byte"),
        (206, "nul_byte"),
        (207, "too_long_record"),
        (208, "not_json"),
    ]
    assert (report.orders, report.files[0].rows_loaded) == (210, 210)


def test_lines_count_as_an_editor_shows_them(write, shop):
    content = "\n\n" + lines(*good(30)) + "\n" + lines(record(99, quantity="many"))
    import_files([write("a.jsonl", content)], shop)
    assert quarantined(shop) == [(34, "quantity", "not_a_number", "many")]


def test_of_an_array_the_line_is_the_number_of_the_record(write, shop):
    content = json.dumps([*good(30), 5, record(99, quantity=1.5)], indent=1)
    import_files([write("a.json", content)], shop, max_bad=0.1)
    assert quarantined(shop) == [
        (31, None, "not_json", None),
        (32, "quantity", "not_an_integer", "1.5"),
    ]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("{", "cannot be read as JSON"),
        ('"text"', "expected an array of objects"),
        ("[]", "has a header and no row"),
        (json.dumps({str(n): 1 for n in range(MOST_COLUMNS + 1)}), "more than 2000 different"),
        (json.dumps([{"_n_row": 1}]), "names that begin with _n_ are reserved"),
    ],
)
def test_a_document_without_records_is_refused_with_what_was_expected(
    write, shop, content, problem
):
    with pytest.raises(DataError, match=problem):
        import_files([write("a.json", content)], shop)


NESTED = """
[[file]]
name = "orders"
table = "orders"
detect = ["id", "line_items"]
[file.columns]
order_id = "id"
ordered_at = "created"
status = { const = "delivered" }

[[file]]
name = "lines"
table = "order_lines"
detect = ["id", "line_items"]
each = "line_items"
optional = ["line_items.title"]
[file.columns]
order_id = "id"
line_no = "line_items.no"
product_id = "line_items.product.id"
title = "line_items.title"
quantity = "line_items.qty"
"""


def order(number: int, *items: dict[str, object]) -> dict[str, object]:
    return {"id": number, "created": "2026-03-01T10:00:00Z", "line_items": list(items)}


def item(number: int, product: str, quantity: object = 1, **more: object) -> dict[str, object]:
    return {"no": number, "product": {"id": product}, "qty": quantity} | more


@pytest.fixture
def nested(write):
    return SourceMapping.from_toml(write("nested.toml", NESTED))


def test_one_document_fills_orders_and_their_lines(write, shop, nested):
    content = json.dumps([order(1, item(1, "a"), item(2, "b", gift="yes")), order(2, item(1, "a"))])
    report = import_files([write("o.json", content)], shop, mapping=nested)
    assert table(shop, "order_lines", 'order_id, product_id, "line_items.gift"', "1, 2") == [
        ("1", "a", None),
        ("1", "b", "yes"),
        ("2", "a", None),
    ]
    account = report.files[0]
    assert (account.rows_read, account.rows_loaded, account.table) == (2, 2, "orders + order_lines")
    assert report.unmapped_columns == {"o.json": ["line_items.gift"]}


def test_a_record_with_a_bad_element_counts_once_as_quarantined(write, shop, nested):
    content = json.dumps([order(1, item(1, "a"), item(2, "b", -1), item(3, "c", -2)), order(2)])
    report = import_files([write("o.json", content)], shop, mapping=nested, max_bad=0.5)
    assert quarantined(shop) == [(1, "quantity", "negative", "-1")]
    account = report.files[0]
    assert (account.rows_read, account.rows_loaded, account.rows_quarantined) == (2, 1, 1)


def test_orders_without_any_line_need_no_field_of_a_line(write, shop, nested):
    report = import_files([write("o.json", json.dumps([order(1), order(2)]))], shop, mapping=nested)
    assert (report.orders, report.order_lines) == (2, 0)


def test_a_field_that_no_element_has_is_named(write, shop, nested):
    content = json.dumps([order(1, {"no": 1, "sku": "a", "qty": 1})])
    with pytest.raises(DataError, match=r"no element of line_items has line_items.product.id"):
        import_files([write("o.json", content)], shop, mapping=nested)


def test_an_array_of_scalars_gives_its_elements(write, shop):
    mapping = SourceMapping.from_toml(
        write(
            "links.toml",
            """
            [[file]]
            table = "rules"
            each = "upsell_ids"
            [file.columns]
            kind = { const = "link" }
            source_product_id = "id"
            target_product_id = "upsell_ids"
            """,
        )
    )
    content = json.dumps([{"id": 1, "upsell_ids": [7, 8]}, {"id": 2, "upsell_ids": []}])
    report = import_files([write("p.json", content)], shop, mapping=mapping)
    assert table(shop, "rules", "source_product_id, target_product_id") == [("1", "7"), ("1", "8")]
    assert report.files[0].skipped == {"of no table": 1}


def test_nested_parquet_is_read_like_json(tmp_path, shop, nested):
    path = tmp_path / "o.parquet"
    connection = connect()
    connection.execute(f"""
        COPY (SELECT 1 AS id, TIMESTAMP '2026-03-01 10:00:00' AS created,
            [{{'no': 1, 'product': {{'id': 'a'}}, 'qty': 2}}] AS line_items,
            {{'email': 'x', 'geo': {{'zip': '0012'}}}} AS billing)
        TO '{path}' (FORMAT parquet)""")
    connection.close()
    import_files([path], shop, mapping=nested, zone="UTC")
    assert table(shop, "order_lines", "product_id, quantity") == [("a", 2)]
    assert table(shop, "orders", '"billing.geo.zip", "billing.email"') == [("0012", "x")]


def test_a_personal_field_of_an_element_hides_the_array_that_holds_it(write, shop):
    text = 'personal = ["line_items.engraving"]\n' + NESTED
    mapping = SourceMapping.from_toml(write("nested.toml", text))
    bad = order(1, item(1, "a", engraving="for Ada")) | {"created": "soon", "note": "kept"}
    bad_line = order(2, item(1, "a", -1, engraving="for Bob"))
    import_files([write("o.json", json.dumps([bad, bad_line]))], shop, mapping=mapping, max_bad=1)
    raw = [cell for (cell,) in table(shop, "quarantine", "raw", "line")]
    assert '"note":"kept"' in raw[0]
    assert not [cell for cell in raw if "for Ada" in cell or "for Bob" in cell]
