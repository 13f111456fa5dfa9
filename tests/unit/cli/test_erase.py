"""`nba erase` and `nba export`: a customer is handed what is known of them, and forgotten."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from nba.artifacts.reports import write_reports
from nba.cli.load import load
from tests.unit.cli.shop import FLAT, Prepared, Run, document

STORE = "sqlite:///store.db"
EVENTS = """event_id,type,at,customer_id,session_id,product_id
e1,view_item,2026-01-31T10:00:00Z,bob,,tea
e2,view_item,2026-01-31T10:00:00Z,ann-walker,,tea
e3,merge,2026-01-31T10:00:00Z,ann-walker,ann-phone,
"""
WALKER = FLAT.replace("ann", "ann-walker").replace("o1", "order-aw-1").replace("o4", "order-aw-4")


@pytest.fixture
def store(nba: Run, prepared: Prepared) -> str:
    """A store and a shop that know a customer by an id that no other word holds."""

    def steps() -> None:
        Path("orders.csv").write_text(WALKER)
        Path("events.csv").write_text(EVENTS)
        assert nba("import", "orders.csv", "events.csv", "--shop", "shop")[0] == 0
        load(Path("shop"), STORE)
        for name in ("orders.csv", "events.csv"):
            Path(name).unlink()

    prepared("walker", steps)
    return STORE


@pytest.fixture
def trained(nba: Run, store: str, prepared: Prepared) -> str:
    """The same with a snapshot in `models`."""

    def steps() -> None:
        assert nba("train", "shop")[0] == 0

    prepared("walker trained", steps)
    return store


def files_naming(*words: str) -> list[str]:
    """List the files here in which one of some words stands."""
    return [
        str(path)
        for path in Path().rglob("*")
        if path.is_file() and any(word.encode() in path.read_bytes() for word in words)
    ]


def test_an_erased_customer_is_in_no_file_of_store_shop_and_models(nba: Run, trained: str) -> None:
    theirs = "ann-walker", "ann-phone", "order-aw-1", "order-aw-4"
    assert len(files_naming(*theirs)) > 3
    erased = document(
        nba(
            *("erase", "ann-walker", "--db", trained, "--shop", "shop", "--models", "models"),
            "--json",
        )
    )
    assert files_naming(*theirs) == []
    assert (erased["customer_id"], erased["accounts"]) == ("ann-walker", 2)
    # Two orders, of the folder and of the store.
    assert (erased["erased"]["orders"], erased["erased"]["order_lines"]) == (4, 8)
    assert len(erased["snapshots"]) == 1


def test_erasing_again_removes_nothing_and_succeeds(nba: Run, trained: str) -> None:
    words = "erase", "ann-walker", "--db", trained, "--shop", "shop", "--models", "models"
    assert "accounts: 2, snapshots changed: 1" in nba(*words)[1]
    code, out, _ = nba(*words)
    assert code == 0
    assert "rows removed: 0, accounts: 1, snapshots changed: 0" in out


def test_erasing_removes_the_reports_and_says_so(nba: Run, trained: str) -> None:
    write_reports(Path("models"), {"kpis": {"orders": 4}, "cohorts": {}})
    words = "erase", "ann-walker", "--shop", "shop", "--models", "models"
    assert "removed reports/cohorts.json\nremoved reports/kpis.json\n" in nba(*words)[1]
    assert not Path("models/reports/kpis.json").exists()
    write_reports(Path("models"), {"kpis": {"orders": 2}})
    assert document(nba(*words, "--json"))["removed"] == ["reports/kpis.json"]


def test_accounts_that_only_the_folder_knows_of_are_erased_everywhere(nba: Run, store: str) -> None:
    nba("erase", "ann-phone", "--db", store, "--shop", "shop", "--models", "models")
    assert files_naming("ann-walker", "ann-phone") == []


def test_importing_the_files_again_leaves_an_erased_customer_out(nba: Run, store: str) -> None:
    nba("erase", "ann-walker", "--shop", "shop")
    Path("orders.csv").write_text(WALKER)
    code, out, _ = nba("import", "orders.csv", "--shop", "shop")
    Path("orders.csv").unlink()
    assert code == 0
    assert "left out: 4 of erased customers" in out
    assert [one for one in files_naming("ann-walker") if one.startswith("shop")] == []


@pytest.mark.parametrize("of", ["shop", STORE])
def test_a_decision_about_an_erased_customer_is_refused(nba: Run, trained: str, of: str) -> None:
    nba("erase", "ann-walker", "--db", trained, "--shop", "shop")
    code, _, err = nba("decide", of, "--customer", "ann-walker", "--at", "2026-02-07T10:00Z")
    assert code == 1
    assert "ann-walker was erased" in err
    assert nba("decide", of, "--customer", "bob", "--at", "2026-02-07T10:00Z")[0] == 0


def test_erasing_from_nothing_is_a_wrong_command(nba: Run) -> None:
    code, _, err = nba("erase", "ann")
    assert code == 2
    assert "--db URL, --shop DIR and --models DIR" in err
    assert nba("erase", "ann", "--db", "sqlite:///nowhere.db")[0] == 2
    assert nba("erase", "ann", "--shop", "nowhere")[0] == 1


def test_an_export_is_printed_or_written_as_one_document(nba: Run, store: str) -> None:
    printed = document(nba("export", "ann-walker", "--db", store))
    assert [one["order_id"] for one in printed["orders"]] == ["order-aw-1", "order-aw-4"]
    bought = [line["product_id"] for line in printed["orders"][0]["lines"]]
    assert sorted(bought) == ["filter", "kettle"]
    assert nba("export", "ann-walker", "--db", store, "--out", "mine.json")[0] == 0
    assert json.loads(Path("mine.json").read_text("utf-8")) == printed
    assert printed == document(nba("export", "ann-walker", "--db", store, "--json"))


def test_an_export_is_written_as_tables_that_no_spreadsheet_runs(nba: Run) -> None:
    Path("orders.csv").write_text(FLAT.replace("ann", "=1+1"))
    nba("import", "orders.csv", "--shop", "shop")
    load(Path("shop"), STORE)
    assert nba("export", "=1+1", "--db", STORE, "--csv", "mine")[0] == 0
    assert len(list(Path("mine").glob("*.csv"))) == 9
    with Path("mine/orders.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["order_id"] for row in rows] == ["o1", "o4"]
    assert {row["customer_id"] for row in rows} == {"'=1+1"}
    assert rows[0]["ordered_at"] == "2026-01-01T10:00:00Z"


def test_a_file_that_cannot_be_written_is_a_wrong_command(nba: Run, store: str) -> None:
    for option in ("--out", "--csv"):
        code, _, err = nba("export", "bob", "--db", store, option, "/proc/nowhere/mine")
        assert code == 2
        assert option in err
