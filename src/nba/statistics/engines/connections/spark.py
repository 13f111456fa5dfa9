"""Spark: in this process, or on a cluster by its master's URL."""

from __future__ import annotations

import os
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from nba.config import CollaborativeConfig
from nba.errors import ConfigError, NbaError, StateError
from nba.statistics.engines.connections import spark_factors
from nba.statistics.engines.connections.connection import Connection
from nba.statistics.interactions import InteractionMatrix

if TYPE_CHECKING:
    import pyarrow as pa

_PARTITIONS_A_PROCESSOR: Final = 4
_SETTINGS: Final = {
    "spark.app.name": "nba",
    "spark.driver.maxResultSize": "0",
    "spark.log.level": "ERROR",
    "spark.sql.adaptive.enabled": "true",
    "spark.sql.session.timeZone": "UTC",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
}
_ON_THIS_MACHINE: Final = {
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.memory": "4g",
}


class Spark(Connection):
    """A session of Spark.

    On this machine rows are handed over as files of Parquet in a temporary folder, which a
    cluster would not see: there they go by the driver.
    """

    name: ClassVar[str] = "spark"

    def __init__(self, master: str) -> None:
        """Start a session.

        Raises:
            ConfigError: the master does not answer, or this process already works for another
                one.
        """
        self.is_here = master.startswith("local")
        with ExitStack() as started, warnings.catch_warnings():
            # That it does not know every corner of the pandas we have, which we never use.
            warnings.simplefilter("ignore")
            self._folder = Path(
                started.enter_context(tempfile.TemporaryDirectory(prefix="nba-spark-"))
            )
            with _starting(master):
                self._session = _session(master, started, is_local=self.is_here)
                import ibis

                self.backend = ibis.pyspark.connect(self._session)
            self._started = started.pop_all()

    def close(self) -> None:
        """End the session, and remove the folder too."""
        with self.asked():
            self._started.close()

    def product_factors(
        self, matrix: InteractionMatrix, config: CollaborativeConfig, *, seed: int
    ) -> NDArray[np.float32]:
        """Fit them by Spark's own solver."""
        return spark_factors.product_factors(self._session, matrix, config, seed=seed)

    def _told(self, error: Exception) -> NbaError | None:
        from py4j.protocol import Py4JJavaError, Py4JNetworkError

        # Once Java is gone nobody listens where it was.
        if not isinstance(error, Py4JJavaError | Py4JNetworkError | ConnectionError):
            return None
        return StateError(
            "Spark gave up counting; what it wrote above says why: see its memory and the room in "
            f"{tempfile.gettempdir()}, or let another engine count"
        )

    def _upload(self, name: str, rows: pa.RecordBatchReader) -> None:
        frame = self._written(name, rows) if self.is_here else self._sent(rows)
        frame.createOrReplaceTempView(name)

    def _drop(self, name: str) -> None:
        self._session.catalog.dropTempView(name)
        shutil.rmtree(self._path(name), ignore_errors=True)

    def _path(self, name: str) -> Path:
        return self._folder / name

    def _written(self, name: str, rows: pa.RecordBatchReader) -> Any:  # noqa: ANN401 - a frame
        from pyarrow.parquet import ParquetWriter

        path = self._path(name)
        path.mkdir()
        with ParquetWriter(path / "rows.parquet", rows.schema) as writer:
            for batch in rows:
                writer.write_batch(batch)
        return self._session.read.parquet(str(path))

    def _sent(self, rows: pa.RecordBatchReader) -> Any:  # noqa: ANN401 - a frame
        import pyarrow as pa

        frame = self._session.createDataFrame(pa.Table.from_batches([], rows.schema))
        for batch in rows:
            frame = frame.union(self._session.createDataFrame(pa.Table.from_batches([batch])))
        return frame


def require() -> None:
    """See that Spark is installed, and Java.

    Raises:
        ConfigError: one of them is missing.
    """
    if find_spec("pyspark") is None:
        raise ConfigError("Spark is not installed; pip install 'nba[spark]'")
    home = os.environ.get("JAVA_HOME")
    if not shutil.which("java", path=f"{home}/bin" if home else None):
        raise ConfigError(
            "Spark needs Java, and there is none; install Java 17 or 21 (Debian: "
            "apt-get install default-jre-headless) or set JAVA_HOME"
        )


def _session(master: str, started: ExitStack, *, is_local: bool) -> Any:  # noqa: ANN401 - a session
    from pyspark import SparkConf, SparkContext
    from pyspark.sql import SparkSession

    settings = {**_SETTINGS, "spark.master": master} | (_ON_THIS_MACHINE if is_local else {})
    try:
        context = SparkContext(conf=SparkConf().setAll(list(settings.items())))
    except ValueError:
        raise ConfigError(
            "this process already has a session of Spark, whose settings cannot be changed; stop "
            "it first"
        ) from None
    started.callback(context.stop)
    session = SparkSession(context)
    started.callback(session.stop)
    if is_local:
        partitions = _PARTITIONS_A_PROCESSOR * context.defaultParallelism
        session.conf.set("spark.sql.shuffle.partitions", str(partitions))
    return session


@contextmanager
def _starting(master: str) -> Iterator[None]:
    """Tell why Spark did not start in one line; those of Java say where in Java it was."""
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException

    try:
        yield
    except (Py4JError, PySparkException) as error:
        reason = str(getattr(error, "java_exception", error)).partition("\n")[0]
        raise ConfigError(
            f"Spark does not start with the master {master} ({reason}); check its address and that "
            "it runs, or take --engine spark for this machine"
        ) from None
