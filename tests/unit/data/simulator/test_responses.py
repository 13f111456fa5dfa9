"""The planted answers: the formulas by hand, fatigue, lost customers, and chance by name."""

from __future__ import annotations

from math import exp, nan
from typing import Any

import numpy as np
import pytest

from nba.data.simulator.responses import (
    Contacts,
    Fatigue,
    Response,
    Responses,
    uniforms,
)
from nba.domain import uniform
from nba.errors import ConfigError, DataError
from nba.vocabulary import MESSAGE_IDS

FATIGUE = Fatigue(half_life_days=10, useful_slope=0.2, unsubscribe_slope=0.5, channel_mismatch=0.5)
PLANTED = Responses(
    [
        Response("accessories", "*", 0.4, 0.1, frozenset({"accessory"}), 0.01, 7, 4),
        Response("accessories", "client/returned", 0.1, 0.1, frozenset({"accessory"}), 0.02, 7, 4),
        Response("digest", "*", 0.05, 0.5, frozenset(), 0.002),
    ],
    FATIGUE,
)


def contacts(
    *messages: str,
    state: str = "client/delivered",
    relevance: float = 1.0,
    days: float = 7,
    load: float = 0.0,
    responsiveness: float = 1.0,
    annoyance: float = 1.0,
    on_best_channel: bool = True,
    lost: bool = False,
) -> Contacts:
    count = len(messages)
    return Contacts(
        np.array([PLANTED.find(one, state) for one in messages]),
        np.full(count, relevance),
        np.full(count, days),
        np.full(count, load),
        np.full(count, responsiveness),
        np.full(count, annoyance),
        np.full(count, on_best_channel),
        np.full(count, lost),
    )


def useful(*messages: str, **given: Any) -> float:
    return float(PLANTED.useful(contacts(*messages, **given))[0])


def unsubscribe(*messages: str, **given: Any) -> float:
    return float(PLANTED.unsubscribe(contacts(*messages, **given))[0])


def test_a_useful_action_follows_the_written_formula() -> None:
    assert useful("accessories") == pytest.approx(1 - exp(-0.4))
    found = useful(
        "accessories",
        relevance=0.35,
        days=11,
        load=2.0,
        responsiveness=1.5,
        on_best_channel=False,
    )
    hazard = 0.4 * 1.5 * 0.35 * exp(-0.5) * 0.5 * exp(-0.2 * 2)
    assert found == pytest.approx(1 - exp(-hazard))


def test_an_unsubscribe_follows_the_written_formula() -> None:
    assert unsubscribe("digest", relevance=0.5) == pytest.approx(1 - exp(-0.002 * 1.5))
    found = unsubscribe("digest", relevance=0.25, load=3.0, annoyance=2.0)
    assert found == pytest.approx(1 - exp(-0.002 * 2 * (1 + 0.5 * 9) * 1.75))


def test_timing_counts_only_where_a_peak_is_planted_and_never_below_its_floor() -> None:
    assert useful("accessories", days=60) == pytest.approx(1 - exp(-0.4 * 0.15))
    assert useful("accessories", days=nan) == useful("accessories", days=60)
    assert useful("digest", days=0) == useful("digest", days=60) == useful("digest", days=nan)


def test_a_state_of_its_own_goes_before_any_state() -> None:
    assert useful("accessories", state="client/returned") == pytest.approx(1 - exp(-0.1))


def test_messages_before_make_the_next_less_useful_and_more_annoying() -> None:
    loads = [0.0, 0.5, 1.0, 4.0]
    useful_now = [useful("digest", load=load) for load in loads]
    annoyed = [unsubscribe("digest", load=load) for load in loads]
    assert useful_now == sorted(useful_now, reverse=True)
    assert annoyed == sorted(annoyed)
    assert len({*useful_now}) == len({*annoyed}) == len(loads)


def test_a_message_weighs_half_after_its_half_life() -> None:
    assert FATIGUE.load(np.array([0.0, 10.0, 20.0])).tolist() == [1.0, 0.5, 0.25]


def test_a_lost_customer_never_acts_and_leaves_twice_as_readily() -> None:
    assert useful("accessories", lost=True, responsiveness=9.0) == 0.0
    kept = -np.log1p(-unsubscribe("digest", relevance=0.5))
    assert -np.log1p(-unsubscribe("digest", relevance=0.5, lost=True)) == pytest.approx(2 * kept)


def test_many_at_once_are_answered_as_one_by_one() -> None:
    both = PLANTED.useful(contacts("accessories", "digest", load=1.0))
    assert both.tolist() == [useful("accessories", load=1.0), useful("digest", load=1.0)]


def test_chance_depends_on_names_and_on_nothing_else() -> None:
    customers, messages = ["ann", "bob", "cat"], ["digest", "digest", "refill"]
    draws = uniforms(7, customers, messages, "2026-07-01", "useful")
    backwards = uniforms(7, customers[::-1], messages[::-1], "2026-07-01", "useful")
    assert draws.tolist() == backwards[::-1].tolist()
    assert draws[1] == uniform(7, "bob", "digest", "2026-07-01", "useful")
    others = {
        uniform(8, "bob", "digest", "2026-07-01", "useful"),
        uniform(7, "ann", "digest", "2026-07-01", "useful"),
        uniform(7, "bob", "refill", "2026-07-01", "useful"),
        uniform(7, "bob", "digest", "2026-07-02", "useful"),
        uniform(7, "bob", "digest", "2026-07-01", "unsubscribed"),
    }
    assert len(others) == 5
    assert draws[1] not in others


def test_chance_is_spread_evenly() -> None:
    names = [f"c{n}" for n in range(4000)]
    draws = uniforms(1, names, ["digest"] * len(names), "2026-07-01", "useful")
    tenths = np.histogram(draws, bins=10, range=(0, 1))[0]
    # Ten standard deviations of a tenth of 4,000 draws.
    assert np.abs(tenths - 400).max() < 190
    assert draws.min() >= 0
    assert draws.max() < 1


def test_the_shipped_answers_cover_every_message_of_a_playbook() -> None:
    shipped = Responses.shipped()
    assert {one.message for one in shipped.rows} == MESSAGE_IDS
    for message in MESSAGE_IDS:
        assert shipped.rows[shipped.find(message, "client/delivered")].message == message


def test_the_shipped_answers_survive_the_way_through_their_table() -> None:
    for one in Responses.shipped().rows:
        assert Response.of(one.to_row()) == one


def test_a_message_without_a_planted_answer_is_named() -> None:
    with pytest.raises(ConfigError, match="'welcome' has no planted response"):
        PLANTED.find("welcome", "acquaintance/new")
    fallback = Response("*", "*", 0.1, 1.0, frozenset(), 0.001)
    assert Responses([*PLANTED.rows, fallback], FATIGUE).find("welcome", "acquaintance/new") == 3


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"needs": "accessory,magic"}, "magic"),
        ({"useful_rate": -0.1}, "rate is negative"),
        ({"broadcast_relevance": 1.2}, "broadcast_relevance is 1.2"),
        ({"spread_days": None}, "spread_days"),
    ],
)
def test_a_row_of_no_sense_is_refused(change: dict[str, Any], complaint: str) -> None:
    with pytest.raises(DataError, match=complaint):
        Response.of(PLANTED.rows[0].to_row() | change)


def test_two_rows_of_one_message_and_state_are_refused() -> None:
    with pytest.raises(DataError, match="same message and state"):
        Responses([PLANTED.rows[0], PLANTED.rows[0]], FATIGUE)
