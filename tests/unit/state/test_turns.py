"""Beside somebody who writes all the time, others get in all the same."""

from __future__ import annotations

import sqlite3
import threading
import time
from pathlib import Path

import pytest

from nba.errors import StateError
from nba.state import turns
from nba.state.store import Store

HELD = 0.003


def _write_all_the_time(store: Store, done: threading.Event, written: list[int]) -> None:
    while not done.is_set():
        with store.writing():
            time.sleep(HELD)
        written.append(1)


def test_who_writes_all_the_time_leaves_turns_to_others(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'store.db'}"
    # As two processes would: neither knows of the other.
    ours, theirs = Store(url), Store(url)
    written: list[int] = []
    done = threading.Event()
    other = threading.Thread(target=_write_all_the_time, args=(theirs, done, written))
    other.start()
    waited = []
    try:
        for _ in range(20):
            began = len(written)
            with ours.writing():
                waited.append(len(written) - began)
    finally:
        done.set()
        other.join()
        ours.close()
        theirs.close()
    # Some 17 fit into the time for which one writes on; by SQLite's own naps it is hundreds, or
    # nobody else ever gets in.
    assert sum(waited) < 1000, waited


def test_patience_ends_with_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "PATIENCE_SECONDS", 0.05)
    store = Store(f"sqlite:///{tmp_path / 'store.db'}")
    other = sqlite3.connect(tmp_path / "store.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StateError, match="database is locked"), store.writing():
        pass
    other.execute("COMMIT")
    with store.writing() as connection:
        (patience,) = connection.exec_driver_sql("PRAGMA busy_timeout").one()
    # Other questions still wait as long as SQLite lets them.
    assert patience == 50
    other.close()
    store.close()


def test_where_no_line_can_be_formed_writes_go_on(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    (tmp_path / f"store.db{turns.SUFFIX}").mkdir()
    store = Store(f"sqlite:///{path}")
    with store.writing() as connection:
        assert connection.exec_driver_sql("SELECT 1").scalar_one() == 1
    store.close()


@pytest.mark.parametrize("database", ["", ":memory:"])
def test_what_is_no_file_has_no_line(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    store = Store(f"sqlite:///{database}")
    with store.writing() as connection:
        assert connection.exec_driver_sql("SELECT 1").scalar_one() == 1
    store.close()
    assert not list(tmp_path.glob("*-turn"))
