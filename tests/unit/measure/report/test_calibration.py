from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from nba.artifacts.repurchase import EVIDENCE, Repurchase
from nba.artifacts.snapshot import Snapshot
from nba.learn.personal.habits import customers_at
from nba.measure.report import theme
from nba.measure.report.earlier import cut_for
from nba.measure.report.pictures import calibration
from nba.measure.report.pictures.calibration import Foretold, chances
from tests.shops import day, history
from tests.snapshots import snapshot
from tests.unit.measure.report.sources import source_of

CUT = 100
PRODUCTS = ["kettle", "tea"]


def clocks(cells: int, **columns: float) -> Repurchase:
    """Clocks of cells last bought on day 90, whose intervals are 10 to 40 days.

    The cumulative hazard of the logarithm of the interval grows from 0 at 10 days to ln 4 at 40,
    so that a quarter of the intervals are longer.
    """
    line = np.array([0, np.log(4)], np.float32)
    last = day(CUT - 10).astype("datetime64[D]").astype(int)
    told = {"location": np.log(10), "share": 0.5, "chance": 0.0, "last_day": last} | columns
    empty = Repurchase.empty(cells)
    return replace(
        empty,
        grid=line,
        hazard=np.tile(line, (len(EVIDENCE), 1)),
        known=np.ones(cells, np.bool_),
        **{name: np.full(cells, value, getattr(empty, name).dtype) for name, value in told.items()},
    )


def learned(orders, columns) -> Snapshot:
    known = history(orders).until(day(CUT))
    baskets = known.baskets()
    made = snapshot(PRODUCTS)
    customers = customers_at(baskets.over(made.products.ids))
    told = replace(clocks(len(customers.product)), **columns(customers))
    return replace(made, customers=customers, repurchase=told)


class TestCut:
    def test_the_last_four_weeks_are_kept_back(self):
        told = history([("o1", "ann", 0, ["tea"]), ("o2", "ann", 121, ["tea"])])
        assert cut_for(told) == told.as_of - np.timedelta64(28, "D")

    @pytest.mark.parametrize(
        "orders", [[], [("o1", "ann", 0, ["tea"]), ("o2", "bob", 119, ["tea"])]]
    )
    def test_a_short_history_is_not_cut(self, orders):
        assert cut_for(history(orders)) is None


class TestChances:
    def test_a_refill_comes_within_the_days_with_the_share_of_intervals_that_end(self):
        at = day(CUT).astype("datetime64[D]").astype("datetime64[us]")
        found = chances(clocks(1), np.array([0]), at, 30, 365)
        assert found == pytest.approx([0.5 * (1 - 1 / 4)], abs=1e-6)

    def test_chance_has_the_part_of_the_horizon_that_the_days_are(self):
        found = chances(clocks(1, share=0, chance=0.19), np.array([0]), day(CUT), 182.5, 365)
        assert found == pytest.approx([0.1], abs=1e-6)


def orders_of(customers: int, back: int) -> list:
    """Everybody buys kettle and tea on day 90; the first `back` buy tea again on day 110."""
    first = [(f"a{one:03}", f"c{one:03}", CUT - 10, PRODUCTS) for one in range(customers)]
    again = [(f"b{one:03}", f"c{one:03}", CUT + 10, ["tea"]) for one in range(back)]
    strangers = [("x1", "zoe", CUT + 10, ["tea"]), ("x2", None, CUT + 11, ["tea"])]
    return [*first, *again, *strangers, ("x3", "zoe", CUT + 27, ["cup"])]


def only_tea(chance: float):
    """Kettles are never bought again, tea with a chance."""
    return lambda customers: {
        "share": np.zeros(len(customers.product), np.float32),
        "chance": np.where(customers.product == 1, chance, 0).astype(np.float32),
    }


def foretold(customers: int = 60, back: int = 12, chance: float = 0.9) -> Foretold:
    orders = orders_of(customers, back)
    return Foretold.of(learned(orders, only_tea(chance)), history(orders))


def test_what_came_is_a_kept_order_of_the_same_customer_and_product_after_the_cut():
    found = foretold()
    assert len(found) == 120
    assert found.came.sum() == 12
    assert sorted(set(found.customer[found.came].tolist())) == list(range(12))
    assert (found.chance[found.came] > 0).all()


def test_groups_are_of_equal_count_and_hold_a_hand_count():
    found = replace(
        foretold(),
        chance=np.repeat([0.1, 0.4], 60),
        came=np.arange(120) % 60 < 12,
        customer=np.arange(120),
    )
    least, most = found.groups(2)
    assert (least["products"], least["came"], least["expected"]) == (60, 12, pytest.approx(0.1))
    assert (most["observed"], most["expected"]) == (0.2, pytest.approx(0.4))
    reach = 1.96 * np.sqrt(0.2 * 0.8 / 59)
    assert (most["low"], most["high"]) == pytest.approx((0.2 - reach, 0.2 + reach), abs=1e-4)
    # 24 of 120 came: 60 expected at 0.1, 60 at 0.4, a fifth of each.
    assert found.brier == pytest.approx((0.2 * 0.81 + 0.8 * 0.01 + 0.2 * 0.36 + 0.8 * 0.16) / 2)
    assert found.brier_of_share == pytest.approx(0.2 * 0.8)


def test_products_of_one_customer_are_no_independent_trials():
    found = foretold()
    alone = replace(found, customer=np.arange(len(found))).groups(1)[0]
    together = replace(found, came=np.repeat(np.arange(60) < 12, 2)).groups(1)[0]
    same = replace(found, came=np.repeat(np.arange(60) < 12, 2), customer=np.arange(120)).groups(1)
    assert together["high"] - together["low"] > 1.3 * (same[0]["high"] - same[0]["low"])
    assert alone["observed"] == 0.1


def test_a_group_of_which_none_came_is_not_certain():
    group = replace(foretold(), came=np.zeros(120, np.bool_)).groups(2)[0]
    assert (group["observed"], group["low"]) == (0, 0)
    assert 0 < group["high"] < 0.1


def test_the_picture_says_what_was_expected_and_what_came():
    orders = orders_of(60, 12)
    source = replace(source_of(history(orders)), earlier=learned(orders, only_tea(0.9)))
    picture = calibration.draw(source)
    assert "12 were" in picture.reading
    assert "of 120 products" in picture.reading
    assert "<svg" in theme.svg(picture)


def test_without_an_earlier_snapshot_nothing_is_drawn():
    picture = calibration.draw(source_of([("o1", "ann", 0, ["tea"])]))
    assert picture.chart is None
    assert "120 days" in picture.reading


def test_too_little_to_hold_against_is_told_and_not_drawn():
    orders = orders_of(60, 3)
    source = replace(source_of(history(orders)), earlier=learned(orders, only_tea(0.9)))
    picture = calibration.draw(source)
    assert picture.chart is None
    assert "3 of 120 products" in picture.reading


@pytest.mark.parametrize("earlier", [snapshot(PRODUCTS), snapshot([])])
def test_a_snapshot_without_customers_is_no_error(earlier):
    source = replace(source_of([("o1", "ann", 0, ["tea"])], as_of=130), earlier=earlier)
    assert calibration.draw(source).chart is None
