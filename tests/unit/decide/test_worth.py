"""What customers are worth, and how they take messages, one row a customer."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest

from nba.artifacts.responses import LOAD_BANDS, Responses
from nba.artifacts.rhythm import STATES
from nba.decide.outlook import Outlook
from nba.decide.playbook import Playbook
from nba.decide.worth import MOST_ORDERS, Worths, load, worths
from nba.facts.fold import Facts, fold
from nba.facts.letters import Letters
from nba.vocabulary import CHANNELS, MESSAGE_WORDS
from tests.shops import Order, day, rows

ORDERS: list[Order] = [
    ("a1", "ann", 0, ["cup", "tea"]),
    ("a2", "ann", 300, ["cup"]),
    ("b1", "bob", 390, ["tea"]),
]
TOLD = Playbook.model_validate(
    {
        "id": "test",
        "default_order_value": 5000,
        "message": [
            {
                "id": name,
                "tier": tier,
                "stage": [stage],
                "kind": kind,
                "channels": ["email"],
                "trigger": {"on": trigger, "within": "2d"},
                "value_share": 1.0,
                "response": 0.1,
                "unsubscribe_risk": 0.001,
                "why": "now",
            }
            for name, tier, kind, trigger, stage in (
                ("digest", 5, "broadcast", "week", "client"),
                ("thank-you", 0, "transactional", "paid", "ordered"),
            )
        ],
    }
)


def facts(*customers: str, orders: list[Order] | None = None) -> Facts:
    told = ORDERS if orders is None else orders
    return fold(rows(told), as_of=day(400), customers=list(customers))


def unknown(count: int) -> Outlook:
    return Outlook(
        np.zeros(count, np.bool_), np.zeros(count, np.int8), np.ones(count), np.zeros(count)
    )


def valued(known: Facts, outlook: Outlook | None = None, log: Responses | None = None) -> Worths:
    outlook = unknown(len(known.customer_ids)) if outlook is None else outlook
    log = Responses.none() if log is None else log
    return worths(known, outlook, TOLD, log, day(400), 0.3)


def letters(*sent: tuple[int, str, float], customers: int) -> Letters:
    """Messages that left: customer, word, day."""
    none = Letters.none(customers)
    ordered = sorted(sent, key=lambda one: (one[0], one[2]))
    owner = np.array([one[0] for one in ordered], np.int64)
    columns = {
        "start": np.searchsorted(owner, np.arange(customers + 1)).astype(np.int64),
        "message": np.array([MESSAGE_WORDS.index(one[1]) for one in ordered], np.int16),
        "at": np.array([day(one[2]) for one in ordered], "datetime64[us]"),
    }
    count = len(ordered)
    blank = {
        "anchor": np.full(count, -1, np.int32),
        "order": np.full(count, -1, np.int32),
        "channel": np.zeros(count, np.int8),
        "answered_at": np.full(count, np.datetime64("NaT", "us")),
    }
    return replace(none, **columns, **blank)


def test_customers_are_worth_their_own_kept_orders():
    found = valued(facts("ann", "bob", "nobody"))
    assert found.revenue.tolist() == [150.0, 100.0, 5000.0]
    assert found.profit.tolist() == pytest.approx([45.0, 30.0, 1500.0])
    assert found.yearly.tolist() == pytest.approx([45.0, 30.0, 0.0])  # a1 is over a year old
    assert found.orders.tolist() == pytest.approx([1.0, 1.0, 0.0])
    assert found.state.tolist() == [STATES.index("active"), STATES.index("active"), 0]


def test_what_the_rhythm_foresees_stands_for_the_last_year():
    outlook = Outlook(
        np.array([True, False]), np.array([3, 0], np.int8), np.ones(2), np.array([900.0, 0.0])
    )
    found = valued(facts("ann", "bob"), outlook)
    assert found.yearly.tolist() == pytest.approx([900.0, 30.0])
    assert found.orders.tolist() == pytest.approx([20.0, 1.0])
    assert found.state.tolist() == [STATES.index("lost"), STATES.index("active")]


def test_a_daily_buyer_is_priced_like_one_of_so_many_orders():
    orders: list[Order] = [(f"o{n:05}", "ann", 100 + n / 10, ["tea"]) for n in range(2900)]
    found = valued(facts("ann", orders=orders))
    assert found.orders.tolist() == pytest.approx([MOST_ORDERS])


def test_the_load_is_the_sum_of_what_earlier_marketing_weighs():
    sent = letters(
        (0, "digest", 400.0),
        (0, "refill", 393.0),  # a word that the playbook lacks is marketing
        (1, "digest", 386.0),
        (1, "thank-you", 399.0),  # of another kind in this playbook
        (1, "order-status", 399.0),
        (3, "digest", 401.0),  # a clock that went back
        customers=4,
    )
    assert load(sent, TOLD, day(400)).tolist() == [1.5, 0.25, 0.0, 1.0]
    assert load(Letters.none(2), TOLD, day(400)).tolist() == [0.0, 0.0]


def test_who_got_much_lately_answers_less_and_leaves_sooner_where_the_log_says_so():
    tired, harm = np.zeros(LOAD_BANDS), np.zeros(len(STATES) + LOAD_BANDS)
    tired[LOAD_BANDS - 2] = 90.0
    harm[-2] = 10.0
    log = replace(
        Responses.none(),
        load_expected=tired,
        risk_left=(3 * harm).astype(np.int64),
        risk_expected=harm,
    )
    known = facts("ann", "bob")
    sent = letters(*((0, "digest", 400.0 - n / 10) for n in range(2)), customers=2)
    found = valued(replace(known, letters=sent), log=log)
    assert found.response[0] == pytest.approx([0.1] * len(CHANNELS))
    assert found.response[1] == pytest.approx([1.0] * len(CHANNELS))
    assert found.risk.tolist() == pytest.approx([2.0, 1.0])


def test_who_answered_more_than_others_is_likelier_to():
    known = facts("ann", "bob")
    width = (2, len(CHANNELS))
    sent, answered = np.zeros(width, np.int32), np.zeros(width, np.int32)
    sent[:, 0], answered[0, 0] = 50, 20
    people = replace(known.people, sent_count=sent, answered_count=answered)
    keen, cold = valued(replace(known, people=people)).response[:, 0]
    assert keen > 2
    assert cold < 1


def test_who_has_left_for_good_does_not_answer():
    known, alive = facts("ann", "bob"), np.array([0.25, 1.0])
    outlook = Outlook(np.ones(2, np.bool_), np.array([3, 1], np.int8), alive, np.ones(2))
    gone, there = valued(known, outlook).response
    assert gone == pytest.approx(0.25 * there)


def test_one_customer_is_worth_the_same_alone_and_among_others():
    orders: list[Order] = [
        (f"o{n:04}", f"c{n * 7 % 40:02}", n / 3, ["tea", "cup"][: 1 + n % 2]) for n in range(1200)
    ]
    names = [f"c{n:02}" for n in range(40)]
    many = valued(facts(*names, orders=orders))
    for row, name in enumerate(names):
        alone = valued(facts(name, orders=orders))
        for column in {field.name for field in fields(Worths)} - {"margin"}:
            mine, among = getattr(alone, column)[0], getattr(many, column)[row]
            assert np.array_equal(mine, among)
