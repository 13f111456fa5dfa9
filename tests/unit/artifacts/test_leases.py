"""Leave to change a remote home: one has it, the dead lose it, and who lost it is told."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from fsspec.implementations.memory import MemoryFileSystem

from nba.artifacts.leases import FOLDER, leased
from nba.artifacts.remote import Remote
from nba.errors import HomeAwayError

SOON = 0.2
"""Patience, in seconds; the tests' holders write every tenth of it."""


@pytest.fixture(params=["memory", "file"])
def remote(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Remote]:
    place = f"{request.node.name}/home"
    yield Remote.of(f"memory://{place}" if request.param == "memory" else f"file://{tmp_path}/home")
    MemoryFileSystem.store.clear()


def test_those_who_ask_at_once_take_turns(remote: Remote) -> None:
    inside, most, lock = 0, 0, threading.Lock()

    def work(_: int) -> int:
        nonlocal inside, most
        with leased(remote, beat=SOON / 10, patience=10) as lease:
            with lock:
                inside += 1
                most = max(most, inside)
            time.sleep(0.01)
            lease.confirm()
            with lock:
                inside -= 1
            return lease.number

    with ThreadPoolExecutor(4) as pool:
        numbers = list(pool.map(work, range(8)))
    assert most == 1
    assert len(set(numbers)) == len(numbers)
    assert len(remote.names(FOLDER)) == 1


def test_who_is_alive_is_waited_for_longer_than_the_patience(remote: Remote) -> None:
    held, ended = threading.Event(), threading.Event()

    def hold() -> None:
        with leased(remote, beat=SOON / 10, patience=SOON):
            held.set()
            time.sleep(3 * SOON)
            ended.set()

    holder = threading.Thread(target=hold)
    holder.start()
    held.wait()
    with leased(remote, beat=SOON / 10, patience=SOON):
        assert ended.is_set()
    holder.join()


def test_the_dead_lose_it_and_learn_so_if_they_were_not_dead(remote: Remote) -> None:
    with leased(remote, beat=60, patience=60) as silent:
        began = time.monotonic()
        with leased(remote, beat=60, patience=SOON) as later:
            assert time.monotonic() - began >= SOON
            assert later.number == silent.number + 1
            later.confirm()
            with pytest.raises(HomeAwayError, match="taken over"):
                silent.confirm()
    # What the silent one left in the end stands in nobody's way.
    with leased(remote, beat=60, patience=60) as last:
        assert last.number == later.number + 1


def test_a_file_that_is_no_lease_is_nobodys(remote: Remote) -> None:
    remote.replace(f"{FOLDER}/README", b"not mine")
    with leased(remote) as lease:
        assert lease.number == 1


def test_a_lease_is_given_back_where_older_ones_cannot_be_removed(
    remote: Remote, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> None:
        raise HomeAwayError("you may write, and not delete")

    remote.replace(f"{FOLDER}/000000000001", b"free\n")
    with monkeypatch.context() as patched:
        patched.setattr(Remote, "remove", refused)
        with leased(remote) as lease:
            assert lease.number == 2
    began = time.monotonic()
    with leased(remote, patience=60) as later:
        assert later.number == 3
    assert time.monotonic() - began < 30
    assert len(remote.names(FOLDER)) == 1
