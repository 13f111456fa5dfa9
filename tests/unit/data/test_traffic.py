from __future__ import annotations

import duckdb
import numpy as np
import pytest

from nba.data.traffic import Traffic
from nba.errors import DataError


def day(text):
    return np.datetime64(text, "D")


@pytest.fixture
def connection():
    with duckdb.connect() as opened:
        yield opened


def test_visits_are_read_by_day_and_channel_and_what_nobody_said_is_no_zero(connection):
    connection.execute("""
        CREATE TABLE traffic AS FROM (VALUES
            (DATE '2026-01-02', 'paid', 10, 300),
            (DATE '2026-01-01', 'paid', 20, 500),
            (DATE '2026-01-01', 'direct', 30, NULL),
            (DATE '2026-02-01', 'direct', NULL, NULL)
        ) AS t(day, channel, visits, spend)
    """)
    found = Traffic.from_table(connection)
    assert list(found.channel) == ["direct", "paid", "paid", "direct"]
    assert found.day.astype(str).tolist() == ["2026-01-01"] * 2 + ["2026-01-02", "2026-02-01"]
    assert found.total(day("2026-01-01"), day("2026-01-02")) == (50, 500)
    assert found.total(day("2026-01-01"), day("2026-02-01")) == (60, 800)
    assert found.total(day("2026-02-01"), day("2026-03-01")) == (None, None)
    assert len(found) == 4


def test_a_shop_may_tell_visits_and_no_spend(connection):
    connection.execute("CREATE TABLE traffic AS SELECT DATE '2026-01-01' AS day, 'all' AS channel")
    assert Traffic.from_table(connection).total(day("2026-01-01"), day("2027-01-01")) == (
        None,
        None,
    )


def test_a_row_without_a_day_is_refused(connection):
    connection.execute("CREATE TABLE traffic AS SELECT NULL::DATE AS day, 'all' AS channel")
    with pytest.raises(DataError, match="day"):
        Traffic.from_table(connection)


def test_without_traffic_nothing_is_told():
    assert Traffic.none().total(day("2026-01-01"), day("2027-01-01")) == (None, None)


@pytest.mark.parametrize(
    ("days", "told"),
    [
        (["2026-01-01", "2026-02-01"], 59),  # the months
        (["2026-01-31", "2026-02-28"], 59),
        (["2026-02-01"], 28),
        (["2026-01-01", "2026-01-02"], 2),  # two days
        (["2026-01-05", "2026-02-05"], 2),
        ([], 0),
    ],
)
def test_a_row_a_month_stands_for_its_month(connection, days, told):
    connection.execute("CREATE TABLE traffic (day DATE, channel VARCHAR, visits BIGINT)")
    for one in days:
        connection.execute("INSERT INTO traffic VALUES (?, 'paid', 9), (?, 'free', 1)", [one, one])
    found = Traffic.from_table(connection).told_days()
    assert len(found) == len(np.unique(found)) == told
    assert set(days) <= set(found.astype(str).tolist())
