"""Sums of customers: counted by hand, exact, and the same however they are cut."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nba.domain import Ids
from nba.errors import DataError
from nba.measure.experiments.sums import Sums, gather, revenue_between
from nba.measure.sales import Sales
from tests.unit.measure.trials import trial

DAY = np.timedelta64(1, "D")
BEGUN = np.datetime64("2026-01-05", "us")
LATE = np.datetime64("2026-06-01", "us")
AMOUNTS = st.lists(st.tuples(st.integers(0, 10**12), st.integers(0, 10**12)), max_size=30)


def column(*values):
    return np.array(values, np.int64)


def test_sums_by_hand():
    found = Sums.of(column(0, 2, 5), column(1, 0, 3))
    assert found == Sums(3, 7, 29, 4, 10, 15)
    assert found.mean == pytest.approx(7 / 3)
    assert Sums.of(column(0, 2, 5)) == Sums(3, 7, 29)
    assert Sums.of(column()) == Sums()
    assert Sums().mean is None


@given(AMOUNTS, st.integers(0, 30))
def test_parts_add_up_to_the_whole_exactly(rows, cut):
    metric, before = np.array(rows, np.int64).reshape(-1, 2).T
    whole = Sums.of(metric, before)
    assert whole == Sums.of(metric[cut:], before[cut:]) + Sums.of(metric[:cut], before[:cut])
    assert whole.squares == sum(one * one for one, _ in rows)
    assert whole.products == sum(one * other for one, other in rows)


def shop(count=400):
    chance = np.random.default_rng(4)
    ids = [f"c{number}" for number in range(count)]
    entered = BEGUN + chance.integers(-10 * 86400, 40 * 86400, count) * np.timedelta64(1, "s")
    entered[chance.random(count) < 0.2] = np.datetime64("NaT")
    return ids, entered, chance.integers(0, 5000, count), chance.integers(0, 5000, count)


def test_everybody_who_entered_counts_once_in_the_group_drawn():
    ids, entered, metric, before = shop()
    experiment = trial(holdout={"share": 0.2})
    found = gather(experiment, ids, entered, metric, before, as_of=LATE)
    expected = dict.fromkeys(("control", "tried", "holdout"), Sums())
    for row, one in enumerate(ids):
        if BEGUN <= entered[row] < BEGUN + 28 * DAY:
            own = Sums.of(metric[row : row + 1], before[row : row + 1])
            expected[experiment.group_of(one)] += own
    assert found == expected
    assert min(one.customers for one in found.values()) > 20


def test_looks_of_several_days_are_the_days_added():
    ids, entered, metric, _ = shop()
    experiment = trial()
    added = dict.fromkeys(("control", "tried"), Sums())
    since = None
    for day in range(40):
        until = BEGUN + day * DAY
        more = gather(experiment, ids, entered, metric, as_of=until, since=since)
        added = {name: one + more[name] for name, one in added.items()}
        assert added == gather(experiment, ids, entered, metric, as_of=until)
        since = until
    assert added == gather(experiment, ids, entered, metric, as_of=LATE)


def test_customers_are_counted_when_their_window_is_over():
    entered = np.array([BEGUN, BEGUN + 28 * DAY, BEGUN - np.timedelta64(1, "us")])
    experiment, metric = trial(window_days=7), column(1, 1, 1)
    for as_of, count in ((BEGUN + 7 * DAY, 1), (BEGUN + 7 * DAY - np.timedelta64(1, "us"), 0)):
        found = gather(experiment, ["a", "b", "c"], entered, metric, as_of=as_of)
        assert sum(one.customers for one in found.values()) == count
    found = gather(experiment, ["a", "b", "c"], entered, metric, as_of=LATE)
    assert sum(one.customers for one in found.values()) == 1


def test_columns_that_do_not_fit_and_customers_given_twice_are_refused():
    entered = np.array([BEGUN, BEGUN])
    with pytest.raises(DataError, match="one of each a customer"):
        gather(trial(), ["a", "b"], entered, column(1), as_of=LATE)
    with pytest.raises(DataError, match="values before"):
        gather(trial(), ["a", "b"], entered, column(1, 1), column(1), as_of=LATE)
    with pytest.raises(DataError, match="a second time"):
        gather(trial(), ["a", "a"], entered, column(1, 1), as_of=LATE)


def sales():
    # Ann buys on days 0, 3 and 10, bob on day 3, a guest on day 3; cat never.
    days = np.array([0, 3, 10, 3, 3])
    money = column(100, 200, 400, 800, 1600)
    return Sales(
        np.array([0, 0, 0, 1, 3], np.int32),
        Ids.of(["ann", "bob", "cat"]),
        BEGUN + days * DAY,
        money,
        money,
        LATE,
    )


def test_each_customer_has_a_period_of_their_own():
    since = BEGUN + np.array([3, 4, 0]) * DAY
    assert revenue_between(sales(), since, since + 7 * DAY).tolist() == [200, 0, 0]
    assert revenue_between(sales(), since, since + 8 * DAY).tolist() == [600, 0, 0]
    since[0] = np.datetime64("NaT")
    assert revenue_between(sales(), since - 4 * DAY, since).tolist() == [0, 800, 0]
    with pytest.raises(DataError, match="3 customers, but 2 and 2"):
        revenue_between(sales(), since[:2], since[:2])
