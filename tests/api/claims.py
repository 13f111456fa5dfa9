"""A server of the tiny shop whose store a test may write to, and what it claimed there."""

from __future__ import annotations

import shutil
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

with warnings.catch_warnings():
    # As in the fixtures of this folder.
    warnings.simplefilter("ignore")
    from fastapi.testclient import TestClient

from nba.cli.load import load
from nba.state.store import Store
from nba.state.tables import MESSAGES
from nba_api.app import create_app
from nba_api.settings import Settings
from tests.api.shop import path_of


def with_own_store(settings: Settings, shop: Path, folder: Path) -> Settings:
    """Serve a store of one's own, filled with a shop."""
    shutil.copy(_loaded(shop), folder / "own.db")
    return settings.model_copy(update={"db": f"sqlite:///{folder / 'own.db'}"})


@cache
def _loaded(shop: Path) -> Path:
    """Load a shop into a store that nobody writes to."""
    store = shop.parent / "untouched.db"
    load(shop, f"sqlite:///{store}")
    return store


@contextmanager
def client_of(settings: Settings) -> Iterator[TestClient]:
    with TestClient(create_app(settings), raise_server_exceptions=False) as client:
        yield client


def claim_path(customer: str) -> str:
    return path_of("customers", customer, "next-message:claim")


def sent(store: Store) -> list[Any]:
    with store.reading() as connection:
        claimed = MESSAGES.select().where(MESSAGES.c.claimed_at.is_not(None))
        return list(connection.execute(claimed))
