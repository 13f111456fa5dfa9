"""Letters: messages that left, when, about which order, and whether they were answered."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from nba.facts.fold import Facts, fold
from nba.facts.letters import week_begin
from nba.vocabulary import CHANNELS, MESSAGE_WORDS
from tests.shops import day, rows
from tests.signals import signals

EMAIL, SMS = CHANNELS.index("email"), CHANNELS.index("sms")
ORDERS = rows([("o1", "ann", 0, ["tea"]), ("o2", "ann", 4, ["tea"]), ("o3", "bob", 0, ["cup"])])


def message(message_id: str = "m1", **more: Any) -> dict[str, Any]:
    return {
        "message_id": message_id,
        "customer_id": "ann",
        "message": "accessories",
        "anchor": "o1",
        "channel": "email",
        "decided_at": day(5),
    } | more


def outcome(kind: str, at: float, **more: Any) -> dict[str, Any]:
    return {"event_id": f"{kind}{at}", "message_id": "m1", "type": kind, "at": day(at)} | more


def fold_messages(
    messages: list[dict[str, Any]], outcomes: list[dict[str, Any]] | None = None, as_of: float = 50
) -> Facts:
    given = signals(messages=messages, message_events=outcomes or [])
    return fold(ORDERS, as_of=day(as_of), customers=["ann", "bob"], signals=given)


def left_at(facts: Facts) -> list[Any]:
    return list(facts.letters.at.tolist())


def test_a_message_left_when_it_was_sent_else_acknowledged_else_claimed() -> None:
    told = message(claimed_at=day(6), acked_at=day(7))
    assert left_at(fold_messages([message()])) == []
    assert left_at(fold_messages([message(claimed_at=day(6))])) == [day(6).item()]
    assert left_at(fold_messages([told])) == [day(7).item()]
    sent = [outcome("sent", 8), outcome("delivered", 9)]
    assert left_at(fold_messages([told], sent)) == [day(8).item()]
    assert left_at(fold_messages([message()], [outcome("delivered", 9)])) == [day(9).item()]


def test_what_is_told_later_is_not_known_yet() -> None:
    told, sent = message(claimed_at=day(6), acked_at=day(7)), [outcome("sent", 8)]
    assert left_at(fold_messages([told], sent, as_of=6)) == []
    assert left_at(fold_messages([told], sent, as_of=7)) == [day(6).item()]
    assert left_at(fold_messages([told], sent, as_of=8)) == [day(7).item()]


@pytest.mark.parametrize("kept", [{"message": "none"}, {"holdout": True}, {"message": "spam"}])
def test_nothing_and_holdouts_and_unknown_words_make_no_letter(kept: dict[str, Any]) -> None:
    facts = fold_messages([message(claimed_at=day(6)) | kept])
    assert left_at(facts) == []
    assert facts.week_counts.sum() == 0


def test_a_letter_names_the_customers_order_that_its_anchor_begins_with() -> None:
    anchors = ["o1", "o2/paid", "o2/cup/tea", "o3", "2026-W07", None, "o2/"]
    facts = fold_messages(
        [message(f"m{n}", anchor=one, claimed_at=day(6 + n)) for n, one in enumerate(anchors)]
    )
    # The third has another order's id, or none, before its last slash.
    assert facts.letters.order.tolist() == [0, 1, -1, -1, -1, -1, 1]
    named = [None if one < 0 else facts.anchors[int(one)] for one in facts.letters.anchor]
    assert named == anchors
    assert [facts.anchors[int(one)] for one in facts.order_anchor if one >= 0] == ["o1", "o3"]


def test_an_order_whose_id_holds_a_slash_is_named_whole_or_before_the_last_one() -> None:
    orders = rows([("a", "ann", 0, ["tea"]), ("a/1", "ann", 1, ["tea"])])
    given = signals(
        messages=[
            message("m1", anchor="a/1", claimed_at=day(6)),
            message("m2", anchor="a/1/paid", claimed_at=day(7)),
            message("m3", anchor="a/2", claimed_at=day(8)),
        ]
    )
    facts = fold(orders, as_of=day(9), customers=["ann"], signals=given)
    assert facts.letters.order.tolist() == [1, 1, 0]


def test_a_click_of_a_person_or_a_useful_action_answers() -> None:
    told = [message(claimed_at=day(6))]
    assert np.isnat(fold_messages(told, [outcome("opened", 7)]).letters.answered_at).all()
    machine = [outcome("clicked", 7, is_machine=True)]
    assert np.isnat(fold_messages(told, machine).letters.answered_at).all()
    facts = fold_messages(told, [*machine, outcome("useful", 9), outcome("clicked", 8)])
    assert facts.letters.answered_at.tolist() == [day(8).item()]
    assert facts.people.sent_count.tolist() == [[1, 0, 0, 0], [0, 0, 0, 0]]
    assert facts.people.answered_count[0, EMAIL] == 1


def test_a_message_told_twice_is_one() -> None:
    facts = fold_messages([message(claimed_at=day(6)), message(claimed_at=day(6))])
    assert left_at(facts) == [day(6).item()]


def test_letters_stand_by_instant_and_then_by_id() -> None:
    facts = fold_messages(
        [
            message("m3", message="digest", claimed_at=day(6)),
            message("m1", message="survey", claimed_at=day(7)),
            message("m2", message="welcome", claimed_at=day(6)),
        ]
    )
    words = [MESSAGE_WORDS[code] for code in facts.letters.message]
    assert words == ["welcome", "digest", "survey"]


def test_the_week_begins_on_monday_at_midnight() -> None:
    monday = np.datetime64("2026-11-16T00:00", "us")
    for at in ("2026-11-16T00:00", "2026-11-18T12:00", "2026-11-22T23:59:59.999999"):
        assert week_begin(np.datetime64(at, "us")) == monday
    assert week_begin(np.datetime64("2026-11-15T23:59", "us")) == np.datetime64("2026-11-09", "us")
    assert week_begin(np.datetime64("1969-12-30", "us")) == np.datetime64("1969-12-29", "us")


def test_the_week_counts_what_left_to_anybody_since_monday() -> None:
    # The tenth day is a Sunday.
    messages = [
        message("m1", claimed_at=day(10)),
        message("m2", claimed_at=day(11)),
        message("m3", claimed_at=day(12), customer_id="zoe"),
        message("m4", claimed_at=day(13)),
    ]
    counts = fold_messages(messages, as_of=13).week_counts
    assert counts[MESSAGE_WORDS.index("accessories")] == counts.sum() == 2


def test_counts_that_are_given_hold() -> None:
    counts = np.arange(len(MESSAGE_WORDS))
    given = signals(messages=[message(claimed_at=day(6))])
    given = type(given).of_columns({}, week_counts=counts)
    facts = fold(ORDERS, as_of=day(9), customers=["ann"], signals=given)
    assert facts.week_counts.tolist() == counts.tolist()
