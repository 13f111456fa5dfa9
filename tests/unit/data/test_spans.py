"""Order tables in spans of order ids: sorted or not, on disk only while they are read."""

from __future__ import annotations

import mmap
import tempfile
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest

import nba.facts.spools
from nba.data.history import OrderHistory
from nba.data.rows import read_rows
from nba.data.shop import read_shop
from nba.data.spans import Span, in_spans
from nba.errors import DataError
from nba.facts.parts import Portions
from nba.facts.spools import Column, let_go
from tests.property.test_import_determinism import same_arrays

ORDERS = 60
FEW = Portions(7, 0)
SHUFFLED = "hash(order_id || 'x')"


@pytest.fixture
def tables() -> duckdb.DuckDBPyConnection:
    """Tables of orders of one to four lines; ids are shuffled against time, a third are guests."""
    connection = duckdb.connect()
    connection.execute(f"""
        CREATE TABLE orders AS
        SELECT 'o''' || lpad(i::VARCHAR, 3, '0') AS order_id,
            CASE WHEN i % 3 > 0 THEN 'c' || i % 11 END AS customer_id,
            TIMESTAMP '2026-01-01' + to_days((i * 37 % 90)::INTEGER) AS ordered_at,
            'paid' AS status
        FROM range({ORDERS}) t(i) ORDER BY order_id
    """)
    connection.execute("""
        CREATE TABLE order_lines AS
        SELECT order_id, line AS line_no, 'p' || (line * 7 + day(ordered_at)) % 13 AS product_id,
            line AS quantity, 100 * line AS unit_price
        FROM orders, range(1, 5) l(line) WHERE line <= 1 + day(ordered_at) % 4
        ORDER BY order_id, line_no
    """)
    connection.execute("""
        CREATE TABLE order_statuses AS
        SELECT order_id, 'shipped' AS status, ordered_at + INTERVAL 1 DAY AS "at" FROM orders
    """)
    return connection


def is_mapped(array: np.ndarray) -> bool:
    base: Any = array
    while isinstance(base, np.ndarray):
        base = base.base
    return isinstance(base, memoryview) and isinstance(base.obj, mmap.mmap)


def shuffle(connection: duckdb.DuckDBPyConnection) -> None:
    for name in ("orders", "order_lines", "order_statuses"):
        connection.execute(f"CREATE OR REPLACE TABLE {name} AS FROM {name} ORDER BY {SHUFFLED}")


def test_rows_are_the_same_however_many_are_read_at_a_time(tables):
    whole = read_rows(tables)
    assert len(whole.statuses) == len(whole.customer) == ORDERS
    for lines in (1, 7, 50):
        assert same_arrays(read_rows(tables, Portions(lines, 0)), whole)
    shuffle(tables)
    for lines in (1, 7, 50):
        assert same_arrays(read_rows(tables, Portions(lines, 0)), whole)


def test_tables_in_no_order_are_sorted_once_into_files_that_do_not_stay(
    tables, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    views = {name: name for name in ("orders", "order_lines", "order_statuses")}
    with in_spans(tables, views, 9) as (spans, read):
        assert read == views
        assert (len(spans), spans[0].first, spans[-1].end) == (9, None, None)
        assert all(one.end == other.first for one, other in pairwise(spans))
    shuffle(tables)
    with in_spans(tables, views, 9) as (_, read):
        assert set(read.values()).isdisjoint(views)
        found = tables.execute(f"SELECT order_id FROM {read['order_lines']}").fetchall()
        assert found == sorted(found)
        assert len(list(tmp_path.rglob("*.parquet"))) == len(views)
    assert not list(tmp_path.iterdir())


def test_a_span_quotes_the_ids_that_bound_it():
    assert Span(None, None).holds("id") == "TRUE"
    assert Span("a'b", None).holds("id") == "id >= 'a''b'"
    assert Span("a", "b").holds("o.id") == "o.id >= 'a' AND o.id < 'b'"


def test_a_history_in_files_answers_what_any_other_does(tables, tmp_path: Path):
    for name in ("orders", "order_lines", "order_statuses"):
        tables.execute(f"COPY {name} TO '{tmp_path / name}.parquet' (FORMAT parquet)")
    held, parted = read_shop(tmp_path).history, read_shop(tmp_path, portions=FEW).history
    assert is_mapped(parted.rows.quantity)
    assert not is_mapped(held.rows.quantity)
    assert repr(parted) == repr(held)
    assert len(parted) == ORDERS
    cut = parted.until("2026-02-01T00:00Z")
    assert is_mapped(cut.rows.quantity)
    assert same_arrays(cut.rows, held.until("2026-02-01T00:00Z").rows)
    assert same_arrays(cut.baskets(), held.until("2026-02-01T00:00Z").baskets())
    assert isinstance(parted, OrderHistory)


def test_a_column_in_a_file_is_read_again_after_its_memory_is_let_go():
    for in_file in (False, True):
        column = Column("datetime64[us]", in_file=in_file)
        column.add(np.array(["2026-01-01", "NaT"], "datetime64[us]"))
        column.add(np.empty(0, "datetime64[us]"))
        column.add(np.arange(5)[::2])
        whole = column.whole()
        expected = [
            "2026-01-01T00:00:00.000000",
            "NaT",
            *(f"1970-01-01T00:00:00.00000{n}" for n in (0, 2, 4)),
        ]
        assert [str(one) for one in whole] == expected
        let_go(whole[1:])
        assert [str(one) for one in whole] == expected
        assert len(Column("int32", in_file=in_file).whole()) == 0


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_disk_without_room_is_named(monkeypatch: pytest.MonkeyPatch):
    full = partial(open, "/dev/full", "wb")
    monkeypatch.setattr(nba.facts.spools, "TemporaryFile", full)
    column = Column("int64", in_file=True)
    with pytest.raises(DataError, match=r"80 bytes more of the orders: No space.*set TMPDIR"):
        column.add(np.arange(10))
