"""A snapshot is the same whoever counted for it, and its manifest tells who did."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import pytest

import nba
from nba.cli.counting import engine_of
from nba.cli.load import load
from nba.data.shop import Shop, read_shop
from nba.data.simulator.generate import simulate
from nba.errors import DataError
from nba.statistics.engines.connections.connection import Connection
from nba.statistics.engines.in_place import InPlace, in_place
from nba.statistics.engines.warehouse import Warehouse
from nba.statistics.pairs import PairSettings
from tests.databases import postgres_url
from tests.engines import WITH_SPARK, reached

CONFIG = nba.TrainConfig.model_validate({"picks": {"models": ["together"]}})


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Orders with returns, edits, statuses, guests and categories."""
    shop = tmp_path_factory.mktemp("simulated")
    simulate(shop, orders=400, seed=5)
    return shop


@pytest.fixture(scope="module")
def shop(folder: Path) -> Shop:
    return read_shop(folder)


@pytest.fixture(scope="module")
def here(shop: Shop) -> nba.Snapshot:
    return nba.train(shop.history, shop.catalog, CONFIG)


@pytest.fixture(params=["duckdb", pytest.param("spark", marks=WITH_SPARK)], scope="module")
def connection(request: pytest.FixtureRequest) -> Iterator[Connection]:
    with reached(request.param) as one:
        yield one


def counted_by(name: str) -> Mapping[str, str]:
    elsewhere = dict.fromkeys(("pair_counts", "lag_counts", "customer_summary"), name)
    return {**elsewhere, "interactions": "local"}


def test_orders_handed_over_give_the_snapshot_of_this_machine(
    shop: Shop, here: nba.Snapshot, connection: Connection
) -> None:
    there = nba.train(shop.history, shop.catalog, CONFIG, engine=Warehouse(connection))
    assert there.manifest.digest == here.manifest.digest
    assert here.manifest.engines == counted_by("local")
    assert there.manifest.engines == counted_by(connection.name)


def test_orders_counted_in_the_files_of_a_shop_give_it_too(
    folder: Path, shop: Shop, here: nba.Snapshot
) -> None:
    cut = shop.history.as_of
    with engine_of("duckdb", str(folder), folder, cut, CONFIG, threads=1) as engine:
        assert isinstance(engine, InPlace)
        session = engine.warehouse.connection.backend.con
        assert session.execute("SELECT current_setting('threads')").fetchall() == [(1,)]
        there = nba.train(shop.history, shop.catalog, CONFIG, engine=engine)
    assert there.manifest.digest == here.manifest.digest
    assert there.manifest.engines == counted_by("duckdb")


def test_orders_counted_in_the_store_that_holds_them_give_it_too(
    folder: Path, shop: Shop, here: nba.Snapshot
) -> None:
    url = postgres_url()
    load(folder, url)
    cut = shop.history.as_of
    with engine_of("postgresql", url, folder, cut, CONFIG, threads=1) as engine:
        there = nba.train(shop.history, shop.catalog, CONFIG, engine=engine)
    with engine_of("postgres", url, folder, cut, CONFIG, threads=1) as engine:
        assert isinstance(engine, InPlace)
    assert there.manifest.digest == here.manifest.digest
    assert there.manifest.engines == counted_by("postgresql")


def test_orders_that_came_while_others_were_read_are_not_counted_as_if_they_had_been(
    folder: Path, shop: Shop
) -> None:
    placed = shop.history.baskets(proving_days=CONFIG.copurchase.proving_days)
    fewer = placed.where(np.arange(len(placed)) > 0)
    with (
        reached("duckdb") as connection,
        in_place(connection, folder, CONFIG.copurchase, shop.history.as_of) as engine,
        pytest.raises(DataError, match=r"kept orders were counted .* the shop changed meanwhile"),
    ):
        engine.pairs("products", fewer, PairSettings())
