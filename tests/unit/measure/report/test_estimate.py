"""What more orders would bring, by the visits of the days of the history alone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from nba.measure.report.estimate import arithmetic
from nba.measure.report.source import Source
from tests.golden.test_kpis import daily_traffic
from tests.shops import SIX_ORDERS, day, history
from tests.snapshots import snapshot
from tests.unit.measure.report.sources import source_of


def visited(*rows, orders=SIX_ORDERS):
    """Give the orders with visits of days, counted from the first of January 2026."""
    told = history(orders)
    days = [(day(at).astype("datetime64[D]"), "direct", count, None) for at, count in rows]
    return source_of(replace(told, told=replace(told.told, traffic=lambda: daily_traffic(days))))


def test_days_outside_the_history_and_days_not_told_are_no_days():
    # Orders on days 0, 10, 11, 12, 20 and 30; a year before nobody had a shop. Of the told days of
    # the history, which had 300 visits, one has an order. Six orders of 14 pieces at 100 minor
    # units bring 30 % of 14.00, so 0.70 each.
    source = visited((-400, 9000), (10, 100), (13, 140), (14, 60), (31, 5000))
    assert source.kpis.whole.conversion == 1 / 300
    first, second, _, last = arithmetic(source)
    assert first == "100 visits a day x 30 days = 3,000 visits a month"
    assert second == "3,000 visits x 0.33 % = 10 orders a month"
    assert "0.7 profit an order" in last


def test_two_channels_of_a_day_are_one_day():
    source = visited((10, 100), (10, 100), (11, 100))
    assert arithmetic(source)[0] == "150 visits a day x 30 days = 4,500 visits a month"


@pytest.mark.parametrize(
    "source",
    [
        source_of(()),
        source_of(SIX_ORDERS),
        visited((-400, 9000)),
        visited((10, 0)),
        visited((13, 100)),
        visited((10, 1), (11, 0)),
    ],
    ids=["no orders", "no visits", "none then", "nobody", "nobody bought", "fewer than orders"],
)
def test_without_visits_that_led_to_orders_nothing_is_worked_out(source):
    assert arithmetic(source) == ()


def test_money_is_in_major_units_and_of_one_currency():
    source = visited((10, 100))
    yen = snapshot([{"id": "kettle", "currency": "JPY"}, {"id": "tea", "currency": "JPY"}])
    assert "70 profit an order" in arithmetic(Source(source.shop, yen))[-1]
    mixed = snapshot([{"id": "kettle", "currency": "JPY"}, {"id": "tea", "currency": "EUR"}])
    assert arithmetic(Source(source.shop, mixed)) == ()
