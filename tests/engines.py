"""The SQL engines that tests count with: Spark only where somebody asks for it."""

from __future__ import annotations

import os
import shutil
from importlib.util import find_spec
from typing import Final

import pytest

from nba.statistics.engines.connections.connection import Connection, connect
from tests.databases import postgres_url


def _absent() -> str:
    """Say why Spark is not tried, if it is not."""
    if not os.environ.get("NBA_SPARK"):
        return "make spark tries it (NBA_SPARK=1)"
    if find_spec("pyspark") is None:
        return "pyspark is not installed"
    return "" if shutil.which("java") or os.environ.get("JAVA_HOME") else "there is no Java"


WITH_SPARK: Final = pytest.mark.skipif(bool(_absent()), reason=_absent() or "it is there")
ENGINES: Final = ("duckdb", "postgresql", pytest.param("spark", marks=WITH_SPARK))


def reached(engine: str) -> Connection:
    """Connect to an engine of `ENGINES`: to PostgreSQL in a database of its own."""
    return connect(postgres_url() if engine == "postgresql" else engine)
