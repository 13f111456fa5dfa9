"""What JSON may hold and 64 bits, Unicode or a parser may not: exact, or the loss of one record."""

from __future__ import annotations

import json

import pytest

from nba.data.imports import import_files
from nba.data.readers import connect, read_file
from tests.unit.data.conftest import quarantined, table

LONG = 123456789012345678901
"""A whole number that 64 bits do not hold; so is the next one, and a float is the same for both."""


def record(number: object, **cells: object) -> dict[str, object]:
    return {
        "order_id": number,
        "customer_id": "c1",
        "ordered_at": "2026-03-01T10:00:00Z",
        "product_id": "p1",
        "quantity": 1,
    } | cells


def as_lines(*records: str) -> tuple[str, str]:
    return "a.jsonl", "\n".join(records)


def as_array(*records: str) -> tuple[str, str]:
    return "a.json", f"[{', '.join(records)}]"


@pytest.fixture(params=[as_lines, as_array])
def write_as(request, write):
    """Write records, as JSON texts, in each of the ways."""
    return lambda *records: write(*request.param(*records))


@pytest.mark.parametrize("sign", [1, -1])
def test_ids_that_64_bits_do_not_hold_stay_exact_and_distinct(write_as, shop, sign):
    numbers = [sign * (LONG + n) for n in range(3)]
    import_files([write_as(*(json.dumps(record(number)) for number in numbers))], shop)
    assert table(shop, "orders", "order_id") == sorted((str(number),) for number in numbers)


def test_they_stay_exact_inside_arrays(write_as):
    path = write_as(json.dumps({"ids": [LONG, 7], "id": LONG % 10**19, "share": 0.5}))
    with connect() as connection:
        raw = read_file(connection, path, "raw")
        found = connection.execute(f"SELECT ids, id, share FROM {raw.view}").fetchall()
    assert found == [(f'["{LONG}",7]', str(LONG % 10**19), "0.5")]


@pytest.mark.parametrize("depth", [300, 900])
@pytest.mark.parametrize("part", [('{"a":', "}"), ("[", "]")])
def test_a_record_that_is_nested_too_deeply_costs_itself_alone(write_as, shop, depth, part):
    deep = part[0] * depth + "1" + part[1] * depth
    bad = json.dumps(record("bad", note="NOTE")).replace('"NOTE"', deep)
    path = write_as(json.dumps(record("good")), bad, json.dumps(record("last")))
    report = import_files([path], shop, max_bad=0.5)
    assert [row[2] for row in quarantined(shop)] == ["not_json"]
    assert report.orders == 2


@pytest.mark.parametrize("bad", ['{"order_id": "\\ud800"}', '{"\\udfff": 1}', '{"a": ["\\ud800"]}'])
def test_half_a_surrogate_pair_costs_its_record_alone(write_as, shop, bad):
    path = write_as(json.dumps(record("good")), bad, json.dumps(record("last")))
    report = import_files([path], shop, max_bad=0.5)
    assert [row[2] for row in quarantined(shop)] == ["not_json"]
    assert report.orders == 2


@pytest.mark.parametrize("number", ["1e400", "-1e400"])
def test_a_number_beyond_all_floats_is_no_quantity(write_as, shop, number):
    bad = json.dumps(record("bad", quantity="NUMBER")).replace('"NUMBER"', number)
    path = write_as(*(json.dumps(record(n)) for n in range(3)), bad)
    report = import_files([path], shop, max_bad=0.5)
    assert (report.orders, report.rows_quarantined) == (3, 1)


@pytest.mark.parametrize("constant", ["NaN", "Infinity", "-Infinity"])
def test_a_constant_that_json_has_not_is_refused_beside_a_long_number_too(write, shop, constant):
    bad = json.dumps(record(LONG, quantity="NUMBER")).replace('"NUMBER"', constant)
    report = import_files([write(*as_lines(json.dumps(record(1)), bad))], shop, max_bad=0.5)
    assert [row[2] for row in quarantined(shop)] == ["not_json"]
    assert report.orders == 1
