"""One tiny shop a session, imported, trained, published and loaded as a user would.

Who writes asks for `own`, `asking` and `store`: a copy of its store, its server, and its rows.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI

with warnings.catch_warnings():
    # On import Starlette advises another HTTP client than the one that the lock file pins.
    warnings.simplefilter("ignore")
    from fastapi.testclient import TestClient

import nba
from nba.cli.load import load
from nba.data.imports import import_files
from nba.state.store import Store
from nba_api.app import create_app
from nba_api.settings import Settings
from tests.api.claims import client_of, with_own_store
from tests.api.shop import AS_OF, CONSENTS, EVENTS, PRODUCTS, orders_csv


@pytest.fixture(scope="session")
def shop_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shop")
    tables = {
        "orders": orders_csv(),
        "products": PRODUCTS,
        "consents": CONSENTS,
        "events": EVENTS,
    }
    for name, rows in tables.items():
        (folder / f"{name}.csv").write_text(rows, "utf-8")
    report = import_files([folder / f"{name}.csv" for name in tables], folder / "shop")
    assert report.rows_quarantined == 0
    return folder / "shop"


@pytest.fixture(scope="session")
def snapshot(shop_folder: Path) -> nba.Snapshot:
    shop = nba.read_shop(shop_folder)
    return nba.train(shop.history, shop.catalog, nba.TrainConfig(seed=7))


@pytest.fixture(scope="session")
def database(shop_folder: Path) -> Path:
    path = shop_folder.parent / "store.db"
    load(shop_folder, f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def settings(shop_folder: Path, snapshot: nba.Snapshot, database: Path) -> Settings:
    models = shop_folder.parent / "models"
    snapshot.publish(models, trained_at="2026-03-01T13:00:00+00:00")
    return Settings(models=models, db=f"sqlite:///{database}", as_of=AS_OF)


@pytest.fixture(scope="session")
def app(settings: Settings) -> FastAPI:
    return create_app(settings)


@pytest.fixture(scope="session")
def client(app: FastAPI) -> Iterator[TestClient]:
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def own(settings: Settings, shop_folder: Path, tmp_path: Path) -> Settings:
    return with_own_store(settings, shop_folder, tmp_path)


@pytest.fixture
def asking(own: Settings) -> Iterator[TestClient]:
    with client_of(own) as client:
        yield client


@pytest.fixture
def store(own: Settings) -> Iterator[Store]:
    store = Store(own.db)
    yield store
    store.close()
