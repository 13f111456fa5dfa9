"""What messages are worth: today's priors, what a log changes, and what a shop wants."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest

from nba.artifacts.responses import Responses
from nba.artifacts.rhythm import STATES
from nba.decide.playbook import Playbook
from nba.decide.value import MOST_LIKELY, NO_CHANNEL, UNFOUNDED, Prices, Pricing
from nba.decide.worth import Worths
from nba.domain import rounded, significant
from nba.vocabulary import CHANNELS, MESSAGE_WORDS

EMAIL, SMS, PUSH, CALL = range(len(CHANNELS))
ACTIVE, LOST = STATES.index("active"), STATES.index("lost")


def message(name: str, **changes: Any) -> dict[str, Any]:
    return {
        "id": name,
        "tier": 5,
        "stage": ["client"],
        "kind": "personal",
        "channels": ["email"],
        "trigger": {"on": "week", "within": "7d"},
        "value_share": 1.0,
        "response": 0.1,
        "unsubscribe_risk": 0.001,
        "cost": 0.0,
        "why": "{days} ago",
    } | changes


def playbook(*messages: dict[str, Any], **changes: Any) -> Playbook:
    return Playbook.model_validate({"id": "test", "message": list(messages)} | changes)


def worths(count: int = 1, **changes: Any) -> Worths:
    """Customers whose mean order brings 300 of 1000, who bring 3000 a year in ten orders."""
    every = np.ones(count)
    given: dict[str, Any] = {
        "margin": 0.3,
        "profit": 300 * every,
        "revenue": 1000 * every,
        "yearly": 3000 * every,
        "orders": 10 * every,
        "state": np.full(count, ACTIVE, np.int8),
        "response": np.ones((count, len(CHANNELS))),
        "risk": every,
    }
    return Worths(**(given | {name: np.asarray(one) for name, one in changes.items()}))


def priced(
    told: Playbook, customers: Worths | None = None, log: Responses | None = None, **given: Any
) -> Prices:
    """Price every message of a playbook for every customer, reachable everywhere."""
    customers = customers or worths()
    people, messages = len(customers.profit), len(told.message)
    rows: dict[str, Any] = {
        "customer": np.repeat(np.arange(people), messages),
        "message": np.tile(np.arange(messages), people),
        "days": np.full(people * messages, np.nan),
        "allowed": np.ones((people * messages, len(CHANNELS)), np.bool_),
    }
    return Pricing.of(told, Responses.none() if log is None else log).price(
        customers, **(rows | given)
    )


def test_without_a_log_the_parts_are_those_of_the_playbook():
    told = playbook(message("digest", cost=2.0, lever=1.5), channels={"email": 1.0})
    score = priced(told).score(0)
    assert score.to_dict() == {
        "response": 0.1,
        "value": 300.0,
        "cost": 30.0,  # three minor units a message, ten messages an action
        "context": 1.0,
        "lever": 1.5,
        "unsubscribe_risk": 0.001,
        "remaining_lifetime_value": 60.0,
        "expected": significant(0.1 * (300 - 30) * 1.5 - 0.001 * 60),
    }


def test_the_sum_recomputes_from_parts_of_nine_digits():
    chance = np.random.default_rng(1)
    count = 500
    customers = worths(
        count,
        profit=chance.random(count) * 1e5,
        yearly=chance.random(count) * 1e6,
        response=chance.random((count, 4)) * 2,
        risk=chance.random(count) * 3,
    )
    told = playbook(message("digest", cost=0.3), message("refill", response=0.3, lever=0.7))
    prices = priced(told, customers)
    for row in range(2 * count):
        score = prices.score(row)
        assert all(value == significant(value) for value in score.to_dict().values())
        gain = score.response * (score.value - score.cost) * score.context * score.lever
        loss = score.unsubscribe_risk * score.remaining_lifetime_value
        assert score.expected == pytest.approx(gain - loss, rel=1e-8)


def test_a_row_is_the_same_alone_and_among_many():
    chance = np.random.default_rng(2)
    count = 40_000  # more than one chunk
    customers = worths(
        50,
        profit=chance.random(50) * 1e4,
        state=chance.integers(0, 4, 50).astype(np.int8),
        response=chance.random((50, 4)) + 0.5,
        risk=chance.random(50) + 0.5,
    )
    told = playbook(
        message("digest", channels=["email", "push"], cost=0.2),
        message("refill", channels=["sms", "email"], response=0.2),
        channels={"sms": 5.0},
    )
    rows: dict[str, Any] = {
        "customer": np.sort(chance.integers(0, 50, count)),
        "message": chance.integers(0, 2, count).astype(np.int16),
        "days": np.where(chance.random(count) < 0.5, np.nan, chance.random(count) * 100),
        "allowed": chance.random((count, 4)) < 0.6,
        "strength": chance.random(count),
        "context": chance.random(count),
    }
    pricing = Pricing.of(told, Responses.none())
    many = pricing.price(customers, **rows)
    for row in (0, 1, 32_767, 32_768, count - 1):
        alone = pricing.price(customers, **{name: one[row : row + 1] for name, one in rows.items()})
        for field in fields(Prices):
            assert getattr(alone, field.name)[0] == getattr(many, field.name)[row], field.name


def test_the_channel_of_the_greatest_value_is_taken_and_of_equals_the_first():
    told = playbook(message("digest", channels=["push", "email", "sms"]), channels={"sms": 4.0})
    assert priced(told).channel.tolist() == [PUSH]
    liked = worths(response=[[1.5, 1.0, 1.0, 9.0]])
    assert priced(told, liked).channel.tolist() == [EMAIL]
    worth_it = worths(response=[[1.5, 1.9, 1.0, 9.0]])  # 45 by e-mail, 57 less 4 by sms
    assert priced(told, worth_it).channel.tolist() == [SMS]
    assert priced(told, worth_it).cost.tolist() == [significant(4 / 0.19)]
    no_sms = np.array([[True, False, True, True]])
    assert priced(told, worth_it, allowed=no_sms).channel.tolist() == [EMAIL]
    nothing = np.zeros((1, 4), np.bool_)
    assert priced(told, worth_it, allowed=nothing).channel.tolist() == [NO_CHANNEL]
    assert priced(told, worth_it, allowed=nothing).response.tolist() == [0.1]


def test_a_channel_that_the_message_lacks_is_never_taken():
    told = playbook(message("digest"), message("refill", channels=["email", "sms"]))
    only_call = np.tile([False, False, False, True], (2, 1))
    assert priced(told, allowed=only_call).channel.tolist() == [NO_CHANNEL, NO_CHANNEL]


def test_products_without_evidence_are_answered_less_and_no_answer_is_certain():
    told = playbook(message("digest"))
    assert priced(told, strength=np.array([0.0])).response.tolist() == [0.1 * UNFOUNDED]
    assert priced(told, strength=np.array([1.0])).response.tolist() == [0.1]
    keen = worths(response=np.full((1, 4), 50.0))
    assert priced(told, keen).response.tolist() == [MOST_LIKELY]


OBJECTIVES = {
    # Of a dear message that is seldom answered, one with a gift, and one that asks for a rating.
    "profit": "replacement",
    "revenue": "regulars-offer",
    "repeat_rate": "regulars-offer",
    "lifetime_value": "service-rating",
    "response": "service-rating",
}


@pytest.mark.parametrize(("objective", "first"), OBJECTIVES.items())
def test_what_the_shop_wants_decides_what_comes_first(objective, first):
    told = playbook(
        message("replacement", response=0.1, value_share=1.0),
        message("regulars-offer", response=0.13, discount=0.2),
        message("service-rating", response=0.2, value_share=0.2),
        objective=objective,
        message_share=0.1,
    )
    prices = priced(told)
    best = told.message[int(prices.expected.argmax())].id
    assert best == first
    for row in range(3):
        score = prices.score(row)
        gain = score.response * (score.value - score.cost)
        loss = score.unsubscribe_risk * score.remaining_lifetime_value
        assert score.expected == pytest.approx(gain - loss)


def test_what_is_wanted_is_counted_in_its_own_unit():
    def of(objective: str) -> Prices:
        return priced(playbook(message("digest", cost=1.0, discount=0.1), objective=objective))

    assert of("profit").value.tolist() == [200.0]
    assert of("revenue").value.tolist() == [900.0]
    assert of("revenue").remaining_lifetime_value.tolist() == [200.0]
    assert of("lifetime_value").value.tolist() == [260.0]
    assert (of("repeat_rate").value.tolist(), of("repeat_rate").cost.tolist()) == ([1.0], [0.0])
    assert of("repeat_rate").remaining_lifetime_value.tolist() == [0.2]
    assert of("response").expected.tolist() == [0.1]


def test_a_useful_action_buys_what_is_shown_where_its_price_is_known():
    told = playbook(message("digest", value_share=0.5, discount=0.1))
    shown = priced(told, worths(2), shown=np.array([np.nan, 200.0]))
    assert shown.value.tolist() == [0.5 * (300 - 100), 0.5 * (60 - 20)]
    log = replace(
        Responses.none(),
        actions=np.tile([0, 10_000], (len(MESSAGE_WORDS), 1)),
        gain=np.tile([0.0, 8_000.0], (len(MESSAGE_WORDS), 1)),
    )
    moved = priced(told, worths(2), log, shown=np.array([np.nan, 200.0]))
    assert moved.value[0] == shown.value[0], "what was learned of products says nothing of orders"
    assert moved.value[1] == pytest.approx(0.8 * 40, rel=0.01)


@pytest.mark.parametrize(
    ("objective", "value"),
    [
        ("profit", 60),
        ("revenue", 200),
        ("lifetime_value", 120),
        ("repeat_rate", 1),
        ("response", 1),
    ],
)
def test_what_is_shown_is_counted_as_what_the_shop_wants(objective, value):
    told = playbook(message("digest"), objective=objective)
    assert priced(told, shown=np.array([200.0])).value.tolist() == [value]


@pytest.mark.parametrize("objective", ["profit", "revenue", "lifetime_value"])
def test_ten_times_the_prices_are_ten_times_the_expected_value(objective):
    told = playbook(message("digest", discount=0.05), message("refill"), objective=objective)
    shown = np.array([200.0, np.nan])
    dear = worths(profit=[3000.0], revenue=[10_000.0], yearly=[30_000.0])
    small, great = priced(told, shown=shown), priced(told, dear, shown=10 * shown)
    assert great.expected == pytest.approx(10 * small.expected, rel=1e-8)


def test_an_unsubscribe_costs_what_the_customer_would_still_bring():
    told = playbook(message("digest", response=0.001, unsubscribe_risk=0.01))
    poor, rich = worths(), worths(yearly=[300_000.0])
    assert priced(told, poor).expected[0] == pytest.approx(0.001 * 300 - 0.01 * 60)
    assert priced(told, rich).expected[0] < priced(told, poor).expected[0] < 0
    tired = worths(risk=[5.0])
    assert priced(told, tired).unsubscribe_risk.tolist() == [0.05]
    assert priced(told, worths(risk=[1e6])).unsubscribe_risk.tolist() == [1.0]


def test_a_log_moves_what_it_speaks_of():
    code = MESSAGE_WORDS.index("digest")
    none = Responses.none()
    sent, useful, left = none.sent.copy(), none.useful.copy(), none.left.copy()
    sent[code, ACTIVE, 0], useful[code, ACTIVE, 0], left[code] = 10_000, 200, 50
    log = replace(none, sent=sent, reached=sent.astype(float), useful=useful, left=left)
    told = playbook(message("digest"), message("refill"))
    prices = priced(told, worths(2, state=np.array([ACTIVE, LOST], np.int8)), log)
    digest, refill, digest_lost, refill_lost = prices.response.tolist()
    assert digest == pytest.approx(0.02, abs=0.002)
    assert digest_lost == pytest.approx(0.0216, abs=0.001)
    assert (refill, refill_lost) == (0.1, 0.1)
    assert prices.unsubscribe_risk[0] == pytest.approx(0.005, abs=0.0005)


def test_what_would_have_been_done_anyway_is_no_response():
    code = MESSAGE_WORDS.index("digest")
    one = np.zeros(len(MESSAGE_WORDS))
    one[code] = 1
    log = replace(
        Responses.none(),
        controls=one.astype(np.int64),
        uplift=one * 0.0,
        uplift_variance=one * 1e-9,
        assumed=one * 0.1,
    )
    digest, refill = priced(playbook(message("digest"), message("refill")), log=log).response
    assert 0 < digest < 0.001
    assert refill == 0.1


def test_rounding_is_that_of_one_number():
    chance = np.random.default_rng(3)
    values = chance.lognormal(0, 8, 20_000) * chance.choice([-1.0, 1.0], 20_000)
    odd = [0.0, 1.0, 10.0, 1e9, 999_999_999.5, 123_456_789_012.0, -1e-9, 1e-300, 1e300]
    values = np.append(values, odd)
    assert rounded(values).tolist() == [significant(value) for value in values.tolist()]
    assert rounded(np.abs(values[:9]) % 1e6).tolist() == [
        significant(abs(value) % 1e6) for value in values[:9].tolist()
    ]
