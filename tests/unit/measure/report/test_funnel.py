from __future__ import annotations

import numpy as np
import pytest

from nba.measure.funnels import STEPS
from nba.measure.report import theme
from nba.measure.report.pictures import customer_funnel, funnel
from tests.golden.log_messages import log_history
from tests.unit.measure.report.sources import source_of


@pytest.fixture(scope="module")
def source():
    return source_of(log_history())


def test_steps_of_the_messages_are_those_of_their_figures(source):
    steps = {one["step"]: one for one in funnel.rows(source)}
    total = source.message_figures.total()
    assert list(steps) == list(funnel.STEPS)
    for step in ("sent", "delivered", "opened", "clicked"):
        assert steps[step]["all"] == steps[step]["through"] == getattr(total, step)
    assert steps["kept"]["all"] == total.converted
    assert steps["kept"]["through"] == total.clicked_converted
    assert steps["clicked"]["of_before"] == total.clicked / total.delivered
    assert steps["clicked"]["of_sent"] == total.clicked / total.sent


def test_an_order_that_was_cancelled_was_placed_all_the_same(source):
    # Order by order, over every message: no sorting, no search.
    log, rows = source.message_log, source.history.rows
    kept = set(source.attribution.actions.order[source.attribution.message >= 0].tolist())
    placed, lost = set(), 0
    for order, (code, at) in enumerate(zip(rows.customer.tolist(), rows.ordered_at, strict=True)):
        if code >= len(rows.customer_ids) or rows.is_test[order]:
            continue
        name = rows.customer_ids[code]
        ours = [
            (left_at, row)
            for row, left_at in enumerate(log.left_at)
            if log.customer_ids[int(log.customer[row])] == name
            and np.timedelta64(0) < at - left_at <= np.timedelta64(7, "D")
        ]
        if ours:
            placed.add(max(ours)[1])
            lost += order not in kept
    steps = {one["step"]: one for one in funnel.rows(source)}
    assert lost > 0
    assert steps["ordered"]["all"] == len(placed)
    clicked = np.flatnonzero(~np.isnat(log.clicked_at)).tolist()
    assert steps["ordered"]["through"] == len(placed & set(clicked))


def test_the_picture_of_messages_says_what_it_shows(source):
    picture = funnel.draw(source)
    assert picture.reading.startswith("Of 200 messages sent, ")
    assert "within 7 days" in picture.reading
    assert "are taken to be, as their channel tells none" in picture.reading
    assert theme.svg(picture).count("<title>") >= len(funnel.STEPS)


def test_the_five_stages_are_a_hand_count():
    step = np.array(
        [STEPS.index(one) for one in ("met", "carting", "ordered", "returning")], np.int8
    )
    assert [
        (one["stage"], one["reached"], one["at"], one["of_before"], one["of_all"])
        for one in customer_funnel.rows(step)
    ] == [
        ("awareness", 4, 1, None, None),
        ("interest", 3, 0, 3 / 4, 3 / 4),
        ("consideration", 3, 1, 1.0, 3 / 4),
        ("purchase", 2, 1, 2 / 3, 1 / 2),
        ("loyalty", 1, 1, 1 / 2, 1 / 4),
    ]


def test_the_picture_of_customers_names_where_most_are_left_behind(tmp_path):
    orders = [("o1", "ann", 0, ["tea"]), ("o2", "ann", 3, ["tea"]), ("o3", "bob", 4, ["kettle"])]
    picture = customer_funnel.draw(source_of(orders, path=tmp_path))
    assert picture.reading.startswith("Of 2 customers known, 2 (100")
    assert "Most are left behind between “ordered” and “came back or told others”: 50" in (
        picture.reading
    )
    assert "Loyalty: came back or told others: 1" in theme.svg(picture)


@pytest.mark.parametrize("orders", [(), [("o1", None, 0, ["tea"])]], ids=["none", "a guest"])
def test_without_messages_or_customers_there_is_no_picture(orders, tmp_path):
    empty = source_of(orders, path=tmp_path)
    for picture in (funnel.draw(empty), customer_funnel.draw(empty)):
        assert picture.chart is None
        assert picture.reading.endswith(".")
