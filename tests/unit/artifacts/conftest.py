"""A remote models home of each test's own, and the machines that share it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fsspec.implementations.memory import MemoryFileSystem

from nba.artifacts.remote import Remote
from tests.unit.artifacts.machines import Counted, Machine, Machines


@pytest.fixture
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    is_file = getattr(request, "param", "") == "file"
    yield f"file://{tmp_path}/far/models" if is_file else "memory://bucket/models"
    MemoryFileSystem.store.clear()
    MemoryFileSystem.pseudo_dirs[:] = [""]


@pytest.fixture
def machine(url: str, tmp_path: Path) -> Machines:
    def made(name: str) -> Machine:
        found = Remote.of(url)
        counted = Counted(found._system)
        remote = Remote(found.url, counted, found._root, found._is_disk)
        return Machine(remote, tmp_path / name)

    return made
