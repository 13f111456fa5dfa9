from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nba.errors import DataError
from nba.facts.stages import STATES
from nba.measure.funnels import DEFINITIONS, FUNNELS, STEPS, funnel, furthest

# State, kept orders, whether they recommend, and how far they have come.
CUSTOMERS = (
    ("acquaintance/new", 0, False, "met"),
    ("acquaintance/new", 0, True, "met"),
    ("acquaintance/browsing", 0, False, "browsing"),
    ("choosing/wishlist", 0, False, "wishing"),
    ("choosing/waitlist", 0, False, "wishing"),
    ("choosing/cart", 0, False, "carting"),
    ("choosing/cart", 1, False, "ordered"),
    ("ordered/paid", 0, False, "ordered"),
    ("client/delivered", 1, False, "client"),
    ("client/returned", 0, False, "client"),
    ("client/idle", 3, False, "returning"),
    ("client/delivered", 1, True, "recommending"),
)


def told(customers=CUSTOMERS):
    return furthest(
        np.array([STATES.index(state) for state, *_ in customers], np.int8),
        np.array([orders for _, orders, *_ in customers], np.int64),
        np.array([recommends for _, _, recommends, _ in customers], np.bool_),
    )


def test_customers_stand_where_they_got_furthest():
    assert [STEPS[code] for code in told()] == [step for *_, step in CUSTOMERS]


@pytest.mark.parametrize(
    ("name", "reached", "at"),
    [
        ("five_stages", [12, 10, 9, 6, 2], [2, 1, 3, 4, 2]),
        ("aida", [12, 10, 9, 6, 2, 1], [2, 1, 3, 4, 1, 1]),
        ("seven_stages", [12, 10, 9, 7, 6, 2, 1], [2, 1, 2, 1, 4, 1, 1]),
    ],
)
def test_stages_of_each_funnel_are_counted(name, reached, at):
    found = funnel(told(), name)
    assert [one.name for one in found] == list(FUNNELS[name])
    assert [one.reached for one in found] == reached
    assert [one.at for one in found] == at


def test_conversion_is_of_the_stage_before():
    found = funnel(told(), "five_stages")
    assert [one.conversion for one in found] == [None, 10 / 12, 0.9, 6 / 9, 2 / 6]
    nobody = funnel(np.empty(0, np.int8), "aida")
    assert [one.conversion for one in nobody] == [None] * 6
    json.dumps([one.to_dict() for one in found], allow_nan=False)


@given(
    st.lists(
        st.tuples(st.sampled_from(STATES), st.integers(0, 3), st.booleans(), st.none()), max_size=40
    )
)
def test_counts_fall_along_every_funnel_and_sum_to_the_customers(customers):
    step = told(customers)
    for name in FUNNELS:
        found = funnel(step, name)
        reached = [one.reached for one in found]
        assert reached == sorted(reached, reverse=True)
        assert reached[0] == sum(one.at for one in found) == len(customers)


def test_every_funnel_begins_with_everybody_and_keeps_the_order_of_the_steps():
    for stages in FUNNELS.values():
        steps = [STEPS.index(first) for first in stages.values()]
        assert steps[0] == 0
        assert steps == sorted(set(steps))
    assert set(STEPS) < set(DEFINITIONS)


def test_an_unknown_funnel_and_lists_of_other_lengths_are_refused():
    with pytest.raises(DataError, match="name one of five_stages, aida, seven_stages"):
        funnel(told(), "sales")
    with pytest.raises(DataError, match="2 states, 1 counts of orders and 2 opinions"):
        furthest(np.zeros(2, np.int8), np.zeros(1, np.int64))
