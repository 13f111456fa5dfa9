"""Files written as text, and what an import made of them."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import duckdb
import pytest

from nba.data.imports import import_files

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


@cache
def reader() -> duckdb.DuckDBPyConnection:
    """One connection for all looks at shops: opening one takes longer than the look."""
    return duckdb.connect(config={"enable_external_file_cache": "false"})


def table(shop: Path, name: str, columns: str = "*", order: str = "ALL") -> list[tuple]:
    """The rows of a file of the shop."""
    return (
        reader()
        .execute(f"SELECT {columns} FROM read_parquet('{shop / name}.parquet') ORDER BY {order}")
        .fetchall()
    )


def quarantined(shop: Path) -> list[tuple]:
    return table(shop, "quarantine", 'line, "column", rule, value', "line, rule")


def names(shop: Path, name: str) -> list[str]:
    found = reader().execute(f"DESCRIBE SELECT * FROM read_parquet('{shop / name}.parquet')")
    return [column for column, *_ in found.fetchall()]


def contents(shop: Path) -> dict[str, bytes]:
    """Every file of a shop, to the byte."""
    return {one.name: one.read_bytes() for one in shop.iterdir()}


def imported_in_turns(tmp_path: Path, batches: list[list[Path]]) -> Path:
    """Import batches in their order and backwards; give the one shop that both make.

    So each of any two goes before the other once.
    """
    shops = []
    for turn in (batches, batches[::-1]):
        shops.append(tmp_path / f"shop{len(shops)}")
        for batch in turn:
            import_files(batch, shops[-1])
    assert all(contents(shop) == contents(shops[0]) for shop in shops)
    return shops[0]
