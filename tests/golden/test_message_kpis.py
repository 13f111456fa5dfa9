"""Two hundred messages and what came of them, counted by hand from the marks of `log_messages`.

An order belongs to the mailing of its day or of the six days before, as both orders and mailings
have their hour. These are the orders of each, with what they brought:

mailing      orders                                 revenue
January 5    o03 o04 o05 o06          4000 2000 2000 4000
January 16   o09 o10 o11              5000 4000 1600
January 28   o16 o17                  2000 2000            o15 was cancelled
February 4   o18 o30 o19 o20          2000 1600 2000 1800  o18 and o30 are of one customer
February 12  o22 o23 o24              4000 5000 1600
February 26  o29 o31 o32              1000 2000 2000
March 5      o33 o34 o35 o36          2000 2000 2000 4000
March 18     o40 o41                  2000 2000            o42 was cancelled
April 2      o47 o48                  2000 2000
April 6      o49 o50 o51              2000 2000 5000       o49 lies in the window of April 2 too

Of the replies, those of c01 and c03 belong to January 5, that of c09 to February 26, of c05 to
March 5, of c12 to April 6; the others to no message.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nba.measure.attribution import attribute
from nba.measure.message_kpis import SUMS, MessageFigures, MessageSums
from tests.effort import times
from tests.golden.log_messages import (
    CUSTOMERS,
    event_rows,
    log_history,
    message_rows,
    reply_rows,
)

DIGEST = MessageSums(
    sent=100,
    unconfirmed=2,
    delivered=94,
    delivered_assumed=19,
    bounced=3,
    opened=35,
    opened_all=39,
    clicked=11,
    clicked_all=13,
    useful=17,
    useful_actions=17,
    converted=14,
    clicked_converted=5,
    orders=14,
    revenue=39_600,
    unsubscribed=4,
    complained=1,
)
ACCESSORIES = MessageSums(
    sent=60,
    unconfirmed=0,
    delivered=60,
    delivered_assumed=0,
    bounced=0,
    opened=25,
    opened_all=29,
    clicked=8,
    clicked_all=9,
    useful=11,
    useful_actions=12,
    converted=10,
    clicked_converted=5,
    orders=11,
    revenue=28_000,
    unsubscribed=1,
    complained=1,
)
WIN_BACK = MessageSums(
    sent=40,
    unconfirmed=1,
    delivered=35,
    delivered_assumed=19,
    bounced=1,
    opened=3,
    opened_all=3,
    clicked=2,
    clicked_all=2,
    useful=6,
    useful_actions=6,
    converted=5,
    clicked_converted=1,
    orders=5,
    revenue=9_000,
    unsubscribed=1,
    complained=0,
)
WHOLE = MessageSums(
    sent=200,
    unconfirmed=3,
    delivered=189,
    delivered_assumed=38,
    bounced=4,
    opened=63,
    opened_all=71,
    clicked=21,
    clicked_all=24,
    useful=34,
    useful_actions=35,
    converted=29,
    clicked_converted=11,
    orders=30,
    revenue=76_600,
    unsubscribed=6,
    complained=2,
)
SHOWN = ("sent", "delivered", "opened", "clicked", "useful", "unsubscribed")


def figures_of(history, **how):
    log = history.told.message_log()
    return MessageFigures.of(log, attribute(log, history, **how))


def shown(slices):
    return {key: tuple(getattr(sums, name) for name in SHOWN) for key, sums in slices.items()}


@pytest.fixture(scope="module")
def history():
    return log_history()


@pytest.fixture(scope="module")
def figures(history):
    return figures_of(history)


def test_the_whole_log_is_as_counted(figures):
    assert figures.total() == WHOLE


def test_every_message_is_as_counted(figures):
    assert figures.by_message() == {
        "accessories": ACCESSORIES,
        "digest": DIGEST,
        "win-back": WIN_BACK,
    }


def test_rates_are_shares_of_what_was_delivered(figures):
    told = figures.by_message()["digest"].to_dict()
    assert told["delivery_rate"] == 0.94
    assert told["open_rate"] == 35 / 94
    assert told["click_rate"] == 11 / 94
    assert told["useful_per_message"] == 17 / 94
    assert told["unsubscribed_per_message"] == 4 / 94
    assert told["conversion"] == 14 / 94
    assert told["click_conversion"] == 5 / 11
    assert told["revenue_per_message"] == 39_600 / 94


def test_every_variant_is_as_counted(figures):
    assert shown(figures.by_arm()) == {
        "A": (50, 45, 18, 7, 8, 1),
        "B": (50, 49, 17, 4, 9, 3),
        None: (100, 95, 28, 10, 17, 2),
    }


def test_every_channel_is_as_counted(figures):
    assert shown(figures.by_channel()) == {
        "email": (140, 135, 57, 17, 26, 4),
        "sms": (40, 38, 5, 3, 4, 2),
        "push": (20, 16, 1, 1, 4, 0),
    }
    assert [sums.revenue for sums in figures.by_channel().values()] == [63_600, 8_000, 5_000]


def test_every_month_is_as_counted(figures):
    assert shown(figures.by_month()) == {
        "2026-01": (60, 56, 22, 8, 10, 2),
        "2026-02": (60, 55, 18, 6, 11, 1),
        "2026-03": (40, 39, 13, 4, 7, 1),
        "2026-04": (40, 39, 10, 3, 6, 2),
    }


def test_every_week_is_as_counted(figures):
    orders = {week: (sums.orders, sums.revenue) for week, sums in figures.by_week().items()}
    assert orders == {
        "2026-W02": (4, 12_000),
        "2026-W03": (3, 10_600),
        "2026-W05": (2, 4_000),
        "2026-W06": (4, 7_400),
        "2026-W07": (3, 10_600),
        "2026-W09": (3, 5_000),
        "2026-W10": (4, 10_000),
        "2026-W12": (2, 4_000),
        "2026-W14": (2, 4_000),
        "2026-W15": (3, 9_000),
    }


def test_every_segment_is_as_counted(figures):
    segments = {one: "early" if one <= "c10" else "late" for one in CUSTOMERS if one != "c20"}
    assert shown(figures.by_segment(segments)) == {
        "early": (100, 95, 36, 15, 22, 1),
        "late": (90, 86, 22, 5, 11, 2),
        None: (10, 8, 5, 1, 1, 3),
    }


def test_every_level_is_as_counted(figures):
    kinds = {"digest": "broadcast", "win-back": "segment", "accessories": "personal"}
    assert figures.by_level(kinds) == {
        "broadcast": DIGEST,
        "segment": WIN_BACK,
        "personal": ACCESSORIES,
    }


def test_decisions_join_to_the_orders_after_them(history):
    log = history.told.message_log()
    rows = attribute(log, history).to_rows(log)
    assert len(rows) == 30
    assert sum(row["revenue"] for row in rows) == 76_600
    by_order = {row["order_id"]: row["decision_id"] for row in rows}
    assert by_order["o03"] == "d01-03"
    assert by_order["o18"] == by_order["o30"] == "d04-03"
    assert by_order["o48"] == "d09-11"
    assert by_order["o49"] == "d10-17"
    # Cancelled, returned, a test, a guest's, and two that came after every window.
    assert not {"o15", "o27", "o28", "o39", "o21", "o46"} & set(by_order)


def test_a_survey_is_useful_where_the_shop_calls_it_so(history):
    found = figures_of(history, useful=("survey",)).total()
    # The survey of c06, and the two that are reported as useful.
    assert (found.useful_actions, found.useful) == (1, 3)
    assert (found.orders, found.revenue, found.converted) == (30, 76_600, 29)


def test_in_a_window_of_two_days_fewer_actions_come_of_a_message(history):
    found = figures_of(history, window_days=2).total()
    # o03 and o33 on the day; o09, o18, o30, o22, o29, o40, o47 and o49 on the next.
    assert (found.orders, found.revenue) == (10, 25_600)
    # And the reviews of c01 and c05.
    assert found.useful_actions == 12


@settings(max_examples=times(3, 200), deadline=None)
@given(draw=st.randoms(use_true_random=False))
def test_duplicates_and_late_events_change_nothing(figures, draw):
    tables = []
    for rows in (message_rows(), event_rows(), reply_rows()):
        again = rows + draw.choices(rows, k=len(rows) // 2)
        draw.shuffle(again)
        tables.append(again)
    found = figures_of(log_history(*tables))
    assert found.log == figures.log
    assert all(np.array_equal(found.figures[name], figures.figures[name]) for name in SUMS)
