"""Where SQL engines are reached: DuckDB in this process, PostgreSQL by its URL, and Spark.

A connection holds tables of integers and booleans as long as somebody counts from them, and its
expressions come back as arrays. Time zones, collations and floats never come into it.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ClassVar, Final, Self

import numpy as np
from numpy.typing import NDArray

from nba.config import CollaborativeConfig
from nba.errors import ConfigError, NbaError
from nba.statistics.engines.this_machine import NO_SPARK
from nba.statistics.interactions import InteractionMatrix

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import pyarrow as pa

_ENGINES: Final = (
    "duckdb, postgresql://USER:PASSWORD@HOST/NAME, spark, local[4] or spark://HOST:PORT"
)
_POSTGRES: Final = re.compile(r"postgres(ql)?(\+\w+)?://.*")
_SPARK: Final = re.compile(
    r"spark|local\[(\d+|\*)(\s*,\s*\d+)?\]|local-cluster\[\s*\d+\s*,\s*\d+\s*,\s*\d+\s*\]"
    r"|yarn|(spark|k8s)://.+"
)


class Connection(ABC):
    """An engine that expressions of Ibis are run by.

    Attributes:
        name: of the engine, as manifests tell it.
        is_here: it reads the files that this machine reads.
        backend: of Ibis.
    """

    name: ClassVar[str]
    is_here: bool = False
    backend: Any

    @contextmanager
    def uploaded(self, rows: pa.RecordBatchReader) -> Iterator[ir.Table]:
        """Put rows into a table, and drop it in the end; a batch is held at a time."""
        import ibis
        from ibis.expr.operations import DatabaseTable

        name = ibis.util.gen_name("nba")
        # What the engine would say if it was asked; to ask DuckDB 2, Ibis 12 takes a way that
        # warns of its age.
        schema = ibis.Schema.from_pyarrow(rows.schema)
        try:
            self._upload(name, rows)
            yield DatabaseTable(name, schema=schema, source=self.backend).to_expr()
        finally:
            self._drop(name)

    @contextmanager
    def asked(self) -> Iterator[None]:
        """Tell in our words what the engine itself could not do meanwhile.

        Its own may quote rows and addresses. What we asked wrongly is raised as it is.

        Raises:
            ConfigError: the login may not do that.
            StateError: the engine went away, or lacks time or room.
        """
        try:
            yield
        except Exception as error:
            told = self._told(error)
            if told is None:
                raise
            raise told from None

    def close(self) -> None:
        """Give back what the connection holds."""
        self.backend.disconnect()

    def product_factors(
        self, matrix: InteractionMatrix, config: CollaborativeConfig, *, seed: int
    ) -> NDArray[np.float32]:
        """Fit latent factors of products, as the protocol `Engine` says.

        Raises:
            ConfigError: the engine fits none.
        """
        raise ConfigError(NO_SPARK)

    def __enter__(self) -> Self:
        """Give the connection, to be closed in the end."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()

    @abstractmethod
    def _told(self, error: Exception) -> NbaError | None:
        """Give what to raise for an error of the driver; nothing, if it is none of the engine."""

    @abstractmethod
    def _upload(self, name: str, rows: pa.RecordBatchReader) -> None: ...

    @abstractmethod
    def _drop(self, name: str) -> None: ...


def is_spark(engine: str) -> bool:
    """Tell Spark from other engines: `spark`, or a master's URL."""
    return _SPARK.fullmatch(engine) is not None


def check(engine: str) -> None:
    """See that there is such an engine here, without reaching for it.

    Args:
        engine: as for `connect`.

    Raises:
        ConfigError: nothing is called so, or what it needs is missing.
    """
    if is_spark(engine):
        from nba.statistics.engines.connections.spark import require

        require()
    elif _POSTGRES.fullmatch(engine):
        from nba.statistics.engines.connections.postgres import address

        address(engine)
    elif engine != "duckdb":
        # What cannot be read may hold a password all the same.
        raise ConfigError(f"there is no such engine; expected {_ENGINES}")


def connect(engine: str, *, threads: int | None = None) -> Connection:
    """Reach an engine.

    Args:
        engine: `duckdb`; the URL of a PostgreSQL database; `spark` for this machine, or a master's
            URL.
        threads: processors of this machine that `duckdb` and `spark` use; all by default.

    Raises:
        ConfigError: there is no such engine, it does not answer, or what it needs is missing.
    """
    check(engine)
    if is_spark(engine):
        from nba.statistics.engines.connections.spark import Spark

        return Spark(f"local[{threads or '*'}]" if engine == "spark" else engine)
    if engine == "duckdb":
        from nba.statistics.engines.connections.duckdb_here import InProcess

        return InProcess(threads)
    from nba.statistics.engines.connections.postgres import Postgres

    return Postgres(engine)


def fetched(table: ir.Table) -> dict[str, NDArray[np.int64]]:
    """Run an expression of integers, none of them null, and give its columns, int64.

    Their rows come in no order.
    """
    import pyarrow as pa

    if table.get_backend().name == "postgres":
        # Its sums are decimals, which to read takes three times as long.
        whole = {name: table[name].cast("decimal(38, 0)").cast("int64") for name in table.columns}
        table = table.select(**whole)
    rows = rows_of(table)
    return {name: rows[name].cast(pa.int64()).to_numpy() for name in table.columns}


def rows_of(table: ir.Table) -> pa.Table:
    """Run an expression, and give what comes out."""
    engine = table.get_backend()
    if engine.name == "pyspark":
        # Ibis takes the way by pandas there.
        frame: pa.Table = engine.raw_sql(engine.compile(table)).toArrow()
        return frame
    return table.to_pyarrow()


def row_of(table: ir.Table) -> dict[str, Any]:
    """Give the one row of a table."""
    (row,) = rows_of(table).to_pylist()
    return dict(row)
