"""The instant at which parts of a shop folder's customers are known."""

from __future__ import annotations

from pathlib import Path

import duckdb

from nba.data.parted import facts_of_part
from nba.data.shop import read_shop
from nba.domain import Part

TABLES = {
    "orders": "SELECT 'o1' AS order_id, 'ann' AS customer_id, "
    "TIMESTAMPTZ '2026-01-01 00:00Z' AS ordered_at, 'paid' AS status",
    "order_lines": "SELECT 'o1' AS order_id, 1 AS line_no, 'p1' AS product_id, 1 AS quantity",
    "order_statuses": "SELECT unnest(['o1', 'o99']) AS order_id, 'delivered' AS status, "
    "unnest([TIMESTAMPTZ '2026-01-02 00:00Z', TIMESTAMPTZ '2026-03-01 00:00Z']) AS at",
    "order_versions": "SELECT 'o98' AS order_id, '1' AS version, 'ann' AS customer_id, "
    "TIMESTAMPTZ '2026-04-01 00:00Z' AS ordered_at, 'paid' AS status, 1 AS line_no, "
    "'p1' AS product_id, 1 AS quantity",
}


def test_a_status_that_waits_for_its_order_tells_no_instant(tmp_path: Path) -> None:
    with duckdb.connect() as connection:
        for name, query in TABLES.items():
            connection.execute(f"COPY ({query}) TO '{tmp_path}/{name}.parquet' (FORMAT parquet)")
    whole = read_shop(tmp_path).facts()
    assert str(whole.as_of) == "2026-01-02T00:00:00.000001"
    assert facts_of_part(tmp_path, Part(1, 1), None).as_of == whole.as_of
