"""One simulated shop for all tests that look at it, and its tables by name."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from nba.data.simulator.generate import SimulatedShop, simulate

Ask = Callable[[str], list[tuple[Any, ...]]]


@pytest.fixture(scope="session")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> SimulatedShop:
    return simulate(tmp_path_factory.mktemp("simulated") / "shop", orders=20_000, seed=7)


@pytest.fixture(scope="session")
def ask(simulated: SimulatedShop) -> Iterator[Ask]:
    """Ask by SQL: the shop's tables by their names, those of the truth as true_<name>."""
    connection = duckdb.connect()
    for path in sorted(simulated.path.rglob("*.parquet")):
        name = f"true_{path.stem}" if path.parent.name == "truth" else path.stem
        connection.execute(f"CREATE VIEW {name} AS FROM read_parquet('{path}')")
    connection.execute("""
        CREATE TABLE bought AS SELECT customer_id, ordered_at, delivered_at, is_test, order_id,
            line_no, product_id, type, nature, cause, main_product_id, returned_quantity
        FROM order_lines JOIN orders USING (order_id) JOIN true_products USING (product_id)
            JOIN true_causes USING (order_id, line_no)""")
    yield lambda sql: connection.execute(sql).fetchall()
    connection.close()


def files_of(folder: Path) -> dict[str, bytes]:
    """The files of a shop by their paths inside it."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*.parquet"))
    }
