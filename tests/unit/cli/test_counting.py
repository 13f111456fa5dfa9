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
        (["--engine", "duckdb://nowhere"], "there is no such engine; expected duckdb"),
        (["--engine", "local[x]"], "there is no such engine; expected duckdb"),
        (["--engine", "postgresql"], "the shop is no store there; give its URL"),
        (["--engine", "postgres"], "the shop is no store there; give its URL"),
        (["--engine", "postgresql://host"], "names no database of PostgreSQL; expected postgres"),
        (["--engine", "duckdb", "--keep-statistics"], "leave --engine out"),
        (["--engine", "duckdb", "--since", "current"], "leave --engine out"),
        (["--recipe", "spark.toml"], "spark-als is fitted by Spark; add --engine spark"),
        (["--recipe", "spark.toml", "--engine", "duckdb"], "is fitted by Spark; add --engine"),
    ],
)
def test_what_an_engine_cannot_do_is_told_before_the_shop_is_looked_for(
    nba: Run, words: list[str], said: str
) -> None:
    code, _, err = _trained_on_nothing(nba, words)
    assert code == 2
    assert said in err


@pytest.mark.parametrize("engine", ["spark", "local[2]", "yarn", "k8s://https://host:443"])
def test_any_master_of_spark_may_fit_its_model_and_needs_what_spark_does(
    nba: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, engine: str
) -> None:
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "none"))
    code, _, err = _trained_on_nothing(nba, ["--recipe", "spark.toml", "--engine", engine])
    assert code == 2
    assert "pip install 'nba[spark]'" in err or "install Java 17 or 21" in err


def _trained_on_nothing(nba: Run, words: list[str]) -> tuple[int, str, str]:
    Path("spark.toml").write_text('[picks]\nmodels = ["spark-als"]\n')
    return nba("train", "nowhere", *words)
