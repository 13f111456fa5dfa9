"""Columns that a mapping derives from all rows, before any row is left out."""

from __future__ import annotations

import pytest

from nba.data.imports import import_files
from nba.data.mapping import SourceMapping
from nba.errors import ConfigError, DataError
from tests.unit.data.conftest import quarantined, table

SETS = """
personal = ["buyer"]

[[file]]
name = "sets"
table = "flat"
detect = ["no", "set_of"]
skip = [{ where = "set_of IS NOT NULL", because = "part of a set" }]

[file.derive]
parts = { sql = "count(set_of) OVER (PARTITION BY coalesce(set_of, no))" }
pieces = { sql = "unnest(range(greatest(CAST(parts AS BIGINT), 1)))" }
who = { sql = "upper(buyer)" }

[file.columns]
order_id = "no"
customer_id = { hash = "who" }
ordered_at = "placed"
product_id = { join = ["product", "pieces"], by = "-" }
quantity = { sql = "CASE WHEN product = 'odd' THEN who ELSE '1' END" }
"""
ROWS = """no,set_of,product,placed,buyer
1,,box,2026-03-01T10:00:00Z,ada
2,1,lid,2026-03-01T10:00:00Z,ada
3,1,base,2026-03-01T10:00:00Z,ada
4,,cup,2026-03-01T10:00:00Z,ada
5,,odd,2026-03-01T10:00:00Z,ada
"""


def mapping(write, text=SETS):
    return SourceMapping.from_toml(write("sets.toml", text))


def test_derived_columns_see_the_rows_that_are_left_out(write, shop):
    report = import_files([write("a.csv", ROWS)], shop, mapping=mapping(write), max_bad=1)
    lines = table(shop, "order_lines", "order_id, product_id", "ALL")
    assert lines == [("1", "box-0"), ("1", "box-1"), ("4", "cup-0")]
    account = report.files[0]
    assert account.skipped == {"part of a set": 2}
    assert (account.rows_read, account.rows_loaded, account.rows_quarantined) == (5, 2, 1)


def test_columns_that_only_derived_ones_read_count_as_used(write, shop):
    report = import_files([write("a.csv", ROWS)], shop, mapping=mapping(write), max_bad=1)
    assert report.unmapped_columns == {}


def test_a_derived_column_made_of_a_personal_one_is_not_shown(write, shop):
    import_files([write("a.csv", ROWS)], shop, mapping=mapping(write), max_bad=1)
    assert quarantined(shop) == [(6, "quantity", "not_a_number", None)]
    assert b"ada" not in b"".join(one.read_bytes().lower() for one in shop.iterdir())


def test_a_file_without_a_column_that_a_derived_one_reads_is_named(write, shop):
    text = SETS.replace('detect = ["no", "set_of"]', 'detect = ["no"]')
    without = write("a.csv", ROWS.replace("set_of", "other"))
    with pytest.raises(DataError, match="lacks the column set_of"):
        import_files([without], shop, mapping=mapping(write, text))


def test_a_derived_column_with_the_name_of_a_column_is_refused(write, shop):
    text = SETS.replace("who", "placed").replace('ordered_at = "placed"', 'ordered_at = "no"')
    with pytest.raises(ConfigError, match=r"derives placed, but a\.csv has a column of that name"):
        import_files([write("a.csv", ROWS)], shop, mapping=mapping(write, text))


def test_derive_must_be_a_table_of_rules(write):
    text = SETS.replace("[file.derive]", "derive = 3\n[file.other]")
    with pytest.raises(ConfigError, match="unknown key other"):
        mapping(write, text)
    with pytest.raises(ConfigError, match=r"derive is 3; expected \[file\.derive\]"):
        mapping(write, '[[file]]\ntable = "flat"\nderive = 3\n[file.columns]\norder_id = "no"')
