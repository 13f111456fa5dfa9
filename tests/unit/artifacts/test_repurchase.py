from dataclasses import replace

import numpy as np
import pytest

from nba.artifacts.arrays import pack, unpack
from nba.artifacts.repurchase import Repurchase

FIRST = np.datetime64("2026-01-01", "us")
ALL = np.arange(3)


def day(number):
    return FIRST + np.timedelta64(round(number * 24 * 3600), "s")


@pytest.fixture
def clocks():
    """Residuals of class 0 with hazard 2 (x + 1) from -1 to 3; of the others half of it."""
    grid = np.linspace(-1, 3, 81).astype(np.float32)
    hazard = np.outer([2, 1, 1, 1], grid + 1).astype(np.float32)
    last = np.full(3, FIRST.astype("datetime64[D]").astype(int), np.uint16)
    return Repurchase(
        grid,
        hazard,
        np.ones(1, np.float32),
        np.array([True, True, False]),
        last,
        np.array([0, 1, 0], np.int8),
        np.log(np.array([10, 20, 1])).astype(np.float32),
        np.array([0.5, 0.8, 0], np.float32),
        np.array([0, 0.5, 0], np.float32),
    )


def test_dates_are_quantiles_of_the_gap(clocks):
    due = clocks.due(ALL, day(0))

    # Half are longer where the hazard is ln 2: x = ln 2 / 2 - 1, and x = ln 2 - 1.
    days = (due.due_at[:2] - FIRST) / np.timedelta64(1, "D")
    assert days == pytest.approx([10 * np.sqrt(2) / np.e, 20 * 2 / np.e], rel=1e-3)
    low, high = ((one[0] - FIRST) / np.timedelta64(1, "D") for one in (due.due_from, due.due_until))
    assert low == pytest.approx(10 / np.e / 0.9**0.5, rel=1e-3)
    assert high == pytest.approx(10 / np.e / 0.1**0.5, rel=1e-3)


def test_of_what_has_not_come_the_rest_of_the_distribution_is_told(clocks):
    due = clocks.due(ALL[:1], day(20))

    # ln t is exponential with rate 2 beyond the silence, so t / 20 has the median sqrt(2).
    assert (due.due_at[0] - FIRST) / np.timedelta64(1, "D") == pytest.approx(
        20 * np.sqrt(2), rel=1e-3
    )


def test_no_date_is_told_where_nothing_is_known(clocks):
    due = clocks.due(ALL, day(5))

    assert due.known.tolist() == [True, True, False]
    assert np.isnat(due.due_at).tolist() == [False, False, True]
    assert np.isnat(due.due_from[2])
    assert np.isnat(due.due_until[2])
    assert clocks.returns(ALL, day(5))[2] == 0


@pytest.mark.parametrize("silence", [0, 1, 50, 500, 30_000])
def test_dates_are_in_order_and_not_before_the_instant(clocks, silence):
    due = clocks.due(ALL[:2], day(silence))

    assert (day(silence) <= due.due_from).all()
    assert (due.due_from < due.due_at).all()
    assert (due.due_at < due.due_until).all()


def test_a_return_is_a_refill_or_chance(clocks):
    # The first: of those who refill exp(-2 (ln(20 / 10) + 1)) are silent for twenty days.
    silent = np.exp(-2 * (np.log(2) + 1))
    refills = 0.5 * silent / (0.5 * silent + 0.5)
    assert clocks.returns(ALL[:1], day(20)) == pytest.approx([refills], rel=1e-3)

    # The second begins with 0.8 refilled; of the others half buy by chance.
    assert clocks.returns(ALL[1:2], day(0)) == pytest.approx([1 - 0.2 * 0.5], rel=1e-3)


def test_the_longer_the_silence_the_less_likely_a_return(clocks):
    silences = [clocks.returns(ALL[:2], day(days)) for days in (1, 10, 30, 100, 1000)]

    assert (np.diff(silences, axis=0) < 0).all()


def test_a_need_that_may_have_passed_unseen_keeps_hope(clocks):
    passing = replace(clocks, passed=np.array([0.7, 0.3], np.float32))

    assert (passing.returns(ALL[:2], day(60)) > clocks.returns(ALL[:2], day(60))).all()


def test_cells_are_answered_as_if_alone(clocks):
    together, alone = (
        clocks.due(ALL, day(7)).due_at[1],
        clocks.due(np.array([1]), day(7)).due_at[0],
    )

    assert together == alone


def test_clocks_survive_packing(clocks):
    again = unpack(Repurchase, "repurchase", pack("repurchase", clocks))

    assert len(again) == 3
    assert np.array_equal(again.due(ALL[:2], day(9)).due_at, clocks.due(ALL[:2], day(9)).due_at)


def test_nothing_learned_tells_nothing():
    nothing = Repurchase.empty(2)

    assert not nothing.due(ALL[:2], day(1)).known.any()
    assert nothing.returns(ALL[:2], day(1)).tolist() == [0, 0]
