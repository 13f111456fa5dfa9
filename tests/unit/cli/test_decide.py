"""`nba decide`: one customer, all, audiences, claims and capacity, of a folder and of a store."""

from __future__ import annotations

import csv
import json
import sqlite3
from pathlib import Path

import duckdb
import pytest

from nba.cli.exports import write_table
from nba.cli.load import load
from nba.decide.telling import COLUMNS
from nba.recommend.flat import PRODUCT_COLUMNS
from tests.unit.cli.shop import FLAT, Run, document

STORE = "sqlite:///store.db"
EVENTS = """event_id,type,at,customer_id,product_id
e1,view_item,2026-01-31T10:00:00Z,bob,tea
e2,view_item,2026-01-31T11:00:00Z,bob,kettle
e3,view_item,2026-02-02T10:00:00Z,bob,filter
e4,view_item,2026-01-31T10:00:00Z,ann,tea
"""
AT = "2026-02-07T10:00Z"


@pytest.fixture
def store(shop: Path) -> str:
    load(shop, STORE)
    return STORE


def rows_of(name: str) -> list[dict[str, str]]:
    with Path(name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def messages() -> list[tuple[object, ...]]:
    """Read the log of the store."""
    connection = sqlite3.connect("store.db")
    query = "SELECT customer_id, message, claimed_at IS NOT NULL FROM messages ORDER BY 1, 2"
    found = connection.execute(query).fetchall()
    connection.close()
    return found


def test_one_customer_is_explained(nba: Run, shop: Path) -> None:
    code, out, _ = nba("decide", str(shop), "--customer", "ann", "--at", AT)
    assert code == 0
    assert "ann: client/delivered, send service-rating" in out
    assert "waits: accessories (not_due until 2026-02-09T10:00:00Z)" in out
    decision = document(
        nba("decide", str(shop), "--customer", "bob", "--at", "2026-01-14T10:00Z", "--json")
    )
    assert decision["customer_id"] == "bob"
    assert decision["message"]["id"] == "accessories"


def test_by_default_it_is_just_after_the_last_fact_of_any_kind(nba: Run) -> None:
    Path("orders.csv").write_text(FLAT)
    Path("events.csv").write_text(EVENTS)
    Path("product_states.csv").write_text(
        "product_id,at,price,sale_price,sale_until\n"
        "tea,2026-01-20T00:00:00Z,500,400,2026-06-01T00:00:00Z\n"
    )
    assert nba("import", "orders.csv", "events.csv", "product_states.csv")[0] == 0
    assert nba("train", "shop")[0] == 0
    load(Path("shop"), STORE)
    for source in ("shop", STORE):
        decision = document(nba("decide", source, "--customer", "bob", "--json"))
        # Until when a price holds is no fact of then.
        assert decision["as_of"] == "2026-02-02T10:00:00.000001Z"


def test_a_delivery_that_nobody_told_is_no_news(nba: Run, shop: Path) -> None:
    # The file has no statuses, so the order counts as delivered from the first.
    words = ("decide", str(shop), "--customer", "ann", "--at", "2026-01-01T11:00Z", "--json")
    decision = document(nba(*words))
    assert decision["state"] == "client/delivered"
    assert {"id": "order-status", "rule": "not_due", "until": None} in decision["suppressed"]
    Path("told.csv").write_text(
        FLAT.replace(",title", ",title,status").replace("kettle\n", "kettle,shipped\n")
        .replace("filter\n", "filter,shipped\n").replace("tea\n", "tea,shipped\n")
    )  # fmt: skip
    assert nba("import", "told.csv", "--shop", "told")[0] == 0
    told = document(nba("decide", "told", *words[2:]))
    assert told["message"]["id"] == "order-status"
    assert told["message"]["kind"] == "transactional"


def test_all_are_written_by_id_as_lines_and_as_tables(nba: Run, shop: Path) -> None:
    for name in ("out.jsonl", "out.csv", "out.parquet"):
        code, out, _ = nba("decide", str(shop), "--all", "--at", AT, "--out", name)
        assert code == 0
        assert "service-rating" in out
    decisions = [json.loads(line) for line in Path("out.jsonl").read_text("utf-8").splitlines()]
    rows = rows_of("out.csv")
    assert tuple(rows[0]) == (*COLUMNS, *PRODUCT_COLUMNS)
    assert [one["customer_id"] for one in decisions] == ["ann", "bob"]
    words = [one["message"]["id"] if one["message"] else "none" for one in decisions]
    assert [row["message"] for row in rows] == words
    assert {row["holdout"] for row in rows} == {"false"}
    query = "SELECT customer_id, message, expected, holdout FROM 'out.parquet'"
    assert duckdb.connect().execute(query).fetchall() == [
        (one["customer_id"], word, (one["message"] or {}).get("score", {}).get("expected"), False)
        for one, word in zip(decisions, words, strict=True)
    ]


def test_a_line_of_all_is_the_single_answer_byte_for_byte(nba: Run, shop: Path, store: str) -> None:
    for source in (str(shop), store):
        assert nba("decide", source, "--all", "--at", AT, "--out", "all.jsonl")[0] == 0
        lines = []
        for customer in ("ann", "bob"):
            words = ("decide", source, "--customer", customer, "--at", AT, "--out", "one.jsonl")
            assert nba(*words)[0] == 0
            lines.append(Path("one.jsonl").read_bytes())
        assert Path("all.jsonl").read_bytes() == b"".join(lines)


def test_a_cell_that_a_spreadsheet_would_run_gets_an_apostrophe(tmp_path: Path) -> None:
    out = tmp_path / "cells.csv"
    write_table(
        out, ("customer_id", "expected"), [{"customer_id": ["=1+1", "é"], "expected": [-2.5, None]}]
    )
    assert out.read_text("utf-8").splitlines() == ["customer_id,expected", "'=1+1,-2.5", "é,"]


def test_an_audience_is_who_gets_a_message(nba: Run, shop: Path) -> None:
    words = ("decide", str(shop), "--audience", "service-rating", "--at", AT, "--out", "who.csv")
    code, out, _ = nba(*words)
    assert code == 0
    assert [row["customer_id"] for row in rows_of("who.csv")] == ["ann"]
    assert out.splitlines()[0].split() == ["1", "service-rating"]
    told = document(nba(*words, "--json"))
    assert [one["customer_id"] for one in told["decisions"]] == ["ann"]


def test_who_looked_and_did_not_buy_is_listed_the_latest_first(nba: Run) -> None:
    Path("orders.csv").write_text(FLAT)
    Path("events.csv").write_text(EVENTS)
    assert nba("import", "orders.csv", "events.csv")[0] == 0
    assert nba("train", "shop")[0] == 0
    # By default up to the last fact, which here is a look.
    assert nba("decide", "shop", "--audience", "viewed-not-bought", "--out", "v.csv")[0] == 0
    assert rows_of("v.csv") == [
        {
            "customer_id": "bob",
            "product_ids": "filter kettle tea",
            "last_viewed_at": "2026-02-02T10:00:00Z",
        }
    ]
    told = document(nba("decide", "shop", "--audience", "viewed-not-bought", "--json"))
    assert told["customers"][0]["product_ids"] == ["filter", "kettle", "tea"]


def test_without_consents_it_says_what_to_import(nba: Run) -> None:
    Path("orders.csv").write_text(FLAT)
    assert nba("import", "orders.csv")[0] == 0
    assert nba("train", "shop")[0] == 0
    code, out, _ = nba("decide", "shop", "--all", "--at", AT)
    assert code == 0
    assert "2 of 2 customers consented to no channel" in out
    assert "customer_id,channel,granted,at" in out
    one = nba("decide", "shop", "--customer", "ann", "--at", AT)[1]
    assert "no consent: " in one
    assert "ann consented to no channel" in one


def test_asking_a_store_writes_nothing_and_claiming_writes_a_row(
    nba: Run, shop: Path, store: str
) -> None:
    for words in (["--customer", "ann"], ["--all"], ["--audience", "service-rating"]):
        assert nba("decide", store, *words, "--at", AT)[0] == 0
    assert messages() == []
    first = document(nba("decide", store, "--customer", "ann", "--at", AT, "--claim", "--json"))
    assert first["message_id"].startswith("m_")
    assert first["message"]["id"] == first["claimed"]["message"] == "service-rating"
    again = document(nba("decide", store, "--customer", "ann", "--at", AT, "--claim", "--json"))
    assert again["message_id"] == first["message_id"]
    nobody = document(nba("decide", store, "--customer", "zoe", "--at", AT, "--claim", "--json"))
    assert (nobody["message_id"], nobody["message"]) == (None, None)
    assert messages() == [("ann", "service-rating", 1), ("zoe", "none", 0)]


def test_all_who_have_a_message_can_be_claimed_into_a_file(nba: Run, store: str) -> None:
    at = "2026-01-14T10:00Z"
    code, out, _ = nba("decide", store, "--all", "--at", at, "--claim", "--out", "send.csv")
    assert code == 0
    assert "2 messages to send, 2 of them claimed just now" in out
    rows = rows_of("send.csv")
    assert [row["customer_id"] for row in rows] == ["ann", "bob"]
    assert {(row["message"], row["channel"]) for row in rows} == {("accessories", "email")}
    assert all(row["message_id"].startswith("m_") for row in rows)
    assert messages() == [("ann", "accessories", 1), ("bob", "accessories", 1)]
    again = nba("decide", store, "--all", "--at", "2026-01-14T11:00Z", "--claim")[1]
    assert "0 of them claimed just now" in again


def test_planned_capacity_holds_for_later_decisions_of_the_store(
    nba: Run, shop: Path, store: str
) -> None:
    plan = document(nba("decide", store, "--plan-capacity", "email=0", "--at", AT, "--json"))
    assert plan["capacity"] == {"email": 0}
    assert (plan["due"]["email"], plan["sent"]["email"]) == (2, 0)
    held = document(nba("decide", store, "--customer", "ann", "--at", AT, "--json"))
    assert held["message"] is None
    assert held["experiment"]["prices"] == plan["prices_id"]
    assert {"id": "service-rating", "rule": "capacity", "until": None} in held["suppressed"]
    assert nba("decide", store, "--plan-capacity", "email=10", "--at", AT)[0] == 0
    free = document(nba("decide", store, "--customer", "ann", "--at", AT, "--json"))
    assert free["message"]["id"] == "service-rating"
    out = nba("decide", str(shop), "--plan-capacity", "email=0", "--at", AT)[1]
    assert "a folder keeps no prices" in out
    folder = document(nba("decide", str(shop), "--customer", "ann", "--at", AT, "--json"))
    assert folder["experiment"]["prices"] is None
