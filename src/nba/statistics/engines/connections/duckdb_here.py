"""DuckDB in this process."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from nba.errors import NbaError, StateError
from nba.statistics.engines.connections.connection import Connection

if TYPE_CHECKING:
    import pyarrow as pa


class InProcess(Connection):
    """A database in a temporary folder, so that what is large is compressed, and never in memory.

    It sorts and joins on the disk too, where memory is short.
    """

    name: ClassVar[str] = "duckdb"
    is_here = True

    def __init__(self, threads: int | None = None) -> None:
        """Make the folder.

        Args:
            threads: processors to use; all by default.
        """
        import ibis

        self._folder = tempfile.TemporaryDirectory(prefix="nba-duckdb-")
        folder = Path(self._folder.name)
        settings = {"temp_directory": str(folder), "preserve_insertion_order": False}
        if threads is not None:
            settings["threads"] = threads
        self.backend = ibis.duckdb.connect(folder / "counting.db", **settings)

    def close(self) -> None:
        """Remove the folder too."""
        super().close()
        self._folder.cleanup()

    def _told(self, error: Exception) -> NbaError | None:
        import duckdb

        if not isinstance(error, duckdb.OutOfMemoryException | duckdb.IOException):
            return None
        return StateError(
            f"DuckDB lacked memory, or room in {self._folder.name} ({type(error).__name__}); make "
            "room there, name a larger disk by TMPDIR, or let another engine count"
        )

    def _upload(self, name: str, rows: pa.RecordBatchReader) -> None:
        connection = self.backend.con
        connection.register(f"{name}_rows", rows)
        connection.execute(f"CREATE TABLE {name} AS SELECT * FROM {name}_rows")
        connection.unregister(f"{name}_rows")

    def _drop(self, name: str) -> None:
        self.backend.con.execute(f"DROP TABLE IF EXISTS {name}")
