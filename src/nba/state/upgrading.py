"""Bringing the tables of a store up to the revision of this version."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import as_file, files

from alembic import command
from alembic.config import Config
from sqlalchemy import inspect

from nba.errors import StateError
from nba.state.engines import database
from nba.state.locks import lock_tables
from nba.state.opening import NEWEST, note, refuse_unknown, revision_of


@dataclass(frozen=True, slots=True)
class Upgraded:
    """What became of a store.

    Attributes:
        store: its URL without the password.
        before: the revision it had; None where it was empty.
        after: the revision it has.
    """

    store: str
    before: str | None
    after: str


def upgrade(url: str) -> Upgraded:
    """Bring a store to the newest revision, in one transaction; rows stay.

    Raises:
        ConfigError: the URL names no store.
        StateError: the store is of a version that this one does not know, or cannot be written;
            it is as it was then.
    """
    opened = database(url, must_exist=True)
    try:
        with opened.writing(()) as connection:
            lock_tables(connection)
            before = revision_of(connection)
            refuse_unknown(opened, before)
            if before is not None and not inspect(connection).has_table("alembic_version"):
                note(connection, before)
            with as_file(files("nba.state") / "migrations") as folder:
                config = Config()
                config.set_main_option("script_location", str(folder))
                config.attributes["connection"] = connection
                command.upgrade(config, "head")
    except opened.refusals as error:
        cause = error.__cause__ or error
        raise StateError(f"the store {opened.shown} cannot be upgraded: {cause}") from None
    finally:
        opened.engine.dispose()
    return Upgraded(opened.shown, before, NEWEST)
