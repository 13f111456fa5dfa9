"""What a message log teaches: planted rates, fatigue and habits are found, and no others."""

from __future__ import annotations

import numpy as np
import pytest

from nba.artifacts.responses import DAY_BANDS, DAY_EDGES, LOAD_BANDS, Responses
from nba.artifacts.rhythm import STATES
from nba.learn.responding.shrinkage import held, spread, strength
from nba.vocabulary import CHANNELS, MESSAGE_WORDS
from tests.logs import Said, learned
from tests.segmented import profiles

UNKNOWN = 0


def word(name: str) -> np.ndarray:
    return np.array([MESSAGE_WORDS.index(name)])


def rate(found: Responses, name: str, prior: float = 0.05, weight: float = 200.0) -> np.ndarray:
    return found.response(word(name), np.array([prior]), np.array([weight]))[0]


def risk(found: Responses, name: str, prior: float = 0.001) -> float:
    return float(found.unsubscribe_risk(word(name), np.array([prior]))[0])


def letters(count: int, name: str, useful: float, left: float = 0.0, seed: int = 0) -> list[Said]:
    """Send one message each to so many customers."""
    chance = np.random.default_rng([seed, MESSAGE_WORDS.index(name)])
    return [
        Said(
            f"{name}-{number:05}",
            name,
            float(at := number % 300),
            useful=at + 1 if chance.random() < useful else None,
            left=at + 1 if chance.random() < left else None,
        )
        for number in range(count)
    ]


def test_an_empty_log_teaches_nothing():
    found, none = learned([]), Responses.none()
    assert rate(found, "digest").tolist() == np.full((len(STATES), DAY_BANDS), 0.05).tolist()
    assert risk(found, "digest") == 0.001
    assert found.added.tolist() == none.added.tolist()
    assert len(found) == 0


def test_planted_rates_are_found_whatever_the_prior_was():
    log = letters(6000, "digest", 0.02, 0.004) + letters(6000, "refill", 0.12)
    found = learned(log)
    assert rate(found, "digest")[UNKNOWN, 0] == pytest.approx(0.02, abs=0.006)
    assert rate(found, "refill")[UNKNOWN, 0] == pytest.approx(0.12, abs=0.015)
    assert risk(found, "digest", 0.0005) == pytest.approx(0.004, abs=0.002)
    assert risk(found, "refill", 0.0005) < 0.0015


def test_few_messages_leave_the_rate_near_the_prior_and_never_at_zero():
    found = learned(letters(20, "digest", 0.0))
    assert 0.04 < rate(found, "digest")[UNKNOWN, 0] < 0.05
    assert 0.0005 < risk(found, "digest") < 0.001
    assert rate(found, "refill")[UNKNOWN, 0] == 0.05


def test_one_early_unsubscribe_is_no_rate_of_one_in_ten():
    log = letters(10, "digest", 0.0)
    log[0] = Said("digest-00000", "digest", 0.0, left=1.0)
    assert 0.001 < risk(learned(log), "digest") < 0.0016


def test_a_message_says_nothing_before_its_week_is_over_and_a_late_action_is_none():
    log = [Said("ann", "digest", 10), Said("bob", "digest", 10, useful=18)]
    assert len(learned(log, as_of=16)) == 0
    found = learned(log, as_of=18)
    assert (len(found), int(found.useful.sum())) == (2, 0)


def test_where_nobody_reports_useful_actions_a_click_followed_by_an_order_is_one():
    log = [Said("ann", "digest", 10, answered=11), Said("bob", "digest", 10, answered=11)]
    orders = [("o1", "ann", 13, ["tea"]), ("o2", "bob", 10.5, ["tea"]), ("o3", "cat", 1, ["tea"])]
    assert learned(log, orders).useful.sum() == 1
    reported = [*log, Said("cat", "digest", 10, useful=12)]
    assert learned(reported, orders).useful.sum() == 1


def test_days_since_the_delivery_make_a_difference_where_they_do():
    log, arrived, chance = [], {}, np.random.default_rng(3)
    for number in range(6000):
        late = number % 2
        arrived[f"o{number}"] = 100.0
        at = 120.0 if late else 105.0
        hit = chance.random() < (0.03 if late else 0.15)
        log.append(
            Said(
                f"c{number:04}",
                "accessories",
                at,
                useful=at + 1 if hit else None,
                order=f"o{number}",
            )
        )
    found = rate(learned(log, arrived=arrived), "accessories")[UNKNOWN]
    early, late = (int((days >= DAY_EDGES).sum()) for days in (5.0, 20.0))
    assert found[early] == pytest.approx(0.15, abs=0.02)
    assert found[late] == pytest.approx(0.03, abs=0.01)


def test_where_days_make_none_the_cells_are_as_the_message():
    log, arrived, chance = [], {}, np.random.default_rng(4)
    for number in range(3000):
        arrived[f"o{number}"] = 100.0
        at = 100.0 + (number % 40)
        hit = chance.random() < 0.1
        log.append(
            Said(
                f"c{number:04}",
                "accessories",
                at,
                useful=at + 1 if hit else None,
                order=f"o{number}",
            )
        )
    found = rate(learned(log, arrived=arrived), "accessories")[UNKNOWN]
    assert found.min() > 0.08
    assert found.max() < 0.12


def test_fatigue_is_found_from_load():
    chance, log = np.random.default_rng(5), []
    for number in range(3000):
        often = number % 2
        for turn in range(6):
            at = 10 + turn * (2.0 if often else 30.0)
            tired = often and turn > 1
            hit = chance.random() < (0.03 if tired else 0.1)
            gone = chance.random() < (0.02 if tired else 0.004)
            log.append(
                Said(
                    f"c{number:04}",
                    "digest",
                    at,
                    useful=at + 0.5 if hit else None,
                    left=at + 0.5 if gone else None,
                )
            )
    found = learned(log)
    factor, (_, harm) = found.load_factor(), found.risk_factors()
    assert len(factor) == LOAD_BANDS
    assert factor[0] > 1.2
    assert factor[4] < 0.6
    assert harm[0] < 0.7
    assert harm[4] > 1.4


def test_messages_about_orders_tire_nobody():
    log = [Said("ann", "order-status", float(at)) for at in range(10)]
    log.append(Said("ann", "digest", 11.0))
    found = learned([*log, *letters(100, "digest", 0.5)])
    assert found.load_expected[0] == pytest.approx(found.load_expected.sum())


def test_customers_who_answer_more_than_others_are_told_from_chance():
    chance, log = np.random.default_rng(6), []
    for number in range(600):
        keen = 0.3 if number % 3 == 0 else 0.02
        for turn in range(12):
            at = turn * 20.0
            hit = chance.random() < keen
            log.append(Said(f"c{number:04}", "digest", at, answered=at + 1 if hit else None))
    found = learned(log)
    assert found.customer_strength[0] < 2
    sent = np.array([[12, 0, 0, 0], [12, 0, 0, 0], [0, 0, 0, 0]])
    answered = np.array([[4, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]])
    keen, cold, new = found.customer_factor(sent, answered)
    assert keen[0] > 1.8
    assert cold[0] < 0.5
    assert new.tolist() == [1.0] * len(CHANNELS)

    alike = [
        Said(f"c{number:04}", "digest", turn * 20.0, answered=turn * 20.0 + 1)
        if chance.random() < 0.1
        else Said(f"c{number:04}", "digest", turn * 20.0)
        for number in range(600)
        for turn in range(12)
    ]
    assert learned(alike).customer_strength[0] > 10


def test_the_channel_that_a_customer_answers_on_is_better_for_them():
    found = Responses.none()
    sent, answered = np.array([[10, 10, 0, 0]]), np.array([[5, 0, 0, 0]])
    email, sms, push, _ = found.customer_factor(sent, answered)[0]
    assert email > push > sms


def test_the_better_channel_is_found():
    chance, log = np.random.default_rng(7), []
    for number in range(4000):
        channel = "email" if number % 2 else "sms"
        hit = chance.random() < (0.1 if channel == "email" else 0.05)
        log.append(
            Said(f"c{number:04}", "digest", 5.0, useful=6.0 if hit else None, channel=channel)
        )
    email, sms, push, _ = learned(log).channel_factor()
    assert email > 1.2
    assert sms < 0.8
    assert push == 1.0


def test_a_rhythm_is_that_of_the_day_the_message_left():
    orders = [(f"{who}-{n}", f"c{who}", 10.0 * n, ["tea"]) for who in range(40) for n in range(20)]
    log = [Said("c0", "digest", 195.0), Said("c1", "digest", 420.0), Said("c2", "digest", -50.0)]
    later = [("again", "c1", 500.0, ["tea"]), ("later", "c2", 600.0, ["tea"])]
    for told in (orders, [*orders, *later]):
        states = learned(log, told).sent.sum(axis=(0, 2))
        assert states.tolist() == [1, 1, 0, 1]


def test_whom_a_message_reached_is_told_by_who_had_not_left():
    orders = [(f"{who}-{n}", f"c{who}", 10.0 * n, ["tea"]) for who in range(40) for n in range(20)]
    log = [Said("c0", "digest", 195.0), Said("c1", "digest", 900.0), Said("new", "digest", 900.0)]
    found = learned(log, orders)
    by_state = dict(zip(STATES, found.reached.sum(axis=(0, 2)), strict=True))
    assert by_state["active"] > 0.9
    assert by_state["lost"] < 0.1
    assert by_state[STATES[UNKNOWN]] == 1.0


def test_what_an_action_brings_is_what_others_do_not_bring_anyway():
    log, orders, chance = [], [], np.random.default_rng(8)
    for number in range(4000):
        who, name = f"c{number:05}", ("refill", "content")[number % 2]
        acts = chance.random() < 0.2
        log.append(Said(who, name, 10.0, useful=11.0 if acts else None))
        buys = (acts and name == "refill") or chance.random() < 0.1
        orders.append((f"a{number}", who, 0.0, ["tea"]))
        if buys:
            orders.append((f"b{number}", who, 12.0, ["tea"]))
    found = learned(log, orders)
    words = np.array([MESSAGE_WORDS.index("refill"), MESSAGE_WORDS.index("content")])
    share = found.value_share(words, np.array([0.5, 0.5]))
    assert share[:, 1].tolist() == [0.5, 0.5]
    refill, content = share[:, 0]
    assert refill == pytest.approx(0.9, abs=0.07)
    assert content == pytest.approx(0.03, abs=0.06)


def offers(buys: float, *, price: int = 1000, anyway: float = 0.1) -> Responses:
    """Show a cheap and a dear product to 3000 customers, of whom a fifth act."""
    log, orders, chance = [], [], np.random.default_rng(12)
    for number in range(3000):
        who, acts = f"c{number:05}", chance.random() < 0.2
        log.append(Said(who, "refill", 10.0, useful=11.0 if acts else None, shown="dear,cheap"))
        if acts and chance.random() < buys:
            orders.append((f"a{number}", who, 12.0, ["cheap"]))
        if chance.random() < anyway:
            orders.append((f"b{number}", who, 13.0, ["dear"] if number % 100 == 0 else ["tea"]))
    orders.append(("first", "nobody", 0.0, ["cheap", "dear", "tea"]))
    return learned(log, orders, price=price)


def test_what_is_bought_of_the_products_shown_is_told_in_what_one_brings():
    share = offers(0.7).value_share(word("refill"), np.array([1.0]))[0]
    assert share[1] == pytest.approx(0.7, abs=0.05)
    assert share[0] == 1.0, "of messages without products nothing was learned"


def test_who_acts_and_buys_no_more_than_others_brings_nothing():
    found = offers(0.0, anyway=0.5)
    assert found.value_share(word("refill"), np.array([1.0]))[0, 1] == pytest.approx(0.0, abs=0.06)


def test_shares_are_the_same_in_any_currency():
    cents, euros = offers(0.7, price=1000), offers(0.7, price=10)
    assert cents.gain == pytest.approx(euros.gain, rel=1e-9, abs=1e-9)
    assert cents.actions.tolist() == euros.actions.tolist()


def test_who_is_asked_for_an_opinion_buys_nothing_of_what_is_shown():
    log = [Said("ann", "product-review", 10.0, useful=11.0, shown="tea")]
    found = learned(log, [("o1", "ann", 12.0, ["tea"])])
    assert found.actions[word("product-review")[0]].tolist() == [1, 0]


def test_a_product_of_no_known_price_counts_as_none_shown():
    log = [Said("ann", "refill", 10.0, useful=11.0, shown="gone,lost")]
    assert learned(log, [("o1", "ann", 12.0, ["tea"])]).actions[word("refill")[0]].tolist() == [
        1,
        0,
    ]


def test_strength_tells_like_units_from_unlike_ones():
    chance = np.random.default_rng(9)
    expected = np.full(3000, 3.0)
    assert strength(chance.poisson(expected), expected, 5.0) > 50
    unlike = chance.poisson(expected * chance.gamma(2.0, 0.5, 3000))
    assert strength(unlike, expected, 5.0) == pytest.approx(2.0, rel=0.15)
    nothing = np.empty(0)
    assert strength(nothing.astype(np.int64), nothing, 5.0) == pytest.approx(5.0)


def test_spread_tells_differences_from_errors():
    chance = np.random.default_rng(10)
    error = np.full(200, 0.04)
    mean, same = spread(0.8 + chance.normal(0, 0.2, 200), error, centre=1.0, scale=0.5)
    assert mean == pytest.approx(0.8, abs=0.05)
    assert same < 0.01
    apart = 0.8 + chance.normal(0, 0.4, 200) + chance.normal(0, 0.2, 200)
    _, wide = spread(apart, error, centre=1.0, scale=0.5)
    assert wide == pytest.approx(0.16, rel=0.3)
    assert held(np.array([2.0]), np.array([0.0]), 1.0, 0.1).tolist() == [2.0]
    assert held(np.array([2.0]), np.array([0.1]), 1.0, 0.1).tolist() == [pytest.approx(1.5)]


def test_hours_are_the_customers_own_and_counted_by_what_was_sent():
    told = profiles(
        {"customer_id": "ann", "timezone": "Europe/Kyiv"}, {"customer_id": "bob", "timezone": "X"}
    )
    log = [  # noon of UTC; Kyiv is two hours ahead in January, three in July
        *(Said("ann", "digest", float(at), answered=at + 0.1) for at in range(20)),
        *(Said("ann", "digest", float(at)) for at in range(180, 200)),
        *(Said("bob", "digest", float(at)) for at in range(20)),
        Said("cat", "digest", 3.0),
    ]
    found = learned(log, told=told)
    assert np.flatnonzero(found.hour_sent).tolist() == [12, 14, 15]
    assert found.hour_sent[[12, 14, 15]].tolist() == [21, 20, 20]
    rates = found.hour_rates()
    assert rates[14] > rates[3] > rates[15]
    assert rates[3] == pytest.approx(20 / 61)
