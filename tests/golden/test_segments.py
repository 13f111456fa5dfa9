"""Ten customers scored by hand: recency, frequency and money, and the segments they make.

Every order is of products at 100 each; the last fact is noon of day 100.

customer  order days           days since last  order days  revenue
a         100 90 80 70 60                    0           5     1500
b         100 50                             0           2      200
c         95                                 5           1      100
d         95 90 85 80                        5           4      400
e         80                                20           1      900
f         60 10                             40           2      200
g         50                                50           1      100
h         40 30 20 10                       60           4      400
i         20 10 5                           80           3     2000
j         0                                100           1      100

Smaller values of ten, times five over ten, floored, plus one:

            a  b  c  d  e  f  g  h  i  j
recency     5  5  4  4  3  3  2  2  1  1    more days: a 8, b 8, c 6, d 6, e 5, f 4, g 3, ...
frequency   5  3  1  4  1  3  1  4  4  1    fewer days: a 9, b 4, d 7, f 4, h 7, i 6
money       5  2  1  3  4  2  1  3  5  1    less: a 8, b 3, d 5, e 7, f 3, h 5, i 9
"""

from __future__ import annotations

import pytest

from nba.learn.segmenting.rfm import GRID
from tests.segmented import segmented
from tests.shops import Order, shuffled

ORDER_DAYS = {
    "a": [(100, 3), (90, 3), (80, 3), (70, 3), (60, 3)],
    "b": [(100, 1), (50, 1)],
    "c": [(95, 1)],
    "d": [(95, 1), (90, 1), (85, 1), (80, 1)],
    "e": [(80, 9)],
    "f": [(60, 1), (10, 1)],
    "g": [(50, 1)],
    "h": [(40, 1), (30, 1), (20, 1), (10, 1)],
    "i": [(20, 8), (10, 8), (5, 4)],
    "j": [(0, 1)],
}
SHOP: list[Order] = [
    (f"{customer}{day:03}", customer, day, [f"p{one}" for one in range(count)])
    for customer, days in ORDER_DAYS.items()
    for day, count in days
]
SCORES = {
    "a": (5, 5, 5),
    "b": (5, 3, 2),
    "c": (4, 1, 1),
    "d": (4, 4, 3),
    "e": (3, 1, 4),
    "f": (3, 3, 2),
    "g": (2, 1, 1),
    "h": (2, 4, 3),
    "i": (1, 4, 5),
    "j": (1, 1, 1),
}
SEGMENTS = {
    "a": "champions",
    "b": "potential_loyalist",
    "c": "promising",
    "d": "loyal",
    "e": "need_attention",
    "f": "need_attention",
    "g": "hibernating",
    "h": "at_risk",
    "i": "cannot_lose",
    "j": "hibernating",
}


@pytest.fixture(scope="module")
def found():
    return segmented(SHOP)


def test_every_customer_has_the_scores_counted_by_hand(found):
    scores = zip(
        found.recency_score.tolist(),
        found.frequency_score.tolist(),
        found.monetary_score.tolist(),
        strict=True,
    )
    assert dict(zip(found.ids, scores, strict=True)) == SCORES


def test_every_customer_has_the_segment_of_the_grid(found):
    assert {
        customer: found.segments_of(code)[0]["id"] for code, customer in enumerate(found.ids)
    } == SEGMENTS


def test_the_order_of_the_rows_changes_nothing():
    for seed in range(3):
        again = segmented(shuffled(SHOP, seed))
        for customer, scores in SCORES.items():
            code = again.ids.find(customer)
            assert code is not None
            evidence = again.segments_of(code)[0]["evidence"]
            assert tuple(evidence[one] for one in "rfm") == scores


def test_a_segment_shows_the_figures_that_decided_it(found):
    code = found.ids.find("i")
    assert found.segments_of(code)[0] == {
        "id": "cannot_lose",
        "kind": "rfm",
        "label": "Cannot lose them",
        "colour": "#cc0000",
        "icon": "‼",
        "evidence": {
            "r": 1,
            "f": 4,
            "m": 5,
            "days_since_last": 80,
            "order_days": 3,
            "monetary": 2000,
        },
    }


def test_the_grid_names_every_cell():
    assert [len(row) for row in GRID] == [5] * 5
    assert len({name for row in GRID for name in row}) == 10
