"""Nothing of an erased customer is left in any file or table, whatever goes wrong meanwhile."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import psycopg
import pytest
from sqlalchemy import insert, select, text

import nba
from nba.artifacts.blanking import blank
from nba.artifacts.registry import open_snapshot
from nba.artifacts.reports import write_reports
from nba.cli.load import load
from nba.data.erasing import erase_customer
from nba.data.imports import import_files
from nba.domain import to_instant
from nba.schema import CONSENTS, CUSTOMERS, EVENTS, MESSAGE_EVENTS, ORDERS
from nba.state.erasure import bury, erase
from nba.state.export import export
from nba.state.posting import post
from nba.state.store import Store
from nba.state.tables import IDEMPOTENCY_KEYS, METADATA
from tests.databases import DATABASES, database_url
from tests.faults.conftest import times

AT = to_instant("2026-03-01T12:00:00Z")
PEOPLE = 5
FILES = {
    "orders": "order_id,customer_id,ordered_at,status,status_at\n",
    "order_lines": "order_id,line_no,product_id,quantity,unit_price\n",
    "customers": "customer_id,created_at,attributes\n",
    "consents": "customer_id,channel,granted,at\n",
    "events": "event_id,type,at,customer_id,session_id,product_id\n",
    "messages": "message_id,decision_id,customer_id,message,channel,decided_at,claimed_at\n",
    "message_events": "event_id,message_id,type,at\n",
}
ROWS = {
    "orders": (
        "ordno-{n}-a,person-{n},2026-01-0{n}T10:00:00Z,delivered,2026-01-2{n}T10:00:00Z",
        "ordno-{n}-b,tablet-{n},2026-02-0{n}T10:00:00Z,paid,2026-02-0{n}T11:00:00Z",
        "ordno-{n}-bad,person-{n},yesterday,paid,",
    ),
    "order_lines": (
        "ordno-{n}-a,1,kettle,1,3000",
        "ordno-{n}-a,2,tea,{n},400",
        "ordno-{n}-b,1,cup,1,800",
        "ordno-{n}-bad,1,cup,1,800",
    ),
    "customers": ('person-{n},2026-01-01T00:00:00Z,"{{""mail"": ""mail-{n}@shop.example""}}"',),
    "consents": ("person-{n},email,true,2026-01-01T00:00:00Z",),
    "events": (
        "ev-{n}-1,merge,2026-01-01T00:00:00Z,person-{n},session-{n},",
        "ev-{n}-2,merge,2026-01-01T00:00:00Z,person-{n},tablet-{n},",
        "ev-{n}-3,view_item,2026-01-01T00:00:00Z,,session-{n},cup",
        "ev-{n}-4,view_item,2026-02-20T00:00:00Z,person-{n},,tea",
    ),
    "messages": (
        "mesg-{n},deci-{n},person-{n},welcome,email,2026-01-01T00:00:00Z,2026-01-01T00:00:00Z",
    ),
    "message_events": ("me-{n},mesg-{n},sent,2026-01-01T01:00:00Z",),
}
WORDS = ("person-{n}", "tablet-{n}", "session-{n}", "ordno-{n}-", "mail-{n}@", "mesg-{n}")
NUMBERS = range(1, PEOPLE + 1)


def words_of(*numbers: int) -> list[str]:
    """Give all by which some people are known."""
    return [word.format(n=number) for number in numbers for word in WORDS]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A shop folder and snapshots of it."""
    folder = tmp_path_factory.mktemp("made")
    source = folder / "files"
    source.mkdir()
    for name, header in FILES.items():
        rows = [row.format(n=number) for number in NUMBERS for row in ROWS[name]]
        (source / f"{name}.csv").write_text(header + "\n".join(rows) + "\n", "utf-8")
    import_files([source / f"{name}.csv" for name in FILES], folder / "shop", max_bad=1)
    shop = nba.read_shop(folder / "shop")
    for seed in (1, 2):
        nba.train(shop.history, shop.catalog, nba.TrainConfig(seed=seed)).publish(folder / "models")
    write_reports(folder / "models", {"kpis": {"best": [f"person-{n}" for n in NUMBERS]}})
    return folder


@pytest.fixture
def home(made: Path, tmp_path: Path) -> Path:
    """A folder in which everything may be changed."""
    for name in ("shop", "models"):
        shutil.copytree(made / name, tmp_path / name)
    return tmp_path


def filled(kind: str, home: Path) -> Store:
    """Load the shop into a database of a kind, with a kept answer for each customer."""
    url = database_url(kind, home)
    load(home / "shop", url)
    store = Store(url)
    with store.writing() as connection:
        cells = {"caller": "k", "request_hash": "h", "begun_at": 0}
        answers = [
            cells | {"key": f"key {number}", "body": f'{{"message_id":"mesg-{number}"}}'.encode()}
            for number in NUMBERS
        ]
        connection.execute(insert(IDEMPOTENCY_KEYS), answers)
    return store


@pytest.fixture(params=DATABASES)
def store(request: pytest.FixtureRequest, home: Path) -> Iterator[Store]:
    store = filled(request.param, home)
    yield store
    store.close()


def erase_everywhere(home: Path, store: Store, number: int) -> None:
    """Do what `nba erase` does."""
    customer = f"person-{number}"
    blank(home / "models", bury(store, customer, AT).accounts)
    erase_customer(home / "shop", customer)
    erase(store, customer, AT)


def places_of(home: Path, store: Store, words: Sequence[str]) -> list[str]:
    """List the files, and the tables, in which one of some words stands."""
    files = {path: path.read_bytes() for path in home.rglob("*") if path.is_file()}
    with store.reading() as connection:
        is_postgres = connection.dialect.name == "postgresql"
        tables = {
            table.name: repr(connection.execute(select(table)).all()).encode()
            for table in METADATA.sorted_tables
        }
        if is_postgres:
            stats = connection.execute(text("SELECT * FROM pg_stats WHERE schemaname = 'public'"))
            tables["pg_stats"] = repr(stats.all()).encode()
    held = {**{str(path.relative_to(home)): one for path, one in files.items()}, **tables}
    return [
        f"{name}: {word}" for name, one in held.items() for word in words if word.encode() in one
    ]


def test_byte_for_byte_nothing_of_an_erased_customer_is_left(home: Path, store: Store) -> None:
    before = places_of(home, store, words_of(3))
    assert {one.split(": ")[0].split("/")[0] for one in before} >= {"shop", "models"}
    erase_everywhere(home, store, 3)
    # While the store is still open, and its write-ahead log there.
    assert places_of(home, store, words_of(3)) == []
    others = [number for number in NUMBERS if number != 3]
    assert {one.split(": ")[1] for one in places_of(home, store, words_of(*others))} >= {
        word for word in words_of(*others)
    }


def test_postgresql_itself_keeps_nothing_in_the_files_of_its_tables(home: Path) -> None:
    url = database_url("postgresql", home)
    load(home / "shop", url)
    store = Store(url)
    with psycopg.connect(url, autocommit=True) as connection:
        (row,) = connection.execute("SELECT current_setting('data_directory')").fetchall()
        (number,) = connection.execute(
            "SELECT oid FROM pg_database WHERE datname = current_database()"
        ).fetchall()
        files = Path(row[0]) / "base" / str(number[0])
        if not files.is_dir():
            pytest.skip("the server is on another machine")

        def found() -> list[str]:
            connection.execute("CHECKPOINT")
            return [
                word
                for word in words_of(3)
                for path in files.iterdir()
                if path.is_file() and word.encode() in path.read_bytes()
            ]

        assert found()
        erase(store, "person-3", AT)
        assert found() == []
    store.close()


def rows_posted_again(number: int) -> list[tuple[nba.schema.Table, dict[str, object]]]:
    when = "2026-02-01T10:00:00Z"
    line = {"product_id": "cup", "quantity": 1, "unit_price": 800}
    order = {"ordered_at": when, "status": "paid", "lines": [line]}
    person = f"person-{number}"
    return [
        (ORDERS, {"order_id": f"ordno-{number}-c", "customer_id": person, **order}),
        (ORDERS, {"order_id": f"ordno-{number}-a", **order}),
        (EVENTS, {"event_id": "n1", "type": "view_item", "at": when, "customer_id": person}),
        (EVENTS, {"event_id": "n2", "type": "view_item", "at": when,
                  "session_id": f"session-{number}"}),
        (EVENTS, {"event_id": "n3", "type": "merge", "at": when, "customer_id": "x",
                  "session_id": f"tablet-{number}"}),
        (CUSTOMERS, {"customer_id": person, "tier": "gold"}),
        (CONSENTS, {"customer_id": person, "channel": "email", "granted": True, "at": when}),
        (MESSAGE_EVENTS, {"event_id": "n4", "message_id": f"mesg-{number}", "type": "opened",
                          "at": when}),
    ]  # fmt: skip


def test_what_is_posted_or_imported_again_brings_nobody_back(
    made: Path, home: Path, store: Store
) -> None:
    erase_everywhere(home, store, 3)
    for table, row in rows_posted_again(3):
        posted = post(store, table, [row], AT)
        assert [one.rule for one in posted.errors] == ["erased"], row
    import_files([made / "files" / f"{name}.csv" for name in FILES], home / "shop", max_bad=1)
    assert places_of(home, store, words_of(3)) == []
    for table, row in rows_posted_again(9):
        assert post(store, table, [row], AT).errors == [], row


def test_a_store_filled_with_a_shop_keeps_out_who_was_erased_from_it(home: Path) -> None:
    erase_customer(home / "shop", "person-3")
    store = filled("sqlite", home)
    for table, row in rows_posted_again(3):
        assert [one.rule for one in post(store, table, [row], AT).errors] == ["erased"], row
    for table, row in rows_posted_again(9):
        assert post(store, table, [row], AT).errors == [], row
    store.close()


def test_whoever_posts_while_a_customer_is_erased_leaves_nothing_behind(store: Store) -> None:
    begun, ended = threading.Barrier(5), threading.Event()

    def go_on_posting(writer: int) -> None:
        begun.wait()
        number = 0
        while not ended.is_set():
            number += 1
            row = {"event_id": f"w{writer}-{number}", "type": "view_item", "product_id": "cup",
                   "at": "2026-02-01T10:00:00Z"}  # fmt: skip
            who = {"customer_id": "person-3"} if number % 2 else {"session_id": "session-3"}
            post(store, EVENTS, [row | who], AT)

    writers = [threading.Thread(target=go_on_posting, args=(one,)) for one in range(4)]
    for one in writers:
        one.start()
    begun.wait()
    erase(store, "person-3", AT)
    ended.set()
    for one in writers:
        one.join()
    document = export(store, "person-3")
    assert document.pop("accounts") == [document.pop("customer_id")]
    assert not any(document.values())
    assert not any(export(store, "session-3")[name] for name in ("events", "orders"))


ERASER = """
import sys
from nba.cli.app import main
from nba.state.store import Store
print("ready", flush=True)
for number in range(1, 6):
    sys.argv = ["nba", "erase", f"person-{number}", *sys.argv[-6:]]
    try:
        main()
    except SystemExit:
        pass
"""


def test_a_process_killed_while_it_erases_leaves_all_whole_and_is_finished_by_asking_again(
    home: Path, tmp_path: Path, chance: np.random.Generator
) -> None:
    for attempt in range(times(20, default=0.05)):
        place = tmp_path / f"attempt-{attempt}"
        for name in ("shop", "models"):
            shutil.copytree(home / name, place / name)
        filled("sqlite", place).close()
        url = f"sqlite:///{place / 'store.db'}"
        where = ("--db", url, "--shop", str(place / "shop"), "--models", str(place / "models"))
        process = subprocess.Popen(
            [sys.executable, "-c", ERASER, *where],
            stdout=subprocess.PIPE,
            env=os.environ | {"OMP_NUM_THREADS": "1"},
        )
        assert process.stdout is not None
        process.stdout.readline()
        threading.Event().wait(chance.uniform(0.2, 4.0))
        process.kill()
        process.wait()
        process.stdout.close()
        open_snapshot(place / "models")
        nba.read_shop(place / "shop")
        store = Store(url)
        for number in NUMBERS:
            erase_everywhere(place, store, number)
        assert places_of(place, store, words_of(*NUMBERS)) == []
        store.close()
