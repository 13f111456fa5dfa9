"""Merges: guests and sessions that turn out to be a customer."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest

from nba.facts.fold import Facts, fold
from nba.facts.people import GRANTED
from tests.shops import day, rows
from tests.signals import signals


def merge(guest: str, customer: str, at: float = 5) -> dict[str, Any]:
    return {
        "event_id": f"merge-{guest}-{customer}-{at}",
        "type": "merge",
        "at": day(at),
        "session_id": guest,
        "customer_id": customer,
    }


def view(event_id: str, at: float = 1, **who: str) -> dict[str, Any]:
    return {"event_id": event_id, "type": "view_item", "at": day(at), "product_id": "tea"} | who


ORDERS = rows([("o1", "guest", 0, ["cup"]), ("o2", "ann", 2, ["pot"]), ("o3", "bob", 2, ["pot"])])


def folded(events: list[dict[str, Any]], *customers: str, as_of: float = 20) -> Facts:
    given = signals(
        events=events,
        consents=[
            {"customer_id": "guest", "channel": "email", "granted": True, "at": day(1)},
        ],
        messages=[
            {"message_id": "m1", "customer_id": "guest", "message": "accessories"}
            | {"anchor": "o1", "claimed_at": day(3)}
        ],
        customers=[
            {"customer_id": "guest", "tier": "gold", "birthday": "2000-02-29"},
            {"customer_id": "ann", "tier": "silver"},
        ],
    )
    return fold(ORDERS, as_of=day(as_of), customers=customers or None, signals=given)


def test_events_of_a_session_are_the_customers_from_the_merge_on() -> None:
    events = [view("e1", session_id="s1"), view("e2", session_id="s2"), merge("s1", "ann")]
    assert list(folded(events, "ann").intents.event_ids) == ["e1"]
    assert list(folded(events, "ann", as_of=5).intents.event_ids) == []
    assert list(folded(events, "s1", as_of=5).intents.event_ids) == []


def test_an_event_of_the_session_that_names_another_customer_is_theirs() -> None:
    events = [view("e1", session_id="s1", customer_id="bob"), merge("s1", "ann")]
    facts = folded(events, "ann", "bob")
    assert facts.intents.start.tolist() == [0, 0, 1]


def test_everything_of_a_guest_account_counts_for_the_login() -> None:
    facts = folded([merge("guest", "ann")], "ann", "guest", "bob")
    assert facts.order_start.tolist() == [0, 2, 4, 5]
    assert [facts.order_ids[int(one)] for one in facts.order_id[:2]] == ["o1", "o2"]
    assert facts.letters.start.tolist() == [0, 1, 2, 2]
    assert facts.letters.order.tolist() == [0, 2]
    assert facts.people.consent[:, 0].tolist() == [GRANTED, GRANTED, 0]
    assert facts.version(0) == facts.version(1) != facts.version(2)


def test_whoever_is_asked_for_twice_has_the_same_facts_twice() -> None:
    facts = folded([view("e1", customer_id="ann"), merge("guest", "ann")], "guest", "bob", "ann")
    alone = folded([view("e1", customer_id="ann"), merge("guest", "ann")], "ann")
    assert [facts.version(row) for row in (0, 2)] == [alone.version(0)] * 2
    assert facts.customer_ids == ("guest", "bob", "ann")


def test_the_customers_own_profile_holds_and_the_guests_where_there_is_none() -> None:
    people = folded([merge("guest", "ann")], "ann").people
    assert people.tiers[people.tier[0]] == "silver"
    people = folded([merge("guest", "zoe")], "zoe").people
    assert people.tiers[people.tier[0]] == "gold"
    assert str(people.birthday[0]) == "2000-02-29"


def test_merged_guests_are_not_listed() -> None:
    assert folded([]).customer_ids == ("ann", "bob", "guest")
    assert folded([merge("guest", "ann")]).customer_ids == ("ann", "bob")
    assert folded([merge("guest", "ann")], as_of=5).customer_ids == ("ann", "bob", "guest")
    assert folded([merge("s1", "zoe"), view("e1", session_id="s1")]).customer_ids == (
        "ann",
        "bob",
        "guest",
        "zoe",
    )


def test_chains_of_merges_end_at_the_last_customer() -> None:
    events = [merge("s1", "guest", 7), merge("guest", "ann", 6), view("e1", session_id="s1")]
    for order in permutations(events):
        facts = folded(list(order), "s1", "guest", "ann")
        assert len({facts.version(row) for row in range(3)}) == 1
        assert facts.order_start.tolist() == [0, 2, 4, 6]
        assert folded(list(order)).customer_ids == ("ann", "bob")


@pytest.mark.parametrize("length", [2, 3, 4])
def test_a_circle_of_merges_is_the_smallest_of_its_customers(length: int) -> None:
    names = ["bob", "guest", "ann", "zoe"][:length]
    events = [merge(one, other) for one, other in zip(names, [*names[1:], names[0]], strict=True)]
    events.append(merge("tail", "guest"))
    for order in (events, events[::-1]):
        facts = folded(order)
        assert min(names) in facts.customer_ids
        assert not set(names[1:]) - {min(names)} & set(facts.customer_ids)
        assert folded(order, "tail").version(0) == folded(order, min(names)).version(0)


def test_of_several_merges_of_one_guest_the_first_holds() -> None:
    events = [merge("s1", "bob", 5), merge("s1", "ann", 4), view("e1", session_id="s1")]
    facts = folded(events, "ann", "bob")
    assert facts.intents.start.tolist() == [0, 1, 1]
    same = [merge("s1", "bob", 5), merge("s1", "ann", 5), view("e1", session_id="s1")]
    assert folded(same, "ann", "bob").intents.start.tolist() == [0, 1, 1]


def test_a_merge_with_oneself_is_none() -> None:
    facts = folded([merge("ann", "ann"), view("e1", customer_id="ann")], "ann")
    assert list(facts.intents.event_ids) == ["e1"]
    assert facts.order_start.tolist() == [0, 1]
