"""Opening a store: a new one is created whole, and one of another version is refused."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, Connection, MetaData, String, Table, inspect, select

from nba.errors import ConfigError, StateError
from nba.state.engines import Database
from nba.state.locks import lock_tables
from nba.state.tables import METADATA, ORDERS

REVISIONS_KNOWN: Final = ("0001", "0002")
"""Those of `nba.state.migrations`, first to last; the last is what `nba.state.tables` says."""
NEWEST: Final = REVISIONS_KNOWN[-1]

_NOTED: Final = Table(
    "alembic_version", MetaData(), Column("version_num", String(32), primary_key=True)
)
"""Alembic's own note of the revision of a database."""


def make_ready(database: Database, *, must_exist: bool) -> None:
    """Create the tables of an empty database, and see that those of another are of today.

    Args:
        database: where they are.
        must_exist: a database without tables is an error.

    Raises:
        ConfigError: it has no tables and must have.
        StateError: they are of an earlier version of nba, or of a later one.
    """
    with database.reading() as connection:
        held = revision_of(connection)
    if held is None and must_exist:
        raise ConfigError(
            f"there is no store in {database.shown}; fill one with: nba serve --shop SHOP --db"
        )
    if held is None:
        with database.writing(()) as connection:
            # Of several processes that found it empty the first creates them.
            lock_tables(connection)
            if revision_of(connection) is None:
                METADATA.create_all(connection, checkfirst=False)
                note(connection, NEWEST)
        return
    if held == NEWEST:
        return
    refuse_unknown(database, held)
    raise StateError(
        f"the store {database.shown} is of revision {held}, and this version of nba works with "
        f"{NEWEST}; make a backup, then run: nba db upgrade --db URL"
    )


def refuse_unknown(database: Database, held: str | None) -> None:
    """See that a revision is one of those known, or that there is none yet.

    Raises:
        StateError: it is not; a later version of nba wrote it.
    """
    if held is not None and held not in REVISIONS_KNOWN:
        raise StateError(
            f"the store {database.shown} is of revision {held}, which this version does not know "
            f"(its own is {NEWEST}); install the version that wrote it, or a later one"
        )


def revision_of(connection: Connection) -> str | None:
    """Give the revision of the tables of a database; None where there are none."""
    inspector = inspect(connection)
    if inspector.has_table(_NOTED.name):
        return connection.execute(select(_NOTED.c.version_num)).scalar()
    # Stores were made before their revision was noted.
    return REVISIONS_KNOWN[0] if inspector.has_table(ORDERS.name) else None


def note(connection: Connection, revision: str) -> None:
    """Note the revision of a database that has no such note."""
    _NOTED.create(connection)
    connection.execute(_NOTED.insert(), {"version_num": revision})
