"""A store of an earlier version is brought up to this one, with its rows, on every database."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import inspect, text

from nba.errors import ConfigError, StateError
from nba.state.engines import Database, database
from nba.state.migrations.describing import create, create_indexes
from nba.state.migrations.versions import r0001_facts_and_messages as first
from nba.state.migrations.versions import r0002_live_service as second
from nba.state.opening import NEWEST, REVISIONS_KNOWN
from nba.state.store import Store
from nba.state.tables import METADATA
from nba.state.upgrading import Upgraded, upgrade
from tests.databases import DATABASES, database_url

NOON = np.datetime64("2026-03-02T12:00:00", "us")
ROWS: dict[str, dict[str, Any]] = {
    "orders": {"order_id": "o1", "customer_id": "ann", "ordered_at": 5, "status": "paid"},
    "order_lines": {"order_id": "o1", "line_no": 1, "product_id": "tea", "quantity": 2},
    "product_states": {"product_id": "tea", "at": 7, "stock": 3},
    "messages": {
        "message_id": "m1", "decision_id": "d1", "customer_id": "ann", "message": "digest",
        "decided_at": 5, "claimed_at": 5, "propensity": 0.25, "holdout": True, "left_at": 5,
    },
    "capacity_prices": {"planned_at": 1, "channel": "call", "prices_id": "c1", "price": 0.1},
}  # fmt: skip


@pytest.fixture(params=DATABASES)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return database_url(request.param, tmp_path)


def first_revision(url: str) -> Database:
    """Make a store as the first version left it: without a note of its revision."""
    opened = database(url)
    with opened.writing(()) as connection:
        context = MigrationContext.configure(connection)
        with Operations.context(context):
            create(first.TABLES)
            create_indexes(first.INDEXES)
            create_indexes(first.UNIQUE, unique=True)
        for name, row in ROWS.items():
            places = ", ".join(f":{column}" for column in row)
            connection.execute(
                text(f"INSERT INTO {name} ({', '.join(row)}) VALUES ({places})"), row
            )
    return opened


def schema_of(url: str) -> dict[str, Any]:
    """Give the tables, columns, keys and indexes that a database says it has."""
    opened = database(url)
    with opened.reading() as connection:
        asked = inspect(connection)
        found = {
            name: (
                [(one["name"], str(one["type"]), one["nullable"], one["default"],
                  getattr(one["type"], "collation", None)) for one in asked.get_columns(name)],
                asked.get_pk_constraint(name)["constrained_columns"],
                sorted((one["name"], one["column_names"], one["unique"])
                       for one in asked.get_indexes(name)),
            )
            for name in asked.get_table_names()
        }  # fmt: skip
    opened.engine.dispose()
    return found


def differences(url: str) -> list[Any]:
    """List what autogenerate would change."""
    opened = database(url)
    with opened.reading() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        found: list[Any] = compare_metadata(context, METADATA)
    opened.engine.dispose()
    return found


def test_an_empty_database_is_brought_to_what_a_new_store_is(
    url: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    (tmp_path / "store.db").touch()
    assert upgrade(url).before is None
    assert differences(url) == []
    (tmp_path / "new").mkdir()
    new = database_url(request.node.callspec.params["url"], tmp_path / "new")
    Store(new).close()
    assert schema_of(url) == schema_of(new)
    Store(url).close()


def test_a_store_of_the_first_version_keeps_its_rows(
    url: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    opened = first_revision(url)
    with pytest.raises(StateError, match="nba db upgrade"):
        Store(url)
    assert upgrade(url) == Upgraded(opened.shown, "0001", NEWEST)
    assert differences(url) == []
    (tmp_path / "new").mkdir()
    new = database_url(request.node.callspec.params["url"], tmp_path / "new")
    Store(new).close()
    assert schema_of(url) == schema_of(new)
    store = Store(url)
    with store.reading() as connection:
        for name, row in ROWS.items():
            (kept,) = connection.execute(METADATA.tables[name].select()).mappings()
            assert {column: kept[column] for column in row} == row
            assert not any(kept[column] for column in kept.keys() - row.keys())
    facts = store.facts(["ann"], NOON)
    assert list(facts.order_ids) == ["o1"]
    assert len(facts.letters.message) == 0
    store.close()
    opened.engine.dispose()


def test_a_store_of_today_is_left_alone(url: str) -> None:
    store = Store(url)
    assert upgrade(url).before == NEWEST
    assert store.is_empty()
    store.close()


def test_a_store_of_a_later_version_is_refused_and_left_alone(url: str) -> None:
    store = Store(url)
    with store.writing() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0999'"))
    store.close()
    with pytest.raises(StateError, match="0999, which this version does not know"):
        Store(url)
    with pytest.raises(StateError, match="0999, which this version does not know"):
        upgrade(url)


def test_an_upgrade_that_fails_leaves_the_store_as_it_was(url: str) -> None:
    opened = first_revision(url)
    with opened.writing(()) as connection:
        connection.execute(text("CREATE TABLE tombstones (hash INTEGER)"))
    before = schema_of(url)
    with pytest.raises(StateError, match=r"cannot be upgraded: .*tombstones"):
        upgrade(url)
    assert schema_of(url) == before
    opened.engine.dispose()


def test_the_revisions_known_are_those_that_there_are() -> None:
    assert (first.revision, second.revision) == REVISIONS_KNOWN
    assert second.down_revision == first.revision
    assert second.TABLES.keys() == METADATA.tables.keys()


def test_a_store_that_is_not_there_is_not_upgraded(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is no store"):
        upgrade(f"sqlite:///{tmp_path / 'absent.db'}")
    assert not (tmp_path / "absent.db").exists()
