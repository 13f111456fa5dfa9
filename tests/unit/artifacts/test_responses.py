"""How a log's sums are held against the playbook's priors."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from nba.artifacts.arrays import pack, unpack
from nba.artifacts.responses import (
    DAY_BANDS,
    HOURS,
    LEAST_ADDED,
    LOAD_BANDS,
    MOST_ADDED,
    Responses,
    day_band,
    load_band,
)
from nba.artifacts.rhythm import STATES
from nba.vocabulary import CHANNELS, MESSAGE_WORDS

EVERY = np.arange(len(MESSAGE_WORDS))
DIGEST = MESSAGE_WORDS.index("digest")


def test_without_a_log_every_prior_stands():
    none = Responses.none()
    prior = np.linspace(0.01, 0.9, len(EVERY))
    table = none.response(EVERY, prior, np.full(len(EVERY), 50.0))
    assert table == pytest.approx(np.tile(prior[:, None, None], (1, len(STATES), DAY_BANDS)))
    assert none.unsubscribe_risk(EVERY, prior / 100) == pytest.approx(prior / 100)
    assert none.value_share(EVERY, prior) == pytest.approx(np.stack([prior, prior], axis=1))
    assert none.incremental(EVERY).tolist() == [1.0] * len(EVERY)
    assert none.channel_factor().tolist() == [1.0] * len(CHANNELS)
    assert none.load_factor().tolist() == [1.0] * LOAD_BANDS
    assert [one.tolist() for one in none.risk_factors()] == [[1.0] * 4, [1.0] * LOAD_BANDS]
    assert none.hour_rates().tolist() == [0.0] * HOURS
    nobody = np.zeros((2, len(CHANNELS)), np.int64)
    assert none.customer_factor(nobody, nobody).tolist() == np.ones((2, 4)).tolist()


def test_it_is_the_same_after_packing():
    none = Responses.none()
    packed = pack("responses", none)
    again = unpack(Responses, "responses", packed)
    for name, array in pack("responses", again).items():
        assert array.dtype == packed[name].dtype
        assert array.tolist() == packed[name].tolist()


def counted(sent: int, useful: int, state: int = 1, band: int = 0) -> Responses:
    none = Responses.none()
    counts, hits = none.sent.copy(), none.useful.copy()
    counts[DIGEST, state, band], hits[DIGEST, state, band] = sent, useful
    return replace(none, sent=counts, reached=counts.astype(np.float64), useful=hits)


def test_a_rate_by_hand():
    found = counted(100, 30)
    table = found.response(np.array([DIGEST]), np.array([0.1]), np.array([100.0]))[0]
    rate = (100 * 0.1 + 30) / 200
    assert table[0, 0] == pytest.approx(rate)
    assert table[1, 0] == pytest.approx(rate * (10 + 30) / (10 + rate * 100))


def test_with_more_and_more_messages_a_cell_is_what_was_seen():
    for sent in (10_000, 1_000_000):
        found = counted(sent, sent // 10)
        table = found.response(np.array([DIGEST]), np.array([0.9]), np.array([10.0]))[0]
        assert table[1, 0] == pytest.approx(0.1, rel=100 / sent)


def test_a_probability_stays_one():
    found = counted(100_000, 100_000)
    table = found.response(np.array([DIGEST]), np.array([0.9]), np.array([1.0]))
    assert table.max() <= 1


def tried(uplift: float, error: float) -> float:
    none = Responses.none()
    one = np.zeros(len(EVERY))
    one[DIGEST] = 1.0
    found = replace(
        none,
        controls=one.astype(np.int64) * 100,
        uplift=one * uplift,
        uplift_variance=one * error**2,
        assumed=one * 0.2,
    )
    assert found.incremental(np.array([DIGEST + 1]))[0] == 1.0
    return float(found.incremental(np.array([DIGEST]))[0])


def test_what_is_added_lies_between_what_was_measured_and_all_answers():
    assert tried(0.1, 1e-6) == pytest.approx(0.5)
    assert tried(0.1, 0.1) == pytest.approx((1.0 * 0.25 + 0.5 * 0.25) / 0.5)
    assert tried(0.1, 1e3) == pytest.approx(1.0)
    assert tried(-5.0, 0.01) == LEAST_ADDED
    assert tried(50.0, 0.01) == MOST_ADDED


def test_bands_begin_where_they_say():
    days = np.array([np.nan, -1.0, 0.0, 1.99, 2.0, 7.0, 8.0, 90.9, 91.0, 5000.0])
    assert day_band(days).tolist() == [0, 0, 1, 1, 2, 3, 4, 6, 7, 7]
    assert load_band(np.array([0.0, 0.02, 1.0, 100.0])).tolist() == [0, 1, 3, LOAD_BANDS - 1]


def test_hour_rates_count_what_was_sent_not_only_what_was_clicked():
    sent, answered = np.zeros(HOURS, np.int64), np.zeros(HOURS, np.int64)
    sent[[9, 20]], answered[[9, 20]] = (10_000, 100), (300, 20)
    rates = replace(Responses.none(), hour_sent=sent, hour_answered=answered).hour_rates()
    assert rates.argmax() == 20
    assert rates[3] == pytest.approx(320 / 10_100)
