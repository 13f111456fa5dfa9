from __future__ import annotations

import numpy as np
import pytest

from nba.measure.report import theme
from nba.measure.report.pictures import cohort_value, cohorts
from tests.unit.measure.report.sources import SCRIPT, source_of

# January: ann, bob, cat; February: dan. ann comes back in February and March, bob in March, dan in
# March, of which only the first days are known.
ORDERS = (
    ("o1", "ann", 0, ["kettle"]),
    ("o2", "bob", 5, ["kettle"]),
    ("o3", "cat", 9, ["tea", "kettle"]),
    ("o4", "ann", 32, ["tea"]),
    ("o5", "ann", 34, ["tea"]),
    ("o6", "dan", 40, ["tea"]),
    ("o7", None, 41, ["tea"]),
    ("o8", "ann", 61, ["tea"]),
    ("o9", "bob", 62, ["tea"]),
    ("p1", "dan", 63, ["tea"]),
)


def test_cells_are_the_shares_of_a_hand_count():
    found = cohorts.rows(source_of(ORDERS).cohorts)
    assert [
        (one["month"], one["since"], one["active"], one["customers"], one["is_finished"])
        for one in found
    ] == [
        ("2026-01", 1, 1, 3, True),
        ("2026-01", 2, 2, 3, False),
        ("2026-02", 1, 1, 1, False),
    ]
    assert [one["share"] for one in found] == [1 / 3, 2 / 3, 1.0]


def test_only_the_latest_cohorts_are_drawn():
    found = cohorts.rows(source_of(ORDERS).cohorts, shown=1)
    assert {one["month"] for one in found} == {"2026-02"}


def test_the_newest_cohort_is_held_against_those_before_it():
    # The end of March makes February the newest with a whole month after it.
    told = cohorts.newest(source_of(ORDERS, as_of=95).cohorts)
    assert told == {
        "month": "2026-02",
        "after": "2026-03",
        "customers": 1,
        "active": 1,
        "older_customers": 3,
        "older_active": 1,
    }
    assert cohorts.newest(source_of(ORDERS[:3]).cohorts) is None


def test_what_is_not_over_has_no_colour_and_does_not_stretch_the_others():
    cells = cohorts.rows(source_of(ORDERS).cohorts)
    assert cohorts._colours(cells) == [theme.RAMP[-1], None, None]


def test_a_colour_lies_between_its_neighbours_of_the_ramp():
    mixed = theme.shades(np.array([0.25, 1.0]), ["#000000", "#102030", "#ffffff"])
    assert mixed == ["#081018", "#ffffff"]


def test_the_heat_map_says_what_it_shows():
    picture = cohorts.draw(source_of(ORDERS, as_of=95))
    assert "Of 1 customer new in 2026-02, 100" in picture.reading
    assert "of the 3 customers of the cohorts before, 33" in picture.reading
    drawn = theme.svg(picture)
    assert "2026-01 · n=3" in drawn
    assert "2026-01, 1 months after: 1 of 3 customers bought" in drawn
    assert "#1c1c1c" not in drawn


def test_an_alarm_is_told_when_new_customers_stay_away():
    # Of 20 customers a month half come back each month, but for the last three months' own.
    orders = [
        (f"c{month}-{one}-{later}", f"c{month}-{one}", 5 + 30.4 * later, ["tea"])
        for month in range(12)
        for one in range(20)
        for later in range(month, 12 if month < 9 and one % 2 == 0 else month + 1)
    ]
    reading = cohorts.draw(source_of(orders, as_of=365)).reading
    assert "Alarm: after 2026-12, the 40 customers" in reading
    assert "bought again 0 times where 30 were expected (0" in reading


@pytest.mark.parametrize("picture", [cohorts, cohort_value])
@pytest.mark.parametrize(
    "orders",
    [(), [("o1", None, 0, ["tea"])], [("o1", "ann", 0, ["tea"])]],
    ids=["none", "a guest", "one customer"],
)
def test_a_shop_without_a_second_month_has_no_picture_and_is_told_why(picture, orders):
    told = picture.draw(source_of(orders))
    assert told.chart is None
    assert told.reading.endswith(".")


def test_what_a_customer_brought_is_a_hand_count():
    found = cohort_value.rows(source_of(ORDERS).cohorts)
    assert [(one["cohort"], one["since"], one["customers"], one["revenue"]) for one in found] == [
        ("2026-01", 0, 3, 400),
        ("2026-01", 1, 3, 600),
        ("2026-02", 0, 1, 100),
    ]
    assert found[1]["per_customer"] == 200


def test_many_months_go_by_whole_quarters():
    months = [(f"o{one}", f"c{one}", 10 + 30.4 * one, ["tea"]) for one in range(1, 13)]
    found = cohort_value.rows(source_of(months, as_of=400).cohorts, lines=2)
    # From February on; the first and the last quarter are not known whole.
    assert list(dict.fromkeys(one["cohort"] for one in found)) == ["2026-Q3", "2026-Q4"]
    last = [one for one in found if one["cohort"] == "2026-Q4"]
    assert [(one["since"], one["customers"], one["revenue"]) for one in last] == [
        (0, 3, 300),
        (1, 3, 300),
    ]


def test_the_lines_say_what_they_show():
    picture = cohort_value.draw(source_of(ORDERS))
    assert picture.reading.startswith(
        "Customers new in 2026-02 (1) have brought 1.00 EUR each in the month of the first order; "
        "those of the earlier lines (3) had brought 1.33 EUR each by then. Those of 2026-01, "
    )
    drawn = theme.svg(picture)
    assert "2026-01: 2.00 EUR a customer up to month 1 after the first order" in drawn
    assert SCRIPT not in drawn
