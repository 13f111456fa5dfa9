from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest

from nba.measure.report import theme
from nba.measure.report.pictures import lifecycle
from nba.measure.report.pictures.lifecycle import STATES
from tests.unit.measure.report.sources import source_of


@dataclass(frozen=True)
class FortyDays:
    """A rhythm for which 40 days of silence are a risk and 70 a loss."""

    days: np.ndarray = None
    first_day: np.ndarray = None
    last_day: np.ndarray = None

    def state(self, customer, at):
        silent = (at.astype("datetime64[D]") - self.last_day[customer]).astype(int)
        code = 1 + (silent > 40) + (silent > 70)
        return np.where(self.days[customer] > 0, code, 0).astype(np.int8)


# Day 0 is the first of January, 31 that of February, 59 of March, 90 of April, 120 of May.
ORDERS = (
    # Buys in January and again in April: lost at the end of March, won back.
    ("a1", "ann", 0, ["tea"]),
    ("a2", "ann", 91, ["tea"]),
    # Buys in the middle of January and of March.
    ("b1", "bob", 20, ["tea"]),
    ("b2", "bob", 75, ["tea"]),
    # New in February, at risk at the end of March, lost at that of April.
    ("c1", "cat", 40, ["kettle"]),
    # Buys on the last day of April at noon.
    ("d1", "dan", 119, ["kettle"]),
    ("g1", None, 50, ["kettle"]),
)


def sales_of(orders=ORDERS, as_of=125):
    return source_of(orders, as_of=as_of).sales


def test_states_at_the_ends_of_months_are_a_hand_count():
    ends = np.array(["2026-01", "2026-02", "2026-03", "2026-04"], "datetime64[M]")
    found = lifecycle.states(sales_of(), ends, FortyDays())
    named = [[STATES[one] for one in row] for row in found.T]
    assert named == [
        ["new", "at_risk", "lost", "active"],
        ["new", "active", "active", "at_risk"],
        ["none", "new", "at_risk", "lost"],
        ["none", "none", "none", "new"],
    ]


def test_what_is_bought_after_a_month_says_nothing_of_its_end():
    ends = np.array(["2026-01", "2026-02"], "datetime64[M]")
    early = [one for one in ORDERS if one[2] < 59]
    whole, cut = (lifecycle.states(sales_of(one), ends, FortyDays()) for one in (ORDERS, early))
    assert cut.tolist() == whole[:, :3].tolist()


def test_flows_are_a_hand_count():
    found = lifecycle.flows(sales_of(), FortyDays(), months=3)
    assert found.months == ("2026-02", "2026-03", "2026-04")
    assert found.bands == (
        {"new": 1, "active": 1, "at_risk": 1, "lost": 0},
        {"new": 0, "active": 1, "at_risk": 1, "lost": 1},
        {"new": 1, "active": 1, "at_risk": 1, "lost": 1},
    )
    assert found.moves == (
        {("new", "at_risk"): 1, ("active", "active"): 1, ("at_risk", "lost"): 1},
        {("active", "at_risk"): 1, ("at_risk", "lost"): 1, ("lost", "active"): 1},
    )
    assert found.left_out == 0


def test_who_is_lost_all_along_is_counted_and_not_drawn():
    found = lifecycle.flows(sales_of(as_of=250), FortyDays(), months=2)
    assert found.months == ("2026-07", "2026-08")
    assert found.left_out == 4
    assert all(sum(one.values()) == 0 for one in found.bands)


def test_every_customer_who_leaves_a_band_comes_to_one():
    found = lifecycle.flows(sales_of(), FortyDays(), months=4)
    for before, moves, after in zip(found.bands, found.moves, found.bands[1:], strict=False):
        for state in STATES[1:]:
            left = sum(moved for (source, _), moved in moves.items() if source == state)
            came = sum(moved for (_, target), moved in moves.items() if target == state)
            assert left == before[state]
            assert came == (after[state] if state != "new" else 0)


def test_ribbons_begin_and_end_within_their_bands():
    found = lifecycle.flows(sales_of(), FortyDays(), months=4)
    bands = {(one.column, one.state): one for one in lifecycle._bands(found)[0]}
    points = list(lifecycle._ribbons(found))
    for place, name in ((0, "source"), (-1, "target")):
        for ribbon in dict.fromkeys(one["ribbon"] for one in points):
            column, source, target = ribbon.split()
            end = [one for one in points if one["ribbon"] == ribbon][place]
            at = bands[(int(column), source) if name == "source" else (int(column) + 1, target)]
            assert at.top - 0.02 <= end["top"] < end["bottom"] <= at.bottom + 0.02


def test_the_picture_says_how_customers_moved():
    source = source_of(ORDERS, as_of=125)
    source = replace(source, snapshot=replace(source.snapshot, rhythm=FortyDays()))
    picture = lifecycle.draw(source)
    assert picture.reading == (
        "Of 1 new or active at the end of 2026-03, 1 (100\u202f%) had become at risk or lost by "
        "the end of 2026-04; of 1 at risk, 0 became active again and 1 lost; of 1 lost, 1 "
        "won back. New in 2026-04: 1."
    )
    drawn = theme.svg(picture)
    assert "2026-03 to 2026-04: 1 of 1 active became at risk" in drawn
    assert "End of 2026-02: 1 at risk" in drawn


def test_the_rhythm_of_a_snapshot_is_asked():
    picture = lifecycle.draw(source_of(ORDERS, as_of=125))
    assert picture.reading.startswith("Of ")
    assert picture.chart is not None


@pytest.mark.parametrize(
    "orders",
    [(), [("o1", None, 0, ["tea"])], [("o1", "ann", 0, ["tea"])]],
    ids=["none", "a guest", "one month"],
)
def test_without_two_months_there_is_no_picture(orders):
    picture = lifecycle.draw(source_of(orders))
    assert picture.chart is None
    assert picture.reading.endswith(".")


def test_when_everybody_is_lost_there_is_nothing_to_draw():
    source = source_of(ORDERS, as_of=2000)
    source = replace(source, snapshot=replace(source.snapshot, rhythm=FortyDays()))
    assert lifecycle.draw(source).chart is None
