"""PostgreSQL, by its URL."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from nba.errors import ConfigError, NbaError, StateError, StoreAwayError
from nba.statistics.engines.connections.connection import Connection

if TYPE_CHECKING:
    import pyarrow as pa

_SETTINGS: Final = {"TimeZone": "UTC", "jit": "off", "work_mem": "256MB"}
"""Compiling costs more than it saves, and sums of pairs need room."""
_ADDRESS: Final = "postgresql://USER:PASSWORD@HOST/NAME"
_BEGIN: Final = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_END: Final = b"\xff\xff"


class Postgres(Connection):
    """A session of a server, whose temporary tables nobody else sees."""

    name: ClassVar[str] = "postgresql"

    def __init__(self, url: str) -> None:
        """Connect.

        Raises:
            ConfigError: the server cannot be reached so; the password is not told.
        """
        import ibis
        import psycopg

        try:
            self._session = psycopg.connect(address(url), autocommit=True)
        except psycopg.Error as error:
            # The driver's own words may quote the URL.
            raise ConfigError(
                f"PostgreSQL cannot be reached ({type(error).__name__}); check {_ADDRESS} and that "
                "the server runs"
            ) from None
        for setting, value in _SETTINGS.items():
            self._session.execute("SELECT set_config(%s, %s, false)", (setting, value))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)
            self.backend = ibis.postgres.from_connection(self._session)

    def _told(self, error: Exception) -> NbaError | None:
        import psycopg
        from psycopg.errors import InsufficientPrivilege, ReadOnlySqlTransaction

        if isinstance(error, InsufficientPrivilege | ReadOnlySqlTransaction):
            return ConfigError(
                "this login of PostgreSQL may not read the orders, or make no temporary tables "
                f"({type(error).__name__}); GRANT SELECT on the tables, and GRANT TEMPORARY ON "
                "DATABASE it uses"
            )
        if not isinstance(error, psycopg.OperationalError):
            return None
        if self._session.closed:
            return StoreAwayError(
                f"PostgreSQL went away while it counted ({type(error).__name__}); see that the "
                "server runs, then try again"
            )
        return StateError(
            f"PostgreSQL gave up counting ({type(error).__name__}); see the server's log, its disk "
            "and the statement_timeout of this login, or let another engine count"
        )

    def _upload(self, name: str, rows: pa.RecordBatchReader) -> None:
        columns = ", ".join(
            f"{field.name} {'boolean' if str(field.type) == 'bool' else 'bigint'}"
            for field in rows.schema
        )
        self._session.execute(f"CREATE TEMPORARY TABLE {name} ({columns})")
        with self._session.cursor().copy(f"COPY {name} FROM STDIN (FORMAT BINARY)") as copy:
            copy.write(_BEGIN)
            for batch in rows:
                copy.write(_packed(batch))
            copy.write(_END)
        # Nobody else looks at temporary tables.
        self._session.execute(f"ANALYZE {name}")

    def _drop(self, name: str) -> None:
        self._session.execute(f"DROP TABLE IF EXISTS {name}")


def address(url: str) -> str:
    """Give a URL as the driver reads it.

    Raises:
        ConfigError: it names no database, and the driver would take what it finds.
    """
    from psycopg import ProgrammingError
    from psycopg.conninfo import conninfo_to_dict

    plain = "postgresql://" + url.partition("://")[2]
    try:
        named = "dbname" in conninfo_to_dict(plain)
    except ProgrammingError:
        # Its words quote the URL.
        named = False
    if not named:
        raise ConfigError(f"this names no database of PostgreSQL; expected {_ADDRESS}")
    return plain


def _packed(batch: pa.RecordBatch) -> bytes:
    """Write rows as PostgreSQL's COPY reads them: per row its fields, each behind its length."""
    import pyarrow as pa

    kinds: list[tuple[str, Any]] = [("count", ">i2")]
    for name, kind in zip(batch.schema.names, batch.schema.types, strict=True):
        kinds += [(f"{name} size", ">i4"), (name, "?" if pa.types.is_boolean(kind) else ">i8")]
    rows = np.zeros(len(batch), kinds)
    rows["count"] = batch.num_columns
    # A field without a value has the length -1, and no bytes.
    told = np.ones((len(batch), rows.dtype.itemsize), np.bool_)
    for name, column in zip(batch.schema.names, batch.columns, strict=True):
        kind, place = rows.dtype.fields[name][:2]  # type: ignore[index]
        rows[f"{name} size"] = kind.itemsize
        rows[name] = column.fill_null(kind.type(0)).to_numpy(zero_copy_only=False)
        if column.null_count:
            missing = column.is_null().to_numpy(zero_copy_only=False)
            rows[f"{name} size"][missing] = -1
            told[missing, place : place + kind.itemsize] = False
    flat: NDArray[np.uint8] = rows.view(np.uint8).reshape(told.shape)
    return flat.tobytes() if told.all() else flat[told].tobytes()
