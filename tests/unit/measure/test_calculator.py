from __future__ import annotations

import math

import pytest

from nba.errors import DataError
from nba.measure.calculator import DEFINITIONS, estimate


def test_the_founding_example_is_multiplied_out():
    found = estimate(visits_a_day=5000, conversion=0.01, profit_an_order=20)
    assert found.orders_a_month == 1500
    assert found.more_orders == pytest.approx((135, 225))
    assert found.more_profit == pytest.approx((2700, 4500))
    assert found.arithmetic == (
        "5,000 visits a day x 30 days = 150,000 visits a month",
        "150,000 visits x 1 % = 1,500 orders a month",
        "1,500 orders x 9 % to 15 % = 135 to 225 more orders",
        "135 to 225 orders x 20 profit an order = 2,700 to 4,500 more profit a month",
    )


def test_own_figures_are_multiplied_out_with_fractions():
    found = estimate(
        visits_a_day=33.5, conversion=0.025, profit_an_order=12.4, growth=(-0.02, 0.1), days=10
    )
    assert found.arithmetic[1] == "335 visits x 2.5 % = 8.38 orders a month"
    assert found.more_profit == pytest.approx((-2.077, 10.385))
    assert set(found.to_dict()) == {*DEFINITIONS, "arithmetic"}


def test_thousands_and_hundreds_keep_their_zeros():
    found = estimate(visits_a_day=100, conversion=1, profit_an_order=10, growth=(1, 1), days=1)
    assert found.arithmetic[0] == "100 visits a day x 1 days = 100 visits a month"


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"conversion": 1.5}, "write 1 % as 0.01"),
        ({"conversion": -0.1}, "write 1 % as 0.01"),
        ({"visits_a_day": -1}, "positive"),
        ({"days": 0}, "positive"),
        ({"growth": (0.2, 0.1)}, "smaller share first"),
        ({"profit_an_order": math.nan}, "no number"),
        ({"visits_a_day": math.inf}, "no number"),
    ],
)
def test_figures_that_cannot_be_are_refused(wrong, said):
    with pytest.raises(DataError, match=said):
        estimate(**({"visits_a_day": 1, "conversion": 0.1, "profit_an_order": 1} | wrong))
