"""Every database gives the same: what was loaded, what was decided on it, and in what order."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

import numpy as np
import pytest
from sqlalchemy import func, select, text

import nba
from nba.cli.load import load as load_shop
from nba.data.shop import Shop
from nba.data.simulator.generate import simulate
from nba.domain import to_instant
from nba.errors import ConfigError, StateError
from nba.facts.fold import Facts, fold
from nba.facts.rows import Rows
from nba.state.ledger import claim
from nba.state.locks import lock_customers
from nba.state.prices import keep_prices, prices_now
from nba.state.store import Store
from nba.state.tables import EVENTS, METADATA, PRODUCTS
from nba.state.writing import add, bump, put, revision
from tests.databases import DATABASES, database_url
from tests.unit.state.cells import LINE_CELLS, ORDER_CELLS, as_dictionaries, load, orders_of, write
from tests.unit.state.decisions import NOON, Decision, Policy
from tests.unit.state.test_folder_and_store import equal

FULL = bool(os.environ.get("NBA_FAULTS"))
INSTANTS = ("2024-09-01T00:00Z", "2026-03-30T00:00Z", "2026-06-30T12:00Z")
MESSAGE_WORD = "cart-reminder"


@pytest.fixture(params=DATABASES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    store = Store(database_url(request.param, tmp_path))
    yield store
    store.close()


@pytest.fixture
def postgres(tmp_path: Path) -> Iterator[Store]:
    store = Store(database_url("postgresql", tmp_path))
    yield store
    store.close()


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    folder = tmp_path_factory.mktemp("simulated") / "shop"
    simulate(folder, orders=2_500 if FULL else 250, seed=7)
    return nba.read_shop(folder)


@pytest.fixture(scope="module", params=DATABASES)
def loaded(
    request: pytest.FixtureRequest, shop: Shop, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Store]:
    url = database_url(request.param, tmp_path_factory.mktemp("loaded"))
    load_shop(shop.path, url)
    store = Store(url)
    yield store
    store.close()


@pytest.mark.parametrize("as_of", INSTANTS)
def test_facts_are_those_of_the_folder_byte_for_byte(shop: Shop, loaded: Store, as_of: str) -> None:
    at = to_instant(as_of)
    whole = shop.facts(as_of=as_of)
    rows, signals = loaded.read_all()
    assert equal(whole, fold(rows, as_of=at, signals=signals))
    names = list(whole.customer_ids)
    together = loaded.facts(names, at)
    assert [together.version(row) for row in range(len(names))] == [
        whole.version(row) for row in range(len(names))
    ]
    for row, customer in enumerate(names):
        alone = loaded.facts([customer], at)
        assert alone.version(0) == whole.version(row)
        assert alone.shelf.version == whole.shelf.version
        assert list(alone.week_counts) == list(whole.week_counts)


def test_every_table_of_a_shop_is_loaded(shop: Shop, loaded: Store) -> None:
    with loaded.reading() as connection:
        held = connection.execute(select(func.count()).select_from(PRODUCTS)).scalar_one()
        assert revision(connection, "products") == 1
    assert held == len(shop.catalog.product_ids) > 0


def test_rows_come_in_the_order_of_their_bytes(store: Store) -> None:
    load(store, [ORDER_CELLS], [LINE_CELLS])
    expected = Rows.of(*as_dictionaries())
    assert equal(store.all_rows(), expected)
    ids = list(store.all_rows().order_ids)
    assert ids == sorted(ids, key=lambda one: one.encode())
    assert len(orders_of(store, ["bob"]).order_ids) == 1


def test_a_text_with_a_nul_is_told_apart_or_refused(store: Store) -> None:
    row = ("o\0x", "a\0b", 5, "paid", None, None, None, None)
    assert orders_of(store, ["a\0b"]).order_ids == Rows.of([], []).order_ids
    if store.url.startswith("sqlite"):
        load(store, [[row]], [])
        assert list(orders_of(store, ["a\0b"]).order_ids) == ["o\0x"]
        assert not len(orders_of(store, ["a"]).order_ids)
        return
    with pytest.raises(StateError, match=r"cannot be loaded: .*NUL"):
        load(store, [[row]], [])
    with pytest.raises(StateError, match=r"cannot be written: .*NUL"):
        write(store, "orders", row)
    assert store.is_empty()


def test_what_is_written_again_changes_nothing(store: Store) -> None:
    rows = [
        {"event_id": name, "type": "view_item", "at": at, "customer_id": "ann"}
        for at, name in enumerate(("e2", "E1", "ä3"))
    ]
    with store.writing(["ann"]) as connection:
        assert add(connection, EVENTS, rows) == 3
        assert add(connection, EVENTS, [{**rows[0], "at": 99}, {**rows[1], "event_id": "e4"}]) == 1
        put(connection, EVENTS, [{**rows[2], "at": 7}], ["at"])
        for _ in range(2):
            bump(connection, "rules")
    with store.reading() as connection:
        held = {row.event_id: row.at for row in connection.execute(select(EVENTS))}
        assert revision(connection, "rules") == 2
        assert revision(connection, "products") == 0
    assert held == {"e2": 0, "E1": 1, "ä3": 7, "e4": 1}


def test_a_database_without_tables_is_no_store_that_must_exist(
    tmp_path: Path,
) -> None:
    for kind in DATABASES:
        with pytest.raises(ConfigError, match="there is no store"):
            Store(database_url(kind, tmp_path), must_exist=True)


def test_prices_of_the_last_plan_hold(store: Store) -> None:
    assert prices_now(store) == {}
    keep_prices(store, "c1", {"call": 0.1, "email": 1 / 3}, NOON)
    keep_prices(store, "c2", {"call": 2.5}, NOON + np.timedelta64(1, "D"))
    assert prices_now(store) == {"call": 2.5}
    keep_prices(store, "c3", {"email": 1 / 3}, NOON)
    assert prices_now(store) == {"email": 1 / 3}


def test_what_others_write_is_seen_whole_or_not_at_all(store: Store) -> None:
    load(store, [], [])
    orders = 60

    def post() -> None:
        for number in range(orders):
            name = f"o{number:03}"
            with store.writing(["ann"]) as connection:
                for table, row in (
                    ("orders", {"customer_id": "ann", "ordered_at": number, "status": "paid"}),
                    ("order_lines", {"line_no": 1, "product_id": "tea", "quantity": 1}),
                ):
                    rows = [{"order_id": name, **row}]
                    add(connection, METADATA.tables[table], rows)

    seen: list[int] = []
    with ThreadPoolExecutor(1) as pool:
        posting = pool.submit(post)
        while not posting.done():
            rows = orders_of(store, ["ann"])
            assert len(rows.line_order) == len(rows.order_ids)
            seen.append(len(rows.order_ids))
        posting.result()
    assert all(earlier <= later for earlier, later in pairwise(seen))
    assert len(orders_of(store, ["ann"]).order_ids) == orders


def test_a_budget_of_all_customers_is_not_spent_twice(store: Store) -> None:
    load(store, [ORDER_CELLS], [LINE_CELLS])
    policy = Policy()

    def decide(facts: Facts) -> Decision:
        decision = policy(facts)
        spent = int(facts.week_counts.sum())
        if spent < 5:
            return decision
        return Decision(f"{decision.decision_id}{spent}", decision.customer_id, None, [])

    def ask(number: int) -> bool:
        found = claim(store, f"c{number}", decide, NOON, limited=[MESSAGE_WORD])
        return found.permit is not None

    with ThreadPoolExecutor(8) as pool:
        given = list(pool.map(ask, range(24)))
    assert sum(given) == 5


def test_customers_of_one_transaction_are_locked_for_others_alone(postgres: Store) -> None:
    with postgres.writing(["ann", "bob"]) as connection:
        assert lock_customers(connection, ["ann"])
        with postgres.writing(["cat"]) as other:
            other.execute(text("SET LOCAL lock_timeout = '50ms'"))
            with pytest.raises(Exception, match="lock timeout"):
                lock_customers(other, ["bob"])
            other.exec_driver_sql("ROLLBACK")


def test_the_facts_of_a_customer_are_one_round_trip(postgres: Store) -> None:
    load(postgres, [ORDER_CELLS], [LINE_CELLS])
    postgres.facts(["ann"], NOON)
    with postgres.asking() as connection, TemporaryFile("w+") as told:
        driver: Any = connection.connection.driver_connection
        driver.pgconn.trace(told.fileno())
        postgres.facts_of(connection, ["ann"], NOON)
        driver.pgconn.untrace()
        told.seek(0)
        sent = [line.rstrip().split("\t") for line in told]
    assert [words[3] for words in sent if words[1] == "F"].count("Sync") == 1
    turns = [one[1] for one in sent]
    assert sum(one != other for one, other in pairwise(turns)) == 1


def test_a_store_whose_connections_the_server_ended_answers_again(postgres: Store) -> None:
    load(postgres, [ORDER_CELLS], [LINE_CELLS])
    version = postgres.facts(["ann"], NOON).version(0)
    for ask in (postgres.order_count, lambda: postgres.facts(["ann"], NOON).version(0)):
        end_connections(postgres)
        try:
            found = ask()
        except StateError:
            found = ask()
        assert found in (len(ORDER_CELLS), version)


def end_connections(store: Store) -> None:
    """End every connection to the database but the one that asks for it."""
    with store.reading() as connection:
        connection.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        )


def test_revisions_are_counted_by_all_who_write_at_once(store: Store) -> None:
    def write_once(number: int) -> None:
        with store.writing([f"c{number}"]) as connection:
            bump(connection, "products")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write_once, range(40)))
    with store.reading() as connection:
        assert revision(connection, "products") == 40
