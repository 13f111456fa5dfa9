"""Reading a shop that is to be played: what a start hides, and what a foreign truth lacks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from shutil import copytree

import duckdb
import numpy as np
import pytest

from nba.data.simulator.journal import Journal
from nba.data.simulator.loop import decide_nothing, play_world
from nba.data.simulator.world import read_world
from nba.errors import ConfigError, DataError
from tests.unit.data.simulator.foreign import write_shop


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_shop(tmp_path_factory.mktemp("foreign") / "shop", orders_per_week=0.2)


def test_a_play_may_start_earlier_and_then_knows_less(shop: Path) -> None:
    earlier = read_world(shop, starts_at="2026-04-17T00:00Z")
    assert {row["order_id"][:4] for row in earlier.tables["orders"]} == {"met-"}
    seen = Journal(earlier.tables).seen(earlier.starts_at)
    # Ordered 75 days before the end of the history, and delivered three days later.
    assert {row["status"] for row in seen.table("orders")} == {"pending_confirmation"}
    assert np.isnat(seen.rows(earlier.customers).delivered_at).all()
    assert play_world(earlier, decide_nothing, days=7).days == 7
    with pytest.raises(ConfigError, match="no customer had joined"):
        read_world(shop, starts_at="2020-01-01T00:00Z")


def _without(column: str) -> Callable[[Path], str]:
    return lambda path: f"SELECT * EXCLUDE ({column}) FROM '{path}'"


@pytest.mark.parametrize(
    ("file", "change", "complaint"),
    [
        ("truth/needs", _without("opens_at"), "needs.parquet lacks the column opens_at; found"),
        ("truth/customers", _without("annoyance"), "customers.parquet lacks the column annoyance"),
        ("consents", _without("granted"), "consents.parquet lacks the column granted"),
        (
            "truth/needs",
            lambda path: f"SELECT * REPLACE ('soon' AS due_at) FROM '{path}'",
            "needs.parquet: column due_at is VARCHAR, expected TIMESTAMP",
        ),
        (
            "truth/customers",
            lambda path: f"SELECT * REPLACE (NULL AS regularity) FROM '{path}'",
            "customers.parquet: column regularity is empty in 40 rows",
        ),
        (
            "truth/world",
            lambda path: f"SELECT * REPLACE (2 AS version) FROM '{path}'",
            r"versions \[2\]; expected one row of version 1",
        ),
        (
            "truth/fatigue",
            lambda path: f"SELECT * REPLACE (0 AS half_life_days) FROM '{path}'",
            "half_life_days above 0",
        ),
        (
            "truth/responses",
            lambda path: f"SELECT * REPLACE ('magic' AS needs) FROM '{path}'",
            r"needs \['magic'\] are unknown",
        ),
    ],
)
def test_a_foreign_truth_of_another_form_is_refused_by_name(
    shop: Path, tmp_path: Path, file: str, change: Callable[[Path], str], complaint: str
) -> None:
    folder = copytree(shop, tmp_path / "shop")
    path = folder / f"{file}.parquet"
    with duckdb.connect() as connection:
        connection.execute(f"CREATE TABLE changed AS {change(path)}")
        connection.execute(f"COPY changed TO '{path}' (FORMAT parquet)")
    with pytest.raises(DataError, match=complaint):
        read_world(folder)


def test_a_shop_without_truth_names_the_missing_file(shop: Path, tmp_path: Path) -> None:
    folder = copytree(shop, tmp_path / "shop")
    (folder / "truth" / "needs.parquet").unlink()
    with pytest.raises(DataError, match=r"truth/needs\.parquet"):
        read_world(folder)
    (folder / "truth" / "needs.parquet").write_text("no Parquet")
    with pytest.raises(DataError, match=r"needs\.parquet is no Parquet file"):
        read_world(folder)
