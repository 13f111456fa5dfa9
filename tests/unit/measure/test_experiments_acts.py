"""What a hypothesis speaks of, found in what a shop tells."""

from __future__ import annotations

from dataclasses import replace

import pytest

from nba.errors import ConfigError
from nba.measure.experiments.acts import acts_of
from nba.measure.experiments.hypotheses import Hypothesis, Tally, tally
from nba.measure.sales import Sales
from tests.golden.log_messages import told_of
from tests.shops import day, history
from tests.unit.measure.enrolled import decision
from tests.unit.measure.test_visitors import acts

ORDERS = [
    ("o1", "ann", 3, ["tea", "cup"]),
    ("o2", "bob", 1, ["tea"]),
    ("o3", None, 4, ["tea"]),
    ("o4", "cat", 30, ["tea"]),
]


def event(letter, kind, at, *, is_machine=False):
    customer, sent, message = letter
    return {
        "event_id": f"{customer}-{kind}-{at}",
        "message_id": f"{customer}-{float(sent)}-{message}",
        "type": kind,
        "at": day(at),
        "is_machine": is_machine,
    }


ANN, BOB = ("ann", 1, "accessories"), ("bob", 1, "digest")


@pytest.fixture(scope="module")
def told():
    whole = history(ORDERS, as_of=60)
    letters = [decision(who, float(at), message=message) for who, at, message in (ANN, BOB)]
    return replace(
        whole,
        read_events=acts,
        told=told_of(
            messages=[dict(one) for one in letters],
            message_events=[
                event(ANN, "opened", 2),
                event(ANN, "opened", 2.5),
                event(BOB, "opened", 2, is_machine=True),
                event(BOB, "clicked", 2.2),
            ],
            events=[
                {"event_id": "e1", "type": "sign_up", "at": day(5), "customer_id": "dan"},
            ],
        ),
    )


def counted(told, of, do, **fields):
    hypothesis = Hypothesis.model_validate(
        {
            "id": "any",
            "hypothesis": "some of them do",
            "threshold": 0.1,
            "window_days": 7,
            "of": {"act": of} if isinstance(of, str) else of,
            "do": {"act": do} if isinstance(do, str) else do,
            **fields,
        }
    )
    found = acts_of(hypothesis, told, Sales.of(told), told.told.message_log())
    return tally(hypothesis, *found, as_of=told.as_of)


def test_messages_count_by_what_people_did_with_them(told):
    # Ann opened hers, Bob's machine his; Ann bought a day after.
    assert counted(told, "message-opened", "purchase") == Tally(1, 1)
    assert counted(told, "message-opened", {"act": "purchase", "least_amount": 201}) == Tally(1, 0)
    assert counted(told, {"act": "message-opened", "times": 2}, "purchase") == Tally(0, 0)
    assert counted(told, "message-clicked", "purchase") == Tally(1, 0)
    # Bob bought at the instant at which his left, within its window.
    assert counted(told, "message-sent", "purchase") == Tally(2, 2)
    assert counted(told, "digest-sent", "digest-clicked") == Tally(1, 1)
    assert counted(told, "win-back-sent", "purchase") == Tally(0, 0)


def test_orders_of_guests_are_nobodys(told):
    assert counted(told, "purchase", "message-sent") == Tally(3, 1)


def test_events_count_in_sessions_and_what_is_said_to_the_shop_anywhere(told):
    # Ann and Bob laid something in a cart; his order comes at once, hers two days after.
    assert counted(told, "add_to_cart", "purchase") == Tally(2, 2)
    assert counted(told, "sign_up", "purchase") == Tally(1, 0)


def test_an_act_that_nobody_tells_is_refused(told):
    with pytest.raises(ConfigError, match="nobody tells the act 'blog-visit' of the hypothesis"):
        counted(told, "blog-visit", "purchase")
    with pytest.raises(ConfigError, match="'message-burnt'"):
        counted(told, "purchase", "message-burnt")
