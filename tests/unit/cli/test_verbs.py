"""The command line: each verb on a small shop, its JSON, its errors and exit codes."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from nba import __version__ as version
from tests.unit.cli.shop import FLAT, Run, document

SHOPIFY = """Name,Email,Financial Status,Fulfillment Status,Created at,Currency,Lineitem quantity,\
Lineitem name,Lineitem price
#1,ann@ex.org,paid,fulfilled,2026-01-01 10:00:00 +0100,EUR,1,Kettle,39.90
"""


def test_import_accounts_for_every_row_and_names_the_next_command(nba: Run) -> None:
    Path("orders.csv").write_text(FLAT + "o5,ann,2026-02-03,tea,1,5.00,Green tea\n")
    code, out, _ = nba("import", "orders.csv", "--shop", "shop", "--max-bad", "20%")
    assert code == 0
    assert "orders.csv line 10: ordered_at naive_timestamp ('2026-02-03')" in out
    assert "4 orders (1 by guests), 8 lines, 3 products, 2 customers" in out
    assert "next: nba check shop" in out
    report = document(nba("import", "orders.csv", "--shop", "other", "--max-bad", "20%", "--json"))
    assert report["rows_read"] == 9
    assert report["rows_quarantined"] == 1
    assert report["rules"] == {"naive_timestamp": 1}


def test_import_says_what_a_file_was_recognised_as_and_why(nba: Run) -> None:
    Path("orders_export.csv").write_text(SHOPIFY)
    code, out, _ = nba("import", "orders_export.csv")
    assert code == 0
    assert (
        "orders_export.csv: Shopify export, orders, "
        "by Name, Financial Status, Lineitem quantity, Lineitem name"
    ) in out
    assert "orders_export.csv: personal, not stored: Email" in out
    report = document(nba("import", "orders_export.csv", "--shop", "other", "--json"))
    assert report["recognised"][0]["mapping"] == "shopify"


def test_import_lists_statuses_that_nobody_knows_and_says_how_to_tell_them(nba: Run) -> None:
    Path("orders_export.csv").write_text(SHOPIFY + SHOPIFY.splitlines()[1].replace("ful", "xul"))
    code, out, err = nba("import", "orders_export.csv", "--max-bad", "50%")
    assert code == 0, err
    assert "unknown status 'xulfilled' in 1 row" in out
    assert "[statuses]" in out
    Path("mine.toml").write_text('extends = "shopify"\n[statuses]\nxulfilled = "shipped"\n')
    code, _, err = nba("import", "orders_export.csv", "--map", "mine.toml", "--shop", "other")
    assert code == 0, err


def test_import_explains_a_platform_or_files_and_imports_nothing(nba: Run) -> None:
    Path("orders_export.csv").write_text(SHOPIFY)
    for words in (["--as", "shopify"], ["orders_export.csv"]):
        code, out, _ = nba("import", *words, "--explain")
        assert code == 0
        assert "orders → flat" in out
        assert "customer_id            ← hash of Email" in out
        assert "order_id!              ← Name" in out
    assert not Path("shop").exists()
    explained = document(nba("import", "orders_export.csv", "--explain", "--json"))["explained"]
    assert [one["entry"] for one in explained] == ["orders"]
    assert explained[0]["rules"]["currency"] == "Currency"


def test_import_reads_a_database(nba: Run) -> None:
    connection = sqlite3.connect("shop.db")
    connection.execute("CREATE TABLE products (product_id TEXT, title TEXT)")
    connection.execute("INSERT INTO products VALUES ('0012', 'Kettle')")
    connection.commit()
    connection.close()
    code, out, err = nba("import", "sqlite:///shop.db")
    assert code == 0, err
    assert "shop.db products: our own column names, products, by products" in out


def test_too_many_bad_rows_stop_the_import_with_exit_code_1(nba: Run) -> None:
    Path("orders.csv").write_text(FLAT.replace("Z,", ","))
    code, _, err = nba("import", "orders.csv", "--shop", "shop")
    assert code == 1
    assert "6 of 8 rows are bad, more than the 5% allowed" in err
    assert "--zone" in err
    assert not Path("shop/orders.parquet").exists()
    assert nba("import", "orders.csv", "--shop", "shop", "--zone", "Europe/Kyiv")[0] == 0


def test_check_says_what_works_and_what_would_help(nba: Run, shop: Path) -> None:
    code, out, _ = nba("check", str(shop))
    assert code == 0
    assert "You get:\n  - popular products" in out
    assert "It grows with you:\n" in out
    assert "Would add:\n  - delivered_at" in out
    assert document(nba("check", str(shop), "--json"))["counts"]["orders"] == 4


def test_train_gives_the_same_digest_twice_and_models_lists_it(nba: Run, shop: Path) -> None:
    first = document(nba("train", str(shop), "--json"))
    second = document(nba("train", str(shop), "--threads", "1", "--json"))
    assert first["digest"] == second["digest"]
    listed = document(nba("models", "list", "--json"))
    assert listed["current"] == first["snapshot_id"]
    assert [one["digest"] for one in listed["snapshots"]] == [first["digest"]]
    assert first["snapshot_id"] in nba("models", "list")[1]
    assert document(nba("models", "verify", "--json"))["verified"] is True
    assert document(nba("models", "show", "--json"))["digest"] == first["digest"]


def test_an_order_that_is_yet_to_come_is_a_warning(nba: Run, shop: Path) -> None:
    assert "yet to come" not in nba("train", str(shop))[1]
    later = FLAT.replace("2026-02-01T", "2061-02-01T")
    Path("later.csv").write_text(later)
    assert nba("import", "later.csv", "--shop", "later")[0] == 0
    code, out, _ = nba("train", "later")
    assert code == 0
    assert "dated 2061-02-01T10:00:00.000001Z, which is yet to come" in out


def test_a_profile_is_printed_and_given_as_json(nba: Run, shop: Path) -> None:
    code, out, _ = nba("recommend", "profile", "ann")
    assert code == 0
    assert "2 order days, the last on 2026-02-01" in out
    profile = document(nba("recommend", "profile", "ann", "--json"))
    assert profile["rhythm"]["evidence"]["order_days"] == 2
    assert "nobody knows this customer" in nba("recommend", "profile", "nobody")[1]
    assert nba("recommend", "profile", "ann", "bob")[0] == 2


def test_rollback_goes_to_the_snapshot_before(nba: Run, shop: Path) -> None:
    old = document(nba("models", "list", "--json"))["current"]
    new = document(nba("train", str(shop), "--as-of", "2026-01-20T00:00Z", "--json"))["snapshot_id"]
    assert new != old
    assert document(nba("models", "rollback", "--json"))["snapshot_id"] == old
    assert document(nba("models", "list", "--json"))["current"] == old
    code, _, err = nba("models", "rollback")
    assert code == 1
    assert "nothing older" in err


def test_recommend_shows_reasons_and_their_figures(nba: Run, shop: Path) -> None:
    code, out, _ = nba("recommend", "bought-together", "kettle", "--why")
    assert code == 0
    assert "filter  Water filter" in out
    assert "50 % of orders with Steel kettle also had it" in out
    assert "orders_together 2, orders_from 4" in out
    slate = document(nba("recommend", "bought-together", "kettle", "--json"))
    assert slate["items"][0]["reason"]["evidence"]["confidence"] == 0.5


def test_recommend_completes_a_basket_up_to_a_total(nba: Run, shop: Path) -> None:
    # A kettle costs 35.00 since 9 January, so 4.00 are missing; a filter costs 4.50.
    words = ("recommend", "complete", "kettle", "--target-total", "3900")
    slate = document(nba(*words, "--json"))
    assert (slate["request"]["gap"], slate["request"]["band"]) == (400, 390)
    assert {item["product_id"]: item["reason"]["evidence"]["price"] for item in slate["items"]} == {
        "filter": 450,
        "tea": 500,
    }
    code, out, _ = nba(*words, "--why")
    assert code == 0
    assert "brings the basket to the total" in out
    assert "gap 400, price 450" in out


@pytest.mark.parametrize(
    ("words", "count"),
    [
        (["picks", "ann"], 3),
        (["picks", "nobody", "-n", "2"], 2),
        (["buy-again", "ann"], 3),
        (["popular"], 3),
        (["replacements", "kettle", "--kinds", "successor"], 0),
        (["replacements", "nothing"], 0),
        (["accessories", "kettle", "filter", "--fallback", "popular"], 1),
        (["similar", "nothing"], 0),
        (["upsell", "nothing", "--fallback", "popular", "-n", "1"], 1),
        (["complete", "filter", "tea"], 1),
        (["bought-together", "kettle", "--at", "2026-03-01T00:00Z"], 2),
        (["bought-together", "nothing"], 0),
        (["bought-together", "nothing", "--fallback", "popular"], 3),
    ],
)
def test_every_kind_answers(nba: Run, shop: Path, words: list[str], count: int) -> None:
    assert len(document(nba("recommend", *words, "--json"))["items"]) == count


def test_backtest_prints_popularity_beside_the_others(nba: Run, shop: Path) -> None:
    code, out, _ = nba("backtest", str(shop), "--test-from", "2026-01-20T00:00Z")
    assert code == 0
    for method in ("popularity", "personal frequency", "collaborative", "picks"):
        assert method in out
    assert "1 customers who bought in the 28 days" in out
    assert "judges personal lists only: of a recipe, seed, collaborative, picks, popular" in out


def test_backtest_says_by_which_recipe(nba: Run, shop: Path) -> None:
    words = ("backtest", str(shop), "--test-from", "2026-01-20T00:00Z")
    by_defaults = nba(*words)[1]
    Path("same.toml").write_text("seed = 7")
    Path("mine.toml").write_text('picks.models = ["item-item"]')
    same, mine = (
        document(nba(*words, "--recipe", f"{one}.toml", "--json")) for one in ("same", "mine")
    )
    assert f"recipe of defaults, digest {same['recipe']['digest']}\n" in by_defaults
    assert mine["recipe"]["file"] == "mine.toml"
    assert mine["recipe"]["digest"] != same["recipe"]["digest"]


@pytest.mark.parametrize(
    ("words", "code", "complaint"),
    [
        (["import", "nowhere.csv"], 2, "nowhere.csv"),
        (["import"], 2, "no files given"),
        (["import", "orders.csv", "--as", "nonesuch"], 2, "complete_journey, "),
        (["import", "--explain"], 2, "nothing to explain"),
        (["import", "sqlite:///nowhere.db"], 1, "nowhere.db is not a file"),
        (["import", "postgresql:/ann:s3cret@host/shop"], 2, "URL cannot be read"),
        (["import", "orders.csv", "--as", "complete_journey"], 1, "no file of complete_journey"),
        (["import", "orders.csv", "--max-bad", "lots"], 2, "no share"),
        (["import", "orders.csv", "--zone", "Mars/Base"], 2, "Mars/Base"),
        (["train", "nowhere"], 2, "nowhere"),
        (["train", "."], 1, "holds no shop"),
        (["train", "shop", "--as-of", "soon"], 2, "--as-of"),
        (["train", "shop", "--recipe", "nowhere.toml"], 2, "nowhere.toml"),
        (["recommend", "bought-together", "kettle", "--models", "none"], 1, "no published"),
        (["recommend", "bought-together"], 2, "needs an id"),
        (["recommend", "magic", "kettle"], 2, "magic"),
        (["recommend", "picks", "ann", "--fallback", "magic"], 2, "magic"),
        (["recommend", "buy-again", "ann", "--fallback", "popular"], 2, "no fallback"),
        (["recommend", "similar", "kettle", "tea"], 2, "takes one id"),
        (["recommend", "upsell", "kettle", "--target-total", "900"], 2, "complete has"),
        (["recommend", "complete", "kettle", "--target-total", "-1"], 2, "0 or more"),
        (["recommend", "similar", "kettle", "--kinds", "refill"], 2, "replacements has"),
        (["recommend", "replacements", "kettle", "--kinds", "twin"], 2, "called twin"),
        (["recommend", "popular", "--at", "2026-01-01"], 2, "no zone"),
        (["recommend", "popular", "kettle"], 2, "no id"),
        (["train", "shop", "--as-of", "2020-01-01T00:00Z"], 1, "was not published"),
        (["decide", "sqlite:///typo.db", "--customer", "ann"], 2, "no store"),
        (["decide", "shop", "--all", "--out", "nowhere/x.csv"], 2, "cannot be written"),
        (["decide", "shop"], 2, "one of --customer ID, --all"),
        (["decide", "shop", "--all", "--customer", "ann"], 2, "one of --customer ID, --all"),
        (["decide", "shop", "--customer", "ann", "--at", "2026-01-01"], 2, "no zone"),
        (["decide", "shop", "--all", "--out", "x.xls"], 2, ".csv"),
        (["decide", "shop", "--all", "--claim"], 2, "keeps no log"),
        (["decide", "sqlite:///x.db", "--audience", "digest", "--claim"], 2, "--claim takes"),
        (["decide", "shop", "--all", "--context", "shop"], 2, "place=shop"),
        (["decide", "shop", "--audience", "magic"], 2, "called magic"),
        (["decide", "shop", "--audience", "viewed-not-bought", "--out", "x.jsonl"], 2, ".csv"),
        (["decide", "shop", "--plan-capacity", "pigeon=9"], 2, "email=10000"),
        (["decide", "shop", "--plan-capacity", "email=few"], 2, "email=10000"),
        (["backtest", "shop", "--test-from", "2020-01-01T00:00Z"], 1, "no order before"),
        (["backtest", "shop", "--test-from", "2030-01-01T00:00Z"], 1, "earlier --test-from"),
        (["models", "show", "../shop"], 1, "no snapshot"),
        (["serve", "--host", "0.0.0.0"], 2, "this machine only"),
        (["conjure"], 2, "conjure"),
    ],
)
def test_errors_say_what_to_do_and_end_with_their_code(
    nba: Run, shop: Path, words: list[str], code: int, complaint: str
) -> None:
    found, _, err = nba(*words)
    assert (found, complaint in err) == (code, True), err
    assert "Traceback" not in err


def test_an_error_under_json_is_a_document_too(nba: Run) -> None:
    Path("orders.csv").write_text("")
    code, out, _ = nba("import", "orders.csv", "--json")
    assert code == 1
    assert "is empty" in json.loads(out)["error"]["problems"][0]


@pytest.mark.parametrize("words", [["import", "nowhere.csv"], ["recommend", "magic"], ["conjure"]])
def test_a_wrong_command_under_json_is_a_document_too(nba: Run, words: list[str]) -> None:
    code, out, err = nba(*words, "--json")
    assert code == 2
    assert json.loads(out)["error"]["exit_code"] == 2
    assert "Traceback" not in err


def test_the_version_can_be_asked(nba: Run) -> None:
    assert nba("--version") == (0, f"{version}\n", "")


def test_a_column_named_like_our_own_notes_is_refused(nba: Run) -> None:
    Path("orders.csv").write_text(FLAT.replace("title", "_n_row"))
    code, _, err = nba("import", "orders.csv")
    assert code == 1
    assert "reserved" in err
    Path("orders.csv").write_text(FLAT.replace("title", "_row"))
    assert document(nba("import", "orders.csv", "--json"))["order_lines"] == 8


def test_every_verb_has_help_in_plain_words(nba: Run) -> None:
    for verb in ("import", "check", "train", "recommend", "decide", "backtest", "serve", "demo"):
        code, out, _ = nba(verb, "--help")
        assert code == 0
        assert "--help" in out


def test_help_answers_at_once() -> None:
    # Half a second is the goal on a quiet machine; what must never load is what costs seconds.
    program = "import sys, nba.cli.app; print(sorted(set(sys.modules) & {heavy}))"
    heavy = {"pandas", "numpy", "duckdb", "numba", "implicit", "fastapi", "sqlalchemy", "scipy"}
    began = time.monotonic()
    found = subprocess.run(
        [sys.executable, "-c", program.replace("{heavy}", repr(heavy))],
        capture_output=True,
        text=True,
        check=True,
    )
    assert found.stdout.strip() == "[]"
    assert time.monotonic() - began < 5


def test_the_bar_of_a_training_is_as_long_as_its_steps() -> None:
    from nba.cli.train import TRAINING_STEPS
    from nba.learn.train import train
    from tests.shops import SIX_ORDERS, catalog, history

    announced: list[str] = []
    train(history(SIX_ORDERS), catalog(), announce=announced.append)
    assert len(announced) == TRAINING_STEPS
