"""Small stores, and a shop folder of the same orders."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from nba.state.store import Store
from tests.databases import DATABASES, database_url


@pytest.fixture
def url(tmp_path: Path) -> str:
    return database_url("sqlite", tmp_path)


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    store = Store(url)
    yield store
    store.close()


@pytest.fixture(params=DATABASES)
def either(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """Give a store of each kind of database in turn."""
    store = Store(database_url(request.param, tmp_path))
    yield store
    store.close()
