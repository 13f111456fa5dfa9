"""A claim is one transaction: one new permit a message, the same one while it is open."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from nba.domain import MICROSECOND
from nba.errors import StateError
from nba.facts.fold import Facts
from nba.facts.people import REFUSED
from nba.state.ledger import ack, claim
from nba.state.store import Store
from nba.state.tables import CONSENTS, EVENTS, MESSAGE_EVENTS, MESSAGES
from nba.vocabulary import Rule
from tests.unit.state.cells import LINE_CELLS, ORDER_CELLS, load, write
from tests.unit.state.decisions import HOUR, NOON, Decision, Message, Policy

DAY = 24 * HOUR
NOW = int(NOON.astype(np.int64))
HOUR_US = 3_600_000_000
GRANT = ("ann", "email", NOW - 9 * HOUR_US, True)


@pytest.fixture
def filled(either: Store) -> Store:
    load(either, [ORDER_CELLS], [LINE_CELLS], consents=[[GRANT]])
    return either


def log(store: Store) -> list[dict[str, object]]:
    with store.reading() as connection:
        query = MESSAGES.select().order_by(MESSAGES.c.decided_at, MESSAGES.c.message_id)
        return [dict(row._mapping) for row in connection.execute(query)]


def refuse(store: Store, hours: float) -> None:
    write(store, CONSENTS.name, ("ann", "email", NOW + int(hours * HOUR_US), False))


def test_a_claim_writes_the_decision_and_gives_leave_to_send_it(filled: Store) -> None:
    found = claim(filled, "ann", Policy(others=[("digest", "2026-W10")]), NOON)
    assert found.is_new
    assert found.rule is None
    assert found.permit is not None
    assert found.permit.message == "cart-reminder"
    assert found.permit.products == ("kettle", "filter")
    assert found.permit.claimed_at == NOON
    assert found.permit.expires_at == NOON + DAY
    assert log(filled) == [
        {
            "message_id": found.permit.message_id,
            "decision_id": found.decision.decision_id,
            "customer_id": "ann",
            "message": "cart-reminder",
            "anchor": "e1",
            "channel": "email",
            "decided_at": NOW,
            "claimed_at": NOW,
            "acked_at": None,
            "snapshot_id": "s1",
            "playbook_id": "p1",
            "arm": None,
            "propensity": 0.5,
            "eligible": '["digest", "cart-reminder", "none"]',
            "products": "kettle,filter",
            "holdout": False,
            "expires_at": NOW + 24 * HOUR_US,
            "withdrawn_at": None,
            "left_at": NOW,
        }
    ]


def test_an_open_claim_is_given_again_and_written_once(filled: Store) -> None:
    first = claim(filled, "ann", Policy(), NOON)
    for hours in (0, 1, 23):
        again = claim(filled, "ann", Policy(), NOON + hours * HOUR)
        assert not again.is_new
        assert again.permit == first.permit
    assert len(log(filled)) == 1


def test_a_decision_for_nothing_is_written_without_permit(filled: Store) -> None:
    found = claim(filled, "bob", Policy(needs_consent=True), NOON)
    assert found.permit is None
    assert found.rule is None
    (row,) = log(filled)
    assert row["message"] == "none"
    assert (row["claimed_at"], row["left_at"], row["anchor"]) == (None, None, None)
    assert row["eligible"] == '["none"]'
    assert claim(filled, "bob", Policy(needs_consent=True), NOON).permit is None
    assert len(log(filled)) == 1


def test_the_holdout_gets_no_marketing_and_the_log_says_so(filled: Store) -> None:
    nothing = Policy(needs_consent=True, holdout=True)
    assert claim(filled, "bob", nothing, NOON).permit is None
    (row,) = log(filled)
    assert (row["message"], row["holdout"], row["left_at"]) == ("none", True, None)


def test_news_of_orders_leave_for_the_holdout_too(filled: Store) -> None:
    news = Policy(Message(id="order-status", anchor="O2/shipped"), holdout=True)
    found = claim(filled, "ann", news, NOON)
    assert found.is_new
    (row,) = log(filled)
    assert (row["message"], row["holdout"], row["left_at"]) == ("order-status", False, NOW)
    assert claim(filled, "ann", news, NOON + HOUR).permit == found.permit


def test_what_a_fact_forbids_is_withdrawn_and_did_not_leave(filled: Store) -> None:
    policy = Policy(needs_consent=True)
    first = claim(filled, "ann", policy, NOON)
    assert first.permit is not None
    refuse(filled, 1)
    found = claim(filled, "ann", policy, NOON + 2 * HOUR)
    assert (found.permit, found.rule) == (None, Rule.NO_CONSENT)
    (row,) = log(filled)
    assert (row["claimed_at"], row["left_at"]) == (None, None)
    assert row["withdrawn_at"] == NOW + 2 * HOUR_US
    # Allowed anew, it goes under another decision.
    write(filled, CONSENTS.name, ("ann", "email", NOW + 3 * HOUR_US, True))
    again = claim(filled, "ann", policy, NOON + 4 * HOUR)
    assert again.is_new
    assert again.permit is not None
    assert again.permit.message_id != first.permit.message_id
    assert policy.asked[-1].people.consent[0, 0] != REFUSED


def test_a_claim_about_something_else_than_before_withdraws_the_open_one(filled: Store) -> None:
    claim(filled, "ann", Policy(), NOON)
    other = Policy(Message(anchor="e2"))
    found = claim(filled, "ann", other, NOON + HOUR)
    assert (found.permit, found.rule) == (None, Rule.NOT_KEPT)
    again = claim(filled, "ann", other, NOON + HOUR)
    assert again.is_new
    assert [row["anchor"] for row in log(filled)] == ["e1", "e2"]


def test_an_open_claim_that_may_still_be_sent_outlives_a_better_choice(filled: Store) -> None:
    first = claim(filled, "ann", Policy(), NOON)
    digest = Policy(Message(id="digest", anchor="2026-W10"), others=[("cart-reminder", "e1")])
    found = claim(filled, "ann", digest, NOON + HOUR)
    assert not found.is_new
    assert found.permit == first.permit
    assert found.decision.message is not None
    assert found.decision.message.id == "digest"


def test_a_message_about_nothing_is_open_like_any_other(filled: Store) -> None:
    for anchor in ("", None):
        policy = Policy(Message(id="welcome", anchor=anchor))
        found = claim(filled, "ann", policy, NOON)
        assert found.permit is not None
        assert found.permit.anchor is None
    assert len(log(filled)) == 1


@pytest.mark.parametrize("how", ["acknowledged", "sent", "expired"])
def test_what_left_is_no_open_claim_and_is_not_given_again(filled: Store, how: str) -> None:
    first = claim(filled, "ann", Policy(), NOON)
    assert first.permit is not None
    later = NOON + 2 * HOUR
    if how == "acknowledged":
        ack(filled, first.permit.message_id, NOON + HOUR)
    elif how == "sent":
        row = ("n1", first.permit.message_id, "ann", "email", "sent", NOW + HOUR_US, False)
        write(filled, MESSAGE_EVENTS.name, row)
    else:
        later = NOON + DAY
    policy = Policy()
    assert claim(filled, "ann", policy, later).permit is None
    (facts,) = policy.asked
    assert len(facts.letters.at) == 1
    assert len(log(filled)) == 2


def test_the_facts_of_a_claim_do_not_hold_the_open_one(filled: Store) -> None:
    claim(filled, "ann", Policy(), NOON)
    policy = Policy()
    claim(filled, "ann", policy, NOON + HOUR)
    (facts,) = policy.asked
    assert len(facts.letters.at) == 0
    assert facts.week_counts.sum() == 0
    other = Policy()
    claim(filled, "bob", other, NOON + HOUR)
    assert other.asked[0].week_counts.sum() == 1


def test_an_acknowledgement_counts_once_and_never_before_its_claim(filled: Store) -> None:
    found = claim(filled, "ann", Policy(), NOON)
    assert found.permit is not None
    ack(filled, found.permit.message_id, NOON - HOUR)
    ack(filled, found.permit.message_id, NOON + 5 * HOUR)
    (row,) = log(filled)
    assert (row["acked_at"], row["left_at"]) == (NOW, NOW)


def test_what_was_sent_although_it_was_withdrawn_left(filled: Store) -> None:
    policy = Policy(needs_consent=True)
    first = claim(filled, "ann", policy, NOON)
    assert first.permit is not None
    refuse(filled, 1)
    claim(filled, "ann", policy, NOON + 2 * HOUR)
    ack(filled, first.permit.message_id, NOON + 3 * HOUR)
    (row,) = log(filled)
    assert (row["claimed_at"], row["left_at"]) == (None, NOW + 3 * HOUR_US)


@pytest.mark.parametrize("message_id", ["", "m_unknown", "none"])
def test_only_what_was_claimed_can_be_acknowledged(filled: Store, message_id: str) -> None:
    nothing = claim(filled, "bob", Policy(needs_consent=True), NOON)
    assert nothing.permit is None
    known = {"none": str(log(filled)[0]["message_id"])}
    with pytest.raises(StateError, match=r"no message .* to acknowledge"):
        ack(filled, known.get(message_id, message_id), NOON)


def test_a_clock_that_went_back_hides_nothing_that_left(filled: Store) -> None:
    first = claim(filled, "ann", Policy(), NOON)
    assert first.permit is not None
    # The open claim stands, and the facts are those of its instant.
    policy = Policy()
    again = claim(filled, "ann", policy, NOON - HOUR)
    assert again.permit == first.permit
    assert policy.asked[0].as_of == NOON
    ack(filled, first.permit.message_id, NOON)
    assert claim(filled, "ann", policy, NOON - HOUR).permit is None
    assert policy.asked[1].as_of == NOON + MICROSECOND
    assert claim(filled, "ann", policy, NOON).permit is None


def test_a_clock_that_is_behind_hides_no_consent_that_was_taken_back(filled: Store) -> None:
    first = claim(filled, "ann", Policy(needs_consent=True), NOON)
    assert first.permit is not None
    refuse(filled, 1)
    policy = Policy(needs_consent=True)
    later = claim(filled, "ann", policy, NOON)
    assert (later.permit, later.rule) == (None, Rule.NO_CONSENT)
    assert policy.asked[0].as_of == NOON + HOUR + MICROSECOND


def test_a_consent_that_ends_on_another_day_still_holds(filled: Store) -> None:
    refuse(filled, 48)
    assert claim(filled, "ann", Policy(needs_consent=True), NOON).permit is not None


def test_a_claim_counts_for_the_account_that_a_guest_turned_out_to_be(filled: Store) -> None:
    first = claim(filled, "guest", Policy(), NOON)
    merge = ("x1", "merge", NOW + HOUR_US, "ann", "guest", None, None, None)
    write(filled, EVENTS.name, merge)
    for customer in ("ann", "guest"):
        assert claim(filled, customer, Policy(), NOON + 2 * HOUR).permit == first.permit
    assert first.permit is not None
    ack(filled, first.permit.message_id, NOON + 3 * HOUR)
    for customer in ("ann", "guest"):
        assert claim(filled, customer, Policy(), NOON + 4 * HOUR).permit is None


def test_a_decision_that_fails_writes_nothing(filled: Store) -> None:
    def broken(facts: Facts) -> Decision:
        raise ValueError(facts.customer_ids[0])

    with pytest.raises(ValueError, match="ann"):
        claim(filled, "ann", broken, NOON)
    assert log(filled) == []
    assert claim(filled, "ann", Policy(), NOON).is_new


def test_what_the_asker_cannot_send_is_left_for_others_and_an_open_claim_stands(
    filled: Store,
) -> None:
    def by_email(one: Decision) -> bool:
        return one.message is not None and one.message.channel == "email"

    by_text = Policy(message=Message(channel="sms"), ways=("sms", "email"))
    left = claim(filled, "ann", by_text, NOON, takes=by_email)
    assert (left.permit, left.rule, left.is_new) == (None, None, False)
    assert log(filled) == []
    # Whoever can send it gets leave for the very same decision.
    assert claim(filled, "ann", by_text, NOON).is_new
    mail = claim(filled, "bob", Policy(), NOON, takes=by_email)
    assert mail.is_new
    again = claim(filled, "bob", by_text, NOON + HOUR, takes=by_email)
    assert (again.permit, again.is_new) == (mail.permit, False)


def test_a_claim_stands_where_it_would_now_go_otherwise_and_may_still_go_as_claimed(
    filled: Store,
) -> None:
    first = claim(filled, "ann", Policy(), NOON)
    by_text = Policy(message=Message(channel="sms"), ways=("sms", "email"))
    again = claim(filled, "ann", by_text, NOON + HOUR)
    assert (again.permit, again.is_new) == (first.permit, False)
    assert len(log(filled)) == 1


def test_a_claim_is_withdrawn_that_may_only_go_otherwise_and_goes_so_under_another_id(
    filled: Store,
) -> None:
    first = claim(filled, "ann", Policy(), NOON)
    by_text = Policy(message=Message(channel="sms"), ways=("sms",))
    withdrawn = claim(filled, "ann", by_text, NOON + HOUR)
    assert (withdrawn.permit, withdrawn.rule) == (None, Rule.NO_CHANNEL)
    again = claim(filled, "ann", by_text, NOON + 2 * HOUR)
    assert first.permit is not None
    assert again.permit is not None
    assert (again.is_new, again.permit.channel) == (True, "sms")
    assert again.permit.message_id != first.permit.message_id


def test_what_was_withdrawn_may_be_claimed_under_the_very_same_decision(filled: Store) -> None:
    first = claim(filled, "ann", Policy(), NOON)
    held = replace(first.decision, message=None, eligible=[], suppressed=[])
    assert claim(filled, "ann", lambda _: held, NOON).rule is Rule.NOT_KEPT
    again = claim(filled, "ann", lambda _: first.decision, NOON)
    assert again.is_new
    assert again.permit == first.permit
    assert [row["withdrawn_at"] for row in log(filled)] == [None]


def test_the_same_decision_is_never_sent_twice(filled: Store) -> None:
    first = claim(filled, "ann", Policy(), NOON)
    assert first.permit is not None
    ack(filled, first.permit.message_id, NOON)
    again = claim(filled, "ann", lambda _: first.decision, NOON + HOUR)
    assert (again.permit, again.rule) == (None, Rule.ONCE_PER)
