"""A load that is killed leaves an empty store, which a later load fills."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from nba.state.store import Store
from tests.unit.state.cells import load, one_customer

REPO = Path(__file__).parents[3]
ORDER_COUNT, LINES_AN_ORDER = 4_000, 10

# Says a word at each stage and then waits to be killed, unless told to go on.
PROGRAM = """
import sys, time
from nba.state.store import Store
from tests.unit.state.cells import in_batches, load, one_customer
url, stage = sys.argv[1:]
orders, lines = one_customer("ann", 4_000, 10)

def told(name, batches):
    for number, batch in enumerate(batches):
        yield batch
        if stage == name and number == 3:
            print("here", flush=True)
            time.sleep(60)

def ending(batches):
    yield from batches
    print("committing", flush=True)

store = Store(url)
print("open", flush=True)
if stage == "open":
    time.sleep(60)
load(store, told("orders", in_batches(orders, 500)),
     ending(told("lines", in_batches(lines, 5_000))))
print("done", flush=True)
time.sleep(60)
"""


def started(url: str, stage: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, url, stage], stdout=subprocess.PIPE, text=True, cwd=REPO
    )


def until(process: subprocess.Popen[str], word: str) -> None:
    assert process.stdout is not None
    assert any(line.strip() == word for line in process.stdout)


def kill(process: subprocess.Popen[str]) -> None:
    with process:
        process.kill()


def is_whole_or_empty(url: str) -> bool:
    """Whether the store holds everything; it must hold that or nothing, and be sound."""
    store = Store(url)
    with store._engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
    rows = store.all_rows()
    store.close()
    found = len(rows.order_ids), len(rows.line_order)
    assert found in ((0, 0), (ORDER_COUNT, ORDER_COUNT * LINES_AN_ORDER))
    return found != (0, 0)


def fill(url: str) -> None:
    orders, lines = one_customer("ann", ORDER_COUNT, LINES_AN_ORDER)
    store = Store(url)
    load(store, [orders], [lines])
    store.close()


@pytest.mark.parametrize("stage", ["open", "orders", "lines"])
def test_killed_in_the_middle_a_load_leaves_nothing(url: str, stage: str) -> None:
    process = started(url, stage)
    until(process, "open" if stage == "open" else "here")
    kill(process)
    assert not is_whole_or_empty(url)
    fill(url)
    assert is_whole_or_empty(url)


def test_killed_at_any_instant_of_its_commit_a_load_leaves_all_or_nothing(
    tmp_path: Path,
) -> None:
    found = []
    for number, pause in enumerate((0, 0.004, 0.03)):
        url = f"sqlite:///{tmp_path / f'{number}.db'}"
        process = started(url, "none")
        until(process, "committing")
        time.sleep(pause)
        kill(process)
        found.append(is_whole_or_empty(url))
        if not found[-1]:
            fill(url)
        assert is_whole_or_empty(url)


def test_a_load_that_said_it_was_done_outlives_its_process(url: str) -> None:
    process = started(url, "none")
    until(process, "done")
    kill(process)
    assert is_whole_or_empty(url)
