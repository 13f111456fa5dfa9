"""Spark starts on as many processors as it is told, or says in a line why not, and stays off."""

from __future__ import annotations

import tempfile
from pathlib import Path

import ibis
import pytest

from nba.errors import ConfigError
from nba.statistics.engines.connections.connection import connect
from tests.engines import WITH_SPARK

pytestmark = WITH_SPARK


def test_spark_uses_the_processors_it_is_told() -> None:
    with connect("spark", threads=1) as connection:
        session = connection.backend._session
        assert session.sparkContext.master == "local[1]"
        assert session.conf.get("spark.sql.shuffle.partitions") == "4"


def test_a_master_that_spark_refuses_is_told_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with pytest.raises(ConfigError) as told:
        connect("spark://nowhere")
    assert "spark://nowhere (" in str(told.value)
    assert "SparkException" in str(told.value)
    assert "\n" not in str(told.value)
    assert not list(tmp_path.glob("nba-spark-*"))
    connect("spark").close()


def test_a_session_that_cannot_be_used_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise LookupError

    with monkeypatch.context() as patched:
        patched.setattr(ibis.pyspark, "connect", broken)
        with pytest.raises(LookupError):
            connect("spark")
    connect("spark").close()
