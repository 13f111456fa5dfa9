"""Amounts are in major units where a number of their column has a decimal point: a good one."""

from __future__ import annotations

import pytest

from nba.data.imports import import_files
from tests.unit.data.conftest import HEADER, row, table


def test_an_integer_price_is_minor_units_and_a_decimal_one_major_units(write, shop):
    import_files([write("a.csv", HEADER + row("o1", price="990"))], shop)
    import_files([write("b.csv", HEADER + row("o2", price="9.9") + row("o3", price="20"))], shop)
    assert table(shop, "order_lines", "unit_price", "order_id") == [(990,), (990,), (2000,)]


def test_a_bad_price_does_not_decide_the_unit_of_the_others(write, shop):
    content = (
        HEADER + "".join(row(f"o{n}", price="990") for n in range(30)) + row("x", price="9.9.9")
    )
    import_files([write("a.csv", content)], shop)
    assert table(shop, "order_lines", "DISTINCT unit_price") == [(990,)]


@pytest.mark.parametrize(
    "bad",
    [
        row("x", quantity="many", price="9.90"),
        row("x", at="2026-03-01", price="9.90"),
        row("x", price="-9.90"),
        row("", price="9.90"),
    ],
)
def test_a_bad_row_does_not_decide_the_unit_of_the_others(write, shop, bad):
    content = HEADER + "".join(row(f"o{n}", price="990") for n in range(30)) + bad
    report = import_files([write("a.csv", content)], shop)
    assert report.rows_quarantined == 1
    assert table(shop, "order_lines", "DISTINCT unit_price") == [(990,)]


def test_one_good_row_decides_it_beside_bad_ones(write, shop):
    content = (
        HEADER
        + row("x", quantity="many", price="9.90")
        + "".join(row(f"o{n}", price="990") for n in range(30))
        + row("last", price="990.0")
    )
    import_files([write("a.csv", content)], shop)
    assert table(shop, "order_lines", "DISTINCT unit_price") == [(99000,)]
