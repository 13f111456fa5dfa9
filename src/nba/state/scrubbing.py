"""Nothing of what was removed from the tables is left in the files of the database."""

from __future__ import annotations

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from nba.errors import StateError
from nba.state.store import Store
from nba.state.tables import METADATA


def scrub(store: Store, *, rewrite: bool) -> None:
    """Overwrite what is free in the files of a store.

    Of SQLite the file is written anew and the write-ahead log emptied. PostgreSQL gives free
    space back to itself, and writes tables anew where that is wanted; its own write-ahead log,
    archives and backups are the operator's.

    Args:
        store: whose rows were removed.
        rewrite: whether PostgreSQL writes its tables anew; nobody reads them meanwhile.

    Raises:
        StateError: somebody else uses the store for too long.
    """
    with store.reading() as connection:
        engine = connection.engine
    try:
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            if connection.dialect.name == "sqlite":
                _rewrite_file(connection)
            else:
                _vacuum_tables(connection, rewrite=rewrite)
    except SQLAlchemyError as error:
        raise StateError(
            f"the rows are removed, but the store's files are not clean yet: {error.__cause__}; "
            "erase the customer once more"
        ) from None


def _rewrite_file(connection: Connection) -> None:
    connection.exec_driver_sql("VACUUM")
    (is_busy, *_) = connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").one()
    if is_busy:
        raise StateError(
            "the rows are removed, but the write-ahead log still holds them, as somebody else has "
            "been reading the store for long; erase the customer once more"
        )


def _vacuum_tables(connection: Connection, *, rewrite: bool) -> None:
    how = "FULL, ANALYZE" if rewrite else "ANALYZE"
    for table in METADATA.sorted_tables:
        connection.exec_driver_sql(f"VACUUM ({how}) {table.name}")
    if rewrite:
        # The frequent values of every column stand there, those of before too.
        connection.exec_driver_sql("VACUUM (FULL) pg_catalog.pg_statistic")
