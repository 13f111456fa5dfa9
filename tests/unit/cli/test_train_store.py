"""`nba train URL`: what the store holds teaches as the folder does that it was loaded from."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import insert

from nba.artifacts.registry import KEPT, open_snapshot
from nba.cli.load import load
from nba.state.erasure import bury
from nba.state.store import Store
from nba.state.tables import ORDER_LINES, ORDERS, PRODUCT_STATES
from tests.databases import DATABASES, database_url
from tests.snapshots import snapshot
from tests.unit.cli.shop import FLAT, Prepared, Run, document

STORE = "sqlite:///store.db"
PRODUCTS = """product_id,title,category,price,currency,availability,stock,accessory_for,attributes
kettle,Steel kettle,Kitchen > Kettles,3990,EUR,in_stock,7,,
filter,Water filter,Kitchen > Filters,450,EUR,in_stock,,kettle,"{""colour"": ""blue""}"
tea,Green tea,Food,500,EUR,out_of_stock,0,,
"""
STATES = """product_id,at,availability,stock,price
kettle,2026-01-02T00:00:00Z,in_stock,5,3990
kettle,2026-01-20T00:00:00Z,in_stock,4,3500
"""
CUSTOMERS = """customer_id,created_at,birthday,timezone,attributes
ann,2025-12-30T10:00:00Z,1990-05-02,Europe/Kyiv,"{""child"": ""Ira""}"
"""
EVENTS = """event_id,type,at,customer_id,product_id,value
e1,view_item,2025-12-31T10:00:00Z,ann,kettle,
e2,rating,2026-01-08T10:00:00Z,ann,,4.5
"""
MESSAGES = """message_id,decision_id,customer_id,message,channel,decided_at,claimed_at,propensity
m1,d1,ann,digest,email,2026-01-09T10:00:00Z,2026-01-09T10:00:00Z,0.5
m2,d2,bob,none,,2026-01-09T10:00:00Z,,0.5
"""
OUTCOMES = """event_id,message_id,type,at,is_machine
x1,m1,delivered,2026-01-09T10:01:00Z,
x2,m1,clicked,2026-01-09T12:00:00Z,false
"""
RULES = """kind,source_product_id,target_product_id,relation,valid_from,valid_until
ban,,tea,,2026-01-01T00:00:00Z,
"""
TRAFFIC = """day,channel,visits,spend
2026-01-01,ads,100,5000
"""
TABLES = {
    "products": PRODUCTS,
    "product_states": STATES,
    "customers": CUSTOMERS,
    "events": EVENTS,
    "messages": MESSAGES,
    "message_events": OUTCOMES,
    "rules": RULES,
    "traffic": TRAFFIC,
}


@pytest.fixture
def everything(nba: Run, shop: Path, prepared: Prepared) -> Path:
    """The small shop with a row or two in every table."""

    def steps() -> None:
        for name, rows in TABLES.items():
            Path(f"{name}.csv").write_text(rows)
        code, _, err = nba("import", *(f"{name}.csv" for name in TABLES), "--shop", str(shop))
        assert code == 0, err

    prepared("everything", steps)
    return shop


@pytest.fixture
def url(everything: Path, prepared: Prepared) -> str:
    """A store that was loaded from it."""
    prepared("loaded", lambda: load(everything, STORE))
    return STORE


@pytest.mark.parametrize("kind", DATABASES)
def test_a_folder_loaded_into_a_store_teaches_the_same(
    nba: Run, everything: Path, tmp_path: Path, kind: str
) -> None:
    url = database_url(kind, tmp_path)
    load(everything, url)
    of_folder = document(nba("train", str(everything), "--models", "first", "--json"))
    of_store = document(nba("train", url, "--models", "second", "--json"))
    assert of_store["counts"] == of_folder["counts"]
    assert of_store["digest"] == of_folder["digest"]


def test_an_order_of_the_store_reaches_the_next_snapshot_once(nba: Run, url: str) -> None:
    before = document(nba("train", url, "--models", "own", "--json"))["counts"]
    _sell(url, "o9", "eve", "kettle")
    after = document(nba("train", url, "--models", "own", "--json"))["counts"]
    assert after["kept_orders"] == before["kept_orders"] + 1
    assert after["customers"] == before["customers"] + 1
    assert document(nba("train", url, "--models", "own", "--json"))["counts"] == after


def test_who_was_erased_while_it_was_trained_is_in_no_snapshot(nba: Run, url: str) -> None:
    store = Store(url)
    # The tombstone stands and the rows are still there, as between two steps of an erasure.
    bury(store, "ann", np.datetime64("2026-03-01", "us"))
    store.close()
    trained = document(nba("train", url, "--models", "own", "--json"))
    assert trained["counts"]["customers"] == 2
    snapshot = open_snapshot("own")
    assert "ann" not in {*snapshot.customers.ids, *snapshot.segments.ids}
    assert "bob" in set(snapshot.customers.ids)


def test_what_is_published_never_held_who_was_erased_before(
    nba: Run, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store(url)
    bury(store, "ann", np.datetime64("2026-03-01", "us"))
    store.close()
    # Nobody looks at the folder again afterwards.
    monkeypatch.setattr("nba.cli.train.forget_erased", lambda *_: None)
    trained = document(nba("train", url, "--models", "own", "--json"))
    published = open_snapshot("own")
    assert "ann" not in {*published.customers.ids, *published.segments.ids}
    assert trained["digest"] == published.manifest.digest
    assert len(published.manifest.replaced) == 1


def test_of_the_states_of_one_instant_the_stated_one_holds(nba: Run, url: str) -> None:
    before = document(nba("train", url, "--models", "own", "--json"))["digest"]
    store = Store(url)
    with store.writing() as connection:
        # An order at the very instant for which the shop itself counted its stock.
        derived = {"availability": "out_of_stock", "stock": 0, "order_id": "o3"}
        at = 1_768_867_200_000_000
        connection.execute(insert(PRODUCT_STATES), {"product_id": "kettle", "at": at} | derived)
    store.close()
    assert document(nba("train", url, "--models", "own", "--json"))["digest"] == before


def test_training_says_what_it_read(nba: Run, url: str) -> None:
    code, out, err = nba("train", url, "--models", "own")
    assert code == 0
    assert f"next: nba serve --db {url} --models own" in out
    assert "reading the store" in err


def test_a_much_worse_snapshot_is_published_by_force_alone(nba: Run, shop: Path) -> None:
    current = document(nba("models", "list", "--json"))["current"]
    other = FLAT.replace("kettle", "kayak").replace("filter", "paddle").replace("tea", "vest")
    Path("other.csv").write_text(other)
    assert nba("import", "other.csv", "--shop", "other")[0] == 0
    code, _, err = nba("train", "other")
    assert code == 1
    assert "of the 3 products of the current snapshot only 0.0% are in the new one" in err
    assert document(nba("models", "list", "--json"))["current"] == current
    assert document(nba("train", "other", "--force", "--json"))["snapshot_id"] != current


def test_a_backtest_on_the_way_is_noted_for_the_next_training(nba: Run, shop: Path) -> None:
    code, out, _ = nba("train", str(shop), "--backtest", "20")
    assert code == 0
    assert "backtest: 1 customers who bought in the 20 days" in out
    assert out.index("\npicks  ") < out.index("the guard has no backtest of ")
    noted = document(nba("models", "show", "--json"))["backtest"]
    assert noted["horizon_days"] == 20
    assert noted["customers"] == 1
    assert re.search(
        r"the guard compared recall@10 of the picks with \S+: (\S+%) -> \1, at least \d",
        nba("train", str(shop), "--backtest", "20")[1],
    )
    assert "the guard" not in nba("train", str(shop), "--backtest", "20", "--force")[1]


def test_a_shop_that_ended_long_ago_is_served_by_the_clock_of_its_data(
    nba: Run, shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, out, _ = nba("train", str(shop))
    assert code == 0
    until = document(nba("models", "show", "--json"))["data_until"]
    command = f"nba serve --shop shop --models models --starts-at {until}"
    assert f"{command}\n--starts-at, as this data ended long ago" in out
    monkeypatch.setattr("nba.cli.train.now", lambda: "2026-03-03T00:00:00Z")
    assert "--starts-at" not in nba("train", str(shop))[1]


def test_the_snapshots_that_messages_name_are_kept(nba: Run, everything: Path) -> None:
    old = [snapshot([f"p{number}"]) for number in range(KEPT + 1)]
    for one in old:
        one.publish("models")
    decided = f"{datetime.now(UTC) - timedelta(days=399):%Y-%m-%dT%H:%M:%SZ}"
    Path("more.csv").write_text(
        "message_id,decision_id,customer_id,message,decided_at,snapshot_id\n"
        f"m3,d3,ann,none,{decided},{old[1].id}\n"
    )
    assert nba("import", "more.csv", "--shop", str(everything))[0] == 0
    assert nba("train", str(everything), "--force")[0] == 0
    kept = {one["snapshot_id"] for one in document(nba("models", "list", "--json"))["snapshots"]}
    assert old[1].id in kept
    assert old[2].id in kept
    assert document(
        nba("train", str(everything), "--force", "--as-of", "2026-01-20T00:00Z", "--json")
    )
    kept = {one["snapshot_id"] for one in document(nba("models", "list", "--json"))["snapshots"]}
    assert old[1].id in kept
    assert old[2].id not in kept


def test_what_is_neither_folder_nor_store_is_the_commands_fault(nba: Run) -> None:
    code, _, err = nba("train", "nowhere")
    assert code == 2
    assert "there is no folder nowhere" in err
    code, _, err = nba("train", "sqlite:///nowhere.db")
    assert code == 2
    assert "there is no store sqlite:///nowhere.db" in err


def _sell(url: str, order: str, customer: str, product: str) -> None:
    store = Store(url)
    at = 1_769_900_000_000_000
    with store.writing() as connection:
        sold = {"order_id": order, "customer_id": customer, "ordered_at": at, "status": "paid"}
        connection.execute(insert(ORDERS), sold)
        line = {"order_id": order, "line_no": 1, "product_id": product, "quantity": 1}
        connection.execute(insert(ORDER_LINES), line)
    store.close()
