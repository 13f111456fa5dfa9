"""Files written as text, and what an import made of them."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

HEADER = "order_id,customer_id,ordered_at,product_id,quantity,unit_price\n"


def row(order, customer="c1", at="2026-03-01T10:00:00Z", product="p1", quantity="1", price="9.90"):
    return f"{order},{customer},{at},{product},{quantity},{price}\n"


def rows(count, first=1):
    """Good rows enough that a few bad ones stay under the 5 % at which an import stops."""
    return "".join(row(f"o{n}", f"c{n % 7}") for n in range(first, first + count))


@pytest.fixture
def write(tmp_path):
    def write(name: str, content: str | bytes) -> Path:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


@pytest.fixture
def shop(tmp_path):
    return tmp_path / "shop"


def table(shop: Path, name: str, columns: str = "*", order: str = "ALL") -> list[tuple]:
    """The rows of a file of the shop."""
    with duckdb.connect() as connection:
        return connection.execute(
            f"SELECT {columns} FROM read_parquet('{shop / name}.parquet') ORDER BY {order}"
        ).fetchall()


def quarantined(shop: Path) -> list[tuple]:
    return table(shop, "quarantine", 'line, "column", rule, value', "line, rule")


def names(shop: Path, name: str) -> list[str]:
    with duckdb.connect() as connection:
        found = connection.execute(
            f"DESCRIBE SELECT * FROM read_parquet('{shop / name}.parquet')"
        ).fetchall()
    return [column for column, *_ in found]
