"""What an engine itself cannot do is told in a sentence, without its own words; our faults stay."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import duckdb
import numpy as np
import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from nba.config import CoPurchaseConfig
from nba.errors import ConfigError, NbaError, StateError, StoreAwayError
from nba.statistics.engines.connections.connection import Connection, connect, fetched
from nba.statistics.engines.expressions.cells import table_of
from nba.statistics.engines.in_place import in_place
from nba.statistics.engines.warehouse import Warehouse
from tests.databases import postgres_url
from tests.engines import WITH_SPARK
from tests.lakes import create, drawn

ORDERS = """
    CREATE TABLE orders (order_id text, ordered_at bigint, status text);
    CREATE TABLE order_lines (order_id text, line_no bigint, product_id text, quantity bigint)
"""
NEVER = np.datetime64("2030-01-01", "us")


@pytest.fixture
def postgres() -> Iterator[Connection]:
    with connect(postgres_url()) as found:
        yield found


def test_a_login_that_may_make_no_tables_is_told_what_it_needs() -> None:
    url = postgres_url()
    with psycopg.connect(url, autocommit=True) as owner:
        owner.execute(f"REVOKE TEMPORARY ON DATABASE {owner.info.dbname} FROM PUBLIC")
        owner.execute("DROP ROLE IF EXISTS nba_reader")
        owner.execute("CREATE ROLE nba_reader LOGIN")
        owner.execute(ORDERS)
        owner.execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO nba_reader")
        reader = re.sub(r"//[^:@/]+(:[^@]*)?@", "//nba_reader@", url)
        with connect(reader) as connection:
            with (
                pytest.raises(ConfigError, match="GRANT TEMPORARY"),
                in_place(connection, None, CoPurchaseConfig(), NEVER),
            ):
                pass
            with (
                pytest.raises(ConfigError, match="GRANT TEMPORARY"),
                Warehouse(connection).asking("pair_counts"),
                connection.uploaded(table_of(one=np.arange(3))),
            ):
                pass
        owner.execute("DROP OWNED BY nba_reader")
        owner.execute("DROP ROLE nba_reader")


def counted(connection: Connection, statement: str) -> None:
    """Count, and have the engine run a statement meanwhile."""
    with (
        Warehouse(connection).asking("pair_counts"),
        connection.uploaded(table_of(one=np.arange(3))),
    ):
        connection.backend.con.execute(statement)


def told(error: NbaError) -> str:
    assert error.__suppress_context__
    return str(error)


def test_a_server_that_takes_too_long_or_goes_away_is_told(postgres: Connection) -> None:
    with pytest.raises(StateError, match=r"gave up counting \(QueryCanceled") as slow:
        counted(postgres, "SET statement_timeout = 20; SELECT pg_sleep(9)")
    assert not isinstance(slow.value, StoreAwayError)
    assert "pg_sleep" not in told(slow.value)
    with pytest.raises(StoreAwayError, match="went away while it counted"):
        counted(postgres, "SELECT pg_terminate_backend(pg_backend_pid())")


def test_a_server_that_goes_away_while_a_snapshot_is_learned_is_told(postgres: Connection) -> None:
    session = postgres.backend.con
    session.execute(ORDERS)
    with (
        pytest.raises(StoreAwayError, match="went away while it counted"),
        in_place(postgres, None, CoPurchaseConfig(), NEVER),
        psycopg.connect(postgres_url(), autocommit=True) as other,
    ):
        other.execute("SELECT pg_terminate_backend(%s)", (session.info.backend_pid,))


def test_memory_and_disk_that_do_not_suffice_are_told() -> None:
    with connect("duckdb") as connection:
        session = connection.backend.con
        session.execute("SET memory_limit = '20MB'; SET max_temp_directory_size = '1MB'")
        rows = table_of(one=np.random.default_rng(1).integers(0, 2**60, 2_000_000))
        with (
            pytest.raises(StateError, match=r"DuckDB lacked memory, or room in .*OutOfMemory"),
            Warehouse(connection).asking("pair_counts"),
            connection.uploaded(rows) as table,
        ):
            fetched(table.order_by("one"))


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    with connect("duckdb") as connection:
        create(connection.backend.con, drawn(1, orders=9))
        for name in ("orders", "order_lines"):
            path = tmp_path / f"{name}.parquet"
            connection.backend.con.execute(f"COPY {name} TO '{path}'")
        with (
            pytest.raises(StateError, match="IOException"),
            in_place(connection, tmp_path, CoPurchaseConfig(), NEVER) as engine,
            engine.warehouse.asking("pair_counts"),
        ):
            connection.backend.con.execute(f"FROM '{tmp_path}/gone.parquet'")


def test_what_we_ask_wrongly_is_not_told_as_a_failure_of_the_engine(postgres: Connection) -> None:
    with pytest.raises(psycopg.errors.UndefinedColumn):
        counted(postgres, "SELECT nothing_is_called_so")
    with connect("duckdb") as connection, pytest.raises(duckdb.BinderException):
        counted(connection, "SELECT nothing_is_called_so")


@WITH_SPARK
def test_a_step_that_fails_in_spark_is_told(tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet"
    with connect("spark", threads=1) as connection:
        pq.write_table(pa.table({"one": [1, 2]}), path)
        rows = connection.backend.read_parquet(str(path))
        path.unlink()
        with pytest.raises(StateError, match="Spark gave up counting") as gone, connection.asked():
            fetched(rows.group_by("one").aggregate(count=rows.count()))
        assert "rows.parquet" not in told(gone.value)
        # What is raised once Java was killed.
        with pytest.raises(StateError, match="Spark gave up counting"), connection.asked():
            raise ConnectionRefusedError
        with pytest.raises(Exception, match="nothing_is_called_so"), connection.asked():
            connection.backend.raw_sql("SELECT nothing_is_called_so")
