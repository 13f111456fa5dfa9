"""`nba db upgrade`: an old store, one of today, and none."""

from __future__ import annotations

import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations

from nba.errors import StateError
from nba.state.engines import database
from nba.state.migrations.describing import create
from nba.state.migrations.versions.r0001_facts_and_messages import TABLES
from nba.state.store import Store
from tests.unit.cli.shop import Run, document

URL = "sqlite:///nba.db"


def make_old_store() -> None:
    opened = database(URL)
    with (
        opened.writing(()) as connection,
        Operations.context(MigrationContext.configure(connection)),
    ):
        create(TABLES)
    opened.engine.dispose()


def test_an_old_store_is_refused_until_it_is_upgraded(nba: Run) -> None:
    make_old_store()
    with pytest.raises(StateError, match="nba db upgrade"):
        Store(URL)
    code, out, _ = nba("db", "upgrade")
    assert code == 0
    assert "revision 0002 now, after 0001" in out
    Store(URL).close()
    assert document(nba("db", "upgrade", "--db", URL, "--json")) == {
        "store": URL,
        "before": "0002",
        "after": "0002",
    }
    assert "already" in nba("db", "upgrade")[1]


def test_there_is_nothing_to_upgrade_without_a_store(nba: Run) -> None:
    code, _, err = nba("db", "upgrade", "--db", "sqlite:///absent.db")
    assert code == 2
    assert "there is no store sqlite:///absent.db" in err
