"""Small stores, and a shop folder of the same orders."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from nba.state.store import Store


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'store.db'}"


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    store = Store(url)
    yield store
    store.close()
