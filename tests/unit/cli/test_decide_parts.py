"""`nba decide --all --part`: several processes that decide for disjoint parts of the customers."""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb
import pytest

from nba.cli.load import load
from nba.data.simulator.generate import simulate
from tests.unit.cli.shop import Prepared, Run, document

STORE = "sqlite:///store.db"
AT = "2026-06-20T09:00Z"
PARTS = ("1/2", "2/2")


@pytest.fixture
def models(nba: Run, prepared: Prepared) -> str:
    """Give the models of a simulated shop, which stands in `shop` and in the store."""

    def steps() -> None:
        simulate(Path("shop"), orders=400, seed=5)
        assert nba("train", "shop")[0] == 0
        load(Path("shop"), STORE)

    prepared("parts", steps)
    return "models"


def lines(*names: str) -> list[str]:
    return sorted(line for name in names for line in Path(name).read_text("utf-8").splitlines())


@pytest.mark.parametrize(
    ("source", "ending"), [("shop", "jsonl"), (STORE, "jsonl"), (STORE, "csv")]
)
def test_the_parts_joined_and_sorted_are_what_one_process_writes(
    nba: Run, models: str, source: str, ending: str
) -> None:
    words = ("decide", source, "--all", "--at", AT)
    assert nba(*words, "--out", f"whole.{ending}")[0] == 0
    for number, part in enumerate(PARTS):
        assert nba(*words, "--part", part, "--out", f"{number}.{ending}")[0] == 0
    whole, parts = lines(f"whole.{ending}"), [lines(f"{one}.{ending}") for one in (0, 1)]
    if ending == "csv":
        (header,) = set(parts[0]) & set(parts[1])
        whole.append(header)
    assert sorted(parts[0] + parts[1]) == sorted(whole)
    assert all(len(one) > len(whole) / 4 for one in parts)


def test_parquet_files_of_parts_read_as_one_table_have_the_rows_of_the_whole(
    nba: Run, models: str
) -> None:
    assert nba("decide", "shop", "--all", "--out", "whole.parquet")[0] == 0
    for number, part in enumerate(PARTS):
        words = ("--part", part, "--out", f"part{number}.parquet")
        assert nba("decide", "shop", "--all", *words)[0] == 0
    with duckdb.connect() as connection:
        whole, parts = (
            connection.execute(f"SELECT * FROM '{name}.parquet' ORDER BY customer_id").fetchall()
            for name in ("whole", "part*")
        )
    assert parts == whole


def test_parts_claim_disjointly_what_one_process_claims(nba: Run, models: str) -> None:
    shutil.copy("store.db", "fresh.db")
    words = ("--all", "--claim", "--at", AT, "--json")
    one = document(nba("decide", "sqlite:///fresh.db", *words))["claims"]
    parts = [document(nba("decide", STORE, *words, "--part", part))["claims"] for part in PARTS]
    assert all(parts)
    assert sorted(str(claim) for part in parts for claim in part) == sorted(map(str, one))


@pytest.mark.parametrize("part", ["0/2", "3/2", "1", "1/0", "/", "a/b", "-1/2", "1/2/3", "1/٢"])
def test_what_is_no_part_is_refused(nba: Run, part: str) -> None:
    code, _, err = nba("decide", "shop", "--all", "--part", part)
    assert code == 2
    assert "expected one such as 1/4" in err


def test_a_part_is_of_all(nba: Run) -> None:
    code, _, err = nba("decide", "shop", "--customer", "ann", "--part", "1/2")
    assert code == 2
    assert "--part takes --all" in err
