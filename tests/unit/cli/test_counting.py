"""`nba train --engine`: who counts, and who is refused before anything is read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.unit.cli.shop import Run, document


def test_a_named_engine_counts_and_the_manifest_says_so(nba: Run, shop: Path) -> None:
    here = document(nba("train", str(shop), "--force", "--json"))
    there = document(nba("train", str(shop), "--engine", "duckdb", "--models", "others", "--json"))
    assert there["digest"] == here["digest"]
    manifest = json.loads(Path(there["path"], "manifest.json").read_text())
    assert manifest["engines"] == {
        "pair_counts": "duckdb",
        "customer_summary": "duckdb",
        "interactions": "local",
    }


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--engine", "oracle"], "there is no such engine; expected duckdb"),
        (["--engine", "postgresql"], "the shop is no store there; give its URL"),
        (["--engine", "duckdb", "--keep-statistics"], "leave --engine out"),
        (["--engine", "duckdb", "--since", "current"], "leave --engine out"),
        (["--recipe", "spark.toml"], "spark-als is fitted by Spark; add --engine spark"),
    ],
)
def test_what_an_engine_cannot_do_is_a_wrong_command(
    nba: Run, shop: Path, words: list[str], said: str
) -> None:
    Path("spark.toml").write_text('[picks]\nmodels = ["spark-als"]\n')
    code, _, err = nba("train", str(shop), *words)
    assert code == 2
    assert said in err
