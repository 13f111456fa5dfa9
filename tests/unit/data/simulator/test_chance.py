"""Chance by name: independent of order and batch, uniform, and wheels that keep their weights."""

from __future__ import annotations

import numpy as np
import pytest

from nba.data.simulator.calendar import HORIZON_DAYS, SeasonalClock, demand
from nba.data.simulator.chance import Wheel, keyed, stream, zipf

KEYS = np.arange(20_000)


def test_a_keyed_number_depends_on_its_names_alone():
    together = keyed(1, "delay", KEYS, KEYS[::-1])
    alone = keyed(1, "delay", KEYS[77:78], KEYS[::-1][77:78])
    assert together[77] == alone[0]
    assert (keyed(1, "delay", KEYS[::-1], KEYS)[::-1] == together).all()


def test_seed_purpose_and_order_of_keys_all_matter():
    one = keyed(1, "delay", KEYS, KEYS + 1)
    for other in (
        keyed(2, "delay", KEYS, KEYS + 1),
        keyed(1, "return", KEYS, KEYS + 1),
        keyed(1, "delay", KEYS + 1, KEYS),
    ):
        assert (one != other).all()
        assert abs(np.corrcoef(one, other)[0, 1]) < 0.03


def test_keyed_numbers_are_uniform():
    found = keyed(1, "delay", KEYS)
    assert 0 < found.min() < found.max() < 1
    counts = np.histogram(found, 20, (0, 1))[0]
    assert counts.min() > 850
    assert counts.max() < 1_150


def test_streams_of_two_names_differ_and_repeat():
    assert stream(1, "needs").random() == stream(1, "needs").random()
    assert stream(1, "needs").random() != stream(1, "orders").random()


def test_a_wheel_draws_members_by_weight():
    wheel = Wheel.of(
        np.array([0, 2, 0, 2]), np.array([10, 20, 11, 21]), np.array([1.0, 1.0, 3.0, 9.0]), 3
    )
    drawn = wheel.draw(np.zeros(8_000, np.int64), stream(1, "wheel").random(8_000))
    assert set(drawn) == {10, 11}
    assert (drawn == 11).mean() == pytest.approx(0.75, abs=0.02)
    assert set(wheel.draw(np.full(100, 2), stream(1, "wheel").random(100))) == {20, 21}
    assert wheel.has(np.array([0, 1, 2])).tolist() == [True, False, True]


def test_a_wheel_stays_inside_the_group_at_its_edges():
    wheel = Wheel.of_table(np.array([[0.1, 0.2, 0.7], [0.0, 1.0, 0.0]]))
    almost = np.array([np.nextafter(0.0, 1.0), np.nextafter(1.0, 0.0)])
    assert wheel.draw(np.array([0, 0]), almost).tolist() == [0, 2]
    assert wheel.draw(np.array([1, 1]), almost).tolist() == [1, 1]


def test_zipf_halves_where_the_shifted_rank_doubles():
    weights = zipf(np.array([0, 2]), exponent=1.0, shift=2.0)
    assert weights[0] == 2 * weights[1]


@pytest.mark.parametrize("account", ["b2c", "b2b"])
def test_a_seasonal_clock_leads_there_and_back(account):
    clock = SeasonalClock(account)
    days = np.linspace(0.0, HORIZON_DAYS, 50)
    assert clock.calendar(clock.own(days)) == pytest.approx(days)
    assert demand(account).mean() == pytest.approx(1.0)
