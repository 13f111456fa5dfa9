"""Rows go to an engine and come back as they were; nothing is left, and no password is told."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nba.data.purchases import Purchases
from nba.domain import Ids
from nba.errors import ConfigError
from nba.statistics.engines.connections import spark
from nba.statistics.engines.connections.connection import Connection, connect, fetched
from nba.statistics.engines.expressions import cells
from nba.statistics.engines.expressions.cells import Orders, table_of
from nba.statistics.engines.expressions.exact import double, half_even, one_if, whole_days
from nba.statistics.engines.warehouse import Warehouse
from nba.statistics.lags import Followed
from nba.statistics.pairs import PairSettings
from tests.contract.counters import Elsewhere, Local
from tests.effort import times
from tests.engines import ENGINES, WITH_SPARK, reached
from tests.property.test_pairs import ASKED, DOUBTED, baskets_of, shops
from tests.shops import history, random_orders

DAY = 86_400_000_000


@pytest.fixture(scope="module", params=ENGINES)
def connection(request: pytest.FixtureRequest) -> Iterator[Connection]:
    with reached(request.param) as found:
        yield found


@pytest.fixture(scope="module")
def duckdb() -> Iterator[Connection]:
    with connect("duckdb") as found:
        yield found


def test_cells_come_back_as_they_were_sent_whatever_the_batches(connection, monkeypatch):
    monkeypatch.setattr(cells, "CELLS_AT_ONCE", 50)
    orders = random_orders(5, orders=120)
    baskets = history(orders).baskets()
    at = np.where(np.arange(len(baskets)) % 2, baskets.at, np.datetime64("NaT"))
    code = np.where(np.arange(30) % 4, np.arange(30), -1).astype(np.int32)
    baskets = replace(baskets, delivered_at=at).coarsened(code, baskets.product_ids)
    bought = np.arange(len(baskets.product))
    sent = Orders.of(baskets, Purchases(bought, bought * 10**12), spell_days=9)
    whole = sent.batches().read_all()
    assert {len(batch) for batch in whole.to_batches()} - {50}
    with connection.uploaded(sent.batches()) as table:
        # Arrays know no null.
        told = {name: table[name].fill_null(-7) for name in ("delivered_at", "spell")}
        told |= {name: one_if(table[name]) for name in ("named", "proven")}
        found = fetched(table.mutate(**told))
    order = np.lexsort((found["product"], found["basket"]))
    for name in whole.column_names:
        column = whole[name].cast("int64").fill_null(-7).to_numpy()
        assert found[name][order].tolist() == column.tolist()
    empty = found["product"] == -1
    assert np.unique(found["basket"][empty]).tolist() == np.flatnonzero(baskets.size == 0).tolist()
    assert len(np.unique(found["basket"])) == len(baskets)


def test_what_followed_customers_ordered_is_sent_with_its_empty_orders(duckdb):
    baskets = history(random_orders(6)).baskets()
    code = np.where(np.arange(30) % 3, 0, -1).astype(np.int32)
    followed = Followed.of(baskets.coarsened(code, Ids.of(["kind"])), delivery_days=3)
    with duckdb.uploaded(Orders.followed(followed).batches()) as table:
        found = fetched(
            table.group_by("customer").aggregate(
                orders=table.basket.nunique(), kinds=(table["product"] + 1).sum()
            )
        )
    order = np.argsort(found["customer"])
    assert found["orders"][order].tolist() == np.diff(followed.customer_start).tolist()
    assert found["kinds"].sum() == len(followed.bought)


def test_integers_are_exact_where_floats_are_not(connection):
    # Days before 1970, and instants beyond 2^53; halves, and products of floats that are rounded.
    near = [day * DAY + k for day in (-1, 0, 1, 106_650, 2_932_896) for k in (-2, -1, 0, 1)]
    drawn = np.random.default_rng(1)
    money = np.append(drawn.integers(0, 2**45, 400), np.arange(20))
    margins = (0.5, 0.1, 0.35, 1 / 3, 0.1234567890123456789, 1e-30)
    with connection.uploaded(table_of(at=np.array([*near, 2**62, -(2**62)]))) as table:
        found = fetched(table.mutate(day=whole_days(table.at)))
    assert found["day"].tolist() == (found["at"] // DAY).tolist()
    with connection.uploaded(table_of(money=money)) as table:
        paid = table.money.cast("float64")
        rounded = {f"m{n}": half_even(paid * double(one)) for n, one in enumerate(margins)}
        found = fetched(table.mutate(**rounded))
    for number, margin in enumerate(margins):
        assert found[f"m{number}"].tolist() == np.rint(found["money"] * margin).tolist()


def test_a_table_is_gone_once_it_was_counted_from_and_nothing_is_printed(connection, capfd):
    with connection.uploaded(table_of(one=np.arange(3))) as table:
        assert fetched(table.aggregate(count=table.count()))["count"].tolist() == [3]
    assert capfd.readouterr().out == ""
    with pytest.raises(Exception, match=re.escape(table.get_name())):
        fetched(table)


def test_no_file_is_left(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with connect("duckdb") as connection, connection.uploaded(table_of(one=np.arange(3))) as table:
        assert list(tmp_path.iterdir())
        fetched(table)
    assert not list(tmp_path.iterdir())


@settings(max_examples=times(4, 300), suppress_health_check=[HealthCheck.too_slow])
@given(orders=shops(), asked=ASKED, doubted=DOUBTED, days=st.integers(1, 900))
def test_any_small_history_counts_as_in_the_kernels(duckdb, orders, asked, doubted, days):
    baskets = baskets_of(orders, doubted)
    baskets = replace(baskets, as_of=baskets.as_of + np.timedelta64(days, "D"))
    one = np.ones(len(baskets.product), np.int64)
    costs = np.full(9, 3), np.arange(9) % 2 > 0, 0.5
    here, there = Local(), Elsewhere(duckdb)
    assert there.pairs(baskets, asked) == here.pairs(baskets, asked)
    assert there.gaps(baskets) == here.gaps(baskets)
    paid = Purchases(one, one * 5)
    assert there.customers(baskets, paid, *costs) == here.customers(baskets, paid, *costs)


@pytest.mark.parametrize(
    ("engine", "wrong"),
    [
        ("mysql://ann:hidden@host/shop", "no such engine"),
        ("hidden", "no such engine"),
        ("duckdb://hidden", "no such engine"),
        ("local[hidden]", "no such engine"),
        ("postgresql", "no such engine"),
        ("postgresql://ann:hidden@host", "names no database"),
        ("postgresql://ann:hidden@127.0.0.1:1/shop", "cannot be reached"),
        ("postgresql://ann:hid den@:port/shop", "names no database"),
    ],
)
def test_an_engine_that_is_not_there_is_told_without_a_password(engine, wrong):
    with pytest.raises(ConfigError, match=wrong) as told:
        connect(engine)
    error: BaseException | None = told.value
    while error is not None:
        assert "hid" not in str(error)
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


@pytest.mark.parametrize(
    ("library", "java", "wrong"),
    [(None, True, "pip install 'nba\\[spark\\]'"), ("it", False, "install Java 17 or 21")],
)
def test_spark_says_what_is_missing(monkeypatch, tmp_path, library, java, wrong):
    monkeypatch.setattr(spark, "find_spec", lambda _: library)
    if not java:
        monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    with pytest.raises(ConfigError, match=wrong):
        connect("spark")


@pytest.mark.parametrize("connection", [pytest.param("spark", marks=WITH_SPARK)], indirect=True)
def test_a_cluster_which_sees_no_files_is_sent_its_rows(connection, monkeypatch):
    monkeypatch.setattr(connection, "is_here", False)
    monkeypatch.setattr(cells, "CELLS_AT_ONCE", 50)
    baskets = history(random_orders(5, orders=60)).baskets()
    asked = PairSettings(spell_weight=0.5, spell_days=20)
    assert Elsewhere(connection).pairs(baskets, asked) == Local().pairs(baskets, asked)


@pytest.mark.parametrize("connection", [pytest.param("spark", marks=WITH_SPARK)], indirect=True)
def test_a_process_has_one_session_of_spark(connection):
    with pytest.raises(ConfigError, match="already has a session"):
        connect("spark")


def test_engines_that_are_no_spark_fit_no_factors(duckdb):
    with pytest.raises(ConfigError, match="--engine spark"):
        Warehouse(duckdb).product_factors(None, None, seed=1)  # type: ignore[arg-type]
