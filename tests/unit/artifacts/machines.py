"""Machines that share a remote models home, each with a mirror of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache

import pytest

import nba
from nba.artifacts.mirror import Mirror
from nba.artifacts.snapshot import Snapshot
from tests.faults import jobs
from tests.shops import SIX_ORDERS, catalog, history

BOTH = pytest.mark.parametrize("url", ["memory", "file"], indirect=True)
"""Of an object store and of a disk; other tests are of the first."""

version = cache(jobs.version)


class Counted:
    """A file system that counts what it is asked, and fails where it is told to."""

    def __init__(self, system: object) -> None:
        self._system = system
        self.asked: list[str] = []
        self.fails: Callable[[str, object], bool] = lambda name, path: False

    def __getattr__(self, name: str) -> object:
        found = getattr(self._system, name)
        if not callable(found):
            return found

        def call(path: object = None, *rest: object, **named: object) -> object:
            self.asked.append(name)
            if self.fails(name, path):
                raise ConnectionError("the network is gone")
            return found(*(() if path is None else (path, *rest)), **named)

        return call

    def count(self, name: str) -> int:
        return self.asked.count(name)


class Machine(Mirror):
    """One of several machines, each with a mirror of its own."""

    @property
    def system(self) -> Counted:
        counted: Counted = self.remote._system
        return counted

    def files(self) -> Mapping[str, bytes]:
        """Give all files of the remote home."""
        paths = [
            *self.remote.files("snapshots"),
            *self.remote.files("reports"),
            *("current", "published"),
        ]
        return self.remote.read_all(paths)


Machines = Callable[[str], Machine]


@cache
def trained() -> Snapshot:
    """Give a snapshot of customers whose ids stand nowhere else."""
    orders = [
        (order, None if customer is None else f"customer-{customer}", number, products)
        for order, customer, number, products in SIX_ORDERS
    ]
    return nba.train(history(orders), catalog())
