"""A broken part of a database or of Parquet costs itself, and nothing where nobody reads it."""

from __future__ import annotations

import sqlite3

import duckdb
import pytest

from nba.data.imports import import_files
from nba.errors import DataError
from tests.unit.data.conftest import quarantined, table


@pytest.fixture
def database(tmp_path):
    """Two orders and a third whose id is no UTF-8, and a view of a column that is not there."""
    with sqlite3.connect(tmp_path / "shop.db") as connection:
        connection.executescript("""
            CREATE TABLE orders (order_id TEXT, status TEXT, ordered_at TEXT, shop TEXT);
            INSERT INTO orders VALUES
                ('o1', 'paid', '2026-01-01T00:00:00Z', 'Zürich'),
                (CAST(x'6f32ff' AS TEXT), 'paid', '2026-01-01T00:00:00Z', 'Zürich'),
                ('o3', 'paid', 'soon', 'Zürich');
            CREATE VIEW broken AS SELECT nope FROM orders;
        """)
    connection.close()
    return f"sqlite:///{tmp_path / 'shop.db'}"


def test_a_text_that_is_no_utf8_costs_its_row_and_a_broken_view_nothing(database, shop):
    import_files([database], shop, max_bad=1)
    assert table(shop, "orders", "order_id, shop") == [("o1", "Zürich")]
    assert quarantined(shop) == [
        (2, "order_id", "not_utf8", "o2\ufffd"),
        (3, "ordered_at", "not_an_instant", "soon"),
    ]


def test_a_broken_view_that_is_read_is_told(tmp_path, shop, database):
    with sqlite3.connect(tmp_path / "shop.db") as connection:
        connection.executescript("DROP TABLE orders; CREATE VIEW orders AS SELECT 1 FROM gone")
    connection.close()
    with pytest.raises(DataError, match=r"database shop\.db"):
        import_files([database], shop)


@pytest.mark.parametrize(
    "at", ["DATE '5000000-01-01'", "TIMESTAMP '294246-01-01'", "'infinity'::TIMESTAMPTZ"]
)
@pytest.mark.parametrize("zone", ["UTC", "Europe/Kyiv"])
def test_an_instant_of_parquet_beyond_all_calendars_costs_its_row(tmp_path, shop, at, zone):
    path = tmp_path / "orders.parquet"
    kind = "DATE" if at.startswith("DATE") else "TIMESTAMP"
    with duckdb.connect() as connection:
        connection.execute(
            "COPY (SELECT 'far' AS order_id, 'paid' AS status, "
            f"{at} AS ordered_at UNION ALL SELECT 'good', 'paid', {kind} '2026-03-01') "
            f"TO '{path}' (FORMAT parquet)"
        )
    import_files([path], shop, zone=zone, max_bad=1)
    assert table(shop, "orders", "order_id") == [("good",)]
    assert [row[1:3] for row in quarantined(shop)] == [("ordered_at", "instant_out_of_range")]
